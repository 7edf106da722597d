"""Copies, backups and what is restored from them: all of it, the same, or nothing."""

import itertools

import pytest
from sqlalchemy import create_engine, delete, func, insert, select, text, update
from sqlalchemy.exc import OperationalError

from engine import history
from engine.errors import UnfitDatabase
from engine.history import Entry, Event
from engine.store import transfer
from engine.store.tables import AuditEntry, Base, Door, Grant, Incident, IncidentNumber, Message
from tests.engine.sample import FIRST, LAST, fill
from tests.factories import dump

KINDS = ("sqlite", "postgresql")
DIRECTIONS = list(itertools.product(KINDS, KINDS))


def silent(done, table, rows):
    """Nobody watches."""


@pytest.fixture
def pair(make, request):
    """An installation with rows in every table, and an empty database."""
    source, target = map(make, request.param)
    fill(source)
    return source, target


every_direction = pytest.mark.parametrize("pair", DIRECTIONS, indirect=True, ids="-".join)
both_targets = pytest.mark.parametrize(
    "pair", [("sqlite", kind) for kind in KINDS], indirect=True, ids="-".join
)


def counts(database):
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }


@every_direction
def test_a_copy_holds_every_row_of_every_table_as_it_was(pair):
    source, target = pair

    copied = transfer.copy(source, target, silent)

    assert dump(target) == dump(source)
    assert {name: content.rows for name, content in copied.tables.items()} == counts(source)
    assert copied.rows == sum(counts(source).values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_has_rows_in_every_table(make, kind):
    database = make(kind)

    fill(database)

    assert [name for name, rows in counts(database).items() if not rows] == []


@pytest.fixture
def abroad(make):
    """A PostgreSQL database whose days begin before ours."""
    database = make("postgresql")
    name = database.engine.url.database
    with database.transaction() as session:
        session.execute(text(f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'"))
    database.close()
    yield database
    with database.transaction() as session:
        session.execute(text(f"ALTER DATABASE {name} RESET timezone"))
    database.close()


def test_the_first_and_the_last_moment_come_through_wherever_the_server_stands(make, abroad):
    source, target = make("sqlite"), make("sqlite")
    fill(source)

    transfer.copy(source, abroad, silent)
    transfer.copy(abroad, target, silent)

    with target.reading() as session:
        kept = session.execute(select(func.min(Message.created_at), func.max(Message.ended_at)))
        assert kept.all() == [(FIRST, LAST)]


def test_a_document_that_is_one_number_is_the_same_however_sqlite_writes_it(make):
    source, target = make("postgresql"), make("sqlite")
    fill(source)
    with source.transaction() as session:
        session.execute(update(Message).values(payload=1.0))

    transfer.copy(source, target, silent)

    with target.reading() as session:
        assert set(session.scalars(select(Message.payload))) == {1}


@every_direction
def test_what_is_new_after_a_copy_is_numbered_behind_it(pair):
    source, target = pair
    transfer.copy(source, target, silent)

    with target.transaction() as session:
        history.record(session, "somebody", Entry(Event.PASSWORD_SET))
        session.add(Grant(person_id=_anybody(session), role="auditor", group_name="Night"))

    for rows, table in ((AuditEntry, "audit_entry"), (Grant, "role_grant")):
        with target.reading() as session:
            assert session.scalar(select(func.max(rows.id))) == _last(source, rows) + 1, table


def _anybody(session):
    return session.scalar(select(Grant.person_id).limit(1))


def _last(database, rows):
    with database.reading() as session:
        return session.scalar(select(func.max(rows.id)))


def test_the_content_of_a_table_has_the_same_digest_on_both_databases(make):
    source, first, second = make("sqlite"), make("postgresql"), make("sqlite")
    fill(source)

    there = transfer.copy(source, first, silent)
    back = transfer.copy(first, second, silent)

    assert there == back


# What keeps a copy from being made


@both_targets
def test_a_target_with_rows_is_refused_by_name_and_left_alone(pair):
    source, target = pair
    with target.transaction() as session:
        session.add(IncidentNumber(year=2026, last=7))
    before = dump(target)

    with pytest.raises(UnfitDatabase, match=r"is not empty: it has rows in incident_number \(1\)"):
        transfer.copy(source, target, silent)

    assert dump(target) == before


def interfere(target, table, change):
    """Let the target change each row that comes into a table, as a damaged disk might."""
    with target.transaction() as session:
        if target.engine.dialect.name == "sqlite":
            session.execute(
                text(f"CREATE TRIGGER interfering AFTER INSERT ON {table} BEGIN {change}; END")
            )
        else:
            session.execute(
                text(
                    "CREATE FUNCTION interfere() RETURNS trigger LANGUAGE plpgsql AS"
                    f" $$ BEGIN {change}; RETURN NULL; END $$"
                )
            )
            session.execute(
                text(
                    f"CREATE TRIGGER interfering AFTER INSERT ON {table}"
                    " FOR EACH ROW EXECUTE FUNCTION interfere()"
                )
            )


@pytest.fixture
def undisturbed(pair):
    """The trigger goes with its test: the next one gets the same PostgreSQL database."""
    yield pair
    _, target = pair
    with target.transaction() as session:
        if target.engine.dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER interfering"))
        else:
            session.execute(text("DROP FUNCTION interfere() CASCADE"))


@both_targets
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("door", "UPDATE door SET label = 'tampered'"),
        ("incident", "UPDATE incident SET occurrences = occurrences + 1"),
        ("message", "UPDATE message SET payload = '7' WHERE id = 'a0'"),
        ("message", "UPDATE message SET created_at = '2026-01-01 00:00:00.000001'"),
        ("deployment_file", "UPDATE deployment_file SET content = '' WHERE path LIKE '%.json'"),
        ("credential", "DELETE FROM credential"),
        ("incident_number", "DELETE FROM incident_number"),
    ],
)
def test_a_copy_that_came_out_different_is_found_and_undone(undisturbed, table, change):
    source, target = undisturbed
    interfere(target, table, change)

    with pytest.raises(UnfitDatabase, match=f"“{table}” came out different"):
        transfer.copy(source, target, silent)

    assert sum(counts(target).values()) == 0


@pytest.mark.parametrize(
    ("pair", "column", "value", "said"),
    [
        (("sqlite", "postgresql"), "label", "x" * 121, "too long"),
        (("sqlite", "postgresql"), "label", "nul\x00", "NUL"),
        (("sqlite", "postgresql"), "sender", None, "null"),
        (("sqlite", "sqlite"), "sender", None, "NOT NULL"),
    ],
    indirect=["pair"],
)
def test_a_row_that_the_target_cannot_hold_is_named(pair, column, value, said):
    source, target = pair
    with source.transaction() as session:
        session.execute(text("CREATE TABLE odd AS SELECT * FROM door"))
        session.execute(text("DROP TABLE door"))
        session.execute(text("ALTER TABLE odd RENAME TO door"))
        session.execute(update(Door).values({column: value}))

    with pytest.raises(UnfitDatabase, match=f"A row of “door” behind row 0 .*{said}"):
        transfer.copy(source, target, silent)

    assert sum(counts(target).values()) == 0


@every_direction
@pytest.mark.parametrize("lost", ["first", "between"])
def test_a_gap_in_the_audit_log_is_found(pair, lost):
    source, target = pair
    with source.transaction() as session:
        about = session.scalar(select(Incident.id).order_by(Incident.number))
        sequence = 1 if lost == "first" else 2
        session.execute(delete(AuditEntry).filter_by(subject_id=about, sequence=sequence))

    with pytest.raises(UnfitDatabase, match=f"The audit log lacks entries about {about}"):
        transfer.copy(source, target, silent)

    assert sum(counts(target).values()) == 0


@both_targets
def test_a_copy_that_replaces_leaves_nothing_of_what_was_there(pair):
    source, target = pair
    fill(target)
    with target.transaction() as session:
        session.execute(text(_JOB[target.engine.dialect.name]))

    transfer.replace(source, target, silent)

    assert dump(target) == dump(source)
    with target.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


_JOB = {
    "sqlite": "INSERT INTO procrastinate_jobs (queue_name, task_name, changed_at)"
    " VALUES ('steps', 'step', 0)",
    "postgresql": "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('steps', 'step')",
}


@both_targets
def test_a_copy_that_replaces_and_fails_leaves_what_was_there(undisturbed):
    source, target = undisturbed
    fill(target)
    before = dump(target)
    interfere(target, "door", "UPDATE door SET label = 'tampered'")

    with pytest.raises(UnfitDatabase, match="came out different"):
        transfer.replace(source, target, silent)

    assert dump(target) == before


@both_targets
def test_nobody_else_writes_into_the_target_meanwhile(pair):
    source, target = pair
    kind = target.engine.dialect.name
    impatient = {"sqlite": {"timeout": 0.1}, "postgresql": {"options": "-c lock_timeout=100ms"}}
    other = create_engine(target.url, connect_args=impatient[kind])

    def intrude(*_):
        with pytest.raises(OperationalError, match="lock"), other.begin() as connection:
            connection.execute(insert(IncidentNumber).values(year=1999, last=1))

    transfer.copy(source, target, intrude)

    assert dump(target) == dump(source)
    other.dispose()
