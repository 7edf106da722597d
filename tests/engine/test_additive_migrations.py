"""A migration leaves an older release, which may still run beside this one, all that it needs."""

import pytest
from sqlalchemy import inspect, literal_column, select, text

from engine.store import migrate
from tests.engine import releases

REVISIONS = list(reversed(migrate._revisions()))


def shape(database):
    """Table -> its columns, and the rules that its rows must keep."""
    with database.engine.connect() as connection:
        return _shape(connection)


def _shape(connection):
    found = inspect(connection)
    names = [name for name in found.get_table_names() if not name.startswith("procrastinate_")]
    return {name: (_columns(found, name), _rules(found, name)) for name in names}


def _columns(found, table):
    return {column["name"]: column for column in found.get_columns(table)}


def _rules(found, table):
    """Name -> the columns that it is about."""
    unique = [index for index in found.get_indexes(table) if index["unique"]]
    unique += found.get_unique_constraints(table)
    rules = {rule["name"]: set(rule["column_names"]) for rule in unique}
    for key in found.get_foreign_keys(table):
        rules[key["name"]] = set(key["constrained_columns"])
    everything = set(_columns(found, table))
    return rules | {check["name"]: everything for check in found.get_check_constraints(table)}


def missed(before, after):
    """What a release that knows the tables of ``before`` would stumble over in ``after``."""
    for table, (columns, rules) in before.items():
        if table not in after:
            yield f"{table} is gone"
            continue
        columns_now, rules_now = after[table]
        # What it leaves empty meets every rule about columns that it does not know.
        new = {
            name for name, about in rules_now.items() if name not in rules and about & {*columns}
        }
        if new:
            yield f"{table} has a new rule: {new}"
        yield from (f"{table}.{name} is gone" for name in columns if name not in columns_now)
        for name, column in columns_now.items():
            yield from _stumbles(f"{table}.{name}", columns.get(name), column)


def _stumbles(name, before, after):
    must_be_filled = not after["nullable"] and after["default"] is None
    if must_be_filled and (before is None or before["nullable"]):
        yield f"{name} must be filled"
    if before and str(before["type"]) != str(after["type"]):
        yield f"{name} is of another type"


def content(database, tables):
    """The rows of some tables, of the columns that they had."""
    with database.reading() as session:
        return {
            name: sorted(map(repr, session.execute(_plain(name, columns))))
            for name, (columns, _) in tables.items()
            if name != "alembic_version"
        }


def _plain(table, columns):
    return select(*map(literal_column, columns)).select_from(text(table))


@pytest.mark.parametrize("revision", REVISIONS[REVISIONS.index(releases.RELEASES[0]) + 1 :])
def test_a_migration_leaves_an_older_release_all_that_it_needs(bare, tmp_path, revision):
    earlier = REVISIONS[REVISIONS.index(revision) - 1]
    releases.at(bare, earlier)
    releases.fill(bare, earlier, tmp_path)
    before = shape(bare)
    rows = content(bare, before)

    releases.at(bare, revision)

    assert list(missed(before, shape(bare))) == []
    assert content(bare, before) == rows


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("DROP TABLE door", "door is gone"),
        ("ALTER TABLE door RENAME TO gate", "door is gone"),
        ("ALTER TABLE door DROP COLUMN label", "door.label is gone"),
        ("ALTER TABLE door RENAME COLUMN label TO sign", "door.label is gone"),
        ("ALTER TABLE door ADD COLUMN colour TEXT", None),
        ("ALTER TABLE door ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'", None),
        ("CREATE INDEX ix_door_label ON door (label)", None),
        ("CREATE UNIQUE INDEX uq_door_label ON door (label)", "door has a new rule"),
    ],
)
def test_a_change_that_an_older_release_would_stumble_over_is_found(database, change, expected):
    before = shape(database)

    with database.engine.connect() as connection:  # undone by not committing
        connection.exec_driver_sql(change)
        after = _shape(connection)

    found = list(missed(before, after))
    assert found[0].startswith(expected) if expected else found == []
