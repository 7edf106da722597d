"""What keeps a diagram from being deployed, each with rule id, element and remedy."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from engine import clock
from engine.bpmn.diagram import Diagram, Flow, Kind, Node
from engine.errors import Finding
from engine.feel import FeelError, compile_expression

MAX_NODES = 300
MAX_ID = 120
MAX_NAME = 200
SHORTEST_TIMER = timedelta(minutes=1)
_RESERVED = {"Start", "End", "Root", "StartEventSplit", "StartEventJoin"}
_RESERVED_ENDINGS = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin")

Problem = tuple[str, str, str, str]  # rule, element id, element name, message
Rule = Callable[[Diagram, "References"], Iterator[Problem]]


@dataclass(frozen=True)
class References:
    """What a diagram may name: the rest of its bundle and the engine's operations."""

    forms: Mapping[str, Set[str]] = field(default_factory=dict)  # form key -> field keys
    decisions: Mapping[str, Set[str]] = field(default_factory=dict)  # decision id -> outputs
    operations: Mapping[str, Set[str]] = field(default_factory=dict)  # name -> parameters
    facts: Set[str] = frozenset()  # names every expression may read


def lint(diagram: Diagram, references: References, path: str) -> list[Finding]:
    """Every problem of the diagram, in the order of the rules below."""
    return [
        Finding(rule_id, path, element_id, name, message)
        for rule in _RULES
        for rule_id, element_id, name, message in rule(diagram, references)
    ]


def _supported(diagram: Diagram, _: References) -> Iterator[Problem]:
    for stranger in diagram.strangers:
        yield (
            "element-unsupported",
            stranger.id,
            stranger.name or stranger.id,
            f"“{stranger.tag}” does not run here yet. Draw it with tasks, exclusive or parallel "
            "gateways and timers.",
        )
    for node in diagram.nodes.values():
        for child in node.unsupported:
            yield _at(
                node,
                "element-unsupported",
                f"“{child}” on a {node.kind} does not run here yet. Remove it.",
            )


def _identifiers(diagram: Diagram, _: References) -> Iterator[Problem]:
    if len(diagram.nodes) > MAX_NODES:
        message = f"{len(diagram.nodes)} elements; at most {MAX_NODES} run. Split the process."
        yield "diagram-too-large", diagram.process_id, diagram.name, message
    if len(diagram.process_id) > MAX_ID:
        message = f"The id of a process has at most {MAX_ID} characters."
        yield "id-too-long", diagram.process_id, diagram.name, message
    if len(diagram.name) > MAX_NAME:
        message = f"A name has at most {MAX_NAME} characters."
        yield "name-too-long", diagram.process_id, diagram.name, message
    for node in diagram.nodes.values():
        if max(len(node.id), len(node.lane or ""), len(node.form_key or "")) > MAX_ID:
            yield _at(node, "id-too-long", f"Ids and group names have at most {MAX_ID} characters.")
        if len(node.name) > MAX_NAME:
            yield _at(node, "name-too-long", f"A name has at most {MAX_NAME} characters.")
        if node.id in _RESERVED or node.id.endswith(_RESERVED_ENDINGS):
            yield _at(node, "id-reserved", f"The id “{node.id}” is reserved. Choose another one.")


def _shape(diagram: Diagram, _: References) -> Iterator[Problem]:
    starts = diagram.of_kind(Kind.START)
    if len(starts) != 1:
        message = f"A process has exactly one start event; this one has {len(starts)}."
        yield "start-count", diagram.process_id, diagram.name, message
    if not diagram.of_kind(Kind.END):
        yield "end-missing", diagram.process_id, diagram.name, "Draw an end event."
    for flow in diagram.flows.values():
        if flow.source not in diagram.nodes or flow.target not in diagram.nodes:
            yield _on(flow, "flow-dangling", "This flow does not connect two elements that run.")
    seen: set[tuple[str, str]] = set()
    for flow in diagram.flows.values():
        if (flow.source, flow.target) in seen:
            message = "Another flow connects the same two elements. Make one of them."
            yield _on(flow, "flow-double", message)
        seen.add((flow.source, flow.target))


