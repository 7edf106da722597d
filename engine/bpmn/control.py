"""Tokens in a person's hands: where they stand, and how they are moved elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import reading
from engine.bpmn.activities import Call
from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Kind, Node
from engine.bpmn.element import Element
from engine.bpmn.events import StartEvent
from engine.bpmn.gateways import Join
from engine.bpmn.instance import Instance
from engine.bpmn.progress import Wait
from engine.bpmn.repetition import Repetition
from engine.dmn import Decision
from engine.errors import Conflict, InvalidAnswers

_GONE = "The process has gone on. Reload the page."


@dataclass(frozen=True)
class Place:
    """Where a token stands, and what it waits for; a scope has tokens inside instead."""

    token_id: str
    node: Node
    process_id: str
    inside: tuple[Node, ...]  # the sub-processes, calls and repetitions around it, outermost first
    wait: Wait | None
    failure: str | None
    targets: tuple[Node, ...]  # where it may be moved; none if it only waits beside another
    holds_others: bool  # a scope with tokens inside

    @property
    def is_movable(self) -> bool:
        return bool(self.targets)


@dataclass(frozen=True)
class Moved:
    """What a move took away and what it started."""

    withdrawn: list[Node]
    started: list[Node]


@dataclass(frozen=True)
class _Arrival:
    element: Element
    scope: Task


def places(instance: Instance) -> list[Place]:
    """Every token but the process itself, each scope before what runs in it."""
    return [_place(instance, token) for token in instance.tasks.values() if token.parent]


def move(instance: Instance, token_ids: Iterable[str], element_ids: Iterable[str]) -> Moved:
    """Withdraw tokens and start elements in their place, each in a scope around them; run on.

    Leaving a sub-process withdraws it whole. ``Conflict`` when a token is no longer there,
    ``InvalidAnswers`` for what cannot be moved (``withdraw``) or started (``start``).
    """
    tokens = [_movable(instance, token_id) for token_id in token_ids]
    arrivals = [_arrival(instance, tokens, element_id) for element_id in element_ids]
    leaving = [gone for token in tokens for gone in _leaving(token, arrivals)]
    for arrival in arrivals:
        _require_to_stay(arrival, leaving)
    withdrawn = []
    for token in leaving:
        if token.id in instance.tasks:  # a wider one may have taken it along
            withdrawn.append(token.task_spec.node)
            instance.withdraw(token)
    for arrival in arrivals:
        data = arrival.scope.task_spec.inner_data(arrival.scope)
        instance.enter(arrival.element, arrival.scope, data)
    instance.go_on()
    return Moved(withdrawn, [arrival.element.node for arrival in arrivals])


def cancel(instance: Instance) -> None:
    """Withdraw every token but the process itself."""
    instance.clear(instance.task_tree)


def read_by(instance: Instance, token_id: str, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """The variables that the element of a token reads, with their values there."""
    token = _token(instance, token_id)
    names = reading.names(token.task_spec, decisions) - reading.GIVEN
    return {name: token.data.get(name) for name in sorted(names)}


def variables_at(instance: Instance, token_id: str) -> dict[str, Any]:
    """All variables as the element of a token sees them."""
    data = _token(instance, token_id).data
    return {name: data[name] for name in sorted(data) if name not in reading.GIVEN}


def _place(instance: Instance, token: Task) -> Place:
    element = token.task_spec
    return Place(
        token_id=token.id,
        node=element.node,
        process_id=element.process_id,
        inside=tuple(reversed([above.task_spec.node for above in _above(token) if above.parent])),
        wait=instance.waits.get(token.id),
        failure=token.internal_data.get("failure"),
        targets=() if _accompanies(token) else tuple(_targets(instance, token)),
        holds_others=bool(token.children),
    )


def _token(instance: Instance, token_id: str) -> Task:
    token = instance.tasks.get(token_id)
    if token is None:
        raise Conflict(_GONE)
    return token


def _movable(instance: Instance, token_id: str) -> Task:
    token = _token(instance, token_id)
    if token.parent is None or _accompanies(token):
        name = token.task_spec.node.title
        raise InvalidAnswers({"withdraw": f"“{name}” only accompanies what runs beside it."})
    return token


def _accompanies(token: Task) -> bool:
    """A boundary event that waits, or what an event sub-process waits for."""
    is_start = isinstance(token.task_spec, StartEvent) and token.state == TaskState.STARTED
    return is_start or "host" in token.internal_data


def _targets(instance: Instance, token: Task) -> Iterator[Node]:
    for scope in _scopes(token):
        definition, inside = _drawn(instance, scope)
        for node in definition.diagram.children.get(inside, ()):
            if _refusal(definition, node) is None:
                yield node


def _arrival(instance: Instance, tokens: Iterable[Task], element_id: str) -> _Arrival:
    found = {
        arrival.scope.id: arrival
        for token in tokens
        if (arrival := _around(instance, token, element_id)) is not None
    }
    if len(found) == 1:
        return next(iter(found.values()))
    raise InvalidAnswers({"start": _unreachable(instance, element_id, is_several=bool(found))})


def _around(instance: Instance, token: Task, element_id: str) -> _Arrival | None:
    """The element in the innermost scope around a token that shows it."""
    for scope in _scopes(token):
        definition, inside = _drawn(instance, scope)
        node = definition.diagram.nodes.get(element_id)
        if node is None or node.scope != inside:
            continue
        refusal = _refusal(definition, node)
        if refusal:
            raise InvalidAnswers({"start": refusal})
        return _Arrival(_entrance(definition, element_id), scope)
    return None


def _entrance(definition: Definition, element_id: str) -> Element:
    """Where a token enters an element: of a repeated one, the whole."""
    elements = definition.elements
    return elements.get(f"{element_id}#all") or elements[element_id]


def _refusal(definition: Definition, node: Node) -> str | None:
    """Why no token can be put in front of an element, if so."""
    if node.kind is Kind.BOUNDARY:
        return f"“{node.title}” waits beside another element and begins with it."
    if node.is_event_subprocess:
        return f"“{node.title}” begins by its own event only."
    if node.kind is Kind.START and _is_handler(definition, node.scope):
        return f"“{node.title}” begins by its own event only."
    is_join = isinstance(definition.elements[node.id], Join)
    if is_join and len(definition.diagram.incoming[node.id]) > 1:
        return f"At “{node.title}” several paths meet: start what comes before or after it."
    return None


def _is_handler(definition: Definition, scope_id: str | None) -> bool:
    return scope_id is not None and definition.diagram.nodes[scope_id].is_event_subprocess


def _unreachable(instance: Instance, element_id: str, *, is_several: bool) -> str:
    known = instance.definition.called.values()
    node = next((d.diagram.nodes[element_id] for d in known if element_id in d.diagram.nodes), None)
    if node is None:
        return f"The process has no element “{element_id}”."
    if is_several:
        return f"It is not clear in which run “{node.title}” should start. Move one at a time."
    return (
        f"“{node.title}” stands inside a part of the process in which nothing of this runs."
        " Start the whole part instead."
    )


def _leaving(token: Task, arrivals: Iterable[_Arrival]) -> list[Task]:
    """What goes with a token: all up to the scope that stays, and what it races with."""
    staying = {arrival.scope.id for arrival in arrivals}
    outermost = token
    while outermost.parent is not None and outermost.parent.id not in staying:
        outermost = outermost.parent
    if outermost.parent is None:
        name = token.task_spec.node.title
        raise InvalidAnswers({"withdraw": f"Nothing is started in the place of “{name}”."})
    race = outermost.internal_data.get("race")
    rivals = outermost.parent.children if race else ()
    return [outermost, *(r for r in rivals if r.internal_data.get("race") == race)]


def _require_to_stay(arrival: _Arrival, leaving: Iterable[Task]) -> None:
    around = {arrival.scope.id, *(scope.id for scope in _above(arrival.scope))}
    if any(token.id in around for token in leaving):
        name = arrival.element.node.title
        message = f"The part of the process around “{name}” is withdrawn by the same move."
        raise InvalidAnswers({"start": message})


def _drawn(instance: Instance, scope: Task) -> tuple[Definition, str | None]:
    """The diagram that shows the inside of a scope, and the sub-process there."""
    element, known = scope.task_spec, instance.definition.called
    if isinstance(element, Call):
        return known[element.node.called_process or ""], None
    return known[element.process_id], element.node.id if scope.parent else None


def _scopes(token: Task) -> Iterator[Task]:
    """What is around a token and drawn with an inside, the innermost first."""
    return (above for above in _above(token) if not isinstance(above.task_spec, Repetition))


def _above(token: Task) -> Iterator[Task]:
    scope = token.parent
    while scope is not None:
        yield scope
        scope = scope.parent
