"""Addition, multiplication and the like, of numbers, strings, dates and durations
(DMN 1.5 tables 57 and 58)."""

from collections.abc import Callable
from decimal import Decimal

from engine.feel import calendar, durations
from engine.feel.calendar import UTC_MIDNIGHT, Date, DateTime, Time
from engine.feel.durations import DAY, DaysDuration, MonthsDuration, days_duration, months_duration
from engine.feel.limits import fits, spend
from engine.feel.numbers import CONTEXT, Number, calculated, whole
from engine.feel.values import Operation, Value

_MOVE_STEPS = 5  # what it costs of the allowance to add to a date
_POWER_STEPS = 150  # what a root, or any power with a fraction, costs of the allowance

_Table = dict[tuple[type, type], Operation]


def _arithmetic(operate: Callable[..., Decimal], others: _Table) -> Operation:
    """Calculate numbers by ``operate``, and other values by the entry for their types."""
    numbers = {(int, int), (int, Decimal), (Decimal, int), (Decimal, Decimal)}

    def calculate(left: Value, right: Value) -> Value:
        types = (type(left), type(right))
        if types in numbers:
            return calculated(operate, left, right)
        other = others.get(types)
        if other is None:
            return None
        spend(_MOVE_STEPS)
        return other(left, right)

    return calculate


def _join(left: str, right: str) -> str | None:
    return left + right if fits(len(left) + len(right)) else None


def _add_days(value: Date, length: DaysDuration) -> Date | None:
    return calendar.date_of((value.ordinal * DAY + length.nanoseconds) // DAY)


def _add_length(value: DateTime, length: DaysDuration) -> DateTime | None:
    return calendar.at_zone(calendar.instant(value) + length.nanoseconds, value.time.zone)


def _add_months(value: DateTime, length: MonthsDuration) -> DateTime | None:
    day = calendar.add_months(value.date, length.months)
    return DateTime(day, value.time) if day else None


def _add_to_time(value: Time, length: DaysDuration) -> Time:
    return calendar.time_of(value.of_day + length.nanoseconds, value.zone)


def _swapped(operate: Operation) -> Operation:
    return lambda left, right: operate(right, left)


def _subtracted(operate: Operation) -> Operation:
    return lambda left, right: operate(left, negate(right))


_MOVES: _Table = {
    (Date, DaysDuration): _add_days,
    (Date, MonthsDuration): lambda day, length: calendar.add_months(day, length.months),
    (DateTime, DaysDuration): _add_length,
    (DateTime, MonthsDuration): _add_months,
    (Time, DaysDuration): _add_to_time,
    (DaysDuration, DaysDuration): lambda a, b: days_duration(a.nanoseconds + b.nanoseconds),
    (MonthsDuration, MonthsDuration): lambda a, b: months_duration(a.months + b.months),
}


def _difference(left: Value, right: Value) -> DaysDuration | None:
    """The time between two moments; a date is its midnight in UTC."""
    one, other = (DateTime(v, UTC_MIDNIGHT) if isinstance(v, Date) else v for v in (left, right))
    if calendar.is_zoned(one) is not calendar.is_zoned(other):
        return None
    return days_duration(calendar.instant(one) - calendar.instant(other))


def _time_difference(left: Time, right: Time) -> DaysDuration | None:
    if calendar.is_zoned(left) is not calendar.is_zoned(right):
        return None
    shift = (calendar.time_offset(left) or 0) - (calendar.time_offset(right) or 0)
    return days_duration(left.of_day - right.of_day - shift * durations.SECOND)


def _scaled(value: Number, by: Number, operate: Callable[..., Decimal]) -> int | None:
    """A whole number times or by another, cut to a whole one."""
    result = calculated(operate, value, by)
    return None if result is None else whole(result)


def _scale_days(operate: Callable[..., Decimal]) -> Operation:
    def scale(length: DaysDuration, by: Number) -> DaysDuration | None:
        result = _scaled(length.nanoseconds, by, operate)
        return None if result is None else days_duration(result)

    return scale


def _scale_months(operate: Callable[..., Decimal]) -> Operation:
    def scale(length: MonthsDuration, by: Number) -> MonthsDuration | None:
        result = _scaled(length.months, by, operate)
        return None if result is None else months_duration(result)

    return scale


def _scalings(operate: Callable[..., Decimal]) -> _Table:
    days, months = _scale_days(operate), _scale_months(operate)
    return {
        (kind, number): scale
        for kind, scale in ((DaysDuration, days), (MonthsDuration, months))
        for number in (int, Decimal)
    }


def _ratio(left: DaysDuration, right: DaysDuration) -> Number | None:
    return calculated(CONTEXT.divide, left.nanoseconds, right.nanoseconds)


def _months_ratio(left: MonthsDuration, right: MonthsDuration) -> Number | None:
    return calculated(CONTEXT.divide, left.months, right.months)


add = _arithmetic(
    CONTEXT.add,
    {(str, str): _join, **_MOVES}
    | {(by, to): _swapped(move) for (to, by), move in _MOVES.items() if to is not by},
)
subtract = _arithmetic(
    CONTEXT.subtract,
    {types: _subtracted(move) for types, move in _MOVES.items()}
    | {(one, other): _difference for one in (Date, DateTime) for other in (Date, DateTime)}
    | {(Time, Time): _time_difference},
)
multiply = _arithmetic(
    CONTEXT.multiply,
    _scalings(CONTEXT.multiply)
    | {(by, to): _swapped(scale) for (to, by), scale in _scalings(CONTEXT.multiply).items()},
)
divide = _arithmetic(
    CONTEXT.divide,
    {
        **_scalings(CONTEXT.divide),
        (DaysDuration, DaysDuration): _ratio,
        (MonthsDuration, MonthsDuration): _months_ratio,
    },
)
_raise = _arithmetic(CONTEXT.power, {})


def power(base: Value, exponent: Value) -> Value:
    """Raise to a power, which takes long unless the exponent is a whole number."""
    spend(1 if type(exponent) is int else _POWER_STEPS)
    return _raise(base, exponent)


def negate(value: Value) -> Value:
    if isinstance(value, DaysDuration):
        return DaysDuration(-value.nanoseconds)
    if isinstance(value, MonthsDuration):
        return MonthsDuration(-value.months)
    # Not ``-value``, which would round to the thread's own precision.
    return subtract(0, value)
