"""Messages for processes that cannot take them: suspended, failed, damaged."""

import threading
from datetime import timedelta

import pytest

from engine import clock, incidents, instances, worker
from engine.errors import Conflict
from engine.history import Event
from engine.instances import delivery
from engine.store.tables import InstanceStatus, Message, ProcessInstance
from tests.diagrams import (
    caught,
)
from tests.engine.messaging import (
    DAMAGED,
    DELIVERED,
    OF_SERVICE,
    WAITING,
    alarmed,
    awaiting_payment,
    awaiting_payment_of_service,
    failure_of,
    later,
    moved_on,
    reactions,
    send,
    set_status,
    status_of,
    stoppable,
    waiting,
)
from tests.factories import complete, deploy, entries, report


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
