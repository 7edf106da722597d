"""Messages that wait: who lists, sends and discards them, and what is refused."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from engine import cli, worker
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.instances import messages
from tests.engine.messaging import (
    DISCARDED,
    WAITING,
    awaiting_payment,
    awaiting_payment_of_service,
    moved_on,
    send,
    status_of,
    waiting,
)
from tests.factories import deploy, entries, report


def test_what_waits_is_listed_with_the_time_that_it_waits_the_oldest_first(
    database, cast, time_travel
):
    send(database, cast.dora, name="first")
    time_travel(timedelta(hours=2))
    send(database, cast.dora, name="second")

    found = waiting(database, cast.max)

    assert [tracked.message.name for tracked in found] == ["first", "second"]
    assert [tracked.waited_seconds // 3600 for tracked in found] == [2, 0]


@pytest.mark.parametrize(
    ("key", "is_addressed", "why"),
    [
        ("Mail", False, "No process waits for “paid” with the key “Mail” yet."),
        (
            "Mail",
            True,
            "No process waits for “paid” with the key “Mail” in the incident that it is for yet.",
        ),
    ],
)
def test_a_message_that_does_not_fit_says_why(key, is_addressed, why, database, cast):
    deploy(database, awaiting_payment_of_service())
    incident = report(database, cast.dora, service="Shop")

    sent = send(database, cast.dora, key=key, incident=incident.id if is_addressed else None)

    assert sent.waits_because == why


def test_a_discarded_message_is_received_by_nobody_and_keeps_the_reason(database, cast):
    sent = send(database, cast.dora)

    with database.transaction() as session:
        messages.discard(session, sent.message.id, " Sent by mistake. ", cast.max)
    deploy(database, awaiting_payment())
    incident = report(database, cast.dora)
    worker.run_once(database)

    assert status_of(database, sent) is DISCARDED
    assert moved_on(database, cast.dora, incident) == [False]
    (told,) = entries(database, sent.message.id, Event.MESSAGE_DISCARDED)
    assert (told.actor_id, told.detail["reason"]) == (cast.max.id, "Sent by mistake.")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2_001, "a\x00b"])
def test_a_message_is_not_discarded_without_a_reason(reason, database, cast):
    sent = send(database, cast.dora)

    with pytest.raises(InvalidAnswers) as caught_error, database.transaction() as session:
        messages.discard(session, sent.message.id, reason, cast.max)

    assert list(caught_error.value.errors) == ["reason"]
    assert status_of(database, sent) is WAITING


def test_what_is_no_longer_waiting_is_not_discarded(database, cast):
    deploy(database, awaiting_payment())
    report(database, cast.dora)
    sent = send(database, cast.dora)

    with pytest.raises(Conflict, match="already delivered"), database.transaction() as session:
        messages.discard(session, sent.message.id, "Too late.", cast.max)


def nested(levels):
    return [nested(levels - 1)] if levels else []


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 201}),
        ("name", {"name": "a\x00b"}),
        ("key", {"key": "x" * 201}),
        ("key", {"key": "\ud800"}),
        ("payload", {"payload": "x" * 65_536}),
        ("payload", {"payload": nested(32)}),
        ("payload", {"payload": float("inf")}),
        ("payload", {"payload": {"at": "\ud800"}}),
        ("payload", {"payload": object()}),
    ],
)
def test_what_does_not_fit_is_refused_and_named(field, values, database, cast):
    with pytest.raises(InvalidAnswers) as caught_error:
        send(database, cast.dora, **values)

    assert list(caught_error.value.errors) == [field]
    assert waiting(database, cast.max) == []


@pytest.mark.parametrize(
    "values",
    [
        {"name": "x" * 200, "key": "ü" * 200},
        {"payload": "x" * 65_534},
        {"payload": nested(31)},
        {"payload": False},
    ],
)
def test_what_just_fits_is_kept_as_it_is(values, database, cast):
    send(database, cast.dora, **values)

    (tracked,) = waiting(database, cast.max)
    assert {name: getattr(tracked.message, name) for name in values} == values


def test_a_message_is_not_sent_to_an_incident_that_does_not_exist(database, cast):
    with pytest.raises(NotFound):
        send(database, cast.dora, incident="INC-1999-000001")


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (lambda session, actor: messages.send(session, "a", "", None, actor), "dora tess max ada"),
        (lambda session, actor: messages.find(session, actor), "max aude ada"),
        (lambda session, actor: messages.discard(session, "x", "No.", actor), "max ada"),
    ],
    ids=["send", "find", "discard"],
)
def test_only_some_may(act, allowed, database, cast):
    may = []
    for username in ("dora", "tess", "max", "olga", "aude", "rob", "ada"):
        try:
            with database.transaction() as session:
                act(session, getattr(cast, username))
        except NotAllowed:
            continue
        except NotFound:
            pass
        may.append(username)

    assert may == allowed.split()


def command(database, *words):
    """What is typed after ``steadyhand``, over the test's database."""
    return CliRunner(env={"DATABASE_URL": database.url}).invoke(cli.main, words)


def test_an_administrator_lists_and_discards_what_waits_from_the_command_line(database, cast):
    sent = send(database, cast.dora, key="Shop").message

    listed = command(database, "message", "list")
    discarded = command(database, "message", "discard", sent.id, "--reason", "Sent twice.")
    again = command(database, "message", "discard", sent.id, "--reason", "Sent twice.")

    assert listed.output.splitlines() == [
        f"{sent.id} {sent.created_at:%Y-%m-%dT%H:%M:%SZ} message paid",
        "  from Dora Desk: No process waits for “paid” with the key “Shop” yet.",
    ]
    assert discarded.output == "Discarded “paid” from Dora Desk.\n"
    assert (again.exit_code, again.output) == (1, "Error: This message is already discarded.\n")
