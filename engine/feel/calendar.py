"""Dates and times, of years past what Python's can carry (DMN 1.5 §10.3.2.3)."""

import datetime
import re
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from engine.feel.durations import DAY, HOUR, MINUTE, SECOND, nanoseconds
from engine.feel.limits import spend

Zone: TypeAlias = int | str | None  # seconds ahead of UTC, or the name of an IANA time zone

MAX_YEAR = 999_999_999
_MOST_OFFSET = 18 * 3600
_ZONE_STEPS = 10  # what asking for the offset in a zone costs of an evaluation's allowance

# The Gregorian calendar repeats itself, weekdays included, after this many years and days.
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
_CYCLE_START = datetime.date(2000, 1, 1).toordinal()

_DATE = r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[\w+/-]{1,60})?"
_DATE_TEXT = re.compile(_DATE, re.ASCII)
_TIME_TEXT = re.compile(_TIME, re.ASCII)
_MIDNIGHT_AFTER = re.compile(r"24:00:00(?=$|[Z@+-])")  # 24:00 is 00:00 of the day after


@dataclass(frozen=True, slots=True)
class Date:
    year: int
    month: int
    day: int

    def __str__(self) -> str:
        return f"{'-' * (self.year < 0)}{abs(self.year):04}-{self.month:02}-{self.day:02}"

    @property
    def ordinal(self) -> int:
        """Days since the year 1; consecutive days have consecutive numbers."""
        cycle, year = divmod(self.year - 2000, _CYCLE_YEARS)
        within = datetime.date(2000 + year, self.month, self.day).toordinal()
        return cycle * _CYCLE_DAYS + within

    @property
    def weekday(self) -> int:
        """From Monday, 1, to Sunday, 7."""
        return (self.ordinal - 1) % 7 + 1


@dataclass(frozen=True, slots=True)
class Time:
    hour: int
    minute: int
    second: int
    nanosecond: int = 0
    zone: Zone = None

    def __str__(self) -> str:
        fraction = f".{self.nanosecond:09}".rstrip("0").rstrip(".")
        clock = f"{self.hour:02}:{self.minute:02}:{self.second:02}"
        return f"{clock}{fraction}{_zone_text(self.zone)}"

    @property
    def of_day(self) -> int:
        """Nanoseconds since midnight."""
        return self.hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.nanosecond


@dataclass(frozen=True, slots=True)
class DateTime:
    date: Date
    time: Time

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"

    @property
    def local(self) -> int:
        """Nanoseconds since the year 1 on the clock at the place."""
        return self.date.ordinal * DAY + self.time.of_day


MIDNIGHT = Time(0, 0, 0)
UTC_MIDNIGHT = Time(0, 0, 0, zone=0)


