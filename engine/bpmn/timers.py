"""When a timer event is due: ISO 8601 literals or FEEL (BPMN 2.0.2 §10.5.5.1), on our clock."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine import clock
from engine.bpmn.diagram import TimerText
from engine.bpmn.element import Variables, compiled, evaluated
from engine.feel import to_data

_LITERAL = re.compile(r"(R\d*/)?P[\dYMWDTHS]+|\d{4}-\d\d-\d\dT.+")
_CYCLE = re.compile(r"R(\d{0,6})/(P.+)")


@dataclass(frozen=True)
class Schedule:
    """When a timer fires next, and how often after that."""

    due_at: datetime
    every: str | None = None  # ISO 8601 duration between two firings
    left: int | None = None  # firings to come after the next; ``None`` without end


def is_literal(text: str) -> bool:
    return _LITERAL.fullmatch(text) is not None


class TimeText:
    """ISO 8601 as it stands, or FEEL that gives it, compiled once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._expression = None if is_literal(text) else compiled(text)

    def read(self, data: Variables) -> str:
        """ISO 8601 text; ``ValueError`` when the expression gives anything but a text."""
        if self._expression is None:
            return self._text
        value = to_data(evaluated(self._expression, data))
        if not isinstance(value, str):
            raise ValueError(  # noqa: TRY004 -- the value of a diagram, not of a caller
                f"“{self._text}” gives {value!r}, which is no date or duration."
            )
        return value


class Timer:
    """A timer text, compiled once."""

    def __init__(self, timer: TimerText) -> None:
        self._kind = timer.kind
        self._text = TimeText(timer.text)

    def schedule(self, data: Variables) -> Schedule:
        """Reckon from now; ``ValueError`` when the text or the value is none of its kind."""
        value = self._text.read(data)
        match self._kind:
            case "timeDate":
                return Schedule(moment(value))
            case "timeCycle":
                return _cycle(value)
            case _:
                return Schedule(clock.after(clock.now(), value))


def moment(text: str) -> datetime:
    """A date and time with its zone: 2026-01-31T10:00:00Z, +01:00 or @Europe/Berlin."""
    local, _, zone = text.partition("@")
    try:
        at = datetime.fromisoformat(local)
        at = at.replace(tzinfo=ZoneInfo(zone)) if zone else at
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"“{text}” is no date and time such as 2026-01-31T10:00:00Z.") from error
    if at.tzinfo is None:
        raise ValueError(f"“{text}” has no time zone. Add Z, +01:00 or @Europe/Berlin.")
    return at


def next_round(state: dict[str, Any]) -> Schedule | None:
    """The schedule after a firing, from what ``as_state`` kept; ``None`` when it was the last."""
    every, left = state.get("every"), state.get("left")
    if every is None or left == 0:
        return None
    due_at = clock.after(datetime.fromisoformat(state["due_at"]), every)
    return Schedule(due_at, every, None if left is None else left - 1)


def as_state(schedule: Schedule) -> dict[str, Any]:
    """What is kept with the token that waits."""
    state: dict[str, Any] = {"due_at": schedule.due_at.isoformat()}
    if schedule.every is not None:
        state |= {"every": schedule.every, "left": schedule.left}
    return state


def _cycle(text: str) -> Schedule:
    match = _CYCLE.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}” is no repeating interval such as R3/PT10M.")
    count, every = match.groups()
    if count and int(count) == 0:
        raise ValueError(f"“{text}” never fires.")
    return Schedule(clock.after(clock.now(), every), every, int(count) - 1 if count else None)
