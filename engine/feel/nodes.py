"""The closures that compiled FEEL consists of; each takes the context and the value of ``?``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from engine.feel.values import Operation, Truth, Value, both, invert, negate, read

Context: TypeAlias = Mapping[str, Any]
Node: TypeAlias = Callable[[Context, Value], Value]


def constant(value: Value) -> Node:
    return lambda _context, _given: value


def given_value(_context: Context, given: Value) -> Value:
    return given


def variable(name: str) -> Node:
    return lambda context, _given: read(context.get(name))


def member(node: Node, path: Sequence[str]) -> Node:
    def evaluate(context: Context, given: Value) -> Value:
        value = node(context, given)
        for key in path:
            # ``dict`` first, because asking an abstract class is slow.
            if not isinstance(value, (dict, Mapping)):
                return None
            value = value.get(key)
        return read(value)

    return evaluate


def minus(node: Node) -> Node:
    return lambda context, given: negate(node(context, given))


def inverse(node: Node) -> Node:
    return lambda context, given: invert(node(context, given))


def choice(condition: Node, then: Node, otherwise: Node) -> Node:
    def evaluate(context: Context, given: Value) -> Value:
        chosen = then if condition(context, given) is True else otherwise
        return chosen(context, given)

    return evaluate


def chain(first: Node, steps: Sequence[tuple[Operation, Node]]) -> Node:
    """Apply operators of one rank from left to right, without a call stack as long as the chain."""

    def evaluate(context: Context, given: Value) -> Value:
        value = first(context, given)
        for operate, node in steps:
            value = operate(value, node(context, given))
        return value

    return evaluate


def operation(operate: Operation, left: Node, right: Node) -> Node:
    return lambda context, given: operate(left(context, given), right(context, given))


def all_of(terms: Sequence[Node]) -> Node:
    def evaluate(context: Context, given: Value) -> Truth:
        result: Truth = True
        for term in terms:
            value = term(context, given)
            if value is False:
                return False
            if value is not True:
                result = None
        return result

    return evaluate


def any_of(terms: Sequence[Node]) -> Node:
    def evaluate(context: Context, given: Value) -> Truth:
        result: Truth = False
        for term in terms:
            value = term(context, given)
            if value is True:
                return True
            if value is not False:
                result = None
        return result

    return evaluate


def tested(node: Node, test: Node) -> Node:
    """Evaluate ``test`` with the value of ``node`` as its ``?``."""
    return lambda context, given: test(context, node(context, given))


def comparison(operate: Operation, node: Node) -> Node:
    return lambda context, given: operate(given, node(context, given))


def within(above: Operation, low: Node, below: Operation, high: Node) -> Node:
    def evaluate(context: Context, given: Value) -> Truth:
        return both(above(given, low(context, given)), below(given, high(context, given)))

    return evaluate
