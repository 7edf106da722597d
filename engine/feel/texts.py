"""Values as text, as ``string`` gives them (DMN 1.5 §10.3.4.1)."""

from collections.abc import Iterator
from decimal import Decimal

from engine.feel import numbers
from engine.feel.lexer import is_name
from engine.feel.limits import MAX_STRING, fits, spend
from engine.feel.ranges import Range
from engine.feel.types import Function
from engine.feel.values import Value


def display(value: Value) -> str | None:
    """The text of a value; null of null, of a function, and of what is too long."""
    if value is None or isinstance(value, (str, Function)):
        return value if isinstance(value, str) else None
    text, length = [], 0
    for piece in _pieces(value):
        text.append(piece)
        length += len(piece)
        if length > MAX_STRING:
            return None
    return "".join(text) if fits(length) else None


def _pieces(value: Value) -> Iterator[str]:
    spend(1)
    if isinstance(value, list):
        yield from _list_pieces(value)
    elif isinstance(value, dict):
        yield from _context_pieces(value)
    elif isinstance(value, Range):
        yield from _range_pieces(value)
    else:
        yield _simple(value)


def _simple(value: Value) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, Decimal)):
        return numbers.text(value)
    return "function" if isinstance(value, Function) else str(value)


def _list_pieces(value: list[Value]) -> Iterator[str]:
    yield "["
    for index, each in enumerate(value):
        yield ", " * (index > 0)
        yield from _pieces(each)
    yield "]"


def _context_pieces(value: dict[str, Value]) -> Iterator[str]:
    yield "{"
    for index, (key, each) in enumerate(value.items()):
        yield f"{', ' * (index > 0)}{key if is_name(key) else _simple(key)}: "
        yield from _pieces(each)
    yield "}"


def _range_pieces(value: Range) -> Iterator[str]:
    if value.test != "..":
        yield f"({value.test} "
        yield from _pieces(value.start if value.end is None else value.end)
        yield ")"
        return
    yield "[" if value.start_included else "("
    yield from _pieces(value.start)
    yield ".."
    yield from _pieces(value.end)
    yield "]" if value.end_included else ")"
