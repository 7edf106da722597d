"""Compiles a checked diagram into SpiffWorkflow's specs: once a deployment, shared, read-only.

The specs are built from the diagram and not by SpiffWorkflow's own parser, so that nothing can run
that the linter has not seen.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from engine.bpmn.activities import (
    Call,
    DecisionTask,
    OperationTask,
    PersonTask,
    ReceiveTask,
    Scope,
    ScriptTask,
    SendTask,
)
from engine.bpmn.allowances import Calendars, allowance
from engine.bpmn.diagram import Diagram, Kind, Loop, Node, Repeat, Trigger
from engine.bpmn.element import Element, Path, compiled
from engine.bpmn.events import BoundaryEvent, Catching, StartEvent, ThrowEvent
from engine.bpmn.gateways import (
    EventBasedGateway,
    ExclusiveGateway,
    InclusiveGateway,
    ParallelGateway,
)
from engine.bpmn.repetition import MultiInstance, Repetition, StandardLoop
from engine.dmn import Decision
from engine.feel import with_calendars

_CAUGHT = (Trigger.ERROR, Trigger.ESCALATION, Trigger.CANCEL)
_SIMPLE: Mapping[Kind, Callable[[WorkflowSpec, Node], Element]] = {
    Kind.START: StartEvent,
    Kind.END: ThrowEvent,
    Kind.THROW: ThrowEvent,
    Kind.BOUNDARY: BoundaryEvent,
    Kind.SERVICE_TASK: OperationTask,
    Kind.SCRIPT_TASK: ScriptTask,
    Kind.SEND_TASK: SendTask,
    Kind.RECEIVE_TASK: ReceiveTask,
    Kind.SUBPROCESS: Scope,
    Kind.TRANSACTION: Scope,
    Kind.CALL: Call,
    Kind.EXCLUSIVE: ExclusiveGateway,
    Kind.EVENT_BASED: EventBasedGateway,
}
_JOINS: Mapping[Kind, Callable[[WorkflowSpec, Node, Diagram], Element]] = {
    Kind.PARALLEL: ParallelGateway,
    Kind.INCLUSIVE: InclusiveGateway,
}


@dataclass(frozen=True)
class Definition:
    """A diagram that can run, with those that it calls."""

    diagram: Diagram
    spec: WorkflowSpec
    root: Scope  # the process itself, as the scope of all that runs in it
    elements: Mapping[str, Element]  # by name in a snapshot
    called: dict[str, "Definition"] = field(default_factory=dict)  # by process id, of all depths


@dataclass(frozen=True)
class _Bundle:
    """What elements name of the bundle around them."""

    decisions: Mapping[str, Decision]
    calendars: Calendars


def compile_definition(
    diagram: Diagram,
    decisions: Mapping[str, Decision],
    processes: Mapping[str, Diagram] | None = None,
    calendars: Calendars | None = None,
) -> Definition:
    """Build the specs of a diagram that the linter has passed; ``processes`` are what it may call.

    Raises ``FeelError`` or ``ValueError`` for a text that the linter would have refused.
    """
    bundle = _Bundle(decisions, calendars or {})
    known: dict[str, Definition] = {}
    missing = [diagram]
    while missing:
        drawn = missing.pop()
        with with_calendars(bundle.calendars):
            known[drawn.process_id] = _compile(drawn, bundle, known)
        called = {node.called_process or "" for node in drawn.of_kind(Kind.CALL)}
        missing += [(processes or {})[process_id] for process_id in called - known.keys()]
    for definition in known.values():
        for element in definition.elements.values():
            if isinstance(element, Call):
                element.bind(known[element.node.called_process or ""])
    return known[diagram.process_id]


def _compile(diagram: Diagram, bundle: _Bundle, known: dict[str, Definition]) -> Definition:
    spec = WorkflowSpec(name=diagram.process_id)
    root = Scope(spec, Node(diagram.process_id, Kind.SUBPROCESS, diagram.name), "#process")
    elements = {n.id: _make(spec, n, diagram, bundle) for n in diagram.nodes.values()}
    for node in diagram.nodes.values():
        _connect(diagram, node, elements)
        if node.kind.is_scope:
            _fill(_inner(elements[node.id]), diagram, node.id, elements)
    _fill(root, diagram, None, elements)
    return Definition(diagram, spec, root, spec.task_specs, known)


def _make(spec: WorkflowSpec, node: Node, diagram: Diagram, bundle: _Bundle) -> Element:
    each = _once(spec, node, diagram, bundle)
    if node.loop is None:
        return each
    return _repeated(spec, node, each, node.loop)


def _once(spec: WorkflowSpec, node: Node, diagram: Diagram, bundle: _Bundle) -> Element:
    match node.kind:
        case Kind.USER_TASK | Kind.MANUAL_TASK:
            return PersonTask(spec, node, allowance(node, bundle.calendars))
        case Kind.DECISION_TASK:
            return DecisionTask(spec, node, bundle.decisions[node.decision_id or ""])
        case Kind.PARALLEL | Kind.INCLUSIVE:
            return _JOINS[node.kind](spec, node, diagram)
        case Kind.CATCH if node.trigger in (Trigger.LINK, Trigger.NONE):
            return Element(spec, node)
        case Kind.CATCH:
            return Catching(spec, node)
        case _:
            return _SIMPLE[node.kind](spec, node)


def _repeated(spec: WorkflowSpec, node: Node, each: Element, loop: Loop) -> Element:
    kind = StandardLoop if loop.repeat is Repeat.LOOP else MultiInstance
    return kind(spec, node, each, loop)


def _connect(diagram: Diagram, node: Node, elements: Mapping[str, Element]) -> None:
    element = elements[node.id]
    element.paths = tuple(
        Path(
            flow,
            elements[flow.target],
            None if flow.id == node.default_flow else compiled(flow.condition),
        )
        for flow in diagram.outgoing[node.id]
    )
    defaults = (path for path in element.paths if path.flow.id == node.default_flow)
    element.default = next(defaults, None)
    boundaries = [elements[event.id] for event in diagram.boundaries.get(node.id, ())]
    element.handlers = tuple(e for e in boundaries if e.node.trigger in _CAUGHT)
    element.attached = tuple(e for e in boundaries if e.node.trigger not in _CAUGHT)
    if isinstance(element, ThrowEvent) and node.trigger is Trigger.LINK:
        element.link = _link_target(diagram, node, elements)


def _link_target(diagram: Diagram, node: Node, elements: Mapping[str, Element]) -> Element | None:
    for other in diagram.children[node.scope]:
        if other.kind is Kind.CATCH and other.event == node.event:
            return elements[other.id]
    return None


def _fill(
    scope: Scope, diagram: Diagram, scope_id: str | None, elements: Mapping[str, Element]
) -> None:
    """Tell a scope how it starts, and which event sub-processes lie ready in it."""
    inside = diagram.children.get(scope_id, [])
    starts = [elements[node.id] for node in inside if node.kind is Kind.START]
    if scope_id is None or not diagram.nodes[scope_id].is_event_subprocess:
        scope.start = starts[0]
    ready = [
        start
        for node in inside
        if node.is_event_subprocess
        for start in _handler(diagram, node, elements)
    ]
    scope.catching_starts = tuple(s for s in ready if s.node.trigger in _CAUGHT)
    scope.waiting_starts = tuple(s for s in ready if s.node.trigger not in _CAUGHT)


def _handler(diagram: Diagram, node: Node, elements: Mapping[str, Element]) -> Iterable[StartEvent]:
    """The start events of an event sub-process, each knowing what it starts."""
    for inner in diagram.children.get(node.id, []):
        start = elements[inner.id]
        if isinstance(start, StartEvent):
            start.handler = _inner(elements[node.id])
            yield start


def _inner(element: Element) -> Scope:
    """The scope itself, where it may be repeated."""
    inner: Scope = element.each if isinstance(element, Repetition) else element
    return inner
