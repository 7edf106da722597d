"""Numbers: ``int`` when integral and not too large, else ``Decimal`` (DMN 1.5 §10.3.2.3.1)."""

import decimal
from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import TypeAlias

from engine.feel.limits import MAX_DIGITS

Number: TypeAlias = int | Decimal

_LIMIT: int = 10**MAX_DIGITS  # from here on a number is a ``Decimal``, integral or not
_MOST_BITS = 20_500  # of a Python integer within the bounds
# Traps make every excess an exception, hence null. Only flags change, which nobody reads, so
# threads may share it.
CONTEXT = decimal.Context(
    prec=MAX_DIGITS,
    Emin=-6143,
    Emax=6144,
    traps=[
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.Underflow,
    ],
)


def number(value: Decimal) -> Number:
    if value.adjusted() >= MAX_DIGITS:
        return value
    whole = int(value)
    return whole if whole == value else value


def bounded(value: object) -> Number | None:
    """Take in a Python number; ``None`` when it is none or out of bounds."""
    if isinstance(value, int):
        if -_LIMIT < value < _LIMIT:
            return int(value)
        value = Decimal(value) if value.bit_length() <= _MOST_BITS else None
    if isinstance(value, float):
        # By way of its shortest text, so that 0.1 from JSON equals 0.1 in a diagram.
        value = Decimal(float.__repr__(value))
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    return calculated(CONTEXT.plus, value)


def parse(text: str) -> Number | None:
    """Read a literal; ``None`` when it has too many digits or is too large or too small."""
    digits = text.lower().partition("e")[0].replace(".", "").lstrip("+-")
    return calculated(CONTEXT.create_decimal, text) if len(digits) <= MAX_DIGITS else None


def calculated(operate: Callable[..., Decimal], *operands: Number | str) -> Number | None:
    """Apply an operation of ``CONTEXT``; ``None`` when its result is out of bounds."""
    try:
        result = operate(*operands)
    except DecimalException:
        return None
    return number(result) if result.is_finite() else None


def whole(value: Number) -> int:
    """Cut to a whole number; one too large to be of use to anybody is cut to the largest."""
    if isinstance(value, Decimal) and value.adjusted() >= MAX_DIGITS:
        return -_LIMIT if value < 0 else _LIMIT
    return int(value)


def rounded(value: Number, scale: int, mode: str) -> Number | None:
    """Round to ``scale`` digits behind the point, or before it when that is negative."""
    # Wide enough for all digits between the largest and the smallest number.
    exact = decimal.Context(prec=13_000, rounding=mode, traps=[decimal.InvalidOperation])
    places = Decimal(1).scaleb(-scale)
    return calculated(lambda: CONTEXT.plus(exact.quantize(value, places)))


def text(value: Number) -> str:
    """The plain digits, without an exponent."""
    return str(value) if isinstance(value, int) else f"{value.normalize(CONTEXT):f}"
