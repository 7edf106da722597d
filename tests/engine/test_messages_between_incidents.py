"""Messages and signals that one incident sends to others."""

from engine import worker
from engine.history import Event
from tests.diagrams import (
    bundle,
    line,
    thrown,
)
from tests.engine.messaging import (
    OF_SERVICE,
    alarmed,
    awaiting_payment_of_service,
    later,
    moved_on,
    reactions,
    stoppable,
    waiting,
)
from tests.factories import complete, deploy, entries, report


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
