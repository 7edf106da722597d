"""How the pages say things: moments and durations in words, the names of fields and values."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine import clock, instances, tasks
from engine.bpmn.diagram import Kind, Node, Phase
from engine.bpmn.progress import Wait
from engine.clocks import Segment
from engine.clocks.explanation import length
from engine.forms import Form
from engine.history import Event

_FIELDS = {
    "title": "Title",
    "description": "What happened",
    "service": "Service",
    "affected": "Affected",
    "severity": "Severity",
    "status": "Status",
    "category": "Category",
    "impact": "Impact",
    "urgency": "Urgency",
    "priority": "Priority",
    "is_major": "Major incident",
    "is_restricted": "Restricted",
    "tlp": "Traffic Light Protocol",
    "readers": "Who needs to know",
    "hold_reason": "On hold because",
    "resolution_code": "How it ended",
    "resolution_notes": "What was done",
    "reopened_count": "Reopened",
    "occurrences": "Times reported",
    "resolved_at": "Resolved",
    "closed_at": "Closed",
}
_KINDS = {
    Kind.START: "Start",
    Kind.END: "End",
    Kind.CATCH: "Waits for an event",
    Kind.THROW: "Lets others know",
    Kind.BOUNDARY: "Event beside a task",
    Kind.USER_TASK: "Task for a person",
    Kind.MANUAL_TASK: "Task for a person, without a form",
    Kind.SERVICE_TASK: "Automatic step",
    Kind.SCRIPT_TASK: "Calculation",
    Kind.DECISION_TASK: "Decision table",
    Kind.SEND_TASK: "Sends a message",
    Kind.RECEIVE_TASK: "Waits for a message",
    Kind.SUBPROCESS: "Part of the process",
    Kind.TRANSACTION: "Part that may be cancelled",
    Kind.CALL: "Another process",
    Kind.EXCLUSIVE: "Choice",
    Kind.PARALLEL: "Parallel paths",
    Kind.INCLUSIVE: "Choice of several",
    Kind.EVENT_BASED: "Whichever happens first",
}
_AWAITED = {
    "task": "a person",
    "timer": "its time",
    "message": "a message",
    "signal": "a signal",
    "conditional": "a condition",
}
PHASES = tuple(Phase)


def absolute(at: datetime) -> str:
    """``23 Nov 2026, 06:15 UTC``."""
    return f"{_day(at)}, {at.astimezone(UTC):%H:%M} UTC"


def to_the_second(at: datetime) -> str:
    return f"{_day(at)}, {at.astimezone(UTC):%H:%M:%S} UTC"


def on_the_wall(at: datetime, zone: ZoneInfo) -> str:
    """What calendar and clock at a place show: ``Mon 23 Nov 2026, 07:15``."""
    return _at_place(at.astimezone(zone))


def hours(duration: timedelta) -> str:
    """``7 h 30 min``, to the second."""
    return length(timedelta(seconds=round(duration.total_seconds())))


def between(segment: Segment, zone: ZoneInfo) -> str:
    """From when to when, at a place; the day once where it is one."""
    start, end = segment.start.astimezone(zone), segment.end.astimezone(zone)
    if start == end:
        return _at_place(start)
    if end.date() == start.date():
        return f"{_at_place(start)} to {_clock(end)}"
    is_next_midnight = end.time() == time.min and end.date() - start.date() == timedelta(days=1)
    return f"{_at_place(start)} to {'24:00' if is_next_midnight else _at_place(end)}"


def time_of_day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"


def ago(at: datetime) -> str:
    """``20 min ago``, ``in 3 h``."""
    away = at - clock.now()
    if abs(away) < timedelta(minutes=1):
        return "just now"
    return f"in {span(away)}" if away > timedelta(0) else f"{span(-away)} ago"


def due(at: datetime) -> str:
    left = at - clock.now()
    return f"due in {span(left)}" if left > timedelta(0) else f"overdue {span(-left)}"


def is_past(at: datetime) -> bool:
    return at < clock.now()


def span(length: timedelta) -> str:
    """A length of time in its one or two largest units."""
    minutes = int(length.total_seconds()) // 60
    hours, days = minutes // 60, minutes // (24 * 60)
    if minutes < 1:
        return "less than 1 min"
    if hours < 1:
        return f"{minutes} min"
    if hours < 24:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest and hours < 6 else f"{hours} h"
    return "1 day" if days == 1 else f"{days} days"


def duration(text: str) -> str:
    """An ISO 8601 duration in words; any other text as it is."""
    start = clock.now()
    try:
        return span(clock.after(start, text) - start)
    except ValueError:
        return text


def due_after(node: Node) -> str:
    """How long a task may take, as the diagram says it."""
    text = node.due_in or ""
    if node.calendar is None:
        return f"due after {duration(text)}"
    with suppress(ValueError):  # an expression stands for itself
        text = length(clock.length(text))
    return f"due after {text} of working time in “{node.calendar}”"


def counted(number: int) -> str:
    """How many wait in a queue; above what is counted it only matters that they are many."""
    return str(number) if number < tasks.COUNTED else f"{tasks.COUNTED - 1}+"


def humane(value: str) -> str:
    """A code such as ``in_progress`` or ``classify-incident`` as words."""
    words = value.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def field_name(key: str) -> str:
    return _FIELDS.get(key) or humane(key)


def kind_name(kind: str) -> str:
    return _KINDS[Kind(kind)]


def awaited(wait: Wait) -> str:
    return _AWAITED[instances.awaited(wait)]


def is_deviation(event: str) -> bool:
    """Whether a person took the process in hand, which the pages never hide."""
    return Event(event).is_deviation


def shown(value: Any) -> str:
    """A stored value for people: yes and no, moments, codes, lists."""
    if value is None or value == "":
        return "–"  # noqa: RUF001 -- the sign for “nothing”, not a minus
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return to_the_second(value)
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{field_name(k)}: {shown(v)}" for k, v in value.items()) or "none"
    return _moment(str(value)) or str(value)


def labels(forms: Mapping[str, Form]) -> dict[str, dict[str, str]]:
    """Key -> value -> label, of every question with options that the forms ask."""
    found: dict[str, dict[str, str]] = {}
    for form in forms.values():
        for field in form.inputs:
            if field.options:
                found.setdefault(field.key, {}).update(field.options)
    return found


def _moment(text: str) -> str | None:
    # Only what has a date, a time and a zone: a bare number is a value, not a year.
    if len(text) < len("2026-11-23T06:15+00:00") or "T" not in text:
        return None
    try:
        return to_the_second(datetime.fromisoformat(text))
    except ValueError:
        return None


def _at_place(there: datetime) -> str:
    return f"{there:%a} {there.day} {there:%b %Y}, {_clock(there)}"


def _clock(there: datetime) -> str:
    return f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"


def _day(at: datetime) -> str:
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y}"


FILTERS: Mapping[str, Callable[..., str]] = {
    "absolute": absolute,
    "to_the_second": to_the_second,
    "time_of_day": time_of_day,
    "day": _day,
    "ago": ago,
    "awaited": awaited,
    "between": between,
    "counted": counted,
    "due": due,
    "due_after": due_after,
    "duration": duration,
    "hours": hours,
    "humane": humane,
    "field_name": field_name,
    "kind_name": kind_name,
    "on_the_wall": on_the_wall,
    "shown": shown,
}
