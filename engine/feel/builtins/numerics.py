"""Functions on numbers (DMN 1.5 §10.3.4.5)."""

import decimal

from engine.feel.durations import DaysDuration, Duration, MonthsDuration
from engine.feel.limits import spend
from engine.feel.numbers import CONTEXT, Number, calculated, rounded, whole
from engine.feel.signatures import builtin

# Beyond these a number of 34 digits has none left to round to, or to show.
_LEAST_SCALE, _MOST_SCALE = -6111, 6176

_FUNCTION_STEPS = 100  # what a logarithm or a power of e costs of the evaluation's allowance


def _round(n: Number, scale: Number, mode: str) -> Number | None:
    places = whole(scale)
    return rounded(n, places, mode) if _LEAST_SCALE <= places <= _MOST_SCALE else None


@builtin("decimal(n: number, scale: number)")
def to_scale(n: Number, scale: Number) -> Number | None:
    return _round(n, scale, decimal.ROUND_HALF_EVEN)


@builtin("floor(n: number)", "floor(n: number, scale: number)")
def floor(n: Number, scale: Number = 0) -> Number | None:
    return _round(n, scale, decimal.ROUND_FLOOR)


@builtin("ceiling(n: number)", "ceiling(n: number, scale: number)")
def ceiling(n: Number, scale: Number = 0) -> Number | None:
    return _round(n, scale, decimal.ROUND_CEILING)


@builtin("round up(n: number, scale: number)")
def round_up(n: Number, scale: Number) -> Number | None:
    return _round(n, scale, decimal.ROUND_UP)


@builtin("round down(n: number, scale: number)")
def round_down(n: Number, scale: Number) -> Number | None:
    return _round(n, scale, decimal.ROUND_DOWN)


@builtin("round half up(n: number, scale: number)")
def round_half_up(n: Number, scale: Number) -> Number | None:
    return _round(n, scale, decimal.ROUND_HALF_UP)


@builtin("round half down(n: number, scale: number)")
def round_half_down(n: Number, scale: Number) -> Number | None:
    return _round(n, scale, decimal.ROUND_HALF_DOWN)


@builtin("abs(n: number)")
def absolute(n: Number) -> Number | None:
    return calculated(CONTEXT.abs, n)


@builtin("abs(n: days and time duration)", "abs(n: years and months duration)")
def absolute_duration(n: Duration) -> Duration:
    if isinstance(n, DaysDuration):
        return DaysDuration(abs(n.nanoseconds))
    return MonthsDuration(abs(n.months))


@builtin("modulo(dividend: number, divisor: number)")
def modulo(dividend: Number, divisor: Number) -> Number | None:
    """What is left of the dividend, with the sign of the divisor."""
    rest = calculated(CONTEXT.remainder, dividend, divisor)
    if not rest or (rest < 0) is (divisor < 0):
        return rest
    return calculated(CONTEXT.add, rest, divisor)


@builtin("sqrt(number: number)")
def sqrt(number: Number) -> Number | None:
    return calculated(CONTEXT.sqrt, number)


@builtin("log(number: number)")
def log(number: Number) -> Number | None:
    spend(_FUNCTION_STEPS)
    return calculated(CONTEXT.ln, number) if number > 0 else None


@builtin("exp(number: number)")
def exp(number: Number) -> Number | None:
    spend(_FUNCTION_STEPS)
    return calculated(CONTEXT.exp, number)


@builtin("odd(number: number)")
def odd(number: Number) -> bool | None:
    return _has_rest(number, 1)


@builtin("even(number: number)")
def even(number: Number) -> bool | None:
    return _has_rest(number, 0)


def _has_rest(number: Number, rest: int) -> bool | None:
    """Tell whether a whole number leaves a rest when it is halved; what is not whole gives null."""
    found = modulo(number, 2)
    return found == rest if isinstance(found, int) else None
