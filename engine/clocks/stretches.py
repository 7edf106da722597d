"""Open and closed time of a calendar, one stretch behind the other.

Open is whenever the clock on the wall shows a time of a span. So when the clocks go forward, the
times that they skip are not counted, and a span around them is shorter; when they go back, the
times that they show twice are counted twice, and a span around them is longer.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.clocks.calendars import Calendar

LONGEST = timedelta(days=3_660)  # ten years: whoever waits for longer has made a mistake
_FIRST_YEAR, _LAST_YEAR = 1970, 2099  # in which time zones and holidays are known well enough
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


class Stretch(NamedTuple):
    """From ``start`` up to ``end``, both in UTC."""

    start: datetime
    end: datetime
    offset: timedelta  # by which the clock on the wall is ahead of UTC
    closed_for: str | None  # why nobody works; ``None`` while somebody does

    @property
    def length(self) -> timedelta:
        return self.end - self.start


class _Piece(NamedTuple):
    """A time without a change of the clocks."""

    start: datetime
    end: datetime
    offset: timedelta


def require_known(moment: datetime) -> datetime:
    """The moment in UTC; ``ValueError`` for one without a zone, or too far from today."""
    if moment.tzinfo is None:
        raise ValueError(f"“{moment.isoformat()}” has no time zone. Add Z or +01:00.")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"Working time is counted in the years {_FIRST_YEAR} to {_LAST_YEAR}.")
    return moment.astimezone(UTC)


def stretches(calendar: Calendar, start: datetime) -> Iterator[Stretch]:
    """Every stretch from ``start``, in UTC, each beginning where the one before ends."""
    for piece in _pieces(calendar.zone, start):
        yield from _stretches(calendar, piece)


def _pieces(zone: ZoneInfo, start: datetime) -> Iterator[_Piece]:
    """At most a day each: nowhere do the clocks change twice in one."""
    offset = _offset(zone, start)
    for _ in range(LONGEST.days):
        end = start + _DAY
        offset_after = _offset(zone, end)
        change = end if offset_after == offset else _change(zone, start, end)
        yield _Piece(start, change, offset)
        if change < end:
            yield _Piece(change, end, offset_after)
        start, offset = end, offset_after


def _change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """The second at which the offset becomes another one, which it is at ``end``."""
    before, offset = start.replace(microsecond=0), _offset(zone, start)
    after = end.replace(microsecond=0)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _stretches(calendar: Calendar, piece: _Piece) -> Iterator[Stretch]:
    first, last = piece.start + piece.offset, piece.end + piece.offset
    for day in _days(first.date(), last.date()):
        # What the clock shows, written as if it were UTC, so that its times can be reckoned with.
        midnight = datetime.combine(day, time.min, UTC)
        for part in calendar.day(day).parts:
            start = max(first, midnight + timedelta(seconds=part.start))
            end = min(last, midnight + timedelta(seconds=part.end))
            if start < end:
                yield Stretch(
                    start - piece.offset, end - piece.offset, piece.offset, part.closed_for
                )


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + number * _DAY
