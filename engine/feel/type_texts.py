"""Read the text of a type, as in ``list<number>`` (DMN 1.5 §10.3.1.2, rule 50 and on)."""

import re
from collections.abc import Mapping
from dataclasses import replace

from engine.feel.errors import refused
from engine.feel.limits import MAX_NESTING
from engine.feel.types import FUNCTION, Kind, Type

_SIMPLE = {
    kind.value: Type(kind)
    for kind in Kind
    if kind not in (Kind.LIST, Kind.RANGE, Kind.CONTEXT, Kind.FUNCTION)
}

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d][\w.]*")
_FIELD = re.compile(r"[^\W\d][^:,<>]*")


class TypeReader:
    """Reads one type out of a text, from ``offset`` to where it ends."""

    def __init__(self, text: str, offset: int, types: Mapping[str, Type]) -> None:
        self._text = text
        self.offset = offset
        # The longest name first, as one can be the beginning of another.
        known = sorted((*_SIMPLE, *types), key=len, reverse=True)
        self._names = re.compile("|".join(map(_spaced, known)))
        self._types = types
        self._nesting = 0

    def read(self) -> Type:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self._refused(f"at most {MAX_NESTING} levels of nesting")
        found = self._read()
        self._nesting -= 1
        return found

    def _read(self) -> Type:
        self._skip()
        if match := self._names.match(self._text, self.offset):
            self.offset = match.end()
            name = " ".join(match.group().split())
            return self._types[name] if name in self._types else _SIMPLE[name]
        match = _WORD.match(self._text, self.offset)
        word = match.group() if match else ""
        if word not in ("list", "range", "context", "function"):
            raise self._refused("a type")
        self.offset += len(word)
        if word == "function":
            return self._function() if self._at("<") else FUNCTION
        if word == "context":
            return self._context()
        kind = Kind(word)
        return Type(kind, element=self._element()) if self._at("<") else Type(kind)

    def _element(self) -> Type:
        self._expect("<")
        element = self.read()
        self._expect(">")
        return element

    def _context(self) -> Type:
        fields: dict[str, Type] = {}
        if not self._at("<"):
            return Type(Kind.CONTEXT)
        self._expect("<")
        while not self._at(">"):
            if fields:
                self._expect(",")
            self._skip()
            match = _FIELD.match(self._text, self.offset)
            if match is None:
                raise self._refused("a name and ':'")
            self.offset = match.end()
            self._expect(":")
            fields[" ".join(match.group().split())] = self.read()
        self._expect(">")
        return Type(Kind.CONTEXT, fields=tuple(fields.items()))

    def _function(self) -> Type:
        parameters: list[Type] = []
        self._expect("<")
        while not self._at(">"):
            if parameters:
                self._expect(",")
            parameters.append(self.read())
        self._expect(">")
        self._expect("->")
        return replace(FUNCTION, parameters=tuple(parameters), result=self.read())

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self.offset)
        self.offset = match.end() if match else self.offset

    def _at(self, symbol: str) -> bool:
        self._skip()
        return self._text.startswith(symbol, self.offset)

    def _expect(self, symbol: str) -> None:
        if not self._at(symbol):
            raise self._refused(f"'{symbol}'")
        self.offset += len(symbol)

    def _refused(self, expected: str) -> Exception:
        found = self._text[self.offset :].split(maxsplit=1)
        return refused(self._text, self.offset, expected=expected, found=found[0] if found else "")


def _spaced(name: str) -> str:
    """A pattern of the name as a whole, with any white space between its words."""
    return r"\s+".join(map(re.escape, name.split())) + r"(?![\w.])"


def parse_type(text: str, types: Mapping[str, Type] | None = None) -> Type:
    """Read a whole text as a type, ``types`` being those with names of their own.

    Raises ``FeelError`` with the place of what is none.
    """
    reader = TypeReader(text, 0, types or {})
    found = reader.read()
    if text[reader.offset :].strip():
        raise refused(text, reader.offset, expected="the end", found=text[reader.offset :].strip())
    return found