def date(year: int, month: int, day: int) -> Date | None:
    """A date, or ``None`` when there is no such day."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12:
        return None
    return Date(year, month, day) if 1 <= day <= days_in_month(year, month) else None


def days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def date_of(ordinal: int) -> Date | None:
    cycle, days = divmod(ordinal - _CYCLE_START, _CYCLE_DAYS)
    day = datetime.date.fromordinal(_CYCLE_START + days)
    year = day.year + cycle * _CYCLE_YEARS
    return Date(year, day.month, day.day) if abs(year) <= MAX_YEAR else None


def time(hour: int, minute: int, second: int, nanosecond: int, zone: Zone) -> Time | None:
    """A time, or ``None`` when no clock shows it or there is no such zone."""
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    if isinstance(zone, int) and abs(zone) > _MOST_OFFSET:
        return None
    if isinstance(zone, str) and _zone_info(zone) is None:
        return None
    return Time(hour, minute, second, nanosecond, zone)


def time_of(of_day: int, zone: Zone) -> Time:
    """The time that many nanoseconds after midnight, on some day."""
    rest = of_day % DAY
    return Time(rest // HOUR, rest // MINUTE % 60, rest // SECOND % 60, rest % SECOND, zone)


def date_time_of(local: int, zone: Zone) -> DateTime | None:
    day = date_of(local // DAY)
    return DateTime(day, time_of(local, zone)) if day else None


def parse_date(text: str) -> Date | None:
    match = _DATE_TEXT.fullmatch(text)
    return date(*(int(part) for part in match.groups())) if match else None


def parse_time(text: str) -> Time | None:
    match = _TIME_TEXT.fullmatch(_MIDNIGHT_AFTER.sub("00:00:00", text))
    if match is None:
        return None
    hour, minute, second, fraction, zone = match.groups()
    return time(int(hour), int(minute), int(second), nanoseconds(fraction or ""), _parse_zone(zone))


def parse_date_time(text: str) -> DateTime | None:
    """Read a date and time; a date alone stands for its midnight."""
    day_text, separator, time_text = text.partition("T")
    day = parse_date(day_text)
    clock = parse_time(time_text) if separator else MIDNIGHT
    if day and _MIDNIGHT_AFTER.match(time_text):
        day = date_of(day.ordinal + 1)
    return DateTime(day, clock) if day and clock else None


def _parse_zone(text: str | None) -> Zone:
    if not text or text[0] == "@":
        return text[1:] if text else None
    if text == "Z":
        return 0
    hours, minutes, seconds = (int(part) for part in f"{text[1:]}:00".split(":")[:3])
    if minutes > 59 or seconds > 59:
        return _MOST_OFFSET + 1
    return (hours * 3600 + minutes * 60 + seconds) * (-1 if text[0] == "-" else 1)


def _zone_text(zone: Zone) -> str:
    if not isinstance(zone, int):
        return f"@{zone}" if zone else ""
    if zone == 0:
        return "Z"
    hours, rest = divmod(abs(zone), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{'-' if zone < 0 else '+'}{hours:02}:{minutes:02}" + (f":{seconds:02}" * (seconds > 0))


@lru_cache(maxsize=1024)
def _zone_info(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def is_zoned(moment: Time | DateTime) -> bool:
    clock = moment.time if isinstance(moment, DateTime) else moment
    return clock.zone is not None


def offset(moment: DateTime) -> int | None:
    """Seconds ahead of UTC there and then; ``None`` of a clock without a zone."""
    zone = moment.time.zone
    if not isinstance(zone, str):
        return zone
    spend(_ZONE_STEPS)
    info = _zone_info(zone)
    # A year that Python cannot carry borrows the rules of one that looks alike.
    year = moment.date.year
    known = year if 1 < year < datetime.MAXYEAR else 2000 + year % _CYCLE_YEARS
    local = datetime.datetime(
        known,
        moment.date.month,
        moment.date.day,
        moment.time.hour,
        moment.time.minute,
        moment.time.second,
        tzinfo=info,
    )
    shift = local.utcoffset()
    return int(shift.total_seconds()) if shift is not None else None


def time_offset(moment: Time) -> int | None:
    """Seconds ahead of UTC; a zone with summer time counts as on 1 January 2000."""
    return offset(DateTime(Date(2000, 1, 1), moment))


def instant(moment: DateTime) -> int:
    """Nanoseconds since the year 1 in UTC; a clock without a zone counts as UTC."""
    return moment.local - (offset(moment) or 0) * SECOND


def at_zone(utc: int, zone: Zone) -> DateTime | None:
    """What a clock of the zone shows at an instant."""
    if not isinstance(zone, str):
        return date_time_of(utc + (zone or 0) * SECOND, zone)
    # The offset before the change can be wrong after it, so ask again where that leads.
    guess = date_time_of(utc, zone)
    for _ in range(2):
        guess = guess and date_time_of(utc + (offset(guess) or 0) * SECOND, zone)
    return guess


def add_months(day: Date, months: int) -> Date | None:
    """Move by whole months; a shorter month ends on its own last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if abs(year) > MAX_YEAR:
        return None
    return Date(year, month + 1, min(day.day, days_in_month(year, month + 1)))
