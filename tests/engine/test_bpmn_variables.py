"""Who sees what: variables of a process, of an iteration, of a call, while others go on."""

import pytest

from tests.diagrams import (
    activity,
    call,
    end,
    flow,
    gateway,
    inside,
    multi_instance,
    script_task,
    start,
    user_task,
)
from tests.stories import Story, compiled


def iteration_beside(first, **more):
    """In an iteration this, Ask, and a look at ``x``; beside it Change, which may change ``x``."""
    loop = multi_instance(loopCardinality="1", loopDataOutputRef="seen", result="copy")
    steps = inside("Part", first, user_task("Ask"), script_task("Copy", "copy = x"))
    part = activity("subProcess", "Part", "".join(steps) + loop)
    return compiled(
        *(start(), script_task("Init", "x = 1"), gateway("Fork", "parallel"), part),
        *(user_task("Change"), end(), flow("Reported", "Init"), flow("Init", "Fork")),
        *(flow("Fork", "Part"), flow("Fork", "Change"), flow("Part", "Done")),
        flow("Change", "Done"),
        **more,
    )


@pytest.mark.parametrize("again", [False, True], ids=["kept", "saved"])
def test_an_iteration_keeps_what_it_wrote_even_if_it_was_the_same(again):
    story = Story(iteration_beside(script_task("Set", "x = 1")), again=again)

    story.complete("Change", x=2).complete("Ask")

    assert story.variables == {"x": 2, "seen": [1]}


@pytest.mark.parametrize(
    ("script", "seen"), [("other = 7", 2), ("x = 5", 5), ("x = true", True), ("x = [1]", [1])]
)
def test_a_call_brings_back_only_what_it_changed(script, seen):
    called = (start(), script_task("Set", script), end(), flow("Reported", "Set"))
    calls = {"other": (*called, flow("Set", "Done"))}
    story = Story(iteration_beside(call("Other", "other"), calls=calls))

    story.complete("Change", x=2).complete("Ask")

    assert repr(story.variables["seen"]) == repr([seen])
