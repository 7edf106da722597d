"""The closures that compiled FEEL consists of; each takes the scope that it is evaluated in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from engine.feel import functions, intervals
from engine.feel.arithmetic import negate
from engine.feel.data import read
from engine.feel.limits import spend
from engine.feel.operators import at_least, at_most, both, equal, invert, less
from engine.feel.paths import member
from engine.feel.ranges import Range
from engine.feel.types import Function, Parameter, Type, is_instance
from engine.feel.values import Operation, Truth, Value

GIVEN = "?"  # the name of the value that a unary test is about


class Scope:
    """The variables that an expression sees: its own, those around it, then the context."""

    __slots__ = ("context", "memo", "names", "outer")

    def __init__(
        self,
        context: Mapping[str, Any],
        names: Mapping[str, Value],
        outer: "Scope | None" = None,
    ) -> None:
        self.context = context
        self.names = names
        self.outer = outer
        # What was read from the context, as reading lists and contexts copies them.
        self.memo: dict[tuple[str, ...], Value] = {} if outer is None else outer.memo

    def inner(self, names: Mapping[str, Value]) -> "Scope":
        return Scope(self.context, names, self)


Node: TypeAlias = Callable[[Scope], Value]
Step: TypeAlias = Callable[[Scope, Value], Value]  # what is done with a value: ``.a``, ``[1]``


def constant(value: Value) -> Node:
    return lambda _scope: value


def variable(name: str) -> Node:
    """Read a name of the context, or else a function that is known everywhere."""
    place = (name,)

    def evaluate(scope: Scope) -> Value:
        value = scope.context.get(name)
        if type(value) is str or type(value) is bool:
            return value
        if value is None:
            return None if name in scope.context else functions.find(name)
        return _remembered(scope, place, value)

    return evaluate


def _remembered(scope: Scope, place: tuple[str, ...], value: object) -> Value:
    if place not in scope.memo:
        scope.memo[place] = read(value)
    return scope.memo[place]


def local(name: str) -> Node:
    """Read a name that may be declared inside the expression."""
    otherwise = variable(name)

    def evaluate(scope: Scope) -> Value:
        frame: Scope | None = scope
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.outer
        return otherwise(scope)

    return evaluate


def path(name: str, keys: Sequence[str]) -> Node:
    """Read a variable's member without reading all of the variable."""
    whole, place = variable(name), (name, *keys)

    def evaluate(scope: Scope) -> Value:
        value = scope.context.get(name)
        for key in keys:
            if type(value) is not dict:
                break
            value = value.get(key)
        else:
            if type(value) is str or type(value) is bool:
                return value
            return _remembered(scope, place, value)
        value = whole(scope)
        for key in keys:
            value = member(value, key)
        return value

    return evaluate


def minus(node: Node) -> Node:
    return lambda scope: negate(node(scope))


def inverse(node: Node) -> Node:
    return lambda scope: invert(node(scope))


def choice(condition: Node, then: Node, otherwise: Node) -> Node:
    """Null takes the way of false; what else is no boolean takes neither."""

    def evaluate(scope: Scope) -> Value:
        verdict = condition(scope)
        if verdict is True:
            return then(scope)
        return otherwise(scope) if verdict is False or verdict is None else None

    return evaluate


def chain(first: Node, steps: Sequence[tuple[Operation, Node]]) -> Node:
    """Apply operators of one rank from left to right, without a call stack as long as the chain."""

    def evaluate(scope: Scope) -> Value:
        value = first(scope)
        for operate, node in steps:
            value = operate(value, node(scope))
        return value

    return evaluate


def operation(operate: Operation, left: Node, right: Node) -> Node:
    return lambda scope: operate(left(scope), right(scope))


def all_of(terms: Sequence[Node]) -> Node:
    def evaluate(scope: Scope) -> Truth:
        result: Truth = True
        for term in terms:
            value = term(scope)
            if value is False:
                return False
            if value is not True:
                result = None
        return result

    return evaluate


