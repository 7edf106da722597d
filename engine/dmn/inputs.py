"""Input data (DMN 1.5 §6.3): process data, taken as what a model says that it is."""

from collections.abc import Callable, Mapping

from engine.feel import calendar, durations, types
from engine.feel.data import read
from engine.feel.types import Kind, Type
from engine.feel.values import Value

# Process data is JSON, which writes these as text.
_PARSERS: Mapping[Kind, Callable[[str], Value]] = {
    Kind.DATE: calendar.parse_date,
    Kind.TIME: calendar.parse_time,
    Kind.DATE_TIME: calendar.parse_date_time,
    Kind.DAYS_DURATION: durations.parse,
    Kind.MONTHS_DURATION: durations.parse,
}


def given(datum: object, to: Type) -> Value:
    """Take a datum as a value of the type; what does not conform is null (§10.3.2.9.4)."""
    return types.coerce(_parsed(read(datum), to), to)


def _parsed(value: Value, to: Type) -> Value:
    to = to.actual
    if isinstance(value, str) and to.kind in _PARSERS:
        return _PARSERS[to.kind](value)
    if isinstance(value, list) and to.element is not None:
        element = to.element
        return [_parsed(item, element) for item in value]
    if isinstance(value, dict) and to.fields:
        return value | {k: _parsed(value[k], part) for k, part in to.fields if k in value}
    return value
