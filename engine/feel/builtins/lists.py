"""Functions on lists (DMN 1.5 §10.3.4.4 and §10.3.4.6, and ``sort`` of §10.3.4.7)."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from engine.feel import functions
from engine.feel.limits import spend
from engine.feel.loops import require_length
from engine.feel.numbers import CONTEXT, Number, calculated, whole
from engine.feel.operators import are_ordered, equal, less
from engine.feel.signatures import builtin
from engine.feel.types import Function
from engine.feel.values import Truth, Value

List = list[Value]

# What a list of one kind is reduced by; each is called with a list or with its items.
_NUMBERS = ("(list: list<number>)", "(n...: number)")
_BOOLEANS = ("(list: list<boolean>)", "(b...: boolean)")
_VALUES = ("(list: list)", "(c...: Any)")


def _both(name: str, signatures: tuple[str, str]) -> tuple[str, str]:
    return name + signatures[0], name + signatures[1]


@builtin("list contains(list: list, element: Any)")
def contains(items: List, element: Value) -> bool:
    return _is_among(items, element)


def _is_among(items: Sequence[Value], element: Value) -> bool:
    spend(len(items))
    return any(equal(item, element) is True for item in items)


@builtin("count(list: list)")
def count(items: List) -> int:
    return len(items)


@builtin(*_both("min", _VALUES))
def least(items: List) -> Value:
    return _first_by(items, less)


@builtin(*_both("max", _VALUES))
def greatest(items: List) -> Value:
    return _first_by(items, lambda one, other: less(other, one))


def _first_by(items: List, precedes: Callable[[Value, Value], Truth]) -> Value:
    spend(len(items))
    if not items or not are_ordered(items):
        return None
    first = items[0]
    for item in items[1:]:
        if precedes(item, first):
            first = item
    return first


@builtin(*_both("sum", _NUMBERS))
def total(numbers: List) -> Number | None:
    return _reduced(numbers, CONTEXT.add)


@builtin(*_both("product", _NUMBERS))
def product(numbers: List) -> Number | None:
    return _reduced(numbers, CONTEXT.multiply)


def _reduced(numbers: List, operate: Callable[..., Decimal]) -> Number | None:
    spend(len(numbers))
    if not numbers:
        return None
    result: Number | None = numbers[0]
    for each in numbers[1:]:
        if result is None or each is None:
            return None
        result = calculated(operate, result, each)
    return result


@builtin(*_both("mean", _NUMBERS))
def mean(numbers: List) -> Number | None:
    found = total(numbers)
    return None if found is None else calculated(CONTEXT.divide, found, len(numbers))


@builtin(*_both("median", _NUMBERS))
def median(numbers: List) -> Number | None:
    if not numbers or None in numbers:
        return None
    ordered = _ordered(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else mean(ordered[middle - 1 : middle + 1])


def _ordered(numbers: List) -> List:
    spend(4 * len(numbers))
    return sorted(numbers)


@builtin(*_both("stddev", _NUMBERS))
def standard_deviation(numbers: List) -> Number | None:
    """Of a sample, so that there must be two numbers at least."""
    middle = mean(numbers)
    if middle is None or len(numbers) < 2:
        return None
    spend(4 * len(numbers))
    squares = total([_squared_distance(each, middle) for each in numbers])
    if squares is None:
        return None
    return calculated(lambda: CONTEXT.sqrt(CONTEXT.divide(squares, len(numbers) - 1)))


def _squared_distance(one: Number, other: Number) -> Number | None:
    return calculated(lambda: CONTEXT.power(CONTEXT.subtract(one, other), 2))


@builtin(*_both("mode", _NUMBERS))
def mode(numbers: List) -> List | None:
    """The most frequent ones, the smallest first."""
    if None in numbers:
        return None
    groups = [list(group) for _, group in groupby(_ordered(numbers))]
    longest = max(map(len, groups), default=0)
    return [group[0] for group in groups if len(group) == longest]


@builtin(*_both("all", _BOOLEANS))
def all_true(values: List) -> Truth:
    spend(len(values))
    return False if False in values else None if None in values else True


@builtin(*_both("any", _BOOLEANS))
def any_true(values: List) -> Truth:
    spend(len(values))
    return True if True in values else None if None in values else False


@builtin("sublist(list: list, start position: number, length?: number)")
def sublist(items: List, start: Number, length: Number | None) -> List | None:
    first = _index(items, start)
    if first is None or (length is not None and length < 1):
        return None
    end = len(items) if length is None else first + whole(length)
    return items[first:end] if end <= len(items) else None


def _index(items: Sequence[Value], position: Number) -> int | None:
    """Where a position that counts from 1, or from the end when negative, lies in a list."""
    index = whole(position)
    if index == 0 or abs(index) > len(items):
        return None
    return index - 1 if index > 0 else len(items) + index


@builtin("append(list: list, item...: Any)")
def append(items: List, added: List) -> List:
    return _joined([items, added])


@builtin("concatenate(list...: list)")
def concatenate(lists: Sequence[List]) -> List | None:
    return None if None in lists else _joined(lists)


def _joined(lists: Sequence[List]) -> List:
    joined: List = []
    for each in lists:
        spend(len(each))
        joined += each
        require_length(joined)
    return joined


@builtin("insert before(list: list, position: number, newItem: Any)")
def insert_before(items: List, position: Number, item: Value) -> List | None:
    index = _index(items, position)
    return None if index is None else _joined([items[:index], [item], items[index:]])


@builtin("remove(list: list, position: number)")
def remove(items: List, position: Number) -> List | None:
    index = _index(items, position)
    return None if index is None else _joined([items[:index], items[index + 1 :]])


@builtin("list replace(list: list, position: number, newItem: Any)")
def replace(items: List, position: Number, item: Value) -> List | None:
    index = _index(items, position)
    return None if index is None else _joined([items[:index], [item], items[index + 1 :]])


@builtin("list replace(list: list, match: function, newItem: Any)")
def replace_matches(items: List, match: Function, new: Value) -> List | None:
    """Replace the items for which a function of the item and the new one gives true."""
    verdicts = [functions.call(match, [item, new]) for item in items]
    if not all(isinstance(verdict, bool) for verdict in verdicts):
        return None
    return [new if verdict else item for item, verdict in zip(items, verdicts, strict=True)]


@builtin("reverse(list: list)")
def reverse(items: List) -> List:
    return _joined([items[::-1]])


@builtin("index of(list: list, match: Any)")
def index_of(items: List, match: Value) -> List:
    spend(len(items))
    return [index for index, item in enumerate(items, 1) if equal(item, match) is True]


@builtin("union(list...: list)")
def union(lists: Sequence[List]) -> List | None:
    joined = concatenate(lists)
    return None if joined is None else distinct(joined)


@builtin("distinct values(list: list)")
def distinct(items: List) -> List:
    found: List = []
    for item in items:
        if not _is_among(found, item):
            found.append(item)
    return found


@builtin("flatten(list: list)")
def flatten(items: List) -> List:
    flat: List = []
    for item in _leaves(items):
        flat.append(item)
        require_length(flat)
    return flat


def _leaves(items: List) -> Iterator[Value]:
    for item in items:
        spend(1)
        if isinstance(item, list):
            yield from _leaves(item)
        else:
            yield item


class _Ranked:
    """An item among those to be sorted, as Python's own sort asks for nothing but ``<``."""

    __slots__ = ("item", "precedes")

    def __init__(self, item: Value, precedes: Function) -> None:
        self.item = item
        self.precedes = precedes

    def __lt__(self, other: "_Ranked") -> bool:
        return functions.call(self.precedes, [self.item, other.item]) is True


@builtin("sort(list: list, precedes: function)")
def sort(items: List, precedes: Function) -> List | None:
    if len(precedes.parameters) != 2:
        return None
    return [ranked.item for ranked in sorted(_Ranked(item, precedes) for item in items)]
