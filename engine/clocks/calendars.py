"""A working calendar: which times on the clock on the wall are open, day by day."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.clocks.public_holidays import PublicHolidays

MIDNIGHT = 24 * 3600  # the end of a day
OUTSIDE = "outside working hours"
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


class Span(NamedTuple):
    """Open from ``start`` up to ``end``, in seconds that the clock is past midnight."""

    start: int
    end: int


class Part(NamedTuple):
    """A part of a day that is open or closed throughout."""

    start: int
    end: int
    closed_for: str | None  # why nobody works; ``None`` while somebody does


@dataclass(frozen=True)
class Day:
    """The spans of one day, in order, and why it has none."""

    spans: tuple[Span, ...] = ()
    reason: str = OUTSIDE

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The whole day, each part beginning where the one before ends."""
        parts, at = [], 0
        for span in self.spans:
            parts += [Part(at, span.start, OUTSIDE)] if at < span.start else []
            parts.append(Part(*span, None))
            at = span.end
        reason = OUTSIDE if self.spans else self.reason
        parts += [Part(at, MIDNIGHT, reason)] if at < MIDNIGHT else []
        return tuple(parts)


@dataclass(frozen=True)
class Calendar:
    """When somebody works; an exception counts more than a holiday, a holiday than the weekday."""

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]  # from Monday to Sunday
    holidays: PublicHolidays | None = None
    exceptions: Mapping[datetime.date, Day] = field(default_factory=dict)

    def day(self, date: datetime.date) -> Day:
        if date in self.exceptions:
            return self.exceptions[date]
        holiday = self.holidays.name_on(date) if self.holidays else None
        return Day((), f"public holiday: {holiday}") if holiday else self._weekdays[date.weekday()]

    @cached_property
    def _weekdays(self) -> tuple[Day, ...]:
        return tuple(
            Day(spans, f"no working hours on {name}")
            for spans, name in zip(self.week, _DAYS, strict=True)
        )
