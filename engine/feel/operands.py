"""The grammar of literals and names, and of what stands behind a value."""

from collections.abc import Callable
from typing import ClassVar

from engine.feel import functions, loops, moments, nodes, numbers
from engine.feel.lexer import Kind, Token, read_string
from engine.feel.limits import MAX_DIGITS
from engine.feel.nodes import Node, Step
from engine.feel.reader import Reader
from engine.feel.type_texts import TypeReader
from engine.feel.types import Type, unconstrained

_LITERALS = {"true": True, "false": False, "null": None}

Rule = Callable[..., Node]


class Operands(Reader):
    # By what they begin with: operands that extend to the right as far as they can, and others.
    _PREFIXES: ClassVar[dict[str, Rule]] = {}
    _PRIMARIES: ClassVar[dict[str, Rule]] = {}

    def _operand(self) -> Node:
        self._size += 1
        key = _key(self._next)
        if prefix := self._PREFIXES.get(key):
            return prefix(self)
        primary = self._PRIMARIES.get(key)
        if primary is None:
            raise self._refused("a value")
        return self._followed(primary(self))

    # Literals and names

    def number(self) -> Node:
        number = numbers.parse(self._next.text)
        if number is None:
            raise self._refused(f"a number of at most {MAX_DIGITS} digits")
        self._advance()
        return nodes.constant(number)

    def string(self) -> Node:
        return nodes.constant(self._string_value())

    def _string_value(self) -> str:
        string = read_string(self._next.text)
        if string is None:
            raise self._refused("whole characters in a string")
        self._advance()
        return string

    def at_literal(self) -> Node:
        self._advance()
        token = self._next
        value = moments.parse(self._string_value()) if token.kind is Kind.STRING else None
        if value is None:
            raise self._refused("a date, time or duration in quotes", at=token)
        return nodes.constant(value)

    def literal(self) -> Node:
        return nodes.constant(_LITERALS[self._advance().text])

    def given(self) -> Node:
        if self._reads_given is None:
            raise self._refused("a value")
        self._advance()
        self._reads_given = True
        return nodes.given

    def name(self) -> Node:
        token = self._advance()
        name = token.text
        is_declared, is_uncertain = self._lookup(name)
        self._reads_partial |= name == "partial"
        if is_declared:
            return nodes.local(name)
        self._note_variable(token, is_uncertain=is_uncertain)
        return nodes.local(name) if is_uncertain else self._variable(name)

    def _note_variable(self, token: Token, *, is_uncertain: bool) -> None:
        """Add a name to those that are read from the context, unless it is something else."""
        name, function = token.text, functions.find(token.text)
        if name not in self._known and (function or is_uncertain):
            return
        if self._next.text == "(" and name not in self._known:
            raise self._refused("a known function", found=f"{name}(", at=token)
        self.names.add(name)

    def _variable(self, name: str) -> Node:
        keys = []
        while self._take("."):
            keys.append(self._member_name())
        return nodes.path(name, keys) if keys else nodes.variable(name)

    def _member_name(self) -> str:
        if self._next.kind is not Kind.NAME:
            raise self._refused("a name")
        return self._advance().text

    # What stands behind a value

    def _followed(self, node: Node) -> Node:
        steps = []
        while step := self._step():
            steps.append(step)
        return nodes.followed(node, steps) if steps else node

    def _step(self) -> Step | None:
        text = self._next.text
        if text == ".":
            self._advance()
            return nodes.member_step(self._member_name())
        if text == "[" and self._opens_filter():
            return self._filter()
        if text == "(":
            return self._call()
        return self._instance() if text == "instance" else None

    def _opens_filter(self) -> bool:
        if not self._ends_range:
            return True
        key = _key(self._lexer.after_next())
        return key in self._PRIMARIES or key in self._PREFIXES

    def _filter(self) -> Step:
        self.repeats = True
        self._advance()
        self._frames += [{"item"}, None]
        condition, size = self._sized(lambda: self._enclosed(self._expression, "]"))
        self._frames = self._frames[:-2]
        return loops.filter_step(condition, size)

    def _instance(self) -> Step:
        self.repeats = True
        self._advance()
        self._require("of")
        return nodes.instance_step(unconstrained(self._type()))

    def _type(self) -> Type:
        """Read a type, which starts right behind the next token."""
        reader = TypeReader(self._text, self._next.end, self._types)
        found = reader.read()
        self._lexer.move(reader.offset)
        return found

    def _call(self) -> Step:
        self.repeats = True
        self._advance()
        return self._enclosed(self._arguments)

    def _arguments(self) -> Step:
        if self._take(")"):
            return nodes.call_step([])
        if name := self._lexer.take_name(":"):
            return self._named_arguments(name)
        arguments = [self._expression()]
        while self._take(","):
            arguments.append(self._expression())
        self._expect(")")
        return nodes.call_step(arguments)

    def _named_arguments(self, name: str) -> Step:
        arguments: dict[str, Node] = {}
        while True:
            if name in arguments:
                raise self._refused("each argument once", found=name)
            self._expect(":")
            arguments[name] = self._expression()
            if not self._take(","):
                break
            name = self._required_name(":")
        self._expect(")")
        return nodes.named_call_step(arguments)


def _key(token: Token) -> str:
    return token.text if token.kind is Kind.SYMBOL else token.kind
