"""Messages, signals and conditions: who receives them, when, how often, and what waits."""

import threading
from datetime import timedelta

import pytest
from click.testing import CliRunner

from engine import cli, clock, incidents, instances, tasks, worker
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.instances import delivery, messages
from engine.store.tables import InstanceStatus, Message, MessageStatus, ProcessInstance
from tests.diagrams import (
    begun,
    boundary,
    bundle,
    caught,
    end,
    ended,
    event_subprocess,
    flow,
    gateway,
    line,
    receive_task,
    start,
    thrown,
    user_task,
)
from tests.factories import complete, deploy, entries, open_tasks, report

OF_SERVICE = "incident.service"
WAITING, DELIVERED, DISCARDED = MessageStatus


def awaiting_payment(**properties):
    """Waits for the message “paid”, then Look."""
    return bundle(*line(caught("Wait", "message", "paid", **properties), user_task("Look")))


def awaiting_payment_of_service():
    return awaiting_payment(correlationKey=OF_SERVICE, variable="receipt")


def later(*elements, process_id="small"):
    """A task called Begin, then the elements one after the other."""
    return bundle(*line(user_task("Begin"), *elements), process_id=process_id)


def stoppable(trigger="message"):
    """Look, which the message or signal “stop” interrupts; then Clear."""
    return bundle(
        *line(user_task("Look")),
        *(boundary("Stop", "Look", trigger, "stop"), user_task("Clear"), end("Stopped")),
        *(flow("Stop", "Clear"), flow("Clear", "Stopped")),
    )


def send(database, actor, name="paid", key="", payload=None, incident=None):
    with database.transaction() as session:
        return messages.send(session, name, key, payload, actor, incident=incident)


def waiting(database, actor):
    with database.reading() as session:
        return messages.find(session, actor)


def status_of(database, sent):
    with database.reading() as session:
        return session.get_one(Message, sent.message.id).status


def set_status(database, incident, status, **values):
    """As an administrator's suspension or an unforeseen error leaves it."""
    with database.transaction() as session:
        found = session.query(ProcessInstance).filter_by(incident_id=incident.id)
        found.update({"status": status, **values})


def moved_on(database, actor, *reported):
    """Which of the incidents wait at the task behind the event."""
    return [bool(open_tasks(database, incident, actor)) for incident in reported]


# Who receives a message


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


# Between incidents


def test_a_message_thrown_in_one_incident_is_caught_in_the_other_with_its_key(database, cast):
    deploy(database, awaiting_payment_of_service())
    paying = thrown("Pay", "message", "paid", correlationKey=OF_SERVICE, payload="{ amount: 7 }")
    deploy(database, later(paying, process_id="shop"))
    other, meant = (report(database, cast.dora, service=name) for name in ("Mail", "Shop"))
    payer = report(database, cast.dora, "shop", service="Shop")

    complete(database, payer, "Begin", cast.dora, note="Pay.")
    worker.run_once(database)

    assert moved_on(database, cast.dora, other, meant) == [False, True]
    (received,) = entries(database, meant.id, Event.MESSAGE_RECEIVED)
    assert received.detail["sent_by"] == payer.number


def test_a_message_that_an_incident_throws_too_early_is_listed_and_not_lost(database, cast):
    deploy(database, bundle(*line(thrown("Pay", "message", "paid", correlationKey=OF_SERVICE))))
    payer = report(database, cast.dora, service="Shop")

    worker.run_once(database)

    (tracked,) = waiting(database, cast.max)
    assert (tracked.message.key, tracked.message.sent_by) == ("Shop", payer.number)


def alarmed():
    """Listens to the signal “alarm” beside Look, again and again; Ring sends it."""
    handler = event_subprocess(
        "OnAlarm",
        *(begun("Alarm", "signal", "alarm", interrupts=False), user_task("React"), end("Reacted")),
        *(flow("Alarm", "React"), flow("React", "Reacted")),
    )
    ring = (user_task("Ring"), ended("Rung", "signal", "alarm"), flow("Ring", "Rung"))
    return bundle(
        *(start(), gateway("Fork", "parallel"), user_task("Look"), end(), *ring, handler),
        *(flow("Reported", "Fork"), flow("Fork", "Look"), flow("Fork", "Ring")),
        flow("Look", "Done"),
    )


def reactions(database, actor, *reported):
    found = []
    for incident in reported:
        with database.reading() as session:
            waits = tasks.find(session, actor, tasks.Queue.ALL, incident_id=incident.id)
        found.append(sum(a.task.element_id == "React" for a in waits))
    return found


def test_a_signal_reaches_every_incident_that_waits_once_and_its_own_not_again(database, cast):
    deploy(database, alarmed())
    reported = [report(database, cast.dora) for _ in range(3)]

    complete(database, reported[0], "Ring", cast.dora, note="Fire.")
    at_once = reactions(database, cast.dora, *reported)
    moved = [worker.run_once(database) for _ in range(2)]

    assert at_once == [1, 0, 0]
    assert moved == [2, 0]
    assert reactions(database, cast.dora, *reported) == [1, 1, 1]
    (heard,) = entries(database, reported[1].id, Event.SIGNAL_RECEIVED)
    assert (heard.detail["name"], heard.detail["sent_by"]) == ("alarm", reported[0].number)


