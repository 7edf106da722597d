"""The types of FEEL, what conforms to them and what is coerced to them (DMN 1.5 §10.3.2.9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from engine.feel.calendar import UTC_MIDNIGHT, Date, DateTime, Time
from engine.feel.durations import DaysDuration, MonthsDuration
from engine.feel.limits import spend
from engine.feel.ranges import Range
from engine.feel.values import Value


class Kind(StrEnum):
    ANY = "Any"
    NULL = "Null"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "date and time"
    DAYS_DURATION = "days and time duration"
    MONTHS_DURATION = "years and months duration"
    LIST = "list"
    CONTEXT = "context"
    RANGE = "range"
    FUNCTION = "function"


@dataclass(frozen=True)
class Type:
    """A type; ``list_of``, ``context_of``, ``range_of`` and ``function_of`` make those of parts."""

    kind: Kind
    element: "Type | None" = None  # of a list or a range; ``None`` is any
    fields: tuple[tuple[str, "Type"], ...] = ()  # of a context
    parameters: tuple["Type", ...] | None = None  # of a function; ``None`` is any number
    result: "Type | None" = None  # of a function
    # What an item definition allows besides; a value of the kind passes when it gives true.
    allows: Callable[[Value], bool] | None = field(default=None, compare=False)
    # Where a type holds itself: looked up with a value at hand, whose depth ends the recursion.
    deferred: "Callable[[], Type] | None" = None

    @property
    def actual(self) -> "Type":
        return self.deferred().actual if self.deferred else self


ANY = Type(Kind.ANY)
NULL = Type(Kind.NULL)
NUMBER = Type(Kind.NUMBER)
STRING = Type(Kind.STRING)
BOOLEAN = Type(Kind.BOOLEAN)
DATE = Type(Kind.DATE)
TIME = Type(Kind.TIME)
DATE_TIME = Type(Kind.DATE_TIME)
DAYS_DURATION = Type(Kind.DAYS_DURATION)
MONTHS_DURATION = Type(Kind.MONTHS_DURATION)
LIST = Type(Kind.LIST)
CONTEXT = Type(Kind.CONTEXT)
RANGE = Type(Kind.RANGE)
FUNCTION = Type(Kind.FUNCTION)


def list_of(element: Type) -> Type:
    return Type(Kind.LIST, element=element)


def range_of(element: Type) -> Type:
    return Type(Kind.RANGE, element=element)


def context_of(**fields: Type) -> Type:
    return Type(Kind.CONTEXT, fields=tuple(fields.items()))


def function_of(*parameters: Type, result: Type) -> Type:
    return Type(Kind.FUNCTION, parameters=parameters, result=result)


@dataclass(frozen=True)
class Parameter:
    name: str
    type: Type = ANY


@dataclass(frozen=True, eq=False)
class Function:
    """A function as a value; ``engine.feel.functions`` calls it.

    The body gets as many arguments as there are parameters, each coerced to its type.
    """

    parameters: tuple[Parameter, ...]
    body: Callable[[Sequence[Value]], Value] = field(repr=False)
    result: Type = ANY
    required: int | None = None  # how many arguments must be given; ``None`` is all of them
    is_variadic: bool = False  # the last parameter then takes any number of arguments
    # Further signatures of the same function, tried in turn.
    others: tuple["Function", ...] = ()


_KINDS: dict[type, Kind] = {
    type(None): Kind.NULL,
    bool: Kind.BOOLEAN,
    int: Kind.NUMBER,
    Decimal: Kind.NUMBER,
    str: Kind.STRING,
    Date: Kind.DATE,
    Time: Kind.TIME,
    DateTime: Kind.DATE_TIME,
    DaysDuration: Kind.DAYS_DURATION,
    MonthsDuration: Kind.MONTHS_DURATION,
    list: Kind.LIST,
    dict: Kind.CONTEXT,
    Range: Kind.RANGE,
    Function: Kind.FUNCTION,
}


def kind_of(value: Value) -> Kind | None:
    """The kind of a value, or ``None`` of something foreign that FEEL only passes on."""
    return _KINDS.get(type(value))


def unconstrained(of: Type) -> Type:
    """The type without what item definitions allow, as ``instance of`` does not ask for that."""
    return replace(
        of,
        allows=None,
        element=unconstrained(of.element) if of.element else None,
        fields=tuple((name, unconstrained(each)) for name, each in of.fields),
    )


def conforms(value: Value, to: Type) -> bool:
    """Tell whether a value is of a type; null is of every type."""
    return value is None or is_instance(value, to)


def is_instance(value: Value, of: Type) -> bool:
    """Tell whether a value is of a type as ``instance of`` does; null is then of ``Null`` only."""
    spend(1)
    return _has_shape(value, of) and (of.allows is None or of.allows(value))


def _has_shape(value: Value, of: Type) -> bool:
    if of.deferred:
        return is_instance(value, of.deferred())
    if of.kind is Kind.ANY:
        return value is not None
    return kind_of(value) is of.kind and _PARTS.get(of.kind, _no_parts)(value, of)


def coerce(value: Value, to: Type) -> Value:
    """Convert a value to a type by the implicit conversions of §10.3.2.9.4; else it is null."""
    if conforms(value, to):
        return value
    kind = to.actual.kind
    if kind is Kind.LIST:
        return [value] if conforms([value], to) else None
    if isinstance(value, list) and len(value) == 1 and conforms(value[0], to):
        return value[0]
    if kind is Kind.DATE_TIME and isinstance(value, Date):
        return DateTime(value, UTC_MIDNIGHT)
    return None


def _no_parts(_value: Value, _of: Type) -> bool:
    return True


def _list_conforms(value: list[Value], of: Type) -> bool:
    element = of.element
    return element is None or all(conforms(each, element) for each in value)


def _range_conforms(value: Range, of: Type) -> bool:
    element = of.element
    return element is None or all(conforms(each, element) for each in (value.start, value.end))


def _context_conforms(value: dict[str, Value], of: Type) -> bool:
    return all(name in value and conforms(value[name], kind) for name, kind in of.fields)


def _function_conforms(value: Function, of: Type) -> bool:
    if of.parameters is None:
        return True
    if len(of.parameters) != len(value.parameters):
        return False
    pairs = zip(of.parameters, value.parameters, strict=True)
    takes = all(type_conforms(given, parameter.type) for given, parameter in pairs)
    return takes and type_conforms(value.result, of.result or ANY)


_PARTS: dict[Kind, Callable[[Any, Type], bool]] = {
    Kind.LIST: _list_conforms,
    Kind.RANGE: _range_conforms,
    Kind.CONTEXT: _context_conforms,
    Kind.FUNCTION: _function_conforms,
}


def type_conforms(one: Type, to: Type) -> bool:
    """Tell whether every value of one type is of another (§10.3.2.9.2)."""
    if to.kind is Kind.ANY or one.kind is Kind.NULL:
        return True
    if one.kind is not to.kind:
        return False
    if to.kind is Kind.CONTEXT:
        have = dict(one.fields)
        return all(name in have and type_conforms(have[name], kind) for name, kind in to.fields)
    if to.kind is Kind.FUNCTION:
        return _function_type_conforms(one, to)
    return type_conforms(one.element or ANY, to.element or ANY)


def _function_type_conforms(one: Type, to: Type) -> bool:
    if one.parameters is None or to.parameters is None:
        return to.parameters is None
    if len(one.parameters) != len(to.parameters):
        return False
    pairs = zip(to.parameters, one.parameters, strict=True)
    takes = all(type_conforms(given, parameter) for given, parameter in pairs)
    return takes and type_conforms(one.result or ANY, to.result or ANY)
