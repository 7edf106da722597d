"""Decision logic, compiled: what reads a context, gives a value, and leaves a trace."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from engine.dmn.errors import DmnError
from engine.dmn.item_types import ANYTHING, ItemType
from engine.feel import (
    Expression,
    Function,
    Parameter,
    UnaryTests,
    compile_expression,
    types,
)
from engine.feel.types import ANY, Type
from engine.feel.values import Value

Context: TypeAlias = Mapping[str, Any]


@dataclass
class Trace:
    """What an auditor wants to know of one evaluation: which rules matched, and on what."""

    matched_rules: dict[str, None] = field(default_factory=dict)  # their ids, in order, once each
    inputs: dict[str, Value] = field(default_factory=dict)  # what tables looked at, by label
    functions: dict[object, Function] = field(default_factory=dict)  # those that write to it


@dataclass(frozen=True)
class Logic:
    names: frozenset[str]  # the variables that it reads
    evaluate: Callable[[Context, Trace], Value] = field(repr=False)

    def typed(self, item: ItemType) -> "Logic":
        """The same, with its value coerced; what does not conform is null (§10.3.2.9.4)."""
        if item is ANYTHING:
            return self
        evaluate = self.evaluate
        return replace(
            self,
            evaluate=lambda context, trace: types.coerce(evaluate(context, trace), item.type),
        )


NOTHING = Logic(frozenset(), lambda _context, _trace: None)  # what is not written down gives null


def failing(refusal: DmnError) -> Logic:
    """What stands for an expression that cannot be compiled: an error once it is evaluated."""

    def evaluate(_context: Context, _trace: Trace) -> Value:
        # Without the frames of earlier evaluations, which it would collect.
        raise refusal.with_traceback(None)

    return Logic(frozenset(), evaluate)


def extended(context: Context, *names: Context) -> Context:
    """Put names before those of a context, without a copy of what may be large."""
    return ChainMap(*cast("list[MutableMapping[str, Any]]", [*names, context]))


@dataclass(frozen=True)
class FunctionLogic:
    """A function before it is made: ``bind`` gives it the variables around it."""

    parameters: tuple[Parameter, ...]
    body: Logic
    name: str = ""  # by which it may call itself, if any

    @property
    def names(self) -> frozenset[str]:
        return self.body.names - {self.name, *(parameter.name for parameter in self.parameters)}

    def bind(self, context: Context, trace: Trace, result: Type = ANY) -> Function:
        names = [parameter.name for parameter in self.parameters]

        def body(arguments: Sequence[Value]) -> Value:
            given = {self.name: function, **dict(zip(names, arguments, strict=True))}
            return self.body.evaluate(extended(context, given), trace)

        function = Function(self.parameters, body, result)
        return function


_EQUALITY = compile_expression("a = b", names=["a", "b"])


def is_same(one: Value, other: Value) -> bool:
    """Compare as FEEL does, so that true is not 1, and parts are compared one by one."""
    return _EQUALITY.evaluate({"a": one, "b": other}) is True


def names_of(parts: Iterable[Logic | Expression | UnaryTests]) -> frozenset[str]:
    return frozenset(name for part in parts for name in part.names)
