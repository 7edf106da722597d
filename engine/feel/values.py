"""What FEEL values are, how they compare and add up (DMN 1.5 §10.3.2).

A value is null (``None``), a bool, a number (``int`` when integral, else ``Decimal``), a string,
or something of the context that FEEL only passes on. What has no result is null, never an error.
"""

import decimal
import operator
from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any, TypeAlias

Value: TypeAlias = Any
Number: TypeAlias = int | Decimal
Truth: TypeAlias = bool | None
Operation: TypeAlias = Callable[[Value, Value], Value]

MAX_DIGITS = 34
MAX_STRING = 10_000

_LIMIT = 10**MAX_DIGITS
# Traps make every excess an exception, hence null. Only flags change, which nobody reads, so
# threads may share it.
_DECIMAL = decimal.Context(
    prec=MAX_DIGITS,
    Emin=-6143,
    Emax=MAX_DIGITS - 1,
    traps=[
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.Underflow,
    ],
)
# Values compare within a kind only; a bool is never a number.
_KINDS: dict[type, type] = {bool: bool, int: Decimal, Decimal: Decimal, str: str}
_ORDERED = (Decimal, str)


def parse_number(text: str) -> Number | None:
    """Read a literal; ``None`` when it has too many digits or is too large or too small."""
    digits = text.lower().partition("e")[0].replace(".", "")
    if len(digits) > MAX_DIGITS:
        return None
    try:
        return _number(_DECIMAL.create_decimal(text))
    except DecimalException:
        return None


def read(value: object) -> Value:
    """Take a value out of the context: exact types, and null for a number out of bounds."""
    if value is None or type(value) in (str, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value) if -_LIMIT < value < _LIMIT else None
    if isinstance(value, float):
        # By way of its shortest text, so that 0.1 from JSON equals 0.1 in a diagram.
        value = Decimal(float.__repr__(value))
    return _bounded(value) if isinstance(value, Decimal) else value


def _bounded(value: Decimal) -> Number | None:
    try:
        return _number(_DECIMAL.plus(value)) if value.is_finite() else None
    except DecimalException:
        return None


def _number(value: Decimal) -> Number:
    whole = int(value)
    return whole if whole == value else value


def equal(left: Value, right: Value) -> Truth:
    if left is None or right is None:
        return left is right
    kind = _KINDS.get(type(left))
    if kind is None or kind is not _KINDS.get(type(right)):
        return None
    return bool(left == right)


def unequal(left: Value, right: Value) -> Truth:
    return invert(equal(left, right))


def invert(value: Value) -> Truth:
    return not value if isinstance(value, bool) else None


def both(left: Value, right: Value) -> Truth:
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def _ordering(operate: Callable[[Any, Any], bool]) -> Callable[[Value, Value], Truth]:
    def compare(left: Value, right: Value) -> Truth:
        kind = _KINDS.get(type(left))
        if kind not in _ORDERED or kind is not _KINDS.get(type(right)):
            return None
        return operate(left, right)

    return compare


def _arithmetic(operate: Callable[[Any, Any], Decimal]) -> Operation:
    def calculate(left: Value, right: Value) -> Number | None:
        if _KINDS.get(type(left)) is not Decimal or _KINDS.get(type(right)) is not Decimal:
            return None
        try:
            return _number(operate(left, right))
        except DecimalException:
            return None

    return calculate


less = _ordering(operator.lt)
at_most = _ordering(operator.le)
greater = _ordering(operator.gt)
at_least = _ordering(operator.ge)

subtract = _arithmetic(_DECIMAL.subtract)
multiply = _arithmetic(_DECIMAL.multiply)
divide = _arithmetic(_DECIMAL.divide)
power = _arithmetic(_DECIMAL.power)
_add_numbers = _arithmetic(_DECIMAL.add)


def add(left: Value, right: Value) -> Value:
    """Add two numbers or join two strings."""
    if not isinstance(left, str) or not isinstance(right, str):
        return _add_numbers(left, right)
    return left + right if len(left) + len(right) <= MAX_STRING else None


def negate(value: Value) -> Value:
    # Not ``-value``, which would round to the thread's own precision.
    return subtract(0, value)
