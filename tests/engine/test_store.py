"""The database and the clock: what a migration makes, what a transaction leaves, what time adds."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Inspector, inspect

from engine import clock, history
from engine.history import Entry, Event
from engine.store import migrate
from engine.store.database import Database
from engine.store.tables import Base
from tests.diagrams import one_task
from tests.engine import releases
from tests.factories import deploy, dump, report


def is_ours(name, kind, _):
    return kind != "table" or not name.startswith("procrastinate_")


COMPARED = {"compare_type": True, "include_name": is_ours}


def test_the_migrations_make_exactly_the_tables(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)

        assert compare_metadata(context, Base.metadata) == []


def test_a_comparison_with_other_tables_is_not_empty(database):
    with database.engine.connect() as connection:  # undone by not committing
        connection.exec_driver_sql("ALTER TABLE door ADD COLUMN colour TEXT")
        context = MigrationContext.configure(connection, opts=COMPARED)

        ((what, *_, column),) = compare_metadata(context, Base.metadata)

    assert (what, column.name) == ("remove_column", "colour")


DETAILS = (
    Inspector.get_columns,
    Inspector.get_pk_constraint,
    Inspector.get_foreign_keys,
    Inspector.get_unique_constraints,
    Inspector.get_check_constraints,
    Inspector.get_indexes,
)


def details(connection):
    """Each table's columns, keys, rules and indexes, with the conditions of these."""
    found = inspect(connection)
    return {
        (table, detail.__name__): sorted(_said(detail(found, table), found.dialect.name))
        for table in Base.metadata.tables
        for detail in DETAILS
    }


def _said(found, dialect):
    parts = found if isinstance(found, list) else [found]
    if dialect == "sqlite":  # it does not tell the name of a key that stands with its column
        parts = [
            {k: v for k, v in part.items() if k != "name"} if "referred_table" in part else part
            for part in parts
        ]
    return [json.dumps(part, default=str, sort_keys=True) for part in parts]


def test_the_migrations_make_every_key_rule_and_index_as_the_tables_would(database, fresh):
    with releases.bare(fresh) as made:
        Base.metadata.create_all(made.engine)

        with database.engine.connect() as migrated, made.engine.connect() as created:
            assert details(migrated) == details(created)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("CREATE INDEX ix_door_label ON door (label)", ("door", "get_indexes")),
        ("ALTER TABLE door ADD COLUMN colour TEXT", ("door", "get_columns")),
        (
            "DROP INDEX uq_incident_open_dedup_key; CREATE UNIQUE INDEX uq_incident_open_dedup_key"
            " ON incident (dedup_key) WHERE dedup_key IS NOT NULL",
            ("incident", "get_indexes"),
        ),
    ],
)
def test_a_difference_in_detail_is_found(database, change, found):
    with database.engine.connect() as connection:  # undone by not committing
        before = details(connection)
        for statement in change.split("; "):
            connection.exec_driver_sql(statement)

        after = details(connection)

    assert [part for part, said in after.items() if before[part] != said] == [found]


def test_migrating_again_changes_nothing(database, cast):
    before = dump(database)

    migrate.upgrade(database)

    assert dump(database) == before


def test_the_folder_of_a_new_database_is_made(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'steadyhand.db'}")

    migrate.upgrade(database)

    assert "incident" in inspect(database.engine).get_table_names()
    database.close()


def test_a_transaction_that_raises_leaves_nothing(database, cast):
    before = dump(database)

    with pytest.raises(RuntimeError), database.transaction() as session:
        history.record(session, "something", Entry(Event.PASSWORD_SET, cast.dora))
        raise RuntimeError

    assert dump(database) == before


def test_a_transaction_that_ends_is_there_for_the_next_look(database, cast):
    before = dump(database)

    with database.transaction() as session:
        history.record(session, "something", Entry(Event.PASSWORD_SET, cast.dora))

    assert dump(database) != before


def test_a_moment_comes_back_aware_and_in_utc(database, cast):
    deploy(database, one_task())
    reported = report(database, cast.dora)

    with database.reading() as session:
        kept = session.get_one(type(reported), reported.id).created_at

    assert kept == reported.created_at
    assert kept.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        ("2026-01-31T09:00", "P1M", "2026-02-28T09:00"),
        ("2028-01-31T09:00", "P1M", "2028-02-29T09:00"),
        ("2026-08-31T09:00", "P6M", "2027-02-28T09:00"),
        ("2026-11-30T09:00", "P1M", "2026-12-30T09:00"),
        ("2026-12-15T09:00", "P1M", "2027-01-15T09:00"),
        ("2026-01-15T09:00", "P12M", "2027-01-15T09:00"),
        ("2026-01-15T09:00", "P25M", "2028-02-15T09:00"),
        ("2028-02-29T09:00", "P1Y", "2029-02-28T09:00"),
        ("2028-02-29T09:00", "P4Y", "2032-02-29T09:00"),
        ("2028-02-28T09:00", "P1D", "2028-02-29T09:00"),
        ("2026-12-28T09:00", "P1W", "2027-01-04T09:00"),
        ("2026-12-31T23:59", "PT1M", "2027-01-01T00:00"),
        ("2026-01-31T09:00", "P1Y1M1W1DT1H1M", "2027-03-08T10:01"),
        ("2026-01-01T00:00", "PT90M", "2026-01-01T01:30"),
        ("2026-01-01T00:00", "PT0S", "2026-01-01T00:00"),
    ],
)
def test_a_duration_follows_the_calendar(start, duration, expected):
    moment = clock.after(datetime.fromisoformat(start).replace(tzinfo=UTC), duration)

    assert moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1", "1D", "P-1D", "-P1D", "P1DT", "PT1D", "P1H", "P1.5D", "P1,5D"),
        *("p1d", " P1D", "P1D ", "P1D\n", "P1M1Y", "PT1S1H", "R3/PT1M", "2026-01-01", "15 min"),
        *("P9999999D", "P9999Y", "P999999Y", "P999999W", "P999999M", "P8000Y999999D"),
    ],
)
def test_a_text_that_is_no_duration_within_the_calendar_is_refused(text):
    with pytest.raises(ValueError, match=r"is not an ISO 8601 duration|past the calendar"):
        clock.after(datetime(2026, 1, 1, tzinfo=UTC), text)


def test_the_clock_is_aware_in_utc_and_moves(time_travel):
    before = clock.now()

    time_travel(timedelta(days=3))

    assert before.utcoffset() == timedelta(0)
    assert timedelta(days=3) <= clock.now() - before < timedelta(days=3, seconds=5)
