"""Compiles a checked diagram into SpiffWorkflow's specs: once a deployment, shared, read-only.

The specs are built from the diagram and not by SpiffWorkflow's own parser, so that nothing can run
that the linter has not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.simple import (
    NoneEventDefinition,
    TerminateEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.operators import Operator
from SpiffWorkflow.task import Task

from engine import clock
from engine.bpmn.diagram import Diagram, Flow, Kind, Node
from engine.dmn import Decision
from engine.feel import Expression, compile_expression

DUE_AT = "due_at"


class Context(Protocol):
    """What the elements of one run need from outside the diagram."""

    def evaluate(self, expression: Expression, data: Mapping[str, Any]) -> Any:
        """The expression's value over the process data and the facts of the incident."""

    def decide(self, decision: Decision, task: Task) -> None:
        """Put the decision's outputs into the data of ``task`` and note which rules matched."""

    def operate(self, operation: str, parameters: Mapping[str, Any], task: Task) -> None:
        """Apply an operation of the catalogue to the facts and note what it changed."""


@dataclass(frozen=True)
class Definition:
    """A diagram that can run."""

    diagram: Diagram
    spec: BpmnProcessSpec
    # gateway id -> spec name of the next element -> the flow that leads there
    paths: Mapping[str, Mapping[str, Flow]]


def compile_definition(diagram: Diagram, decisions: Mapping[str, Decision]) -> Definition:
    """Build the specs of a diagram that the linter has passed."""
    spec = BpmnProcessSpec(name=diagram.process_id, description=diagram.name)
    entries = {}
    for node in diagram.nodes.values():
        if node.kind is not Kind.BOUNDARY:
            entries[node.id] = _add(spec, diagram, node, decisions)
    for task_spec in spec.task_specs.values():
        # How far SpiffWorkflow plans behind an open choice; every planned task is written and read.
        task_spec.lookahead = 1
    paths = {node.id: _connect(spec, diagram, node, entries) for node in diagram.nodes.values()}
    return Definition(diagram, spec, paths)


def _add(
    spec: BpmnProcessSpec, diagram: Diagram, node: Node, decisions: Mapping[str, Decision]
) -> BpmnTaskSpec:
    """Add the node's spec; return the spec at which a flow into the node arrives."""
    task_spec = _make(spec, node, decisions)
    boundaries = diagram.boundaries.get(node.id)
    if not boundaries:
        return task_spec
    split = BoundaryEventSplit(spec, f"{node.id}.BoundaryEventSplit")
    join = BoundaryEventJoin(
        spec, f"{node.id}.BoundaryEventJoin", split_task=split.name, cancel=True
    )
    split.connect(task_spec)
    task_spec.connect(join)
    for event in boundaries:
        boundary = defaults.BoundaryEvent(
            spec, event.id, event_definition=Timer(event), cancel_activity=event.interrupts
        )
        split.connect(boundary)
        boundary.connect(join)
    return split


def _make(  # noqa: PLR0911 -- one line a kind of element
    spec: BpmnProcessSpec, node: Node, decisions: Mapping[str, Decision]
) -> BpmnTaskSpec:
    match node.kind:
        case Kind.START:
            start = defaults.StartEvent(spec, node.id, event_definition=NoneEventDefinition())
            spec.start.connect(start)
            return start
        case Kind.END:
            ending = TerminateEventDefinition() if node.is_terminate else NoneEventDefinition()
            end = defaults.EndEvent(spec, node.id, event_definition=ending)
            end.connect(spec.end)
            return end
        case Kind.USER_TASK:
            return defaults.UserTask(spec, node.id)
        case Kind.SERVICE_TASK:
            return OperationTask(spec, node)
        case Kind.DECISION_TASK:
            return DecisionTask(spec, node, decisions[node.decision_id or ""])
        case Kind.EXCLUSIVE:
            return defaults.ExclusiveGateway(spec, node.id)
        case Kind.PARALLEL:
            return defaults.ParallelGateway(spec, node.id)
        case _:
            return defaults.IntermediateCatchEvent(spec, node.id, event_definition=Timer(node))


def _connect(
    spec: BpmnProcessSpec, diagram: Diagram, node: Node, entries: Mapping[str, BpmnTaskSpec]
) -> Mapping[str, Flow]:
    source = spec.task_specs[node.id]
    flows = diagram.outgoing[node.id]
    for flow in flows:
        target = entries[flow.target]
        if flow.condition and flow.id != node.default_flow:
            source.connect_if(Condition(flow.condition), target)
        else:
            source.connect(target)
    return {entries[flow.target].name: flow for flow in flows}


class Condition(Operator):
    """A FEEL condition on a sequence flow; only a plain true takes the flow."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._expression = compile_expression(text)

    def _matches(self, task: Task) -> bool:
        context: Context = task.workflow.context
        return context.evaluate(self._expression, task.data) is True


class Timer(TimerEventDefinition):
    """A duration that starts when the token arrives, on our clock; fires once, never early."""

    def __init__(self, node: Node) -> None:
        self._duration = node.timer.text if node.timer else ""
        super().__init__(name=node.id, expression=self._duration)

    def has_fired(self, my_task: Task) -> bool:
        due_at = my_task.internal_data.get(DUE_AT)
        if due_at is None:
            due_at = clock.after(clock.now(), self._duration).isoformat()
            my_task.internal_data[DUE_AT] = due_at
        return datetime.fromisoformat(due_at) <= clock.now()


class OperationTask(BpmnTaskSpec):
    """A service task: calls one operation of the catalogue with FEEL parameters."""

    def __init__(self, spec: BpmnProcessSpec, node: Node) -> None:
        super().__init__(spec, node.id)
        self._operation = node.operation or ""
        self._parameters = {k: compile_expression(text) for k, text in node.parameters.items()}

    def _run_hook(self, my_task: Task) -> bool:
        context: Context = my_task.workflow.context
        values = {k: context.evaluate(e, my_task.data) for k, e in self._parameters.items()}
        context.operate(self._operation, values, my_task)
        return True


class DecisionTask(BpmnTaskSpec):
    """A business rule task: evaluates one decision of the bundle over the process data."""

    def __init__(self, spec: BpmnProcessSpec, node: Node, decision: Decision) -> None:
        super().__init__(spec, node.id)
        self._decision = decision

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.context.decide(self._decision, my_task)
        return True