def test_a_signal_is_over_for_those_who_begin_to_wait_later(database, cast):
    deploy(database, alarmed())
    thrower = report(database, cast.dora)
    complete(database, thrower, "Ring", cast.dora, note="Fire.")

    late = report(database, cast.dora)
    worker.run_once(database)

    assert reactions(database, cast.dora, late) == [0]
    assert waiting(database, cast.max) == []


def test_a_signal_whose_receiver_went_on_without_it_is_over(database, cast):
    deploy(database, bundle(*line(thrown("Ring", "signal", "stop")), process_id="ringing"))
    deploy(database, stoppable("signal"))
    gone_on = report(database, cast.dora)
    report(database, cast.dora, "ringing")

    complete(database, gone_on, "Look", cast.dora, note="Done.")
    moved = [worker.run_once(database) for _ in range(2)]

    assert moved == [1, 0]
    assert entries(database, gone_on.id, Event.SIGNAL_RECEIVED) == []
    assert waiting(database, cast.max) == []


# Processes that cannot take it


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (InstanceStatus.SUSPENDED, "The process that waits for it is suspended."),
        (InstanceStatus.FAILED, "The process that waits for it is failed."),
    ],
)
def test_a_message_for_a_process_that_stands_still_waits_until_it_goes_on(
    status, why, database, cast
):
    deploy(database, awaiting_payment_of_service())
    incident = report(database, cast.dora, service="Shop")
    set_status(database, incident, status)

    sent = send(database, cast.dora, key="Shop")
    assert worker.run_once(database) == 0
    set_status(database, incident, InstanceStatus.RUNNING)

    assert sent.waits_because == why
    assert worker.run_once(database) == 1
    assert moved_on(database, cast.dora, incident) == [True]


def test_a_signal_for_a_suspended_process_waits_until_it_is_resumed(database, cast):
    deploy(database, alarmed())
    thrower, suspended = report(database, cast.dora), report(database, cast.dora)
    set_status(database, suspended, InstanceStatus.SUSPENDED)

    complete(database, thrower, "Ring", cast.dora, note="Fire.")
    worker.run_once(database)
    before = reactions(database, cast.dora, suspended)
    set_status(database, suspended, InstanceStatus.RUNNING)
    worker.run_once(database)

    assert (before, reactions(database, cast.dora, suspended)) == ([0], [1])


def test_a_suspended_process_still_counts_when_a_message_could_mean_several(database, cast):
    deploy(database, awaiting_payment())
    suspended, running = report(database, cast.dora), report(database, cast.dora)
    set_status(database, suspended, InstanceStatus.SUSPENDED)

    send(database, cast.dora)

    assert moved_on(database, cast.dora, running) == [False]


def test_a_message_whose_receiver_cannot_be_read_costs_itself_alone_and_waits(
    database, cast, time_travel
):
    deploy(database, later(caught("Wait", "message", "paid", correlationKey=OF_SERVICE)))
    broken, good = (report(database, cast.dora, service=name) for name in ("Mail", "Shop"))
    sent = [send(database, cast.dora, key=key) for key in ("Mail", "Shop")]
    for incident in (broken, good):
        complete(database, incident, "Begin", cast.dora, note="Go on.")
    set_status(database, broken, InstanceStatus.RUNNING, snapshot="no JSON")

    moved = [worker.run_once(database) for _ in range(2)]
    (tracked,) = waiting(database, cast.max)
    time_travel(timedelta(seconds=3))
    worker.run_once(database)

    assert moved == [1, 0]
    assert [status_of(database, one) for one in sent] == [WAITING, DELIVERED]
    assert tracked.waits_because.startswith("Delivery failed and will be tried again: ")
    assert waiting(database, cast.max)[0].message.attempts == 1
    assert failure_of(database, broken) == DAMAGED


DAMAGED = "The saved state of this process does not fit its diagram."


def failure_of(database, incident):
    with database.reading() as session:
        (instance,) = session.query(ProcessInstance).filter_by(incident_id=incident.id)
        return instance.failure if instance.status is InstanceStatus.FAILED else None


