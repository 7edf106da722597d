"""Functions that convert values to others (DMN 1.5 §10.3.4.1), and ``is``."""

import re
from decimal import Decimal

from engine.feel import calendar, durations, moments, numbers, texts
from engine.feel.calendar import UTC_MIDNIGHT, Date, DateTime, Time
from engine.feel.durations import DaysDuration, MonthsDuration, months_duration
from engine.feel.lexer import read_string
from engine.feel.numbers import Number, whole
from engine.feel.operators import at_most, equal
from engine.feel.ranges import Range
from engine.feel.signatures import builtin
from engine.feel.types import kind_of
from engine.feel.values import Value

builtin("date(from: string)")(calendar.parse_date)
builtin("date and time(from: string)")(calendar.parse_date_time)
builtin("time(from: string)")(calendar.parse_time)
builtin("duration(from: string)")(durations.parse)
builtin("string(from: Any)")(texts.display)


@builtin("date(from: date)", "date(from: date and time)")
def date_of(moment: Date | DateTime) -> Date:
    return moment.date if isinstance(moment, DateTime) else moment


@builtin("date(year: number, month: number, day: number)")
def date(year: Number, month: Number, day: Number) -> Date | None:
    return calendar.date(whole(year), whole(month), whole(day))


@builtin("date and time(date: date, time: time)", "date and time(date: date and time, time: time)")
def date_and_time(day: Date | DateTime, time: Time) -> DateTime:
    return DateTime(date_of(day), time)


@builtin("date and time(from: date and time)")
def same_date_and_time(moment: DateTime) -> DateTime:
    return moment


@builtin("time(from: time)", "time(from: date and time)", "time(from: date)")
def time_of(moment: Time | DateTime | Date) -> Time:
    if isinstance(moment, Date):
        return UTC_MIDNIGHT
    return moment.time if isinstance(moment, DateTime) else moment


@builtin("time(hour: number, minute: number, second: number, offset?: days and time duration)")
def time(hour: Number, minute: Number, second: Number, offset: DaysDuration | None) -> Time | None:
    full = whole(second)
    nanosecond = whole((Decimal(second) - full).scaleb(9))
    zone = None if offset is None else int(offset.nanoseconds / durations.SECOND)
    return calendar.time(whole(hour), whole(minute), full, nanosecond, zone)


@builtin("years and months duration(from: date and time, to: date and time)")
def months_between(start: DateTime, end: DateTime) -> MonthsDuration | None:
    """Whole months from one to the other, those that only began left out."""
    if end.date.ordinal < start.date.ordinal:
        return _negated(months_between(end, start))
    months = (end.date.year - start.date.year) * 12 + end.date.month - start.date.month
    return months_duration(months - (end.date.day < start.date.day))


def _negated(duration: MonthsDuration | None) -> MonthsDuration | None:
    return duration and MonthsDuration(-duration.months)


@builtin("number(from: string, grouping separator?: string, decimal separator?: string)")
def number(text: str, grouping: str | None, point: str | None) -> Number | None:
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", "."):
        return None
    if grouping is not None and grouping == (point or "."):
        return None
    plain = text.replace(grouping or "", "").replace(point or ".", ".")
    return numbers.parse(plain) if _NUMBER.fullmatch(plain) else None


_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")

_END = (
    r'(-?[0-9]+(?:\.[0-9]+)?|@?"(?:[^"\\]|\\.)*"'
    r'|(?:date|time|date and time|duration)\("[^"\\]*"\))'
)
_RANGE = re.compile(rf"\s*([\[(\]])\s*{_END}\s*\.\.\s*{_END}\s*([\])\[])\s*")


@builtin("range(from: string)")
def range_of(text: str) -> Range | None:
    """Read a range whose ends are literals of one kind, in order."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    opening, low, high, closing = match.groups()
    start, end = _literal(low), _literal(high)
    if at_most(start, end) is not True:
        return None
    return Range(start, end, opening == "[", closing == "]")


def _literal(text: str) -> Value:
    if text[0] == '"':
        return read_string(text)
    if text[-1] in ('"', ")"):
        return moments.parse(text.split('"')[1])
    return numbers.parse(text) if _NUMBER.fullmatch(text) else None


@builtin("is(value1: Any, value2: Any)")
def is_same(one: Value, other: Value) -> bool:
    """Stricter than ``=``: times are the same when their zones are, too."""
    if isinstance(one, (list, dict)):
        return equal(one, other) is True
    return kind_of(one) is kind_of(other) and bool(one == other)
