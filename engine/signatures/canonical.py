"""JSON in the one way that everybody writes it (RFC 8785), so that its hash says what it holds."""

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_FIXED_FROM, _FIXED_TO = -6, 21  # powers of ten between which ECMAScript writes all digits


def write(value: Any) -> str:
    """Keys in the order of UTF-16, no blanks, numbers as ECMAScript writes them.

    Whole numbers keep all their digits, even where ECMAScript would round them.
    """
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{write(key)}:{write(value[key])}" for key in keys) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(write, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """The shortest digits that read back as the same number (ECMA-262, Number::toString)."""
    if not math.isfinite(value):
        raise ValueError(f"JSON has no number {value}.")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if text == "0":
        return "0"
    return ("-" if sign else "") + _placed(text, point)


def _placed(digits: str, point: int) -> str:
    """Digits with their decimal point behind the first ``point`` of them."""
    if not _FIXED_FROM < point <= _FIXED_TO:
        mantissa = digits[0] + ("." + digits[1:] if digits[1:] else "")
        return f"{mantissa}e{point - 1:+d}"
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"
