"""Timers and due times: ISO 8601 or FEEL, never below a minute (BPMN 2.0.2 §10.5.5.3)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from engine import clock
from engine.bpmn.diagram import Diagram, Node, TimerText, Trigger
from engine.bpmn.lint.problems import Problem, at
from engine.bpmn.lint.references import References
from engine.bpmn.timers import moment
from engine.clocks import LONGEST
from engine.feel import FeelError, compile_expression

SHORTEST = timedelta(minutes=1)
# Far ahead, so that what passes here does not run past the calendar when it is used.
_EPOCH = datetime(5000, 1, 1, tzinfo=UTC)
# Begins like a duration, a cycle or a date; everything else is FEEL.
_ISO = re.compile(r"[-+]?(P[T\d]|P$|R\d*/|\d{4}-\d\d)")
_CYCLE = re.compile(r"R(\d{0,6})/(.+)")
_WORKING_TIME = "a duration in the working time of a calendar"


def timers(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if node.trigger is Trigger.TIMER:
            yield from _timer(node, node.event.timer or TimerText("", ""))


def due_times(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if (node.due_in, node.calendar) == (None, None):
            continue
        if not node.kind.is_for_person:
            message = "Only a user or manual task has a due time. Draw a timer here instead."
            yield at(node, "due-time-misplaced", message)
        elif node.due_in is None:
            message = "A calendar says how a due time is counted. Give the task dueIn as well."
            yield at(node, "due-time-misplaced", message)
        if node.due_in is not None:
            yield from _due_time(node, node.due_in)


def is_expression(text: str) -> bool:
    return _ISO.match(text) is None


def _timer(node: Node, timer: TimerText) -> Iterator[Problem]:
    if not timer.text:
        message = "Say when: a duration such as PT15M, a date and time, or a cycle as R3/PT1H."
        yield at(node, "timer-missing", message)
        return
    yield from _known(node, timer.kind, timer.text)


def _due_time(node: Node, text: str) -> Iterator[Problem]:
    if not text:
        yield at(node, "timer-missing", "Say how long the task may take, as in PT4H.")
        return
    kind = "timeDuration" if node.calendar is None else _WORKING_TIME
    yield from _known(node, kind, text)


def _known(node: Node, kind: str, text: str) -> Iterator[Problem]:
    """What can be said before it runs."""
    known = _constant(text) if is_expression(text) else text
    if known is not None:
        yield from _checked(node, kind, known)


def _constant(text: str) -> str | None:
    """What an expression that reads nothing comes to; the rest is known only when it runs."""
    try:
        expression = compile_expression(text)
        return None if expression.names else str(expression.evaluate({}))
    except FeelError:
        return None  # said by ``expressions``


def _checked(node: Node, kind: str, text: str) -> Iterator[Problem]:
    try:
        wait = _READERS[kind](text)
    except ValueError as error:
        yield at(node, "timer-invalid", f"{error} Correct it.")
        return
    if wait is not None and wait < SHORTEST:
        message = f"“{text}” is shorter than a minute. Wait for at least PT1M."
        yield at(node, "timer-too-short", message)


def _duration(text: str) -> timedelta:
    return clock.after(_EPOCH, text) - _EPOCH


def _working_time(text: str) -> timedelta:
    length = clock.length(text)
    if length > LONGEST:
        raise ValueError(f"“{text}” is longer than working time is counted.")
    return length


def _cycle(text: str) -> timedelta:
    match = _CYCLE.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}” is not a cycle such as R3/PT1H, or R/PT1H for ever.")
    rounds, every = match.groups()
    if rounds and int(rounds) == 0:
        raise ValueError(f"“{text}” never happens.")
    return _duration(every)


def _date(text: str) -> None:
    moment(text)


_READERS = {
    "timeDuration": _duration,
    "timeDate": _date,
    "timeCycle": _cycle,
    _WORKING_TIME: _working_time,
}
