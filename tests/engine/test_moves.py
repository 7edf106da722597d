"""Tokens that a person moves: what goes with them, what starts, and what is refused."""

import pytest

from engine import instances
from engine.errors import Conflict, InvalidAnswers
from engine.history import Event
from engine.instances import Move
from tests.diagrams import (
    activity,
    begun,
    bundle,
    call,
    catch,
    caught,
    end,
    event_subprocess,
    flow,
    gateway,
    inside,
    line,
    multi_instance,
    script_task,
    start,
    user_task,
)
from tests.factories import dump
from tests.hands import Hand, late, two_steps, with_part


@pytest.fixture
def hand(database, cast):
    return lambda *elements, **more: Hand(database, cast, bundle(*elements, **more))


def test_a_move_withdraws_here_and_starts_there_with_boundary_events(hand, database):
    held = hand(*line(user_task("Fix"), user_task("Look")), *late("Look"))

    held.moves("Fix", "Look")

    assert held.waits == ["Look"]
    assert held.places == ["Late", "Look"]
    assert held.said(Event.TASK_CANCELLED).element_id == "Fix"


def test_a_preview_tells_what_a_move_would_do_and_keeps_nothing(hand, database):
    steps = (user_task("Look"), script_task("Set", "total = 1 + 1"), user_task("Check"))
    held = hand(*line(*steps))
    before = dump(database)

    would = held.previews("Look", "Set")

    assert [task.element_id for task in would.gone] == ["Look"]
    assert [(step.element_id, step.changes) for step in would.steps] == [
        ("Set", {"total": (None, 2)})
    ]
    assert [task.element_id for task in would.new] == ["Check"]
    assert dump(database) == before


def test_a_move_does_what_its_preview_told(hand):
    held = hand(*with_part())
    would = held.previews("Look", "Part")

    did = held.moves("Look", "Part")

    assert [w.element_id for w in did.new] == [w.element_id for w in would.new] == ["Ask"]
    assert [s.element_id for s in did.steps] == [s.element_id for s in would.steps]


def test_leaving_a_part_of_the_process_withdraws_it_whole(hand):
    held = hand(*with_part())
    held.completes("Look")

    held.moves("Ask", "Check")

    assert held.places == held.waits == ["Check"]


def test_within_a_part_of_the_process_the_part_stays(hand):
    held = hand(*with_part())
    held.completes("Look")

    held.moves("Ask", "Answer")

    assert held.places == ["Answer", "Part"]


def test_nothing_starts_inside_what_the_same_move_withdraws(hand):
    held = hand(*with_part())
    held.completes("Look")
    move = Move((held.token("Part"), held.token("Ask")), ("Answer", "Check"))

    with pytest.raises(InvalidAnswers) as refused:
        held.does(instances.move, move)

    assert "withdrawn by the same move" in refused.value.errors["start"]


def test_one_token_may_become_several(hand):
    held = hand(*two_steps())

    held.moves("Look", "Fix", "Check")

    assert held.waits == ["Check", "Fix"]


def test_a_move_back_out_of_a_called_process_ends_the_call(hand):
    called = line(user_task("Ask"))
    held = hand(*line(user_task("Look"), call("Other", "other")), calls={"other": called})
    held.completes("Look")

    held.moves("Ask", "Look")

    assert held.places == ["Look"]


def test_a_move_inside_a_called_process_sees_its_variables(hand):
    called = line(user_task("Ask"), script_task("Copy", "copy = note"), user_task("Tell"))
    held = hand(*line(user_task("Look"), call("Other", "other")), calls={"other": called})
    held.completes("Look", note="Hello")

    did = held.moves("Ask", "Copy")

    assert did.steps[0].changes == {"copy": (None, "Hello")}
    assert held.waits == ["Tell"]


def several():
    """Look, then Ask and Answer three times side by side, then Check."""
    content = "".join(inside("Part", user_task("Ask"), user_task("Answer")))
    part = activity("subProcess", "Part", content + multi_instance(loopCardinality="3"))
    return line(user_task("Look"), part, user_task("Check"))


def test_out_of_one_run_of_several_all_are_withdrawn(hand):
    held = hand(*several())
    held.completes("Look")

    held.moves("Ask", "Check")

    assert held.places == ["Check"]


