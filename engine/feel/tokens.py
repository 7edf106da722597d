"""Cut FEEL text into tokens (DMN 1.5 §10.3.1.2), and say where a text goes wrong."""

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_TEXT = 2_000

_KEYWORDS = frozenset(
    ("and", "or", "not", "if", "then", "else", "between", "in", "true", "false", "null")
)
# Words of FEEL that this subset lacks; reserved, so that nobody names a variable with them.
_RESERVED = frozenset(
    ("for", "return", "some", "every", "satisfies", "instance", "of", "function", "external")
)
_TOKEN = re.compile(
    r"""
    (?P<space> \s+ )
  | (?P<number> (?: [0-9]+ (?: \.[0-9]+ )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
  | (?P<string> "(?: [^"\\\r\n] | \\[^\r\n] )*" )
  | (?P<name> [^\W\d]\w* )
  | (?P<symbol> \*\* | \.\. | <= | >= | != | [-+*/()\[\],.<>=?] )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class FeelError(Exception):
    """FEEL text that is refused, and where: ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class Kind(StrEnum):
    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    SYMBOL = "symbol"  # an operator, a bracket or a keyword
    END = "end"  # stands after the last token


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    offset: int


def refused(source: str, offset: int, *, expected: str, found: str) -> FeelError:
    line = source.count("\n", 0, offset) + 1
    column = offset - source.rfind("\n", 0, offset)
    shown = found if len(found) <= 40 else f"{found[:40]}…"
    quoted = f"'{shown}'" if shown.isprintable() else ascii(shown)
    return FeelError(f"expected {expected}, found {quoted if found else 'the end'}", line, column)


def tokenise(source: str) -> list[Token]:
    """Return the tokens, the last of kind ``END``."""
    if len(source) > MAX_TEXT:
        raise FeelError(f"expected at most {MAX_TEXT} characters, found {len(source)}", 1, 1)
    tokens, offset = [], 0
    while offset < len(source):
        match = _TOKEN.match(source, offset)
        if match is None:
            raise _unreadable(source, offset)
        if match.lastgroup != "space":
            tokens.append(_token(source, match))
        offset = match.end()
    return [*tokens, Token(Kind.END, "", len(source))]


def _token(source: str, match: re.Match[str]) -> Token:
    kind, text, offset = Kind(match.lastgroup or ""), match.group(), match.start()
    if kind is Kind.NAME and text.startswith("__"):
        raise refused(source, offset, expected="a name without '__' in front", found=text)
    if text in _KEYWORDS or text in _RESERVED:
        kind = Kind.SYMBOL
    return Token(kind, text, offset)


def _unreadable(source: str, offset: int) -> FeelError:
    if source[offset] == '"':
        line = source[offset:].splitlines()[0]
        return refused(source, offset, expected='a closing " on the same line', found=line)
    return refused(source, offset, expected="a value or an operator", found=source[offset])


def read_string(token: Token) -> str | None:
    """Return what a string literal stands for, or ``None`` when an escape in it is unknown."""
    try:
        text = _ESCAPE.sub(_unescape, token.text[1:-1])
        # Joins the halves of a surrogate pair; a half alone could not be stored and is refused.
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except (KeyError, ValueError, OverflowError):
        return None


def _unescape(match: re.Match[str]) -> str:
    short, long, single = match.groups()
    return _ESCAPED[single] if single else chr(int(short or long, 16))
