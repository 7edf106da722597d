"""Durations: of days and time, and of years and months (DMN 1.5 §10.3.2.3)."""

import re
from dataclasses import dataclass
from decimal import Decimal

from engine.feel.numbers import Number, number

SECOND = 10**9  # nanoseconds, the unit of every length of time here
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Past the span of all dates that FEEL knows.
_MOST_NANOSECONDS = 10**12 * DAY
_MOST_MONTHS = 10**11

_MONTHS = re.compile(r"(-?)P(?=.)(?:(\d{1,12})Y)?(?:(\d{1,12})M)?")
_DAYS = re.compile(
    r"(-?)P(?=.)(?:(\d{1,12})D)?"
    r"(?:T(?=.)(?:(\d{1,15})H)?(?:(\d{1,15})M)?(?:(\d{1,15})(?:\.(\d*))?S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class DaysDuration:
    nanoseconds: int

    def __str__(self) -> str:
        minutes, rest = divmod(abs(self.nanoseconds), MINUTE)
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        seconds = _number_text(rest)
        clock = "".join(
            f"{part}{unit}" for part, unit in ((hours, "H"), (minutes, "M")) if part
        ) + (f"{seconds}S" if rest else "")
        text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
        return f"{'-' * (self.nanoseconds < 0)}P{text or 'T0S'}"


@dataclass(frozen=True, slots=True)
class MonthsDuration:
    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{'-' * (self.months < 0)}P{text or '0M'}"


Duration = DaysDuration | MonthsDuration


def days_duration(nanoseconds: int) -> DaysDuration | None:
    return DaysDuration(nanoseconds) if abs(nanoseconds) < _MOST_NANOSECONDS else None


def months_duration(months: int) -> MonthsDuration | None:
    return MonthsDuration(months) if abs(months) < _MOST_MONTHS else None


def parse(text: str) -> Duration | None:
    """Read ISO 8601 text, either of days and time or of years and months."""
    if match := _MONTHS.fullmatch(text):
        sign, years, months = match.groups()
        return months_duration((12 * int(years or 0) + int(months or 0)) * (-1 if sign else 1))
    if match := _DAYS.fullmatch(text):
        sign, days, hours, minutes, seconds, fraction = match.groups()
        length = int(days or 0) * DAY + int(hours or 0) * HOUR + int(minutes or 0) * MINUTE
        length += int(seconds or 0) * SECOND + nanoseconds(fraction or "")
        return days_duration(-length if sign else length)
    return None


def nanoseconds(fraction: str) -> int:
    """Read the digits behind the point of a second; what is shorter than a nanosecond is cut."""
    return int(fraction[:9].ljust(9, "0"))


def seconds(length: int) -> Number:
    """A length of time, given in nanoseconds, as a FEEL number of seconds."""
    return number(Decimal(length).scaleb(-9))


def _number_text(length: int) -> str:
    whole, fraction = divmod(length, SECOND)
    return f"{whole}.{fraction:09}".rstrip("0").rstrip(".")


def properties(duration: Duration) -> dict[str, Number]:
    """What a path may read of it."""
    if isinstance(duration, MonthsDuration):
        sign = -1 if duration.months < 0 else 1
        years, months = divmod(abs(duration.months), 12)
        return {"years": sign * years, "months": sign * months}
    length, sign = abs(duration.nanoseconds), -1 if duration.nanoseconds < 0 else 1
    return {
        "days": sign * (length // DAY),
        "hours": sign * (length // HOUR % 24),
        "minutes": sign * (length // MINUTE % 60),
        "seconds": seconds(sign * (length % MINUTE)),
    }
