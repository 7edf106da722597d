"""Make a Python function known to FEEL by signatures such as ``sum(list: list<number>)``."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.feel import functions
from engine.feel.type_texts import TypeReader
from engine.feel.types import Function, Kind, Parameter, list_of
from engine.feel.values import Value

_Body = TypeVar("_Body", bound=Callable[..., Value])

_PARAMETER = re.compile(r"([\w ]+)(\?|\.\.\.|): ")


def builtin(*signatures: str) -> Callable[[_Body], _Body]:
    """Register the decorated function under each of its signatures.

    ``?`` marks a parameter that may be left out, and ``...`` one that takes all further arguments
    as a list. Null for any other parameter gives null, unless it is of type Any.
    """

    def register(body: _Body) -> _Body:
        for signature in signatures:
            name = signature.partition("(")[0]
            functions.extend(name, function(signature, body))
        return body

    return register


def function(signature: str, body: Callable[..., Value]) -> Function:
    """The function that a signature describes, known nowhere yet."""
    parameters, marks, offset = [], [], signature.index("(") + 1
    while match := _PARAMETER.match(signature, offset):
        reader = TypeReader(signature, match.end(), {})
        kind = reader.read()
        marks.append(match[2])
        kind = list_of(kind) if match[2] == "..." else kind
        parameters.append(Parameter(match[1].strip(), kind))
        offset = reader.offset + 1
    needed = [
        index
        for index, (parameter, mark) in enumerate(zip(parameters, marks, strict=True))
        if mark != "?" and parameter.type.kind is not Kind.ANY
    ]
    return Function(
        tuple(parameters),
        _guarded(body, needed),
        required=len(marks) - marks.count("?"),
        is_variadic="..." in marks,
    )


def _guarded(
    body: Callable[..., Value], needed: Sequence[int]
) -> Callable[[Sequence[Value]], Value]:
    def run(arguments: Sequence[Value]) -> Value:
        if any(arguments[index] is None for index in needed):
            return None
        return body(*arguments)

    return run
