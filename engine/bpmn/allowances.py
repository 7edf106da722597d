"""How long a task may take: on the clock, or in the working time of a calendar."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from engine import clock, clocks
from engine.bpmn.diagram import Node
from engine.bpmn.element import Variables
from engine.bpmn.progress import DueTime
from engine.bpmn.timers import TimeText
from engine.clocks import Calendar

Calendars = Mapping[str, Calendar]  # of a bundle, by their names


class Allowance:
    """What the owner of a process allows for a task, compiled once."""

    def __init__(self, duration: str, calendar: Calendar | None) -> None:
        self._duration = TimeText(duration)
        self._calendar = calendar

    def due_time(self, data: Variables) -> DueTime:
        """Reckon from now; ``ValueError`` when there is no such duration or working time."""
        # Whole seconds, so that what explains the time adds up as people read it.
        opened_at = clock.now().replace(microsecond=0)
        duration = self._duration.read(data)
        name = self._calendar.name if self._calendar else None
        return DueTime(opened_at, duration, name, _due(opened_at, duration, self._calendar))


def allowance(node: Node, calendars: Calendars) -> Allowance | None:
    """The allowance of a task; ``None`` of one that may take for ever."""
    if not node.due_in:
        return None
    return Allowance(node.due_in, calendars[node.calendar] if node.calendar else None)


def as_data(due: DueTime) -> dict[str, Any]:
    """What is kept with the token that waits, and in the history."""
    return asdict(due) | {
        "opened_at": due.opened_at.isoformat(),
        "due_at": due.due_at.isoformat(),
    }


def of_data(kept: Mapping[str, Any]) -> DueTime:
    return DueTime(
        opened_at=datetime.fromisoformat(kept["opened_at"]),
        duration=kept["duration"],
        calendar=kept["calendar"],
        due_at=datetime.fromisoformat(kept["due_at"]),
    )


def _due(start: datetime, duration: str, calendar: Calendar | None) -> datetime:
    if calendar is None:
        return clock.after(start, duration)
    return clocks.due(start, clock.length(duration), calendar)
