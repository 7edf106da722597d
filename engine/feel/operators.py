"""Operators that give truth: three-valued logic, equality and order (DMN 1.5 tables 48 to 53)."""

import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from engine.feel import calendar, durations
from engine.feel.calendar import Date, DateTime, Time
from engine.feel.durations import DaysDuration, MonthsDuration
from engine.feel.limits import spend
from engine.feel.ranges import Range
from engine.feel.types import Function
from engine.feel.values import Truth, Value

_MILLISECOND = 10**6
_NUMBERS = (int, Decimal)


def invert(value: Value) -> Truth:
    return not value if isinstance(value, bool) else None


def both(left: Value, right: Value) -> Truth:
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def equal(left: Value, right: Value) -> Truth:
    """Compare values of one kind; those of two kinds give null, unless one is null itself."""
    kind = type(left)
    if kind is type(right):
        compare = _EQUALITIES.get(kind)
        return compare(left, right) if compare else None
    if left is None or right is None:
        return False
    return bool(left == right) if kind in _NUMBERS and type(right) in _NUMBERS else None


def unequal(left: Value, right: Value) -> Truth:
    return invert(equal(left, right))


def _equal_lists(left: list[Value], right: list[Value]) -> bool:
    spend(4 + 2 * len(left))
    return len(left) == len(right) and _all_equal(zip(left, right, strict=True))


def _equal_contexts(left: dict[str, Value], right: dict[str, Value]) -> bool:
    spend(4 + 2 * len(left))
    return left.keys() == right.keys() and _all_equal((left[key], right[key]) for key in left)


def _equal_ranges(left: Range, right: Range) -> bool:
    shapes = [(r.start_included, r.end_included, r.test) for r in (left, right)]
    ends = ((left.start, right.start), (left.end, right.end))
    return shapes[0] == shapes[1] and _all_equal(ends)


def _all_equal(pairs: Iterable[tuple[Value, Value]]) -> bool:
    return all(equal(one, other) is True for one, other in pairs)


def _equal_moments(left: Time | DateTime, right: Time | DateTime) -> bool:
    one, other = moment_key(left), moment_key(right)
    return one == other and _are_comparable(left, right)


_EQUALITIES: dict[type, Callable[[Any, Any], bool]] = {
    **dict.fromkeys((str, bool, *_NUMBERS, Date, DaysDuration, MonthsDuration), operator.eq),
    **dict.fromkeys((type(None), Function), operator.is_),
    list: _equal_lists,
    dict: _equal_contexts,
    Range: _equal_ranges,
    Time: _equal_moments,
    DateTime: _equal_moments,
}


def moment_key(value: Time | DateTime) -> int:
    """Where it stands among others of its kind: the instant, to the millisecond."""
    if isinstance(value, DateTime):
        return calendar.instant(value) // _MILLISECOND
    shift = (calendar.time_offset(value) or 0) * durations.SECOND
    return (value.of_day - shift) // _MILLISECOND


def _are_comparable(left: Time | DateTime, right: Time | DateTime) -> bool:
    return calendar.is_zoned(left) is calendar.is_zoned(right)


def _date_key(value: Date) -> tuple[int, int, int]:
    return value.year, value.month, value.day


def _itself(value: Value) -> Any:
    return value


_ORDERS: dict[type, Callable[[Any], Any]] = {
    int: _itself,
    Decimal: _itself,
    str: _itself,
    Date: _date_key,
    Time: moment_key,
    DateTime: moment_key,
    DaysDuration: operator.attrgetter("nanoseconds"),
    MonthsDuration: operator.attrgetter("months"),
}


def _ordering(operate: Callable[[Any, Any], bool]) -> Callable[[Value, Value], Truth]:
    def compare(left: Value, right: Value) -> Truth:
        kind, other = type(left), type(right)
        if kind is not other and not (kind in _NUMBERS and other in _NUMBERS):
            return None
        key = _ORDERS.get(kind)
        if key is None or (
            key is moment_key and calendar.is_zoned(left) is not calendar.is_zoned(right)
        ):
            return None
        return operate(key(left), key(right))

    return compare


less = _ordering(operator.lt)
at_most = _ordering(operator.le)
greater = _ordering(operator.gt)
at_least = _ordering(operator.ge)


def order_key(value: Value) -> Any:
    """What Python orders values of one kind by; see ``are_ordered`` for whether it may."""
    return _ORDERS[type(value)](value)


def are_ordered(values: Iterable[Value]) -> bool:
    """Tell whether any two of the values can be compared with each other."""
    found = list(values)
    return all(less(found[0], value) is not None for value in found)