def _connections(diagram: Diagram, _: References) -> Iterator[Problem]:
    reached = _reachable(diagram)
    for node in diagram.nodes.values():
        leaving = diagram.outgoing[node.id]
        if node.id not in reached:
            yield _at(node, "unreachable", "No path leads here. Connect it or delete it.")
        if not leaving and node.kind is not Kind.END:
            yield _at(node, "dead-end", "The path stops here. Lead it to an end event.")
        if leaving and node.kind is Kind.END:
            yield _at(node, "end-continues", "Nothing may follow an end event.")
        if len(leaving) > 1 and not node.kind.is_gateway:
            yield _at(node, "outgoing-multiple", "Put a gateway before the paths that leave here.")
        if node.kind is Kind.BOUNDARY and not _is_on_task(diagram, node):
            yield _at(node, "boundary-detached", "Attach this event to a task.")
        if node.kind in (Kind.START, Kind.BOUNDARY) and diagram.incoming[node.id]:
            yield _at(node, "start-entered", "No path may lead into this event.")


def _ways_out(diagram: Diagram, _: References) -> Iterator[Problem]:
    """A process that cannot end keeps its incident open for ever."""
    ends = {node.id for node in diagram.of_kind(Kind.END)}
    dead_ends = {node_id for node_id, leaving in diagram.outgoing.items() if not leaving}
    for node in diagram.nodes.values():
        ahead = _reach(diagram, [node.id], diagram.nodes.keys())
        if ends and not ahead & (ends | dead_ends):
            yield _at(node, "end-unreachable", "No path leads from here to an end event.")


def _gateways(diagram: Diagram, _: References) -> Iterator[Problem]:
    for flow in diagram.flows.values():
        source = diagram.nodes.get(flow.source)
        if flow.condition and source and source.kind is not Kind.EXCLUSIVE:
            yield _on(
                flow,
                "condition-outside-gateway",
                "A condition counts only on a flow that leaves an exclusive gateway.",
            )
    for node in diagram.of_kind(Kind.EXCLUSIVE):
        leaving = diagram.outgoing[node.id]
        if len(leaving) == 1 and not leaving[0].condition:
            continue
        if node.default_flow not in {flow.id for flow in leaving}:
            message = "Mark one flow as the default, for when no condition holds."
            yield _at(node, "gateway-default-missing", message)
        for flow in leaving:
            if not flow.condition and flow.id != node.default_flow:
                yield _on(flow, "gateway-condition-missing", "Say when this flow is taken.")


def _assignments(diagram: Diagram, references: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.USER_TASK):
        if not node.lane:
            message = "Put the task into a lane: the lane is the group that may claim it."
            yield _at(node, "lane-missing", message)
        if node.form_key is None:
            yield _at(node, "form-missing", "Choose the form that the task shows.")
        elif node.form_key not in references.forms:
            message = f"The bundle has no form “{node.form_key}”."
            yield _at(node, "form-unknown", message)
        if node.phase is None:
            message = "Draw the task inside a group named Identify, Analyze, Respond or Review."
            yield _at(node, "phase-missing", message)


def _calls(diagram: Diagram, references: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.DECISION_TASK):
        if node.decision_id not in references.decisions:
            message = f"The bundle has no decision “{node.decision_id or ''}”. Choose one."
            yield _at(node, "decision-unknown", message)
    for node in diagram.of_kind(Kind.SERVICE_TASK):
        wanted = references.operations.get(node.operation or "")
        if wanted is None:
            message = f"There is no operation “{node.operation or ''}”. Choose one."
            yield _at(node, "operation-unknown", message)
            continue
        for name in sorted(wanted - node.parameters.keys()):
            message = f"“{node.operation}” needs the parameter “{name}”."
            yield _at(node, "parameter-missing", message)
        for name in sorted(node.parameters.keys() - wanted):
            message = f"“{node.operation}” has no parameter “{name}”. Remove it."
            yield _at(node, "parameter-unknown", message)


