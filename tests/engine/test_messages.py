"""Messages: which incident receives one, when, and how often."""

import pytest

from engine import worker
from engine.history import Event
from tests.diagrams import (
    bundle,
    caught,
    line,
    receive_task,
    user_task,
)
from tests.engine.messaging import (
    DELIVERED,
    OF_SERVICE,
    WAITING,
    awaiting_payment,
    awaiting_payment_of_service,
    later,
    moved_on,
    send,
    status_of,
    stoppable,
    waiting,
)
from tests.factories import complete, deploy, entries, open_tasks, report


def test_a_late_message_reaches_at_once_the_incident_that_waits_with_its_key(database, cast):
    deploy(database, awaiting_payment_of_service())
    other, meant = (report(database, cast.dora, service=name) for name in ("Mail", "Shop"))

    sent = send(database, cast.dora, key="Shop", payload={"amount": 7})

    assert (sent.message.status, sent.message.receiver_id) == (DELIVERED, meant.id)
    assert sent.waits_because == ""
    assert moved_on(database, cast.dora, other, meant) == [False, True]
    (taken,) = [e for e in entries(database, meant.id) if e.element_id == "Wait"]
    assert taken.changes == {"receipt": [None, {"amount": 7}]}


def test_an_early_message_waits_and_is_delivered_when_its_event_opens(database, cast):
    deploy(database, later(receive_task("Wait", "paid", correlationKey=OF_SERVICE)))
    incident = report(database, cast.dora, service="Shop")
    sent = send(database, cast.dora, key="Shop")
    assert worker.run_once(database) == 0

    complete(database, incident, "Begin", cast.dora, note="Go on.")
    moved = [worker.run_once(database) for _ in range(2)]

    assert moved == [1, 0]
    assert status_of(database, sent) is DELIVERED
    assert waiting(database, cast.max) == []
    assert entries(database, incident.id)[-1].event == Event.PROCESS_COMPLETED


@pytest.mark.parametrize(
    ("event_key", "key", "is_addressed", "is_delivered"),
    [
        (OF_SERVICE, "Shop", False, True),
        (OF_SERVICE, "Shop", True, True),
        (OF_SERVICE, "Mail", False, False),
        (OF_SERVICE, "Mail", True, False),
        (OF_SERVICE, "shop", False, False),
        (OF_SERVICE, "", False, False),
        (OF_SERVICE, "", True, False),
        ("7", "7", False, True),
        (None, "", False, True),
        (None, "", True, True),
        (None, "Shop", True, True),
        (None, "Shop", False, False),
    ],
)
def test_a_message_is_matched_by_key_and_address(
    event_key, key, is_addressed, is_delivered, database, cast
):
    properties = {"correlationKey": event_key} if event_key else {}
    deploy(database, awaiting_payment(**properties))
    incident = report(database, cast.dora, service="Shop")

    sent = send(database, cast.dora, key=key, incident=incident.number if is_addressed else None)

    assert sent.message.status is (DELIVERED if is_delivered else WAITING)
    assert moved_on(database, cast.dora, incident) == [is_delivered]


def test_a_message_of_another_name_is_not_delivered(database, cast):
    deploy(database, awaiting_payment())
    incident = report(database, cast.dora)

    sent = send(database, cast.dora, name="paid twice")

    assert sent.waits_because == "No process waits for “paid twice” without a key yet."
    assert moved_on(database, cast.dora, incident) == [False]


def test_a_message_to_one_incident_reaches_no_other(database, cast):
    deploy(database, awaiting_payment())
    first, second = report(database, cast.dora), report(database, cast.dora)

    send(database, cast.dora, incident=second.id)

    assert moved_on(database, cast.dora, first, second) == [False, True]


def test_a_message_that_could_mean_two_incidents_waits_and_says_why(database, cast):
    deploy(database, awaiting_payment())
    first, second = report(database, cast.dora), report(database, cast.dora)

    sent = send(database, cast.dora)
    worker.run_once(database)

    assert sent.waits_because == (
        "Several processes wait for “paid”, and the message says neither by key nor by incident"
        " which one is meant. Discard it and send it again with one of them."
    )
    assert status_of(database, sent) is WAITING
    assert moved_on(database, cast.dora, first, second) == [False, False]


