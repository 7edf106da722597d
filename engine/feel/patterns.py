"""Patterns of ``matches``, ``replace`` and ``split``: XPath regular expressions, compiled.

A pattern becomes a list of instructions for ``engine.feel.matching``, with jumps relative to where
they stand, so that parts are put together by joining their lists.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from engine.feel import characters
from engine.feel.characters import Test
from engine.feel.limits import MAX_NESTING
from engine.feel.matching import Back, Check, Instruction, Jump, One, Program, Save, Split

MAX_PATTERN = 1_000  # characters
MAX_PROGRAM = 2_000  # instructions, as repetitions multiply

Code = list[Instruction]

_QUANTIFIER = re.compile(r"(?:([?*+])|\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\})(\?)?")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", **{char: char for char in r"\|.-^?*+{}()[]$"}}
_BLANK_OUTSIDE_CLASSES = re.compile(r"(\[(?:\\.|[^\]\\])*\])|\s")


class _BadPattern(Exception):
    """The text is no pattern."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: str, flags: str) -> Program | None:
    """Compile a pattern with the flags of XPath (``smixq``); ``None`` when it is none."""
    if len(pattern) > MAX_PATTERN or not set(flags) <= set("smixq"):
        return None
    if "q" in flags:
        pattern = "".join(f"\\{char}" if char in _ESCAPED.values() else char for char in pattern)
    elif "x" in flags:
        pattern = _BLANK_OUTSIDE_CLASSES.sub(lambda match: match[1] or "", pattern)
    parser = _Parser(pattern, flags)
    try:
        code = parser.whole()
    except _BadPattern:
        return None
    return Program(tuple(code), groups=parser.groups, has_backs=parser.has_backs)


