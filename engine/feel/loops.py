"""Iteration: ``for``, ``some``, ``every`` and filters (DMN 1.5 §10.3.2.14 and tables 52 and 54)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.feel import calendar
from engine.feel.calendar import Date
from engine.feel.errors import FeelLimitExceeded
from engine.feel.limits import MAX_ITEMS, spend
from engine.feel.nodes import Node, Scope, Step
from engine.feel.numbers import whole
from engine.feel.ranges import Range
from engine.feel.values import Truth, Value


@dataclass(frozen=True)
class Iteration:
    """``name in domain``, or ``name in domain..end``."""

    name: str
    domain: Node
    end: Node | None = None

    def values(self, scope: Scope) -> Iterable[Value] | None:
        """What the name stands for in turn, or ``None`` when that cannot be iterated."""
        domain = self.domain(scope)
        if self.end is not None:
            return _from_to(domain, self.end(scope))
        if isinstance(domain, Range):
            return _inside(domain)
        return domain if isinstance(domain, list) or domain is None else [domain]


def _from_to(start: Value, end: Value) -> Iterable[Value] | None:
    """Whole numbers or dates from one to another, upwards or downwards."""
    first, last = _position(start), _position(end)
    if first is None or last is None or type(start) is not type(end):
        return None
    step = 1 if first <= last else -1
    positions = range(first, last + step, step)
    if isinstance(start, Date):
        return (calendar.date_of(position) for position in positions)
    return positions


def _inside(span: Range) -> Iterable[Value] | None:
    """What a range holds, when that is whole numbers or dates in rising order."""
    first, last = _position(span.start), _position(span.end)
    if first is None or last is None or first > last:
        return None
    positions = range(first + (not span.start_included), last + span.end_included)
    if isinstance(span.start, Date):
        return (calendar.date_of(position) for position in positions)
    return positions


def _position(value: Value) -> int | None:
    if isinstance(value, Date):
        return value.ordinal
    return value if type(value) is int else None


class _NoDomain(Exception):
    """What is to be iterated is null, and so is the result."""


def _scopes(scope: Scope, iterations: Sequence[Iteration], steps: int) -> Iterator[Scope]:
    """A scope for each combination; later iterations see the names of those before."""
    if not iterations:
        yield scope
        return
    first, *rest = iterations
    values = first.values(scope)
    if values is None:
        raise _NoDomain
    for value in values:
        spend(steps + 1)
        yield from _scopes(scope.inner({first.name: value}), rest, steps)


def collected(
    iterations: Sequence[Iteration], result: Node, steps: int, *, reads_partial: bool
) -> Node:
    """``for``: the results of all iterations, each of which sees those before as ``partial``."""

    def evaluate(scope: Scope) -> list[Value] | None:
        results: list[Value] = []
        names: dict[str, Value] = {}
        try:
            for inside in _scopes(scope.inner(names), iterations, steps):
                if reads_partial:
                    # A copy, as what an iteration gives may hold it.
                    spend(len(results))
                    names["partial"] = list(results)
                results.append(result(inside))
                require_length(results)
        except _NoDomain:
            return None
        return results

    return evaluate


def require_length(items: Sequence[Value]) -> None:
    if len(items) > MAX_ITEMS:
        raise FeelLimitExceeded(f"A list has more than {MAX_ITEMS:,} items.")


def some(iterations: Sequence[Iteration], condition: Node, steps: int) -> Node:
    return lambda scope: _quantified(scope, iterations, condition, steps, decisive=True)


def every(iterations: Sequence[Iteration], condition: Node, steps: int) -> Node:
    return lambda scope: _quantified(scope, iterations, condition, steps, decisive=False)


def _quantified(
    scope: Scope, iterations: Sequence[Iteration], condition: Node, steps: int, *, decisive: bool
) -> Truth:
    try:
        return settled(map(condition, _scopes(scope, iterations, steps)), decisive=decisive)
    except _NoDomain:
        return None


def settled(verdicts: Iterable[object], *, decisive: bool) -> Truth:
    """What verdicts come to when the first that is ``decisive`` settles the question.

    Null leaves it open; what else is no boolean gives null at once.
    """
    result: Truth = not decisive
    for verdict in verdicts:
        if verdict is decisive:
            return decisive
        if verdict is None:
            result = None
        elif not isinstance(verdict, bool):
            return None
    return result


def filter_step(condition: Node, steps: int) -> Step:
    """Pick the item at a position, or those for which the condition is true."""

    def pick(scope: Scope, value: Value) -> Value:
        if value is None:
            return None
        items = value if isinstance(value, list) else [value]
        first = condition(_item_scope(scope, items[0] if items else None))
        if isinstance(first, (int, Decimal)) and not isinstance(first, bool):
            return item_at(items, first)
        return kept(items, lambda item: condition(_item_scope(scope, item)), steps)

    return pick


def kept(
    items: Sequence[Value], condition: Callable[[Value], Value], steps: int = 0
) -> list[Value] | None:
    """The items for which the condition is true; null when it gives no boolean, nor null."""
    found = []
    for item in items:
        spend(steps + 1)
        verdict = condition(item)
        if verdict is True:
            found.append(item)
        elif verdict is not False and verdict is not None:
            return None
    return found


def _item_scope(scope: Scope, item: Value) -> Scope:
    inside = scope.inner({"item": item})
    return inside.inner(item) if isinstance(item, dict) else inside


def item_at(items: Sequence[Value], position: int | Decimal) -> Value:
    """The item at a position that counts from 1, or from the end when negative."""
    index = whole(position)
    if index == 0 or abs(index) > len(items):
        return None
    return items[index - 1] if index > 0 else items[index]
