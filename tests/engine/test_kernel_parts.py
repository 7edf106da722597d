"""The small parts of the kernel: timers, scripts, and what it demands of SpiffWorkflow."""

from datetime import UTC, datetime, timedelta

import pytest
from SpiffWorkflow.task import Task

from engine import clock
from engine.bpmn import changes, overrides, scripts, timers
from engine.bpmn.diagram import TimerText
from engine.feel import FeelError

MOMENTS = {
    "2026-01-31T10:00:00Z": datetime(2026, 1, 31, 10, tzinfo=UTC),
    "2026-01-31T10:00:00+01:00": datetime(2026, 1, 31, 9, tzinfo=UTC),
    "2026-07-31T10:00:00@Europe/Berlin": datetime(2026, 7, 31, 8, tzinfo=UTC),
}


def schedule(kind, text, **variables):
    return timers.Timer(TimerText(kind, text)).schedule(variables)


@pytest.mark.parametrize(("text", "at"), MOMENTS.items())
def test_a_moment_is_read_with_its_zone(text, at):
    assert timers.moment(text) == at


@pytest.mark.parametrize(
    "text", ["2026-01-31T10:00:00", "2026-01-31", "soon", "", "10:00Z", "@UTC"]
)
def test_a_moment_without_a_zone_or_time_is_refused(text):
    with pytest.raises(ValueError, match=r"time zone|no date"):
        timers.moment(text)


@pytest.mark.parametrize(
    ("kind", "text", "variables"),
    [
        ("timeDuration", "PT15M", {}),
        ("timeDuration", 'duration("PT15M")', {}),
        ("timeDuration", "wait", {"wait": "PT15M"}),
        ("timeDuration", 'duration("PT" + string(minutes) + "M")', {"minutes": 15}),
        ("timeCycle", "R3/PT15M", {}),
        ("timeCycle", "rhythm", {"rhythm": "R/PT15M"}),
    ],
)
def test_a_timer_takes_a_literal_or_feel(kind, text, variables):
    due_at = schedule(kind, text, **variables).due_at

    assert abs(due_at - clock.now() - timedelta(minutes=15)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeDuration", "unknown"),
        ("timeDuration", "15"),
        ("timeDuration", '"fifteen minutes"'),
        ("timeCycle", '"PT15M"'),
        ("timeCycle", "R0/PT15M"),
        ("timeDate", 'date("2026-01-31")'),
    ],
)
def test_a_timer_that_gives_no_time_says_so(kind, text):
    with pytest.raises(ValueError, match=r"no |never|not "):
        schedule(kind, text)


def test_a_cycle_counts_from_the_time_that_was_due_and_ends():
    state = timers.as_state(schedule("timeCycle", "R3/PT10M"))
    first = datetime.fromisoformat(state["due_at"])

    rounds = []
    while following := timers.next_round(state):
        rounds.append(following.due_at - first)
        state = timers.as_state(following)

    assert rounds == [timedelta(minutes=10), timedelta(minutes=20)]


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("a = 1\nb = 2", ["a = 1", "b = 2"]),
        ("a = 1; b = 2;", ["a = 1", "b = 2"]),
        ('a = "x;\\" y"\n\n b = 2', ['a = "x;\\" y"', "b = 2"]),
        ("a = [1,\n 2]\nb = {c: 1;\n d: 2}", ["a = [1,\n 2]", "b = {c: 1;\n d: 2}"]),
        ("", []),
    ],
)
def test_a_script_is_cut_at_line_breaks_and_semicolons_outside_brackets_and_texts(script, lines):
    assert scripts.lines(script) == lines


@pytest.mark.parametrize("line", ["a", "a == 1", "1 = a", "a.b = 1", "= 1", "a =", "import os"])
def test_what_is_no_assignment_is_refused(line):
    with pytest.raises((ValueError, FeelError)):
        scripts.parse(line)


def test_another_build_of_spiffworkflow_is_refused():
    with pytest.raises(RuntimeError, match=r"SpiffWorkflow\.task\.Task of SpiffWorkflow is not"):
        overrides.require({Task: "0" * 64})


@pytest.mark.parametrize(
    ("old", "new", "is_told"),
    [
        ({}, {"a": None}, True),
        ({"a": 1}, {"a": 1}, False),
        ({"a": 1}, {"a": True}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": True}]}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1.0}]}, False),
        ({"a": [1]}, {"a": [1, 2]}, True),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
    ],
)
def test_a_change_is_told_where_feel_sees_one(old, new, is_told):
    assert changes.difference(old, new) == ({"a": (old.get("a"), new["a"])} if is_told else {})
