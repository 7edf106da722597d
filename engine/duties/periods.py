"""Where a period ends, and what of the time up to there was counted.

Hours are counted as they pass. Days and months are counted as Regulation (EEC, Euratom) No 1182/71
art. 3 counts them: the day of the event is not counted (1), the last day counts to its end (2)(b),
a month ends on the date of the event, or on the last day of a shorter month (2)(c), and days off
count as others do unless the period is in working days (3).

Its rules for hours are left out on purpose, since they only ever make a period longer and it is
disputed whether they apply: that the hour of the event is not counted (1), and that a period of
two days or more has at least two working days in it (5).
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from engine.clocks import LONGEST, Calendar
from engine.duties.moments import DAY, at, day_of, day_shown, end_of, is_working, shown_end
from engine.duties.regimes import Period, Unit


class Kind(StrEnum):
    COUNTED = "counted"
    NOT_COUNTED = "not counted"
    MOVED = "moved"  # from where the limit would have been to where it is


@dataclass(frozen=True)
class Segment:
    """A time on the way to a deadline, in UTC, beginning where the one before ends."""

    kind: Kind
    start: datetime
    end: datetime
    reason: str  # a sentence


@dataclass(frozen=True)
class TimeLimit:
    """Up to when something is in time; ``why`` says in sentences where that comes from."""

    segments: tuple[Segment, ...]
    # In time by every reading of the law: no weekend rule, and of the last day only the time up to
    # that at which the period began.
    safe_at: datetime
    why: tuple[str, ...]

    @property
    def due_at(self) -> datetime:
        return self.segments[-1].end


def count(period: Period, start: datetime, calendar: Calendar, closes: time | None) -> TimeLimit:
    """The period from ``start``, in UTC; ``ValueError`` where its end cannot be found."""
    if period.unit is Unit.HOURS:
        return _hours(period, start, calendar)
    first = day_of(start, calendar.zone)
    last = last_day(period, first, calendar)
    segments = _joined(_days(period, start, last, calendar, closes))
    wall = start.astimezone(calendar.zone).time()
    safe_at = min(at(last, wall, calendar.zone), end_of(last, calendar.zone, closes))
    reasons = dict.fromkeys(segment.reason for segment in segments)
    return TimeLimit(tuple(segments), safe_at, tuple(reasons))


def last_day(period: Period, first: date, calendar: Calendar) -> date:
    """The day on which a period in days or months ends that began on the day ``first``."""
    if period.unit is Unit.MONTHS:
        return _same_date(first, period.count)
    if period.unit is Unit.DAYS:
        return first + period.count * DAY
    for _ in range(period.count):
        first = next_working_day(first, calendar)
    return first


def next_working_day(day: date, calendar: Calendar) -> date:
    for number in range(1, LONGEST.days):
        if is_working(day + number * DAY, calendar):
            return day + number * DAY
    raise ValueError(f"The calendar “{calendar.name}” has no working day after {day}. Open some.")


def _hours(period: Period, start: datetime, calendar: Calendar) -> TimeLimit:
    end = start + timedelta(hours=period.count)
    shown = shown_end(end, calendar.zone)
    reason = f"{period}, counted as they pass, by day and by night: up to {shown}."
    return TimeLimit((Segment(Kind.COUNTED, start, end, reason),), end, (reason,))


def _same_date(first: date, months: int) -> date:
    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    return date(year, month, min(first.day, monthrange(year, month)[1]))


def _days(
    period: Period, start: datetime, last: date, calendar: Calendar, closes: time | None
) -> Iterator[Segment]:
    zone = calendar.zone
    day, end = day_of(start, zone), end_of(day_of(start, zone), zone)
    reason = f"{day_shown(day)} is not counted: the period begins with the day after."
    yield Segment(Kind.NOT_COUNTED, start, end, reason)
    counted = _how(period, day, last)
    while day < last:
        day, start = day + DAY, end
        end = end_of(day, zone, closes if day == last else None)
        if period.unit is Unit.WORKING_DAYS and not is_working(day, calendar):
            reason = f"{day_shown(day)} is not counted: {calendar.day(day).reason}."
            yield Segment(Kind.NOT_COUNTED, start, end, reason)
        else:
            yield Segment(Kind.COUNTED, start, end, counted)


def _how(period: Period, first: date, last: date) -> str:
    said = f"{period} after {day_shown(first)}: up to the end of {day_shown(last)}"
    if period.unit is Unit.MONTHS and first.day != last.day:
        return f"{said}, as that month has no day {first.day}."
    return f"{said}."


def _joined(segments: Iterator[Segment]) -> list[Segment]:
    """Counted days that follow each other, as one segment."""
    joined: list[Segment] = []
    for segment in segments:
        before = joined[-1] if joined else None
        if before and before.kind is segment.kind is Kind.COUNTED:
            joined[-1] = replace(before, end=segment.end)
        else:
            joined.append(segment)
    return joined