class _Parser:
    def __init__(self, pattern: str, flags: str) -> None:
        self._pattern = pattern
        self._offset = 0
        self._nesting = 0
        self._dot = (lambda _char: True) if "s" in flags else (lambda char: char not in "\r\n")
        self._any_case = "i" in flags
        self._by_lines = "m" in flags
        self._closed: set[int] = set()
        self.groups = 0
        self.has_backs = False

    def whole(self) -> Code:
        code = self._alternatives()
        if self._offset < len(self._pattern):
            raise _BadPattern
        return code

    # Branches and repetitions

    def _alternatives(self) -> Code:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise _BadPattern
        branches = [self._branch()]
        while self._take("|"):
            branches.append(self._branch())
        self._nesting -= 1
        code = branches.pop()
        while branches:
            first = branches.pop()
            code = [Split(1, len(first) + 2), *first, Jump(len(code) + 1), *code]
        return _bounded(code)

    def _branch(self) -> Code:
        code: Code = []
        while self._peek not in ("", "|", ")"):
            code += self._quantified(self._atom())
            _bounded(code)
        return code

    def _quantified(self, atom: Code) -> Code:
        match = _QUANTIFIER.match(self._pattern, self._offset)
        if match is None:
            return atom
        self._offset = match.end()
        symbol, least, comma, most, lazy = match.groups()
        if symbol == "?":
            return _optional(atom, lazy)
        if symbol:
            return [*(atom if symbol == "+" else []), *_repeated(atom, lazy)]
        return _counted(atom, int(least), int(most or least) if most or not comma else None, lazy)

    # Atoms

    def _atom(self) -> Code:
        char = self._next()
        if char == "(":
            return self._group()
        if char in "^$":
            return [Check(_CHECKS[char, self._by_lines])]
        if char == ".":
            return [One(self._dot)]
        if char == "[":
            return [One(self._class())]
        if char == "\\":
            return self._escape()
        if char in "?*+{})]|":
            raise _BadPattern
        return [self._literal(char)]

    def _group(self) -> Code:
        if self._pattern.startswith("?:", self._offset):
            self._offset += 2
            code = self._alternatives()
            self._require(")")
            return code
        self.groups += 1
        number = self.groups
        code = [Save(2 * number), *self._alternatives(), Save(2 * number + 1)]
        self._require(")")
        self._closed.add(number)
        return code

    def _literal(self, char: str) -> One:
        test = characters.between(char, char)
        return One(characters.in_any_case(test) if self._any_case else test)

    def _escape(self) -> Code:
        char = self._next()
        if char.isdecimal():
            return [self._back(char)]
        if char in _ESCAPED:
            return [self._literal(_ESCAPED[char])]
        return [One(self._shorthand(char))]

    def _back(self, digits: str) -> Back:
        while self._peek.isdecimal() and int(digits + self._peek) <= self.groups:
            digits += self._next()
        if int(digits) not in self._closed:
            raise _BadPattern
        self.has_backs = True
        return Back(int(digits), self._any_case)

    def _shorthand(self, char: str) -> Test:
        test = self._category() if char in "pP" else characters.shorthand(char)
        if test is None:
            raise _BadPattern
        return characters.inverse(test) if char == "P" else test

    def _category(self) -> Test | None:
        self._require("{")
        end = self._pattern.find("}", self._offset)
        name, self._offset = self._pattern[self._offset : end], end + 1
        return characters.category(name) if end > 0 else None

    # Classes

    def _class(self) -> Test:
        """Read ``[a-z]``, ``[^a-z]`` or ``[a-z-[aeiou]]``, behind its first bracket."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise _BadPattern
        is_inverse = self._take("^")
        test = self._members()
        test = characters.in_any_case(test) if self._any_case else test
        test = characters.inverse(test) if is_inverse else test
        if self._take("-["):
            test = characters.without(test, self._class())
        self._require("]")
        self._nesting -= 1
        return test

    def _members(self) -> Test:
        tests: list[Test] = []
        while self._peek != "]" and not self._pattern.startswith("-[", self._offset):
            tests.append(self._member())
        if not tests:
            raise _BadPattern
        return characters.one_of(tests)

    def _member(self) -> Test:
        first = self._member_end()
        if not isinstance(first, str):
            return first
        if self._peek != "-" or self._pattern[self._offset + 1 : self._offset + 2] in ("]", "["):
            return characters.between(first, first)
        self._next()
        last = self._member_end()
        if not isinstance(last, str) or last < first:
            raise _BadPattern
        return characters.between(first, last)

    def _member_end(self) -> str | Test:
        char = self._next()
        if char == "[":
            raise _BadPattern
        if char != "\\":
            return char
        char = self._next()
        return _ESCAPED[char] if char in _ESCAPED else self._shorthand(char)

    # Characters

    @property
    def _peek(self) -> str:
        return self._pattern[self._offset : self._offset + 1]

    def _next(self) -> str:
        if not self._peek:
            raise _BadPattern
        self._offset += 1
        return self._pattern[self._offset - 1]

    def _take(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._offset)
        self._offset += len(text) * found
        return found

    def _require(self, text: str) -> None:
        if not self._take(text):
            raise _BadPattern


def _bounded(code: Code) -> Code:
    if len(code) > MAX_PROGRAM:
        raise _BadPattern
    return code


def _split(first: int, second: int, lazy: str | None) -> Split:
    return Split(second, first) if lazy else Split(first, second)


def _optional(code: Code, lazy: str | None) -> Code:
    return [_split(1, len(code) + 1, lazy), *code]


def _repeated(code: Code, lazy: str | None) -> Code:
    return [_split(1, len(code) + 2, lazy), *code, Jump(-len(code) - 1)]


def _counted(code: Code, least: int, most: int | None, lazy: str | None) -> Code:
    if len(code) * max(least, most or 0) > MAX_PROGRAM or (most is not None and most < least):
        raise _BadPattern
    if most is None:
        return [*code * least, *_repeated(code, lazy)]
    rest: Code = []
    for _ in range(most - least):
        rest = _optional([*code, *rest], lazy)
    return [*code * least, *rest]


def _at_start(_text: str, position: int) -> bool:
    return position == 0


def _at_end(text: str, position: int) -> bool:
    return position == len(text)


def _at_line_start(text: str, position: int) -> bool:
    return position == 0 or text[position - 1] == "\n"


def _at_line_end(text: str, position: int) -> bool:
    return position == len(text) or text[position] == "\n"


_CHECKS: dict[tuple[str, bool], Callable[[str, int], bool]] = {
    ("^", False): _at_start,
    ("$", False): _at_end,
    ("^", True): _at_line_start,
    ("$", True): _at_line_end,
}
