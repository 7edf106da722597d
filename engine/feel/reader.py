"""What all of the grammar's rules share: the tokens, and what is declared where."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from engine.feel import functions, paths
from engine.feel.errors import FeelError, refused
from engine.feel.lexer import Kind, Lexer, Names, Token
from engine.feel.nodes import Node
from engine.feel.types import Type

_Read = TypeVar("_Read")

_LONG = 1_000  # characters; what is shorter and has no loops or calls cannot take long


class Reader:
    """Reads one text once; afterwards ``names`` holds the variables that it reads."""

    def __init__(
        self,
        text: str,
        names: Iterable[str],
        types: Mapping[str, Type],
        declared: Iterable[str] = (),
    ) -> None:
        self._text = text
        self._known = frozenset(" ".join(name.split()) for name in names)
        self._types = types
        outermost = set(declared)
        known = Names(self._known | outermost)
        for each in types.values():
            _add_fields(known, each)
        self._lexer = Lexer(text, known, (functions.NAMES, paths.NAMES))
        self._nesting = 0
        # What is declared around the place being read; ``None`` is an item, of unknown entries.
        self._frames: list[set[str] | None] = [outermost]
        # Whether the test being read uses ``?``; ``None`` where there is no ``?`` to use.
        self._reads_given: bool | None = None
        self._reads_partial = False
        # Whether a ``[`` can close a range, as in ``]1..5[``.
        self._ends_range = False
        # How many operands have been read, by which the cost of a loop is known.
        self._size = 0
        # Whether evaluating can take or give more than a little, and so must be counted.
        self.repeats = len(text) > _LONG
        self.names: set[str] = set()

    def _expression(self, above: int = 0) -> Node:
        """Read an expression whose operators all bind more tightly than ``above``."""
        raise NotImplementedError

    # Tokens

    @property
    def _next(self) -> Token:
        return self._lexer.next

    def _advance(self) -> Token:
        return self._lexer.advance()

    def _take(self, text: str) -> bool:
        if self._lexer.next.text != text:
            return False
        self._lexer.advance()
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._refused(f"'{text}'")

    def _require(self, text: str) -> None:
        if self._next.text != text:
            raise self._refused(f"'{text}'")

    def _required_name(self, *stops: str) -> str:
        name = self._lexer.take_name(*stops)
        if not name:
            raise self._refused("a name")
        return name

    def _to_the_end(self, read: Callable[[], Node]) -> Node:
        node = read()
        if self._next.kind is not Kind.END:
            raise self._refused("an operator or the end")
        return node

    def _refused(self, expected: str, found: str = "", at: Token | None = None) -> FeelError:
        token = at or self._next
        return refused(self._text, token.offset, expected=expected, found=found or token.text)

    # What surrounds the place being read

    def _enclosed(self, read: Callable[[], _Read], close: str = "") -> _Read:
        """Read what stands in brackets, where a range outside of them does not end."""
        outer, self._ends_range = self._ends_range, False
        node = read()
        self._ends_range = outer
        if close:
            self._expect(close)
        return node

    def _bracketed(self, read: Callable[[], _Read]) -> _Read:
        self._expect("(")
        return self._enclosed(read, ")")

    def _sized(self, read: Callable[[], Node]) -> tuple[Node, int]:
        """Read something, and tell how many operands it has."""
        before = self._size
        node = read()
        return node, self._size - before

    def _declare(self, name: str) -> None:
        """Make a name known from here to the end of the innermost frame."""
        self._lexer.declare(name)
        frame = self._frames[-1]
        if frame is not None:
            frame.add(name)

    def _lookup(self, name: str) -> tuple[bool, bool]:
        """Tell whether a name is declared around here, and whether an item may have it."""
        is_uncertain = False
        for frame in reversed(self._frames):
            if frame is None:
                is_uncertain = True
            elif name in frame:
                return True, is_uncertain
        return False, is_uncertain


def _add_fields(known: Names, of: Type) -> None:
    for name, each in of.fields:
        known.add(name)
        _add_fields(known, each)
    if of.element:
        _add_fields(known, of.element)
