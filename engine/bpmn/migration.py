"""From one version of a process to another: the tokens of a snapshot, put on the new diagram.

A token keeps its id, its variables and what it remembers, such as when its timer is due. Events
that only wait beside something go with it where they are still drawn, and are dropped where not.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import Call, Scope
from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Diagram, Kind, Node
from engine.bpmn.element import Element
from engine.bpmn.events import StartEvent
from engine.bpmn.gateways import Join, ParallelGateway
from engine.bpmn.instance import Instance
from engine.errors import Conflict, InvalidDocument
from engine.feel import FeelError

_Row = list[Any]  # as ``snapshot`` writes it
_ID, _PROCESS, _NAME, _STATE, _MEMORY = 0, 2, 3, 4, 6


@dataclass(frozen=True)
class Route:
    """Two versions of a process; ``mapping`` names the elements that have another id now."""

    old: Definition
    new: Definition
    mapping: Mapping[str, str] = field(default_factory=dict)

    def drawn(self, process_id: str) -> tuple[Diagram, Diagram | None]:
        """A process of the bundle in both versions; the new one may have lost it."""
        new = self.new.called.get(process_id)
        return self.old.called[process_id].diagram, new.diagram if new else None

    def target_id(self, element_id: str | None) -> str | None:
        return self.mapping.get(element_id, element_id) if element_id else None


@dataclass(frozen=True)
class Match:
    """What becomes of an element on which tokens stand: its place in the new version, or why not.

    An event that only accompanies something else is dropped instead of holding the instance back.
    """

    process_id: str
    node: Node
    target: Node | None
    problem: str = ""
    accompanies: bool = False


@dataclass(frozen=True)
class Conversion:
    state: str  # a snapshot of the new definition
    dropped: list[Node]


def matches(state: str, route: Route) -> list[Match]:
    """What becomes of each token of a snapshot, besides the process itself."""
    with _readable():
        rows = json.loads(state)["tokens"]
        return [_match(route, row) for row in rows if not _is_root(row)]


def convert(state: str, route: Route) -> Conversion:
    """Rewrite a snapshot for the new definition.

    ``Conflict`` names what cannot move and why, ``InvalidDocument`` says that it is none.
    """
    with _readable():
        content = json.loads(state)
        rows, dropped = [], []
        for row in content["tokens"]:
            match = None if _is_root(row) else _match(route, row)
            if match is None:
                rows.append(row)
            elif not match.problem:
                rows.append(_moved(route, row, match))
            elif match.accompanies:
                dropped.append(match.node)
            else:
                raise Conflict(f"“{match.node.title}”: {match.problem}")
    return Conversion(json.dumps({**content, "tokens": rows}, separators=(",", ":")), dropped)


def arrive(instance: Instance, route: Route) -> list[Node]:
    """Arm what is newly drawn around the tokens of a converted instance, and run on.

    ``Conflict`` when an event cannot be armed; returns those that were.
    """
    tokens = [t for t in instance.tasks.values() if t.state == TaskState.STARTED]
    armed = [event for token in tokens for event in _arm(instance, route, token)]
    for token in tokens:
        element = token.task_spec
        if isinstance(element, ParallelGateway) and _is_satisfied(element, token):
            instance.withdraw(token)
            instance.enter(element, token.parent, token.data, **token.internal_data)
    instance.go_on()
    return armed


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidDocument(
            "The saved state of this process does not fit its diagram."
        ) from error


def _is_root(row: _Row) -> bool:
    return str(row[_NAME]).endswith("#process")


def _match(route: Route, row: _Row) -> Match:
    process_id, element_id = row[_PROCESS], str(row[_NAME]).removesuffix("#all")
    old, new = route.drawn(process_id)
    node = old.nodes[element_id]
    target = new.nodes.get(route.target_id(element_id) or "") if new else None
    problem = _problem(route, node, target) or _join_problem(route, row, node, target)
    return Match(process_id, node, target, problem, _accompanies(row, node))


def _accompanies(row: _Row, node: Node) -> bool:
    return "host" in row[_MEMORY] or (node.kind is Kind.START and row[_STATE] == TaskState.STARTED)


def _problem(route: Route, old: Node, new: Node | None) -> str:
    """Why a token cannot move on, as a sentence; empty when it can."""
    if new is None:
        return "the new version has no such element. Name the one that takes its place."
    for problem, is_so in (
        ("the new version has another kind of element there.", old.kind is not new.kind),
        ("the new version waits for another kind of event there.", old.trigger is not new.trigger),
        ("it begins in another way now.", old.is_event_subprocess is not new.is_event_subprocess),
        ("it stands in another part of the process now.", route.target_id(old.scope) != new.scope),
        ("it repeats in another way now.", _repeats(old) != _repeats(new)),
        ("it calls another process now.", old.called_process != new.called_process),
        (
            "it waits beside another element now.",
            route.target_id(old.attached_to) != new.attached_to,
        ),
    ):
        if is_so:
            return problem
    return ""


def _repeats(node: Node) -> str | None:
    return node.loop.repeat if node.loop else None


def _join_problem(route: Route, row: _Row, old: Node, new: Node | None) -> str:
    if new is None or old.kind not in (Kind.PARALLEL, Kind.INCLUSIVE) or "via" not in row[_MEMORY]:
        return ""
    if _flow(route, row, new) is None:
        return "the path by which it came is gone in the new version."
    return ""


def _flow(route: Route, row: _Row, join: Node) -> str | None:
    """The flow of the new version by which a token came to a join: the same, or as it was drawn."""
    old, new = route.drawn(row[_PROCESS])
    if new is None:
        return None
    came_by = row[_MEMORY]["via"]
    incoming = new.incoming[join.id]
    source = old.flows[came_by].source
    same = [flow.id for flow in incoming if flow.id == came_by]
    alike = [flow.id for flow in incoming if flow.source == route.target_id(source)]
    return next(iter([*same, *alike]), None)


def _moved(route: Route, row: _Row, match: Match) -> _Row:
    """The row of a token that moves; a gateway that failed decides anew."""
    moved, target = list(row), match.target
    suffix = "#all" if str(row[_NAME]).endswith("#all") else ""
    memory = dict(row[_MEMORY])
    if target is not None:
        moved[_NAME] = target.id + suffix
        if target.kind.is_gateway:
            memory = {k: v for k, v in memory.items() if k not in ("is_done", "taken")}
            if "via" in memory:
                memory["via"] = _flow(route, row, target) or memory["via"]
    moved[_MEMORY] = memory
    return moved


def _arm(instance: Instance, route: Route, token: Task) -> Iterator[Node]:
    element = token.task_spec
    for event in element.attached:
        if _is_new(route, event):
            _try_to_arm(instance, event, token.parent, token.data, host=token.id)
            yield event.node
    if isinstance(element, Scope) and not _is_interrupted(token):
        for start in _starts(element):
            if _is_new(route, start):
                _try_to_arm(instance, start, token, element.inner_data(token))
                yield start.node


def _try_to_arm(instance: Instance, event: Element, scope: Task, data: Any, **state: Any) -> None:
    try:
        instance.arm(event, scope, data, **state)
    except (FeelError, ValueError) as error:
        raise Conflict(f"“{event.node.title}” cannot begin to wait: {error}") from error


def _starts(element: Scope) -> tuple[Element, ...]:
    if isinstance(element, Call):
        return element.called.root.waiting_starts
    return element.waiting_starts


def _is_interrupted(scope: Task) -> bool:
    """Whether an interrupting event sub-process has taken over: nothing is armed beside it."""
    starts = [s for s in _starts(scope.task_spec) if isinstance(s, StartEvent)]
    taken_over = [start.handler for start in starts if start.node.interrupts]
    return any(token.task_spec in taken_over for token in scope.children)


def _is_new(route: Route, event: Element) -> bool:
    """Whether the old version had no such event; one that had fired there is not armed again."""
    old = route.old.called.get(event.process_id)
    nodes = old.diagram.nodes.values() if old else ()
    before = [node for node in nodes if route.target_id(node.id) == event.node.id]
    return not any(not _problem(route, node, event.node) for node in before)


def _is_satisfied(join: Join, token: Task) -> bool:
    """Whether fewer paths meet than before, and all that are left have come."""
    return token.id in token.workflow.tasks and len(join.arrived(token)) == len(join.incoming)