DAMAGES = {
    "no JSON": lambda saved: "no JSON",
    "no snapshot": lambda saved: "[]",
    "an old version": lambda saved: saved.replace('"version":2', '"version":1'),
    "without its host": lambda saved: saved.replace('"host"', '"ghost"'),
    "inside a task": lambda saved: saved.replace('"small#process"', '"Look"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_receiver_is_no_matter_of_the_sender(damage, database, cast):
    deploy(database, stoppable())
    broken = report(database, cast.dora)
    with database.transaction() as session:
        row = session.query(ProcessInstance).filter_by(incident_id=broken.id).one()
        row.snapshot = damage(row.snapshot)

    sent = send(database, cast.dora, name="stop", incident=broken.id)

    assert status_of(database, sent) is WAITING
    assert sent.waits_because.startswith("Delivery failed and will be tried again: ")
    assert failure_of(database, broken)
    (told,) = entries(database, broken.id, Event.PROCESS_FAILED)
    assert told.detail == {"message": failure_of(database, broken)}


def test_a_message_is_delivered_once_its_damaged_receiver_is_mended(database, cast, time_travel):
    deploy(database, awaiting_payment_of_service())
    incident = report(database, cast.dora, service="Shop")
    with database.reading() as session:
        sound = session.query(ProcessInstance).filter_by(incident_id=incident.id).one().snapshot
    set_status(database, incident, InstanceStatus.RUNNING, snapshot="no JSON")
    send(database, cast.dora, key="Shop")

    set_status(database, incident, InstanceStatus.FAILED, snapshot=sound)
    with database.transaction() as session:
        found = incidents.get(session, incident.id, cast.max)
        instances.take_up(session, found, instances.Reason("It is mended."), cast.max)
    time_travel(timedelta(seconds=3))
    worker.run_once(database)

    assert moved_on(database, cast.dora, incident) == [True]
    assert waiting(database, cast.max) == []


def test_the_pauses_between_attempts_grow_up_to_an_hour(database, cast):
    sent = send(database, cast.dora)

    pauses = []
    for _ in range(14):
        with database.transaction() as session:
            delivery.postpone(session, sent.message.id, "Broken.")
            message = session.get_one(Message, sent.message.id)
            pauses.append(round((message.next_attempt_at - clock.now()).total_seconds()))

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]


def test_four_workers_at_once_deliver_each_message_once(database, cast):
    deploy(database, later(caught("Wait", "message", "paid", correlationKey=OF_SERVICE)))
    names = [f"Shop {number}" for number in range(8)]
    reported = [report(database, cast.dora, service=name) for name in names]
    for name in names:
        send(database, cast.dora, key=name)
    for incident in reported:
        complete(database, incident, "Begin", cast.dora, note="Go on.")
    sweeps = [threading.Thread(target=worker.run_once, args=(database,)) for _ in range(4)]

    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()

    received = [len(entries(database, i.id, Event.MESSAGE_RECEIVED)) for i in reported]
    assert received == [1] * 8
    assert waiting(database, cast.max) == []


def test_a_message_is_not_delivered_again(database, cast):
    deploy(database, awaiting_payment())
    report(database, cast.dora)
    sent = send(database, cast.dora)

    with pytest.raises(Conflict), database.transaction() as session:
        delivery.deliver(session, sent.message.id)


# What people see of it


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


# Conditions


def correct(database, incident, actor, **values):
    with database.transaction() as session:
        current = incidents.get(session, incident.id, actor)
        return incidents.correct(session, incident.id, values, current.version, actor)


def test_a_correction_lets_a_condition_become_true(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")

    correct(database, incident, cast.dora, title="Slow")
    before = moved_on(database, cast.dora, incident)
    corrected = correct(database, incident, cast.dora, service="Shop")

    assert (before, moved_on(database, cast.dora, incident)) == ([False], [True])
    told = [entry.event for entry in entries(database, incident.id)][-3:]
    assert told == [Event.INCIDENT_CORRECTED, Event.ELEMENT_COMPLETED, Event.TASK_OPENED]
    with database.reading() as session:
        assert incidents.get(session, incident.id, cast.dora).version == corrected.version


def test_a_correction_takes_no_step_where_no_condition_is_awaited(database, cast):
    deploy(database, bundle(*line(user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")

    correct(database, incident, cast.dora, service="Shop")

    with database.reading() as session:
        (instance,) = session.query(ProcessInstance).filter_by(incident_id=incident.id)
    assert instance.version == 1


def test_a_correction_stands_even_if_the_process_that_it_concerns_is_damaged(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")
    set_status(database, incident, InstanceStatus.RUNNING, snapshot="no JSON")

    corrected = correct(database, incident, cast.dora, service="Shop")

    assert corrected.service == "Shop"
    assert failure_of(database, incident) == DAMAGED


def test_a_suspended_process_is_corrected_without_a_step(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")
    set_status(database, incident, InstanceStatus.SUSPENDED)

    correct(database, incident, cast.dora, service="Shop")

    assert moved_on(database, cast.dora, incident) == [False]


def test_what_was_corrected_meanwhile_counts_when_the_process_goes_on(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")
    with database.transaction() as session:
        found = incidents.get(session, incident.id, cast.max)
        instances.suspend(session, found, instances.Reason("The audit is on."), cast.max)
    correct(database, incident, cast.dora, service="Shop")

    with database.transaction() as session:
        found = incidents.get(session, incident.id, cast.max)
        instances.resume(session, found, instances.Reason("The audit is over."), cast.max)

    assert moved_on(database, cast.dora, incident) == [True]
