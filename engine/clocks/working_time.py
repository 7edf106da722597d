"""How much working time lies between two moments, and when that much of it has passed."""

from datetime import datetime, timedelta

from engine.clocks.calendars import Calendar
from engine.clocks.stretches import LONGEST, require_known, stretches

_NONE = timedelta(0)
_YEARS = LONGEST.days // 366


def due(start: datetime, duration: timedelta, calendar: Calendar) -> datetime:
    """The first moment, in UTC, at which that much working time has passed since ``start``.

    A span that is used up to its end is due then, and not when the next one begins. Raises
    ``ValueError`` with a sentence for what cannot be counted.
    """
    start, left = require_known(start), require_positive(duration)
    if not left:
        return start
    for stretch in stretches(calendar, start):
        if stretch.closed_for is not None:
            continue
        if stretch.length >= left:
            return stretch.start + left
        left -= stretch.length
    raise ValueError(
        f"The calendar “{calendar.name}” has not that much working time in the "
        f"{_YEARS} years after {start:%Y-%m-%d}. Open more of it, or wait for less."
    )


def elapsed(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time from ``start`` to ``end``, which is negative when ``end`` is earlier.

    Raises ``ValueError`` with a sentence for what cannot be counted.
    """
    start, end = require_known(start), require_known(end)
    if end < start:
        return -elapsed(end, start, calendar)
    if end - start > LONGEST:
        raise ValueError(f"Working time is counted over at most {_YEARS} years.")
    passed = _NONE
    for stretch in stretches(calendar, start):
        if stretch.start >= end:
            break
        if stretch.closed_for is None:
            passed += min(stretch.end, end) - stretch.start
    return passed


def require_positive(duration: timedelta) -> timedelta:
    if duration < _NONE:
        raise ValueError("Working time is counted forwards. Give a duration that is not negative.")
    return duration