def _expressions(diagram: Diagram, references: References) -> Iterator[Problem]:
    known = _known_names(diagram, references)
    for flow in diagram.flows.values():
        if flow.condition:
            for rule_id, message in _expression(flow.condition, known):
                yield _on(flow, rule_id, message)
    for node in diagram.nodes.values():
        for name, text in node.parameters.items():
            for rule_id, message in _expression(text, known):
                yield _at(node, rule_id, f"Parameter “{name}”: {message}")


def _timers(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if node.kind in (Kind.TIMER_CATCH, Kind.BOUNDARY):
            if node.timer is None:
                yield _at(node, "timer-missing", "Only timer events run here yet. Make it a timer.")
            elif node.timer.kind != "timeDuration":
                yield _at(node, "timer-kind", "Only a duration such as PT15M runs here yet.")
            else:
                yield from _duration(node, node.timer.text)
        if node.due_in is not None:
            yield from _duration(node, node.due_in)


def _loops(diagram: Diagram, _: References) -> Iterator[Problem]:
    """A cycle without a task or a timer would run for ever."""
    waits = {Kind.USER_TASK, Kind.TIMER_CATCH}
    automatic = {n.id for n in diagram.nodes.values() if n.kind not in waits}
    for node_id in automatic:
        if node_id in _reach(diagram, _next(diagram, node_id) & automatic, automatic):
            message = "This loop never waits for a person or a timer. Put one of them into it."
            yield _at(diagram.nodes[node_id], "loop-without-wait", message)


_RULES: tuple[Rule, ...] = (
    _supported,
    _identifiers,
    _shape,
    _connections,
    _ways_out,
    _gateways,
    _assignments,
    _calls,
    _expressions,
    _timers,
    _loops,
)


def _is_on_task(diagram: Diagram, event: Node) -> bool:
    host = diagram.nodes.get(event.attached_to or "")
    return host is not None and host.kind.is_task


def _expression(text: str, known: Set[str]) -> Iterator[tuple[str, str]]:
    try:
        expression = compile_expression(text)
    except FeelError as error:
        yield "expression-invalid", f"“{text}”: {error}"
        return
    for name in sorted(expression.names - known):
        yield "expression-unknown-name", f"“{text}”: nothing sets “{name}”."


def _known_names(diagram: Diagram, references: References) -> set[str]:
    names = set(references.facts)
    for node in diagram.nodes.values():
        names |= references.forms.get(node.form_key or "", frozenset())
        names |= references.decisions.get(node.decision_id or "", frozenset())
    return names


def _duration(node: Node, text: str) -> Iterator[Problem]:
    # Far ahead, so that what passes here does not run past the calendar when it is used.
    epoch = datetime(5000, 1, 1, tzinfo=UTC)
    try:
        length = clock.after(epoch, text) - epoch
    except ValueError as error:
        yield _at(node, "timer-invalid", str(error))
        return
    if length < SHORTEST_TIMER:
        yield _at(node, "timer-too-short", f"“{text}” is shorter than a minute.")


def _reachable(diagram: Diagram) -> set[str]:
    starts = {node.id for node in diagram.of_kind(Kind.START)}
    return _reach(diagram, starts, diagram.nodes.keys())


def _reach(diagram: Diagram, start: Iterable[str], within: Set[str]) -> set[str]:
    seen: set[str] = set()
    ahead = list(start)
    while ahead:
        node_id = ahead.pop()
        if node_id not in seen:
            seen.add(node_id)
            ahead += _next(diagram, node_id) & within
    return seen


def _next(diagram: Diagram, node_id: str) -> set[str]:
    targets = {flow.target for flow in diagram.outgoing.get(node_id, ())}
    return targets | {event.id for event in diagram.boundaries.get(node_id, ())}


def _at(node: Node, rule: str, message: str) -> Problem:
    return rule, node.id, node.title, message


def _on(flow: Flow, rule: str, message: str) -> Problem:
    return rule, flow.id, flow.name or flow.id, message
