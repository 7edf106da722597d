"""FEEL (DMN 1.5 §10.3), the part of it that conditions and decision tables need.

A text is compiled once, to closures that reach nothing but the values they are given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.feel.nodes import Node
from engine.feel.parser import Parser
from engine.feel.tokens import FeelError
from engine.feel.values import read

__all__ = ["Expression", "FeelError", "UnaryTests", "compile_expression", "compile_unary_tests"]


@dataclass(frozen=True)
class Expression:
    text: str
    names: frozenset[str]  # of the variables that it reads
    _node: Node = field(repr=False, compare=False)

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """Return the value, a number as ``int`` or ``Decimal``; what does not exist is ``None``."""
        return self._node(context, None)


@dataclass(frozen=True)
class UnaryTests:
    text: str
    names: frozenset[str]  # of the variables that they read, besides ``?``
    _node: Node = field(repr=False, compare=False)

    def matches(self, value: Any, context: Mapping[str, Any]) -> bool:
        """Tell whether ``value`` passes; a comparison that gives null does not."""
        return self._node(context, read(value)) is True


def compile_expression(text: str) -> Expression:
    """Compile an expression, or raise ``FeelError`` with the place of what is not accepted."""
    parser = Parser(text)
    node = parser.whole_expression()
    return Expression(text, frozenset(parser.names), node)


def compile_unary_tests(text: str) -> UnaryTests:
    """Compile an input cell (DMN 1.5 §10.3.1.2, unary tests), or raise ``FeelError``."""
    parser = Parser(text)
    node = parser.whole_unary_tests()
    return UnaryTests(text, frozenset(parser.names), node)
