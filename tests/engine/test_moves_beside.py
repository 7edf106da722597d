"""Moves that only start or only withdraw, and moves out of what has taken over."""

import pytest

from engine import instances
from engine.errors import InvalidAnswers
from engine.instances import Move
from engine.store.tables import InstanceStatus, Subscription
from tests.diagrams import (
    activity,
    begun,
    bundle,
    call,
    end,
    ended,
    event_subprocess,
    flow,
    gateway,
    inside,
    line,
    multi_instance,
    start,
    subprocess,
    user_task,
)
from tests.factories import dump
from tests.hands import Hand, timed, two_steps, with_part

LOOK = user_task("Look")


@pytest.fixture
def hand(database, cast):
    return lambda *elements, **more: Hand(database, cast, bundle(*elements, **more))


def moves(held, withdraw=(), start=()):
    return held.does(instances.move, Move(tuple(map(held.token, withdraw)), start))


def refused(held, withdraw=(), start=()):
    """What is said of a move that changes nothing."""
    before = dump(held.database)
    with pytest.raises(InvalidAnswers) as caught:
        moves(held, withdraw, start)
    assert dump(held.database) == before
    return caught.value.errors


# What has taken over


def handler(name, trigger, about, **more):
    """An event sub-process with one task."""
    tasks = (user_task(f"{name}Task"), end(f"{name}End"))
    ways = (flow(f"{name}Start", f"{name}Task"), flow(f"{name}Task", f"{name}End"))
    return event_subprocess(name, begun(f"{name}Start", trigger, about, **more), *tasks, *ways)


def handled(*more):
    alarm = handler("Alarm", "message", "Alarm")
    return (*line(LOOK, user_task("Fix")), alarm, handler("Nag", "timer", "PT1H"), *more)


def test_leaving_what_has_taken_over_lets_the_event_sub_processes_lie_ready_again(hand, database):
    held = hand(*handled())
    held.receives("Alarm")
    assert held.places == ["Alarm", "AlarmTask"]

    would = held.previews("AlarmTask", "Fix")
    held.moves("AlarmTask", "Fix")

    assert [w.element_id for w in would.new] == ["AlarmStart", "NagStart", "Fix"]
    assert held.places == ["AlarmStart", "Fix", "NagStart"]
    with database.reading() as session:
        assert [row.name for row in session.query(Subscription)] == ["Alarm"]
    held.receives("Alarm")
    assert held.waits == ["AlarmTask"]


def test_leaving_a_handler_of_errors_does_so_too(hand):
    held = hand(
        *(start(), LOOK, ended("Failed", "error", "E1"), flow("Reported", "Look")),
        *(
            flow("Look", "Failed"),
            handler("Rescue", "error", "E1"),
            handler("Nag", "timer", "PT1H"),
        ),
    )
    held.completes("Look")

    held.moves("RescueTask", "Look")

    assert held.places == ["Look", "NagStart"]


def test_leaving_what_has_taken_over_in_a_called_process_does_so_too(hand):
    held = hand(*line(call("Other", "other")), calls={"other": handled()})
    held.receives("Alarm")

    held.moves("AlarmTask", "Fix")

    assert held.places == ["AlarmStart", "Fix", "NagStart", "Other"]


def test_within_what_has_taken_over_nothing_lies_ready(hand):
    held = hand(*handled())
    held.receives("Alarm")

    held.moves("AlarmTask", "AlarmTask")

    assert held.places == ["Alarm", "AlarmTask"]


def test_what_runs_beside_takes_nothing_over(hand):
    beside = handler("Call", "message", "Call", interrupts=False)
    held = hand(*handled(beside))
    held.receives("Call")

    held.moves("CallTask", "Fix")

    assert held.places == ["AlarmStart", "CallStart", "Fix", "Look", "NagStart"]


@pytest.mark.parametrize("withdraw", [(), ("AlarmTask",)])
def test_nothing_starts_beside_what_has_taken_over(withdraw, hand):
    held = hand(*handled())
    held.receives("Alarm")
    start = ("AlarmTask", "Look") if withdraw else ("Look",)

    errors = refused(held, withdraw, start)

    assert "“Do Alarm” has taken over where “Do Look” stands" in errors["start"]


# Only start


def test_an_element_may_start_beside_what_runs(hand):
    held = hand(*two_steps())

    did = moves(held, start=("Check",))

    assert [w.element_id for w in did.new] == ["Check"]
    assert did.gone == ()
    assert held.waits == ["Check", "Look"]


def test_inside_a_part_that_runs_an_element_may_start_too(hand):
    held = hand(*with_part())
    held.completes("Look")

    moves(held, start=("Answer",))

    assert held.places == ["Answer", "Ask", "Part"]


def several():
    loop = multi_instance(loopCardinality="2")
    part = activity("subProcess", "Part", "".join(inside("Part", user_task("Ask"))) + loop)
    return line(part, user_task("Check"))


@pytest.mark.parametrize(
    ("elements", "start", "sentence"),
    [
        (several(), "Ask", "not clear in which run"),
        (with_part(), "Ask", "Start the whole part instead"),
        (timed(), "Late", "waits beside another element"),
        (two_steps(), "Nothing", "no element “Nothing”"),
    ],
)
def test_where_it_cannot_be_an_element_does_not_start(elements, start, sentence, hand):
    assert sentence in refused(hand(*elements), start=(start,))["start"]


# Only withdraw


def forked():
    ways = (flow("Reported", "Fork"), flow("Fork", "Look"), flow("Fork", "Fix"))
    ends = (flow("Look", "Done"), flow("Fix", "Done"))
    return (start(), gateway("Fork", "parallel"), LOOK, user_task("Fix"), end(), *ways, *ends)


def test_one_of_several_paths_may_be_given_up(hand):
    held = hand(*forked())

    did = moves(held, ("Fix",))

    assert [w.element_id for w in did.gone] == ["Fix"]
    assert held.waits == ["Look"]
    held.completes("Look")
    assert held.status is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    ("elements", "withdraw", "sentence"),
    [
        (two_steps(), ("Look",), "Nothing is left without “Do Look”"),
        (forked(), ("Look", "Fix"), "Nothing is left without “Do Look”"),
        (timed(), ("Look",), "Nothing is left without “Do Look”"),
        (handled(), ("Look",), "Nothing is left without “Do Look”"),
        (line(subprocess("Part", *inside("Part", LOOK))), ("Look",), "Nothing is left"),
        (several(), ("Part",), "one of several runs"),
        (timed(), ("Late",), "only accompanies"),
    ],
)
def test_what_would_leave_nothing_is_not_given_up(elements, withdraw, sentence, hand):
    assert sentence in refused(hand(*elements), withdraw)["withdraw"]


def test_a_part_is_given_up_with_what_is_inside(hand):
    part = subprocess("Part", *inside("Part", user_task("Ask")))
    held = hand(*paths(part))

    moves(held, ("Part", "Ask"))

    assert held.places == ["Look"]


def paths(part):
    ways = (flow("Reported", "Fork"), flow("Fork", "Look"), flow("Fork", "Part"))
    ends = (flow("Look", "Done"), flow("Part", "Done"))
    return (start(), gateway("Fork", "parallel"), LOOK, part, end(), *ways, *ends)


def test_a_move_of_nothing_is_none(hand):
    assert list(refused(hand(*two_steps()))) == ["start"]