def test_a_message_that_could_mean_two_holds_up_no_other(database, cast):
    deploy(database, awaiting_payment())
    for _ in range(2):
        report(database, cast.dora)
    send(database, cast.dora)
    deploy(database, bundle(*line(receive_task("Call", "called"), user_task("Look"))))
    alone = report(database, cast.dora)

    send(database, cast.dora, name="called")

    assert moved_on(database, cast.dora, alone) == [True]


def test_a_message_without_a_key_is_not_for_one_of_several_of_which_others_have_keys(
    database, cast
):
    deploy(database, awaiting_payment())
    without = report(database, cast.dora)
    deploy(database, awaiting_payment_of_service())
    report(database, cast.dora, service="Shop")

    send(database, cast.dora)

    assert moved_on(database, cast.dora, without) == [False]


def test_a_message_reaches_one_of_two_receivers_the_older_first(database, cast):
    deploy(database, awaiting_payment_of_service())
    first, second = (report(database, cast.dora, service="Shop") for _ in range(2))

    receivers = [send(database, cast.dora, key="Shop").message.receiver_id for _ in range(3)]

    assert receivers == [first.id, second.id, None]


def test_messages_of_one_key_are_delivered_in_the_order_in_which_they_were_sent(database, cast):
    wait = {"correlationKey": OF_SERVICE, "variable": "got"}
    deploy(
        database,
        later(
            caught("First", "message", "paid", **wait), caught("Second", "message", "paid", **wait)
        ),
    )
    incident = report(database, cast.dora, service="Shop")
    for payload in (1, 2):
        send(database, cast.dora, key="Shop", payload=payload)

    complete(database, incident, "Begin", cast.dora, note="Go on.")
    for _ in range(2):
        worker.run_once(database)

    got = [e.changes["got"][1] for e in entries(database, incident.id) if "got" in e.changes]
    assert got == [1, 2]


def test_a_message_interrupts_the_task_beside_which_it_is_awaited(database, cast):
    deploy(database, stoppable())
    incident = report(database, cast.dora)

    send(database, cast.dora, name="stop", incident=incident.id)

    assert list(open_tasks(database, incident, cast.dora)) == ["Clear"]
    (cancelled,) = entries(database, incident.id, Event.TASK_CANCELLED)
    assert cancelled.element_id == "Look"


def test_a_message_beside_a_task_that_is_done_is_awaited_no_longer(database, cast):
    deploy(database, stoppable())
    incident = report(database, cast.dora)
    complete(database, incident, "Look", cast.dora, note="Done.")

    sent = send(database, cast.dora, name="stop", incident=incident.id)

    assert sent.waits_because == (
        "No process waits for “stop” without a key in the incident that it is for yet."
    )


def test_the_history_of_the_receiver_says_who_sent_it_before_what_came_of_it(database, cast):
    deploy(database, awaiting_payment_of_service())
    incident = report(database, cast.dora, service="Shop")

    sent = send(database, cast.tess, key="Shop")

    received, taken, _ = entries(database, incident.id)[-3:]
    assert (received.event, taken.element_id) == (Event.MESSAGE_RECEIVED, "Wait")
    assert received.detail == {
        "message_id": sent.message.id,
        "name": "paid",
        "key": "Shop",
        "sent_by": "Tess Tech",
    }
    (told,) = entries(database, sent.message.id)
    assert (told.event, told.actor_id) == (Event.MESSAGE_SENT, cast.tess.id)


@pytest.mark.parametrize("payload", [0, -7.25, 2**60, True, None, "ü", [], {"a": [1.5, None]}])
def test_a_payload_arrives_as_it_was_sent(payload, database, cast):
    deploy(database, awaiting_payment(variable="receipt"))
    incident = report(database, cast.dora)

    send(database, cast.dora, payload=payload)

    (taken,) = [e for e in entries(database, incident.id) if e.element_id == "Wait"]
    assert taken.changes == {"receipt": [None, payload]}
