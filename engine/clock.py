"""The time, in one place: always aware, always UTC."""

import re
from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta

_offset = timedelta(0)


@dataclass
class Stopped:
    """A clock that stands still until somebody moves it."""

    moment: datetime


_stopped: ContextVar[Stopped | None] = ContextVar("stopped", default=None)


def now() -> datetime:
    own = _stopped.get()
    return datetime.now(UTC) + _offset if own is None else own.moment


@contextmanager
def stopped(at: datetime) -> Iterator[Stopped]:
    """Let the time stand still for whoever runs in this context; other threads keep theirs."""
    own = Stopped(at.astimezone(UTC))
    before = _stopped.set(own)
    try:
        yield own
    finally:
        _stopped.reset(before)


def shift(by: timedelta) -> None:
    """Move the clock of this process, for tests and drills; nothing sleeps."""
    global _offset
    _offset += by


_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_LONGEST = 6  # digits of one component
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # a length of time is measured from it


def after(start: datetime, duration: str) -> datetime:
    """``start`` plus an ISO 8601 duration such as ``PT15M``; ``ValueError`` if it is none.

    Years and months follow the calendar; a shorter month ends on its own last day.
    """
    match = _DURATION.fullmatch(duration)
    if match is None or max(len(part or "") for part in match.groups()) > _LONGEST:
        raise ValueError(f"“{duration}” is not an ISO 8601 duration such as PT15M or P5D.")
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    year, month = divmod(start.month - 1 + part["months"], 12)
    year += start.year + part["years"]
    if year > MAXYEAR:
        raise ValueError(f"“{duration}” reaches past the calendar.")
    day = min(start.day, monthrange(year, month + 1)[1])
    moved = start.replace(year=year, month=month + 1, day=day)
    rest = {name: part[name] for name in ("weeks", "days", "hours", "minutes", "seconds")}
    try:
        return moved + timedelta(**rest)
    except OverflowError as error:
        raise ValueError(f"“{duration}” reaches past the calendar.") from error


def length(duration: str) -> timedelta:
    """How long an ISO 8601 duration lasts; ``ValueError`` if it is none, or has years or months."""
    if "Y" in duration or "M" in duration.partition("T")[0]:
        raise ValueError("Years and months are of no one length. Give days, hours or minutes.")
    return after(_EPOCH, duration) - _EPOCH
