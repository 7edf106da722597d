"""Statements that go straight to the driver keep to what SQLAlchemy would have done."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from engine.store.statement import Statement
from engine.store.tables import Message, MessageStatus, Person, table_of

MESSAGES, PEOPLE = table_of(Message), table_of(Person)
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ROW = {
    "id": "m1",
    "awaits": "message",
    "name": "Paid",
    "key": "",
    "payload": {"amount": [1, None, "ü"]},
    "incident_id": None,
    "sent_by": "dora",
    "status": MessageStatus.WAITING,
    "receiver_id": None,
    "created_at": AT,
    "ended_at": None,
    "attempts": 0,
    "next_attempt_at": None,
    "problem": None,
}
ADD = Statement(insert(MESSAGES))
BY_ID = Statement(select(*MESSAGES.columns).where(MESSAGES.c.id == bindparam("message_id")))


def test_what_was_written_reads_the_same_here_and_through_a_session(database):
    with database.transaction() as session:
        ADD.run(session, ROW)

    with database.reading() as session:
        (found,) = BY_ID.find(session, {"message_id": "m1"})
        loaded = session.get_one(Message, "m1")

    assert dict(zip(MESSAGES.columns.keys(), found, strict=True)) == ROW
    assert {name: getattr(loaded, name) for name in ROW} == ROW


def test_a_moment_of_another_time_zone_is_kept_in_utc(database):
    there = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

    with database.transaction() as session:
        ADD.run(session, ROW | {"created_at": there})
        (found,) = BY_ID.find(session, {"message_id": "m1"})

    assert found[9] == AT
    assert found[9].tzinfo is UTC


def test_an_update_tells_how_many_rows_it_matched(database):
    rename = Statement(
        update(MESSAGES).where(MESSAGES.c.id == bindparam("message_id")).values(name="Refunded")
    )

    with database.transaction() as session:
        ADD.run(session, ROW)
        matched = [rename.run(session, {"message_id": name}) for name in ("m1", "m2")]

    assert matched == [1, 0]


def test_a_list_is_part_of_the_statement(database):
    wanted = [MessageStatus.WAITING, MessageStatus.DELIVERED]
    find = Statement(
        select(MESSAGES.c.id)
        .where(MESSAGES.c.status.in_(wanted), MESSAGES.c.name == bindparam("name"))
        .order_by(MESSAGES.c.id)
    )
    several = [
        ROW,
        ROW | {"id": "m2", "status": MessageStatus.DISCARDED},
        ROW | {"id": "m3", "status": MessageStatus.DELIVERED},
    ]

    with database.transaction() as session:
        ADD.run_each(session, several)
        found = find.find(session, {"name": "Paid"})

    assert found == [("m1",), ("m3",)]


def test_a_value_that_is_missing_is_named(database):
    without = {name: value for name, value in ROW.items() if name != "sent_by"}

    with database.transaction() as session, pytest.raises(KeyError, match="sent_by"):
        ADD.run(session, without)


@pytest.mark.parametrize("write", [ADD.run, lambda session, row: ADD.run_each(session, [row])])
def test_a_refused_row_is_the_error_of_a_session_without_its_values(database, write):
    with pytest.raises(IntegrityError) as raised, database.transaction() as session:
        write(session, ROW)
        write(session, ROW)

    assert "INSERT INTO message" in str(raised.value)
    assert "dora" not in str(raised.value)


def test_a_dialect_can_say_it_its_own_way(database):
    asked = []

    def upsert(dialect_name):
        asked.append(dialect_name)
        dialect = sqlite if dialect_name == "sqlite" else postgresql
        added = dialect.insert(PEOPLE)
        return added.on_conflict_do_update(
            index_elements=[PEOPLE.c.id], set_={"name": added.excluded.name}
        ).returning(PEOPLE.c.name, PEOPLE.c.created_at)

    put = Statement(upsert)
    person = {"id": "p", "username": "dora", "is_active": True}
    person |= {"password_hash": None, "organisation_id": None, "external_id": None}
    with database.transaction() as session:
        first = put.find(session, {**person, "name": "Dora", "created_at": AT})
        second = put.find(session, {**person, "name": "Dora Desk", "created_at": AT})

    assert (first, second) == ([("Dora", AT)], [("Dora Desk", AT)])
    assert asked == [database.engine.dialect.name]
