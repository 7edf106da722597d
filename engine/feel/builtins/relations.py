"""How points and ranges lie to each other, by Allen's relations (DMN 1.5 §10.3.4.11, table 78).

A range lies from one bound to another. A bound is a value with a step to its side: an end that is
left out is a step before its value, a start that is left out a step behind. A point is a range
from itself to itself, so that one rule for each relation covers all of its signatures.
"""

from collections.abc import Callable
from typing import Any

from engine.feel.operators import are_ordered, order_key
from engine.feel.ranges import Range
from engine.feel.signatures import builtin
from engine.feel.values import Truth, Value

Bound = tuple[Any, int]
Relation = Callable[[Bound, Bound, Bound, Bound], bool]


def _values(operand: Value) -> list[Value]:
    return [operand.start, operand.end] if isinstance(operand, Range) else [operand]


def _bounds(operand: Value) -> tuple[Bound, Bound]:
    if not isinstance(operand, Range):
        return (order_key(operand), 0), (order_key(operand), 0)
    start = (order_key(operand.start), 0 if operand.start_included else 1)
    return start, (order_key(operand.end), 0 if operand.end_included else -1)


def _relate(relation: Relation) -> Callable[[Value, Value], Truth]:
    def relate(one: Value, other: Value) -> Truth:
        values = [*_values(one), *_values(other)]
        if None in values or not are_ordered(values):
            return None
        return relation(*_bounds(one), *_bounds(other))

    return relate


_POINT_POINT = "(point1: Any, point2: Any)"
_POINT_RANGE = "(point: Any, range: range)"
_RANGE_POINT = "(range: range, point: Any)"
_RANGES = "(range1: range, range2: range)"


def _define(name: str, mirrored: str, signatures: tuple[str, ...], relation: Relation) -> None:
    """Register a relation, and the one that holds with its operands swapped."""
    swaps = {_POINT_RANGE: _RANGE_POINT, _RANGE_POINT: _POINT_RANGE}
    relate = _relate(relation)
    builtin(*(name + signature for signature in signatures))(relate)
    if mirrored:
        others = (mirrored + swaps.get(signature, signature) for signature in signatures)
        builtin(*others)(lambda one, other: relate(other, one))


_define(
    "before",
    "after",
    (_RANGES, _POINT_RANGE, _RANGE_POINT, _POINT_POINT),
    lambda _start1, end1, start2, _end2: end1 < start2,
)
_define("meets", "met by", (_RANGES,), lambda _start1, end1, start2, _end2: end1 == start2)
_define(
    "overlaps",
    "",
    (_RANGES,),
    lambda start1, end1, start2, end2: end1 >= start2 and start1 <= end2,
)
_define(
    "overlaps before",
    "overlaps after",
    (_RANGES,),
    lambda start1, end1, start2, end2: start1 < start2 and start2 <= end1 <= end2,
)
_define(
    "finishes",
    "finished by",
    (_RANGES, _POINT_RANGE),
    lambda start1, end1, start2, end2: end1 == end2 and start1 >= start2,
)
_define(
    "includes",
    "during",
    (_RANGES, _RANGE_POINT),
    lambda start1, end1, start2, end2: start1 <= start2 and end1 >= end2,
)
_define(
    "starts",
    "started by",
    (_RANGES, _POINT_RANGE),
    lambda start1, end1, start2, end2: start1 == start2 and end1 <= end2,
)
_define(
    "coincides",
    "",
    (_RANGES, _POINT_POINT),
    lambda start1, end1, start2, end2: (start1, end1) == (start2, end2),
)
