"""Translates the conditions of Camunda 7 (JUEL, ``${…}``) to FEEL where the meaning is certain."""

import re
from collections.abc import Callable

MAX_LENGTH = 2000
_MAX_DEPTH = 40
_WHOLE = re.compile(r"\s*[$#]\{(.*)\}\s*", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?)
      | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:().,\[\]])
    )""",
    re.VERBOSE,
)
_COMPARISONS = {"==": "=", "eq": "=", "!=": "!=", "ne": "!=", "<": "<", "lt": "<"}
_COMPARISONS |= {">": ">", "gt": ">", "<=": "<=", "le": "<=", ">=": ">=", "ge": ">="}
# Words that mean something else, or nothing, in one of the two languages.
_UNCERTAIN = {"instanceof", "between", "if", "then", "else", "for", "some", "every", "in"}
_UNCERTAIN |= {"return", "satisfies", "function", "execution", "task", "authenticatedUserId"}
_RENAMED = {
    "nrOfInstances": "numberOfInstances",
    "nrOfActiveInstances": "numberOfActiveInstances",
    "nrOfCompletedInstances": "numberOfCompletedInstances",
}


class NotCertain(Exception):
    """The text may mean something else in FEEL, or is no JUEL that we know."""


def is_juel(text: str) -> bool:
    return "${" in text or "#{" in text


def translate(text: str) -> str:
    """FEEL with the same meaning, or ``NotCertain``."""
    whole = _WHOLE.fullmatch(text)
    if whole is None or len(text) > MAX_LENGTH or is_juel(whole[1]):
        raise NotCertain(text)
    return _Translator(whole[1]).whole()


class _Translator:
    """Reads the tokens once, from the weakest operator to the strongest."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> str:
        found = self._choice()
        if self._peek():
            raise NotCertain(self._peek())
        return found

    def _choice(self) -> str:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NotCertain("nested too deeply")
        condition = self._either()
        if self._take("?"):
            first = self._choice()
            self._need(":")
            condition = f"if {condition} then {first} else {self._choice()}"
        self._depth -= 1
        return condition

    def _either(self) -> str:
        return self._chain(self._both, {"||": "or", "or": "or"})

    def _both(self) -> str:
        return self._chain(self._comparison, {"&&": "and", "and": "and"})

    def _comparison(self) -> str:
        left = self._sum()
        operator = _COMPARISONS.get(self._peek())
        if operator is None:
            return left
        self._at += 1
        return f"{left} {operator} {self._sum()}"

    def _sum(self) -> str:
        return self._chain(self._product, {"+": "+", "-": "-"})

    def _product(self) -> str:
        return self._chain(self._unary, {"*": "*", "/": "/", "div": "/"})

    def _unary(self) -> str:
        if self._take("!") or self._take("not"):
            return f"not({self._unary()})"
        if self._take("empty"):
            value = self._unary()
            return f'({value} = null or {value} = "" or {value} = [])'
        if self._take("-"):
            return f"-{self._unary()}"
        return self._value()

    def _value(self) -> str:
        word = self._next()
        if word == "(":
            inner = self._choice()
            self._need(")")
            return f"({inner})"
        if word[0] in "'\"":
            return _string(word)
        if word[0].isdigit() or word in ("true", "false", "null"):
            return word
        if word in ("execution", "variables") and self._peek() == ".":
            return self._variable()
        return self._path(word)

    def _path(self, name: str) -> str:
        if not name.isidentifier() or name in _UNCERTAIN:
            raise NotCertain(name)
        path = _RENAMED.get(name, name)
        while self._take("."):
            step = self._next()
            if not step.isidentifier():
                raise NotCertain(step)
            path += f".{step}"
        if self._peek() in ("(", "["):
            raise NotCertain(f"a call of {path}")
        return path

    def _variable(self) -> str:
        """``execution.getVariable("x")`` is ``x``."""
        self._need(".")
        if self._next() != "getVariable":
            raise NotCertain("a method of the execution")
        self._need("(")
        name = self._next()[1:-1]
        self._need(")")
        if not name.isidentifier() or name in _UNCERTAIN:
            raise NotCertain(name)
        return name

    def _chain(self, part: Callable[[], str], operators: dict[str, str]) -> str:
        found = part()
        while self._peek() in operators:
            found += f" {operators[self._next()]} {part()}"
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise NotCertain("it ends too early")
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise NotCertain(f"{token} is missing")


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotCertain(text[at : at + 20])
        found.append(match.group().strip())
        at = match.end()
    return found


def _string(token: str) -> str:
    """FEEL knows double quotes only."""
    inner = token[1:-1]
    if "\\" in inner:
        raise NotCertain(token)
    escaped = inner.replace('"', '\\"')
    return f'"{escaped}"'
