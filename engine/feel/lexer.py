"""Cut FEEL text into tokens, one at a time, as what is a name depends on what was declared
(DMN 1.5 §10.3.1.2 and §10.3.1.4)."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from engine.feel.errors import FeelError, refused
from engine.feel.limits import MAX_TEXT

_KEYWORDS = frozenset(
    (
        *("and", "or", "not", "if", "then", "else", "between", "in", "true", "false", "null"),
        *("for", "return", "some", "every", "satisfies", "instance", "of", "function", "external"),
    )
)
# Rules 28 to 30 of the grammar; ``?`` is left to be the value that a test is about.
_START = (
    r"A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_TOKEN = re.compile(
    rf"""
    (?: \s | //[^\r\n]* | /\*(?s:.*?)\*/ )*+
    (?:
    (?P<number> (?: [0-9]+ (?: \.[0-9]+ )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
  | (?P<string> "(?: [^"\\\r\n] | \\[^\r\n] )*" )
  | (?P<name> [{_START}][{_PART}]* )
  | (?P<symbol> \*\* | \.\. | <= | >= | != | [-+*/()\[\]{{}},.<>=?:@] )
  | (?P<end> \Z )
    )
    """,
    re.VERBOSE,
)
# What a name with spaces or operator characters consists of.
_LEXEME = re.compile(rf"(\s*+)([{_PART}]+|[./'\u2019+*-])")
_SPACE = re.compile(r"\s+")
_BEGINS = re.compile(f"[{_START}]")
_NAME = "a name without '__' in front"
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|([nrt\"'\\]))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class Kind(StrEnum):
    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    SYMBOL = "symbol"  # an operator, a bracket or a keyword
    END = "end"  # stands after the last token


_KINDS = {kind.value: kind for kind in Kind}


class Token(NamedTuple):
    kind: Kind
    text: str
    offset: int
    end: int


class Names:
    """Names with spaces or operator characters, found in a text by their longest match."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._tree: dict[str, Any] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        lexemes = _lexemes(name)
        branch = self._tree
        for lexeme in lexemes if len(lexemes) > 1 else ():
            branch = branch.setdefault(lexeme, {})
        if branch is not self._tree:
            branch[""] = " ".join(name.split())

    def __contains__(self, word: object) -> bool:
        """Tell whether a name may begin with the word."""
        return word in self._tree

    def longest(self, text: str, offset: int) -> tuple[str, int]:
        """The longest name that begins at ``offset``, and where it ends; "" if there is none."""
        found, branch = ("", offset), self._tree
        while match := _LEXEME.match(text, offset):
            space, lexeme = match.groups()
            # A space in a name may be any white space in the text, but not none.
            key = f" {lexeme}" if space and branch is not self._tree else lexeme
            if key not in branch:
                break
            branch, offset = branch[key], match.end()
            if "" in branch:
                found = branch[""], offset
        return found


def _lexemes(name: str) -> list[str]:
    """Its words and operator characters, each with the space in front; none if it has others."""
    lexemes, offset, name = [], 0, " ".join(name.split())
    while offset < len(name):
        match = _LEXEME.match(name, offset)
        if match is None:
            return []
        lexemes.append(match.group())
        offset = match.end()
    return lexemes


def is_name(text: str) -> bool:
    """Tell whether a text can stand as a name where one is declared."""
    return bool(_BEGINS.match(text) and _lexemes(text))


class Lexer:
    """Reads tokens from a text, ``next`` being the one to come."""

    def __init__(self, text: str, names: Names, others: Iterable[Names]) -> None:
        if len(text) > MAX_TEXT:
            raise FeelError(f"expected at most {MAX_TEXT} characters, found {len(text)}", 1, 1)
        self.text = text
        self._declared = names
        self._names = (names, *others)
        self.next = self._token(0)

    def advance(self) -> Token:
        token = self.next
        self.next = self._token(token.end)
        return token

    def move(self, offset: int) -> None:
        """Go on at a place that was found by other means."""
        self.next = self._token(offset)

    def after_next(self) -> Token:
        return self._token(self.next.end)

    def declare(self, name: str) -> None:
        """Make a name known from the next token on, which may be that name already."""
        self._declared.add(name)
        self.move(self.next.offset)

    def take_name(self, *stops: str) -> str:
        """Take a name up to one of ``stops``, which stays; "" when what comes is no such name."""
        words: list[str] = []
        offset = self.next.offset
        while match := _LEXEME.match(self.text, offset):
            if words and match[1] and match[2] in stops:
                break
            words.append(f" {match[2]}" if match[1] and words else match[2])
            offset = match.end()
        if not words or not _BEGINS.match(words[0]):
            return ""
        return self._named(words, offset) if self._token(offset).text in stops else ""

    def _named(self, words: list[str], end: int) -> str:
        name, start = "".join(words), self.next.offset
        if name.startswith("__"):
            raise refused(self.text, start, expected=_NAME, found=name)
        self.move(end)
        return name

    def _token(self, offset: int) -> Token:
        match = _TOKEN.match(self.text, offset)
        if match is None:
            raise self._unreadable(offset)
        name = match.lastgroup or ""
        text, start = match[name], match.start(name)
        if name == "name":
            return self._name(text, start)
        return Token(_KINDS[name], text, start, match.end())

    def _name(self, word: str, offset: int) -> Token:
        if word.startswith("__"):
            raise refused(self.text, offset, expected=_NAME, found=word)
        name, end = "", offset
        for names in self._names:
            if word in names:
                found = names.longest(self.text, offset)
                name, end = found if found[1] > end else (name, end)
        if name:
            return Token(Kind.NAME, name, offset, end)
        kind = Kind.SYMBOL if word in _KEYWORDS else Kind.NAME
        return Token(kind, word, offset, offset + len(word))

    def _unreadable(self, offset: int) -> FeelError:
        if space := _SPACE.match(self.text, offset):
            offset = space.end()
        if self.text[offset] == '"':
            line = self.text[offset:].splitlines()[0]
            return refused(self.text, offset, expected='a closing " on the same line', found=line)
        return refused(
            self.text, offset, expected="a value or an operator", found=self.text[offset]
        )


def read_string(literal: str) -> str | None:
    """What a string literal stands for; ``None`` when it holds half a character.

    A backslash before anything that is not escaped by it stays, as patterns are full of them.
    """
    try:
        text = _ESCAPE.sub(_unescape, literal[1:-1])
        # Joins the halves of a surrogate pair; a half alone could not be stored and is refused.
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except (ValueError, OverflowError):
        return None


def _unescape(match: re.Match[str]) -> str:
    short, long, single = match.groups()
    return _ESCAPED.get(single, single) if single else chr(int(short or long, 16))
