"""What goes on first of several that can, and which tokens meet."""

from datetime import timedelta

import pytest

from engine import clock
from tests.diagrams import boundary, caught, end, event, flow, gateway, start, user_task
from tests.stories import Story, compiled


def beside(trigger, about, second, *more):
    """Look with an event on its border, which waits from when Look begins, then the second."""
    return compiled(
        *(start(), gateway("Fork", "parallel"), user_task("Look"), second, end()),
        *(boundary("Edge", "Look", trigger, about, interrupts=False), flow("Edge", "Done")),
        *(flow("Reported", "Fork"), flow("Fork", "Look"), flow("Fork", "Second")),
        *(flow("Look", "Done"), flow("Second", "Done"), *more),
    )


@pytest.mark.parametrize(
    "second",
    [
        (caught("Second", "conditional", "true"),),
        (gateway("Second", "inclusive"), flow("Fork", "Second", flow_id="Again")),
    ],
    ids=["an event", "an inclusive join"],
)
def test_a_condition_that_waits_from_before_happens_before(second):
    story = Story(beside("conditional", "true", *second))

    assert story.trace[2:4] == ["Edge", "Done"]
    assert story.trace.index("Edge") < story.trace.index("Second")


@pytest.mark.parametrize("again", [False, True], ids=["kept", "saved"])
def test_a_signal_reaches_first_what_has_waited_longest(again):
    definition = beside("signal", "red", caught("Second", "signal", "red"))
    story = Story(definition, again=again)

    story.hear("red")

    assert [name for name in story.trace if name in ("Edge", "Second")] == ["Edge", "Second"]


@pytest.mark.parametrize("again", [False, True], ids=["kept", "saved"])
def test_timers_of_one_moment_fire_in_the_order_in_which_they_began(again, time_travel):
    at = event("intermediateCatchEvent", "Second", "timer", "timeDate=2100-01-01T00:00:00Z")
    story = Story(beside("timer", "timeDate=2100-01-01T00:00:00Z", at), again=again)
    (due_at,) = {timer.due_at for timer in story.now.timers}

    time_travel(due_at - clock.now() + timedelta(seconds=1))
    story.fire()

    assert [name for name in story.trace if name in ("Edge", "Second")] == ["Edge", "Second"]


def test_a_parallel_join_takes_one_token_of_each_way_in_whatever_round_it_is_from():
    story = Story(
        compiled(
            *(start(), gateway("Fork", "parallel"), user_task("A"), user_task("B"), end()),
            *(user_task("Again"), gateway("Join", "parallel"), user_task("C")),
            *(gateway("Merge"), flow("Reported", "Merge"), flow("Merge", "Fork")),
            flow("Fork", "A"),
            *(flow("Fork", "B"), flow("A", "Join"), flow("B", "Join"), flow("Join", "C")),
            *(flow("C", "Done"), flow("Fork", "Again"), flow("Again", "Merge")),
        )
    )
    story.complete("A").complete("Again")

    of_second_round = [task.id for task in story.now.open_tasks if task.element_id == "B"][1]
    story.instance.complete(of_second_round, {})

    assert [step.element_id for step in story.instance.progress().steps] == ["B", "Join"]
