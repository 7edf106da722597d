"""The decision requirements graph (DMN 1.5 §6): what each element gives to those that need it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from engine.dmn.decisions import Decision, Run
from engine.dmn.inputs import given
from engine.dmn.item_types import ANYTHING, ItemType
from engine.dmn.logic import FunctionLogic, Trace
from engine.dmn.tables import Table
from engine.feel import Function, Parameter
from engine.feel.types import Type
from engine.feel.values import Value


class Node(Protocol):
    """What can be required: it gives a value to those who do."""

    @property
    def item(self) -> ItemType:
        """The type of what it gives."""

    @property
    def reads(self) -> frozenset[str]:
        """The process variables that it reads."""

    def value(self, run: Run, trace: Trace) -> Value: ...


@dataclass(frozen=True, eq=False)
class InputData:
    name: str
    item: ItemType

    @property
    def reads(self) -> frozenset[str]:
        return frozenset({self.name})

    def value(self, run: Run, _: Trace) -> Value:
        return given(run.data.get(self.name), self.item.type)


@dataclass(frozen=True, eq=False)
class Made:
    """A decision as others require it."""

    decision: Decision
    item: ItemType

    @property
    def reads(self) -> frozenset[str]:
        return self.decision.names

    def value(self, run: Run, _: Trace) -> Value:
        return run.value(self.decision)


@dataclass(frozen=True)
class Requirement:
    prefix: str  # the name of the import that it comes by, if any
    name: str
    node: Node

    @property
    def root(self) -> str:
        """The first name by which expressions reach it."""
        return self.prefix or self.name


@dataclass(frozen=True)
class Requirements:
    all: tuple[Requirement, ...]

    @property
    def roots(self) -> frozenset[str]:
        return frozenset(each.root for each in self.all)

    @property
    def variables(self) -> dict[str, ItemType]:
        """What expressions may name, imported things below the name of their import."""
        found: dict[str, ItemType] = {}
        for each in self.all:
            if each.prefix:
                found[each.prefix] = _with_name(found.get(each.prefix, ANYTHING), each.name)
            else:
                found[each.name] = each.node.item
        return found

    def reads(self, names: frozenset[str]) -> frozenset[str]:
        """The process variables behind ``names``, and those that required decisions read."""
        behind = [
            each.node.reads
            for each in self.all
            if each.root in names or not isinstance(each.node, InputData)
        ]
        return frozenset[str]().union(*behind)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables in the knowledge models that are required."""
        models = [each.node for each in self.all if isinstance(each.node, Knowledge)]
        return tuple(dict.fromkeys(table for model in models for table in model.tables))

    def context(self, run: Run, trace: Trace) -> dict[str, Value]:
        context: dict[str, Value] = {}
        for each in self.all:
            holder = context.setdefault(each.prefix, {}) if each.prefix else context
            holder[each.name] = each.node.value(run.within(each.prefix), trace)
        return context


def _with_name(item: ItemType, name: str) -> ItemType:
    return replace(item, names=item.names | {name})


@dataclass(frozen=True, eq=False)
class Knowledge:
    """A business knowledge model: a function."""

    function: FunctionLogic
    requirements: Requirements
    result: Type
    reads: frozenset[str]
    tables: tuple[Table, ...]  # those in it and in what it requires

    @property
    def item(self) -> ItemType:
        return ANYTHING

    def value(self, run: Run, trace: Trace) -> Value:
        key = (self, run)
        if key not in trace.functions:
            context = self.requirements.context(run, trace)
            trace.functions[key] = self.function.bind(context, trace, self.result)
        return trace.functions[key]


@dataclass(frozen=True, eq=False)
class Service:
    """A decision service (§6.3): decisions asked for together, on what they are given."""

    inputs: tuple[Requirement, ...]  # of input data
    known: tuple[Requirement, ...]  # decisions that are given, not made
    outputs: tuple[Decision, ...]
    result: Type

    @property
    def item(self) -> ItemType:
        return ANYTHING

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(Parameter(r.name, r.node.item.type) for r in (*self.inputs, *self.known))

    @property
    def reads(self) -> frozenset[str]:
        """What its decisions read of the process besides its parameters."""
        names = frozenset[str]().union(*(each.names for each in self.outputs))
        return names - {parameter.name for parameter in self.parameters}

    def value(self, run: Run, trace: Trace) -> Value:
        def body(arguments: Sequence[Value]) -> Value:
            inner = self.decide(run, arguments)
            for verdict in inner.made:
                trace.matched_rules.update(verdict.trace.matched_rules)
            return self.combined(inner)

        return Function(self.parameters, body, self.result)

    def decide(self, run: Run, arguments: Sequence[Value]) -> Run:
        """Make the output decisions in a run of their own, so that nothing of it leaks."""
        count = len(self.inputs)
        data = {r.name: value for r, value in zip(self.inputs, arguments[:count], strict=True)}
        known = {
            r.node.decision: value
            for r, value in zip(self.known, arguments[count:], strict=True)
            if isinstance(r.node, Made)
        }
        inner = Run({**run.data, **data}, known)
        for decision in self.outputs:
            inner.value(decision)
        return inner

    def combined(self, run: Run) -> Value:
        """One output decision gives its value, several give a context."""
        values = {decision.variable: run.value(decision) for decision in self.outputs}
        return next(iter(values.values())) if len(values) == 1 else values
