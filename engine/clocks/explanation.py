"""Where a due time comes from: what was counted, what was not, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from engine.clocks.calendars import Calendar
from engine.clocks.public_holidays import SOURCE
from engine.clocks.stretches import Stretch, require_known, stretches
from engine.clocks.working_time import due

_SHOWN = 6  # reasons that a sentence names; the segments have them all


class Kind(StrEnum):
    OPEN = "open"  # counted
    CLOSED = "closed"  # passed over
    CLOCK_CHANGE = "clock change"  # a moment at which the clocks were put forward or back


@dataclass(frozen=True)
class Segment:
    """A time on the way to the due time, in UTC, beginning where the one before ends."""

    kind: Kind
    start: datetime
    end: datetime
    reason: str = ""  # why it is closed, or by how much the clocks change

    @property
    def counted(self) -> timedelta:
        return self.end - self.start if self.kind is Kind.OPEN else timedelta(0)


@dataclass(frozen=True)
class Explanation:
    """A due time and its segments, whose counted time is exactly ``duration``."""

    calendar: Calendar
    start: datetime
    duration: timedelta
    due_at: datetime
    segments: tuple[Segment, ...]

    @property
    def counted(self) -> timedelta:
        return sum((segment.counted for segment in self.segments), timedelta(0))

    @property
    def source(self) -> str:
        """Where the public holidays are from; "" of a calendar without."""
        holidays = self.calendar.holidays
        return f"public holidays of {holidays} from {SOURCE}" if holidays else ""

    @property
    def sentence(self) -> str:
        """One line for people, on the clock of the calendar."""
        begin, end = self.shown(self.start), self.shown(self.due_at)
        said = f"{length(self.duration)} of working time in “{self.calendar.name}” "
        said += f"({self.calendar.zone.key}) run from {begin} to {end}"
        skipped = self._skipped()
        said += f"; not counted: {skipped}" if skipped else "; nothing was left out"
        return f"{said}{f'; {self.source}' if self.source else ''}."

    def shown(self, moment: datetime) -> str:
        """A moment as the clock of the calendar shows it, with its offset from UTC."""
        there = moment.astimezone(self.calendar.zone)
        return f"{there:%a} {there.isoformat(sep=' ', timespec='seconds')}"

    def _skipped(self) -> str:
        closed = (segment.reason for segment in self.segments if segment.kind is Kind.CLOSED)
        reasons = list(dict.fromkeys(closed))
        more = len(reasons) - _SHOWN
        return ", ".join(reasons[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def explain(start: datetime, duration: timedelta, calendar: Calendar) -> Explanation:
    """The due time with all that lies before it; ``ValueError`` as ``due`` raises it."""
    start, due_at = require_known(start), due(start, duration, calendar)
    return Explanation(calendar, start, duration, due_at, between(start, due_at, calendar))


def between(start: datetime, end: datetime, calendar: Calendar) -> tuple[Segment, ...]:
    """What is counted from one moment to another, and what is not."""
    return tuple(_joined(_segments(calendar, require_known(start), require_known(end))))


def length(duration: timedelta) -> str:
    """Hours, minutes and seconds, as in “7 h 30 min”; days are not of one length here."""
    minutes, seconds = divmod(duration.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [f"{hours:,} h" * (hours > 0), f"{minutes} min" * (minutes > 0)]
    parts.append(f"{seconds:g} s" * (seconds > 0))
    return " ".join(filter(None, parts)) or "0 min"


def _segments(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Segment]:
    before: Stretch | None = None
    for stretch in stretches(calendar, start):
        if stretch.start >= end:
            return
        if before and before.offset != stretch.offset:
            yield _clock_change(stretch.start, stretch.offset - before.offset)
        kind = Kind.OPEN if stretch.closed_for is None else Kind.CLOSED
        yield Segment(kind, stretch.start, min(stretch.end, end), stretch.closed_for or "")
        before = stretch


def _clock_change(at: datetime, by: timedelta) -> Segment:
    way = "forward" if by > timedelta(0) else "back"
    return Segment(Kind.CLOCK_CHANGE, at, at, f"the clocks go {way} by {length(abs(by))}")


def _joined(segments: Iterator[Segment]) -> Iterator[Segment]:
    """Segments of one kind and reason that follow each other, as one."""
    last: Segment | None = None
    for segment in segments:
        if last and (last.kind, last.reason) == (segment.kind, segment.reason):
            last = replace(last, end=segment.end)
            continue
        if last:
            yield last
        last = segment
    if last:
        yield last
