"""What a path such as ``incident.opened_at.year`` reads (DMN 1.5 §10.3.2.5 and table 65)."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.feel import calendar, durations
from engine.feel.calendar import Date, DateTime, Time
from engine.feel.durations import DaysDuration, MonthsDuration, seconds
from engine.feel.lexer import Names
from engine.feel.limits import spend
from engine.feel.ranges import Range
from engine.feel.values import Value

NAMES = Names(("time offset", "start included", "end included"))  # that hold spaces


def member(value: Value, key: str) -> Value:
    """An entry of a context, a property of a value, or such members of all items of a list."""
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list):
        spend(2 * len(value))
        return [member(each, key) for each in value]
    properties = _PROPERTIES.get(type(value))
    return properties(value).get(key) if properties else None


def _of_date(value: Date) -> dict[str, Value]:
    return {
        "year": value.year,
        "month": value.month,
        "day": value.day,
        "weekday": value.weekday,
    }


def _of_time(value: Time) -> dict[str, Value]:
    return _of_clock(value, calendar.time_offset(value))


def _of_date_time(value: DateTime) -> dict[str, Value]:
    return {**_of_date(value.date), **_of_clock(value.time, calendar.offset(value))}


def _of_clock(value: Time, offset: int | None) -> dict[str, Value]:
    return {
        "hour": value.hour,
        "minute": value.minute,
        "second": seconds(value.second * durations.SECOND + value.nanosecond),
        "time offset": None if offset is None else DaysDuration(offset * durations.SECOND),
        "timezone": value.zone if isinstance(value.zone, str) else None,
    }


def _of_range(value: Range) -> dict[str, Value]:
    return {
        "start": value.start,
        "end": value.end,
        "start included": value.start_included,
        "end included": value.end_included,
    }


_PROPERTIES: dict[type, Callable[[Any], Mapping[str, Value]]] = {
    Date: _of_date,
    Time: _of_time,
    DateTime: _of_date_time,
    DaysDuration: durations.properties,
    MonthsDuration: durations.properties,
    Range: _of_range,
}