def any_of(terms: Sequence[Node]) -> Node:
    def evaluate(scope: Scope) -> Truth:
        result: Truth = False
        for term in terms:
            value = term(scope)
            if value is True:
                return True
            if value is not False:
                result = None
        return result

    return evaluate


def between(node: Node, low: Node, high: Node) -> Node:
    def evaluate(scope: Scope) -> Truth:
        value = node(scope)
        above = at_least(value, low(scope))
        return both(above, at_most(value, high(scope)))

    return evaluate


def span(low: Node, high: Node, *, low_included: bool, high_included: bool) -> Node:
    """A range, which must lie between values that compare; an end may be null."""

    def evaluate(scope: Scope) -> Range | None:
        start, end = low(scope), high(scope)
        if start is not None and end is not None and less(start, end) is None:
            return None
        return Range(start, end, low_included, high_included)

    return evaluate


def open_span(operator: str, node: Node) -> Node:
    return lambda scope: intervals.written(operator, node(scope))


def listed(nodes: Sequence[Node]) -> Node:
    return lambda scope: [node(scope) for node in nodes]


def entries(nodes: Mapping[str, Node]) -> Node:
    """A context, each entry of which sees those before it."""

    def evaluate(scope: Scope) -> dict[str, Value]:
        values: dict[str, Value] = {}
        inside = scope.inner(values)
        for key, node in nodes.items():
            values[key] = node(inside)
        return values

    return evaluate


def followed(first: Node, steps: Sequence[Step]) -> Node:
    """Do what stands behind a value, such as ``.a[1](2)``, from left to right."""

    def evaluate(scope: Scope) -> Value:
        value = first(scope)
        for step in steps:
            value = step(scope, value)
        return value

    return evaluate


def member_step(key: str) -> Step:
    return lambda _scope, value: member(value, key)


def instance_step(kind: Type) -> Step:
    return lambda _scope, value: is_instance(value, kind)


def call_step(arguments: Sequence[Node]) -> Step:
    def call(scope: Scope, function: Value) -> Value:
        return functions.call(function, [argument(scope) for argument in arguments])

    return call


def named_call_step(arguments: Mapping[str, Node]) -> Step:
    def call(scope: Scope, function: Value) -> Value:
        values = {name: argument(scope) for name, argument in arguments.items()}
        return functions.call_named(function, values)

    return call


def function(parameters: Sequence[Parameter], body: Node, steps: int) -> Node:
    """A function that remembers the scope it was written in."""
    names = [parameter.name for parameter in parameters]

    def evaluate(scope: Scope) -> Function:
        def run(arguments: Sequence[Value]) -> Value:
            spend(steps)
            return body(scope.inner(dict(zip(names, arguments, strict=True))))

        return Function(tuple(parameters), run)

    return evaluate


# Unary tests


def given(scope: Scope) -> Value:
    """The value that the innermost test around is about; there is one, or ``?`` is refused."""
    frame: Scope | None = scope
    while frame is not None:
        if GIVEN in frame.names:
            return frame.names[GIVEN]
        frame = frame.outer
    return None


def comparison(operate: Operation, node: Node) -> Node:
    return lambda scope: operate(given(scope), node(scope))


def matching(node: Node) -> Node:
    """Test the given value against another, a range or the items of a list."""

    def evaluate(scope: Scope) -> Truth:
        value = node(scope)
        # By far the most frequent kind, and neither a range nor a list.
        if type(value) is str:
            return equal(given(scope), value)
        return intervals.matches(given(scope), value)

    return evaluate


def condition(node: Node) -> Node:
    """A test that reads ``?`` itself; what gives neither true nor false is compared with it."""

    def evaluate(scope: Scope) -> Truth:
        value = node(scope)
        return value if isinstance(value, bool) else intervals.matches(given(scope), value)

    return evaluate


def tested(node: Node, test: Node) -> Node:
    """Evaluate ``test`` with the value of ``node`` as its ``?``."""
    return lambda scope: test(scope.inner({GIVEN: node(scope)}))
