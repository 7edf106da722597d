"""What comes into FEEL from process data, and what may go back into it."""

import datetime
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.feel import calendar, durations, numbers
from engine.feel.calendar import Date, DateTime, Time
from engine.feel.durations import DaysDuration, MonthsDuration
from engine.feel.errors import FeelLimitExceeded, FeelValueError
from engine.feel.limits import MAX_DEPTH, spend
from engine.feel.types import kind_of
from engine.feel.values import Value


def read(value: object) -> Value:
    """Take a value out of the context: exact types, and null for what FEEL cannot hold."""
    if value is None or type(value) in (str, bool):
        return value
    return _read(value, MAX_DEPTH)


def _read(value: object, depth: int) -> Value:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, float, Decimal)):
        return numbers.bounded(value)
    if isinstance(value, (list, tuple, Mapping)):
        return _read_parts(value, depth - 1) if depth else None
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return _read_moment(value)
    return value


def _read_parts(value: list[Any] | tuple[Any, ...] | Mapping[Any, Any], depth: int) -> Value:
    spend(len(value))
    if isinstance(value, Mapping):
        return {str(key): _read(part, depth) for key, part in value.items()}
    return [_read(part, depth) for part in value]


def _read_moment(value: datetime.date | datetime.time | datetime.timedelta) -> Value:
    if isinstance(value, datetime.timedelta):
        microseconds = value // datetime.timedelta(microseconds=1)
        return durations.days_duration(microseconds * 1000)
    if isinstance(value, datetime.datetime):
        return calendar.parse_date_time(value.isoformat())
    if isinstance(value, datetime.date):
        return Date(value.year, value.month, value.day)
    return calendar.parse_time(value.isoformat())


def require_bounds(value: Value) -> None:
    """Refuse a value that is too deep or, each part counted wherever it stands, too large.

    Parts can be shared, so that a value which is small in memory takes for ever to walk through;
    none such may leave an evaluation.
    """
    _require_bounds(value, MAX_DEPTH)


def _require_bounds(value: Value, depth: int) -> None:
    if not isinstance(value, (list, dict)):
        return
    spend(len(value))
    if depth == 0:
        raise FeelLimitExceeded(f"More than {MAX_DEPTH} lists or contexts are inside each other.")
    for part in value.values() if isinstance(value, dict) else value:
        _require_bounds(part, depth - 1)


def to_data(value: Value) -> Any:
    """Give a value as JSON data: numbers as ``int`` or ``float``, dates and durations as text.

    Raises ``FeelValueError`` for what JSON cannot hold: a range, a function, something foreign.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (Decimal, float)):
        return _json_number(value)
    if isinstance(value, list):
        return [to_data(each) for each in value]
    if isinstance(value, dict):
        return {key: to_data(each) for key, each in value.items()}
    if isinstance(value, (Date, Time, DateTime, DaysDuration, MonthsDuration)):
        return str(value)
    kind = kind_of(value) or type(value).__name__
    raise FeelValueError(f"A {kind} cannot be stored. Store what it gives instead.")


def _json_number(value: Decimal | float) -> int | float:
    if not math.isfinite(float(value)):
        raise FeelValueError(f"{value:.3e} is too large to be stored.")
    return float(value)
