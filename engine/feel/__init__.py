"""FEEL (DMN 1.5 chapter 10): the expression language of diagrams and decisions.

A text is compiled once, to closures that reach nothing but the values they are given, and spend
from an allowance while they run. From the bottom up:

    errors, limits                what is refused, and what stops an evaluation
    numbers, durations, calendar, ranges, values, moments
                                  the values that Python lacks, and their texts
    types, type_texts, functions  types, coercion, and how functions are called
    operators, arithmetic, intervals, paths, texts, data
                                  what is done with values
    lexer, nodes, loops           names and tokens; the closures
    reader, operands, constructs, parser
                                  the grammar, in parts that build on each other
    characters, patterns, matching
                                  regular expressions that cannot take for ever
    signatures, builtins          the functions of the standard
    working_time                  functions of our own, by the calendars of a bundle
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import engine.feel.builtins  # noqa: F401 - registers the functions that are built in
from engine.feel.calendar import Date, DateTime, Time
from engine.feel.data import read, require_bounds, to_data
from engine.feel.durations import DaysDuration, MonthsDuration
from engine.feel.errors import FeelError, FeelLimitExceeded, FeelValueError
from engine.feel.functions import call, call_named, register
from engine.feel.limits import metered
from engine.feel.moments import parse as parse_moment
from engine.feel.nodes import GIVEN, Node, Scope
from engine.feel.parser import Parser
from engine.feel.ranges import Range
from engine.feel.type_texts import parse_type
from engine.feel.types import Function, Parameter, Type, coerce, conforms
from engine.feel.working_time import calendars_named, functions_in_scope, with_calendars

__all__ = [
    "Date",
    "DateTime",
    "DaysDuration",
    "Expression",
    "FeelError",
    "FeelLimitExceeded",
    "FeelValueError",
    "Function",
    "MonthsDuration",
    "Parameter",
    "Range",
    "Time",
    "Type",
    "UnaryTests",
    "calendars_named",
    "call",
    "call_named",
    "coerce",
    "compile_expression",
    "compile_unary_tests",
    "conforms",
    "parse_moment",
    "parse_type",
    "register",
    "to_data",
    "with_calendars",
]

_NO_TYPES: Mapping[str, Type] = MappingProxyType({})


@dataclass(frozen=True)
class Expression:
    text: str
    names: frozenset[str]  # of the variables that it reads
    _node: Node = field(repr=False, compare=False)
    _repeats: bool = field(repr=False, compare=False)
    # Of the bundle that the text was compiled for, as they are bound to its calendars.
    _functions: Mapping[str, Function] = field(repr=False, compare=False)

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """Return the value; what does not exist or cannot be calculated is ``None``.

        Raises ``FeelLimitExceeded`` when it takes too much. ``to_data`` makes the value JSON data.
        """
        scope = Scope(context, self._functions)
        if not self._repeats:
            return self._node(scope)
        with metered():
            value = self._node(scope)
            require_bounds(value)
            return value


@dataclass(frozen=True)
class UnaryTests:
    text: str
    names: frozenset[str]  # of the variables that they read, besides ``?``
    _node: Node = field(repr=False, compare=False)
    _repeats: bool = field(repr=False, compare=False)
    # Of the bundle that the text was compiled for, as they are bound to its calendars.
    _functions: Mapping[str, Function] = field(repr=False, compare=False)

    def matches(self, value: Any, context: Mapping[str, Any]) -> bool:
        """Tell whether ``value`` passes; a comparison that gives null does not.

        Raises ``FeelLimitExceeded`` when it takes too much.
        """
        scope = Scope(context, {**self._functions, GIVEN: read(value)})
        if not self._repeats:
            return self._node(scope) is True
        with metered():
            return self._node(scope) is True


def compile_expression(
    text: str, *, names: Iterable[str] = (), types: Mapping[str, Type] = _NO_TYPES
) -> Expression:
    """Compile an expression, or raise ``FeelError`` with the place of what is not accepted.

    ``names`` are those in scope, which may hold spaces or operators; ``types`` those with names.
    """
    functions = functions_in_scope()
    parser = Parser(text, names, types, functions)
    node = parser.whole_expression()
    return Expression(text, frozenset(parser.names), node, parser.repeats, functions)


def compile_unary_tests(
    text: str, *, names: Iterable[str] = (), types: Mapping[str, Type] = _NO_TYPES
) -> UnaryTests:
    """Compile an input cell (DMN 1.5 §10.3.1.2, unary tests), or raise ``FeelError``."""
    functions = functions_in_scope()
    parser = Parser(text, names, types, functions)
    node = parser.whole_unary_tests()
    return UnaryTests(text, frozenset(parser.names), node, parser.repeats, functions)
