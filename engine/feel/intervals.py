"""What a range holds, and what a value matches (DMN 1.5 §10.3.2.7 and table 55)."""

from engine.feel import operators
from engine.feel.limits import spend
from engine.feel.operators import both, equal
from engine.feel.ranges import Range
from engine.feel.values import Truth, Value


def written(operator: str, value: Value) -> Range:
    """The range that is written with an operator, as in ``(< 5)`` or ``(= 5)``."""
    start = None if operator in ("<", "<=") else value
    end = None if operator in (">", ">=") else value
    return Range(
        start,
        end,
        start_included=operator in ("=", ">="),
        end_included=operator in ("=", "<="),
        test=operator,
    )


def contains(span: Range, value: Value) -> Truth:
    """Tell whether a value lies in a range; null when it does not compare with the ends."""
    if span.test in ("=", "!="):
        return (equal if span.test == "=" else operators.unequal)(value, span.end)
    if span.test in ("<", "<="):
        return _is_below(span, value)
    if span.test in (">", ">="):
        return _is_above(span, value)
    if span.start is None or span.end is None:
        return None
    return both(_is_above(span, value), _is_below(span, value))


def _is_above(span: Range, value: Value) -> Truth:
    return (operators.at_least if span.start_included else operators.greater)(value, span.start)


def _is_below(span: Range, value: Value) -> Truth:
    return (operators.at_most if span.end_included else operators.less)(value, span.end)


def matches(given: Value, value: Value) -> Truth:
    """Tell whether ``given`` is the value, lies in it as a range, or is among it as a list."""
    if isinstance(value, Range):
        return contains(value, given)
    if isinstance(value, list):
        spend(len(value))
        return any(_is_among(given, each) for each in value) or equal(given, value) is True
    return equal(given, value)


def _is_among(given: Value, each: Value) -> bool:
    return equal(given, each) is True or (isinstance(each, Range) and contains(each, given) is True)