def test_a_repeated_part_starts_in_all_its_runs(hand):
    held = hand(*several())

    held.moves("Look", "Part")

    assert held.places == ["Ask"] * 3 + ["Part"] * 4


def test_inside_one_run_of_several_the_others_stay(hand):
    held = hand(*several())
    held.completes("Look")

    held.moves("Ask", "Answer")

    assert held.places == ["Answer", "Ask", "Ask", "Part", "Part", "Part", "Part"]


def test_two_runs_of_several_are_not_moved_at_once(hand):
    held = hand(*several())
    held.completes("Look")
    asks = [s.place.token_id for s in held.sees().standings if s.place.node.id == "Ask"]

    with pytest.raises(InvalidAnswers, match="another look") as refused:
        held.does(instances.move, Move(tuple(asks[:2]), ("Answer",)))

    assert "Move one at a time" in refused.value.errors["start"]


def test_of_events_that_wait_for_one_another_all_are_withdrawn(hand):
    race = (start(), user_task("Look"), gateway("Race", "eventBased"), end())
    events = (catch("Later", "PT1H"), caught("Mail", "message", "Mail"))
    flows = (flow("Reported", "Look"), flow("Look", "Race"), flow("Race", "Later"))
    ends = (flow("Race", "Mail"), flow("Later", "Done"), flow("Mail", "Done"))
    held = hand(*race, *events, *flows, *ends)
    held.completes("Look")

    held.moves("Later", "Look")

    assert held.places == ["Look"]


def joined():
    return (
        *(start(), gateway("Fork", "parallel"), user_task("A"), user_task("B")),
        *(gateway("Join", "parallel"), user_task("C"), end()),
        *(flow("Reported", "Fork"), flow("Fork", "A"), flow("Fork", "B")),
        *(flow("A", "Join"), flow("B", "Join"), flow("Join", "C"), flow("C", "Done")),
    )


def handled():
    handler = event_subprocess("Handler", *_handling())
    return (*line(user_task("Look")), handler, *late("Look"))


def _handling():
    begin, last = begun("Alarm", "message", "Alarm"), end("Handled")
    return begin, user_task("Handle"), last, flow("Alarm", "Handle"), flow("Handle", "Handled")


@pytest.mark.parametrize(
    ("elements", "withdraw", "start", "field", "sentence"),
    [
        (handled(), "Look", "Late", "start", "waits beside another element"),
        (handled(), "Look", "Alarm", "start", "stands inside a part"),
        (handled(), "Look", "Handler", "start", "begins by its own event"),
        (handled(), "Look", "Handle", "start", "stands inside a part"),
        (handled(), "Late", "Look", "withdraw", "only accompanies"),
        (handled(), "Alarm", "Look", "withdraw", "only accompanies"),
        (joined(), "A", "Join", "start", "several paths meet"),
        (with_part(), "Look", "Ask", "start", "stands inside a part"),
        (several(), "Look", "Ask", "start", "stands inside a part"),
        (two_steps(), "Look", "Nothing", "start", "no element “Nothing”"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_with_a_sentence(
    elements, withdraw, start, field, sentence, hand
):
    held = hand(*elements)
    before = dump(held.database)

    with pytest.raises(InvalidAnswers) as refused:
        held.moves(withdraw, start)

    assert sentence in refused.value.errors[field]
    assert dump(held.database) == before


def test_a_token_that_is_gone_is_not_moved(hand):
    held = hand(*two_steps())
    gone = held.token("Look")
    held.completes("Look")

    with pytest.raises(Conflict, match="gone on"):
        held.does(instances.move, Move((gone,), ("Check",)))


def test_a_return_starts_again_what_had_finished_with_the_variables_as_they_are(hand):
    held = hand(*two_steps())
    held.completes("Look", note="First")
    held.completes("Fix", note="Second")

    returns = held.sees().returns
    held.moves("Check", returns[-1].element_id)

    assert [(r.element_id, r.element_name) for r in returns] == [
        ("Fix", "Do Fix"),
        ("Look", "Do Look"),
    ]
    assert held.waits == ["Look"]
    assert '"note":"Second"' in held.sees().instance.snapshot
