"""What an input of a decision table can be, cut into pieces that its cells cannot tell apart.

The cells of a column are simple when they hold literals, comparisons with literals, ranges of
literals, lists of them, or ``not(...)`` around that. The literals then cut the values into points
and the stretches between; a cell is true on all of a piece or on nothing of it, so one value of
each piece stands for it, and the cells themselves are asked.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cmp_to_key
from itertools import pairwise

from engine.dmn.logic import is_same
from engine.feel import Expression, UnaryTests, compile_expression
from engine.feel.types import Kind
from engine.feel.values import Value

_LITERAL = r"""
    @?"(?:[^"\\]|\\.)*"
  | -?(?:\d+(?:\.\d+)?|\.\d+)
  | true | false
  | (?:date\ and\ time|date|time|duration)\(\s*"(?:[^"\\]|\\.)*"\s*\)
"""
_TEST = re.compile(
    rf"""\s*(?:
        [\[(\]] \s* (?P<low>{_LITERAL}) \s* \.\. \s* (?P<high>{_LITERAL}) \s* [\])\[]
      | (?P<operator> <=|>=|!=|<|>|= )? \s* (?P<literal>{_LITERAL})
    )\s*""",
    re.VERBOSE,
)
_NOT = re.compile(r"\s*not\s*\((.*)\)\s*", re.DOTALL)
_STEPS = {
    Kind.NUMBER: "1",
    Kind.DATE: '@"P1D"',
    Kind.DATE_TIME: '@"P1D"',
    Kind.TIME: '@"PT1S"',
    Kind.DAYS_DURATION: '@"P1D"',
    Kind.MONTHS_DURATION: '@"P1M"',
}


@dataclass(frozen=True)
class Piece:
    value: Value  # stands for all of it
    text: str  # how a person would call it


@dataclass(frozen=True)
class SimpleTests:
    literals: tuple[Value, ...]
    values: tuple[Value, ...]  # those of them that stand alone, to be equalled
    is_ordered: bool  # whether values are compared, and not just equalled


def find_simple(tests: UnaryTests) -> SimpleTests | None:
    """What simple tests consist of, or ``None`` when they are not simple."""
    text = tests.text.strip()
    if text == "-":
        return SimpleTests((), (), is_ordered=False)
    negated = _NOT.fullmatch(text)
    matches = _split(negated.group(1) if negated else text)
    if matches is None:
        return None
    alone = [m for m in matches if m["literal"] and m["operator"] in (None, "=", "!=")]
    texts = [m[name] for m in matches for name in ("low", "high", "literal") if m[name]]
    return SimpleTests(
        tuple(map(_value, texts)),
        tuple(_value(m["literal"]) for m in alone),
        is_ordered=len(alone) < len(matches),
    )


def pieces(kind: Kind, literals: Iterable[Value]) -> list[Piece] | None:
    """Cut all values of a kind at the literals; ``None`` when they cannot be ordered."""
    if kind is Kind.BOOLEAN:
        return [Piece(value=True, text="true"), Piece(value=False, text="false")]
    if kind is Kind.STRING:
        texts = sorted(set(literals))
        other = "".join(texts) + "?"  # is none of them
        return [*(Piece(text, f'"{text}"') for text in texts), Piece(other, "anything else")]
    if kind not in _STEPS:
        return None
    points = _in_order(literals)
    return None if points is None else _stretches(kind, points)


def _split(text: str) -> list[re.Match[str]] | None:
    matches, offset = [], 0
    while True:
        match = _TEST.match(text, offset)
        if match is None:
            return None
        matches.append(match)
        offset = match.end()
        if offset == len(text):
            return matches
        if text[offset] != ",":
            return None
        offset += 1


def _value(literal: str) -> Value:
    return compile_expression(literal).evaluate({})


def _in_order(literals: Iterable[Value]) -> list[Value] | None:
    """Each value once, the least first; ``None`` when some cannot be compared."""
    ordered: list[Value] = []
    for value in sorted(literals, key=cmp_to_key(_compare)):
        if not ordered or _is_less(ordered[-1], value):
            ordered.append(value)
        elif not is_same(ordered[-1], value):
            return None
    return ordered


def _compare(a: Value, b: Value) -> int:
    return _is_less(b, a) - _is_less(a, b)


def _is_less(a: Value, b: Value) -> bool:
    return _compiled("a < b").evaluate({"a": a, "b": b}) is True


def _stretches(kind: Kind, points: Sequence[Value]) -> list[Piece]:
    """The points, what lies between them if anything does, and what lies beyond."""
    if not points:
        return [Piece(None, "anything")]
    step = _STEPS[kind]
    first, last = points[0], points[-1]
    found = [_stretch(f"b - {step}", None, first), Piece(first, f"{first}")]
    for low, high in pairwise(points):
        found += [_stretch("a + (b - a) / 2", low, high), Piece(high, f"{high}")]
    found.append(_stretch(f"a + {step}", last, None))
    return [piece for piece in found if piece is not None]


def _stretch(expression: str, low: Value, high: Value) -> Piece | None:
    """What lies between two values, or beyond one; between two dates, for one, may be nothing."""
    value = _compiled(expression).evaluate({"a": low, "b": high})
    is_above = low is None or _is_less(low, value)
    is_below = high is None or _is_less(value, high)
    return Piece(value, f"{value}") if value is not None and is_above and is_below else None


@cache
def _compiled(text: str) -> Expression:
    return compile_expression(text, names=["a", "b"])
