"""How functions are called, by position or by name, and which ones are known everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.feel.lexer import Names
from engine.feel.limits import enter_call, fits, leave_call, spend
from engine.feel.types import Function, coerce
from engine.feel.values import Value

_CALL_STEPS = 20  # a call takes about as long as twenty of the simplest operations

NAMES = Names()  # of the functions below, as a text may hold them

_registered: dict[str, Function] = {}


def register(name: str, function: Function) -> None:
    """Make a function known to every expression compiled from now on."""
    if name in _registered:
        raise ValueError(f"The function {name} exists already. Choose another name.")
    _registered[name] = function
    NAMES.add(name)


def extend(name: str, signature: Function) -> None:
    """Register a function, or a further signature of one that exists already."""
    if name not in _registered:
        register(name, signature)
        return
    first = _registered[name]
    _registered[name] = replace(first, others=(*first.others, signature))


def find(name: str) -> Function | None:
    return _registered.get(name)


def call(function: Value, arguments: Sequence[Value]) -> Value:
    """Call by position; null unless some signature takes these arguments."""
    if not isinstance(function, Function):
        return None
    for signature in (function, *function.others):
        given = _positional(signature, arguments)
        if given is not None:
            return _run(signature, given)
    return None


def call_named(function: Value, arguments: Mapping[str, Value]) -> Value:
    """Call by name; null unless some signature knows all of these names."""
    if not isinstance(function, Function):
        return None
    for signature in (function, *function.others):
        given = _named(signature, arguments)
        if given is not None:
            return _run(signature, given)
    return None


def _positional(signature: Function, arguments: Sequence[Value]) -> list[Value] | None:
    parameters, given = signature.parameters, list(arguments)
    if signature.is_variadic:
        last = len(parameters) - 1
        given = [*given[:last], given[last:]] if len(given) > last else given
    least = len(parameters) if signature.required is None else signature.required
    if not least <= len(given) <= len(parameters):
        return None
    return _coerced(signature, [*given, *[None] * (len(parameters) - len(given))])


def _named(signature: Function, arguments: Mapping[str, Value]) -> list[Value] | None:
    names = [parameter.name for parameter in signature.parameters]
    if not set(arguments) <= set(names):
        return None
    return _coerced(signature, [arguments.get(name) for name in names])


def _coerced(signature: Function, arguments: Sequence[Value]) -> list[Value] | None:
    """Convert each to its parameter's type, or ``None`` when one cannot be."""
    coerced = []
    for parameter, argument in zip(signature.parameters, arguments, strict=True):
        value = coerce(argument, parameter.type)
        if value is None and argument is not None:
            return None
        coerced.append(value)
    return coerced


def _run(signature: Function, arguments: Sequence[Value]) -> Value:
    fits(sum(len(argument) for argument in arguments if type(argument) is str))
    spend(_CALL_STEPS)
    enter_call()
    try:
        return coerce(signature.body(arguments), signature.result)
    finally:
        leave_call()
