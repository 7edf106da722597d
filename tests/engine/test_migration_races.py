"""A process that waits at an event-based gateway moves to a version that draws other events."""

import pytest

from engine import worker
from engine.errors import Conflict
from engine.store.tables import InstanceStatus, Subscription
from tests.diagrams import bundle, caught, end, flow, gateway, line, receive_task, start, user_task
from tests.factories import dump
from tests.migrations import HOUR, Change

MAIL = caught("Mail", "message", "Mail")
POST = caught("Post", "message", "Post")
LATER = caught("Later", "timer", "PT1H")
SOON = caught("Soon", "timer", "PT30M")


@pytest.fixture
def change(database, cast):
    return lambda old, new: Change(database, cast, bundle(*old), bundle(*new))


def race(*events, gate="Race"):
    """Waits for any of these events; a task that is named after the event comes next."""
    ids = [event.split(' id="')[1].split('"')[0] for event in events]
    ways = (f for i in ids for f in (flow(gate, i), flow(i, f"{i}Task"), flow(f"{i}Task", "Done")))
    return (
        *(start(), gateway(gate, "eventBased"), end(), flow("Reported", gate)),
        *(*events, *(user_task(f"{i}Task") for i in ids), *ways),
    )


def subscribed(database):
    with database.reading() as session:
        return sorted(row.name for row in session.query(Subscription))


def test_what_is_newly_drawn_behind_the_gateway_is_waited_for(change, database, time_travel):
    changed = change(race(MAIL, LATER), race(MAIL, LATER, SOON, POST, receive_task("Call", "Call")))
    due_at = changed.due_at("Later")

    outcome = changed.migrates()

    assert outcome.armed == ("Soon happens", "Post happens", "Do Call")
    assert outcome.dropped == ()
    assert changed.places() == ["Call", "Later", "Mail", "Post", "Soon"]
    assert changed.due_at("Later") == due_at
    assert subscribed(database) == ["Call", "Mail", "Post"]


@pytest.mark.parametrize(("event", "hours"), [("Soon", 1), ("Later", 2)])
def test_the_first_of_old_and_new_events_withdraws_the_others(
    event, hours, change, database, time_travel
):
    new = {"Soon": (MAIL, SOON), "Later": (LATER, MAIL, POST)}[event]
    changed = change(race(MAIL, LATER), race(*new))
    changed.migrates()

    time_travel(hours * HOUR)
    worker.run_once(database)

    assert changed.places() == changed.waits == [f"{event}Task"]
    assert subscribed(database) == []


def test_what_is_not_drawn_any_more_is_not_waited_for(change, database, time_travel):
    changed = change(race(MAIL, LATER), race(MAIL, POST))

    outcome = changed.migrates()
    time_travel(2 * HOUR)
    worker.run_once(database)

    assert (outcome.dropped, outcome.armed) == (("Later happens",), ("Post happens",))
    assert changed.places() == ["Mail", "Post"]
    assert subscribed(database) == ["Mail", "Post"]


def test_an_event_that_stands_behind_another_element_now_is_not_waited_for(change):
    elsewhere = tuple(
        f.replace('sourceRef="Race" targetRef="Mail"', 'sourceRef="LaterTask" targetRef="Mail"')
        for f in race(MAIL, LATER, POST)
    )
    changed = change(race(MAIL, LATER), elsewhere)

    outcome = changed.migrates()

    assert (outcome.dropped, outcome.armed) == (("Mail happens",), ("Post happens",))
    assert changed.places() == ["Later", "Post"]


def test_an_event_of_another_kind_in_its_place_is_waited_for_anew(change, database):
    changed = change(race(MAIL, LATER), race(MAIL, caught("Later", "signal", "Late")))

    changed.migrates()

    assert changed.places() == ["Later", "Mail"]
    assert subscribed(database) == ["Late", "Mail"]


def test_a_gateway_and_its_events_may_be_renamed(change):
    changed = change(race(MAIL, LATER), race(POST, LATER, SOON, gate="First"))

    outcome = changed.migrates(Mail="Post", Race="First")

    assert (outcome.dropped, outcome.armed) == ((), ("Soon happens",))
    assert changed.places() == ["Later", "Post", "Soon"]


STAYS = {
    "no gateway": (line(MAIL, user_task("MailTask")), "before it is gone"),
    "another name": (race(MAIL, LATER, gate="First"), "before it is gone"),
    "no event": (race(POST, SOON), "no such element"),
}


@pytest.mark.parametrize(("new", "sentence"), STAYS.values(), ids=STAYS)
def test_without_the_gateway_or_any_of_its_events_nothing_moves(new, sentence, change):
    changed = change(race(MAIL, LATER), new)
    planned = changed.plans()
    before = dump(changed.database)

    with pytest.raises(Conflict, match=sentence):
        changed.migrates()

    assert sentence in planned.outcomes[0].problem
    assert not any(element.is_dropped for element in planned.elements)
    assert dump(changed.database) == before


def test_a_plan_tells_which_of_the_events_is_dropped(change):
    changed = change(race(MAIL, LATER), race(MAIL, POST))

    planned = changed.plans()

    told = {element.element_id: element.is_dropped for element in planned.elements}
    assert told == {"Mail": False, "Later": True}
    assert planned.outcomes[0].armed == ("Post happens",)


def test_a_new_event_that_cannot_begin_holds_the_process_back(change):
    changed = change(
        race(MAIL, LATER),
        race(MAIL, caught("Later", "timer", "PT1H"), caught("Soon", "timer", "note")),
    )

    with pytest.raises(Conflict, match="“Soon happens” cannot begin to wait"):
        changed.migrates()

    assert changed.row.status is InstanceStatus.RUNNING
    assert changed.places() == ["Later", "Mail"]


def test_an_event_whose_condition_failed_is_not_waited_for_twice(change):
    failing = caught("Test", "conditional", "count(for i in 1..30000 return i) = 1")
    changed = change(race(failing, LATER), race(failing, LATER, POST))

    outcome = changed.migrates()

    assert outcome.armed == ("Post happens",)
    assert changed.places() == ["Later", "Post", "Test"]
