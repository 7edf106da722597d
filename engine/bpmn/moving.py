"""Moving tokens by hand: which go, what starts instead, and why some moves make no sense."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import Call, Scope
from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Kind, Node
from engine.bpmn.element import Element
from engine.bpmn.events import StartEvent, taken_over
from engine.bpmn.gateways import Join
from engine.bpmn.instance import Instance
from engine.bpmn.repetition import Repetition
from engine.errors import Gone, InvalidAnswers
from engine.feel import FeelError


@dataclass(frozen=True)
class Moved:
    """What a move took away and what it started."""

    withdrawn: list[Node]
    started: list[Node]


@dataclass(frozen=True)
class _Arrival:
    element: Element
    scope: Task


def move(instance: Instance, token_ids: Collection[str], element_ids: Collection[str]) -> Moved:
    """Withdraw tokens and start elements, each in the innermost scope around the tokens; run on.

    Leaving a sub-process withdraws it whole; leaving an event sub-process that has taken over lets
    those of its scope lie ready again. Without tokens, elements start beside what runs; without
    elements, something else must be left. ``Gone`` when a token is no longer there,
    ``InvalidAnswers`` for what cannot be moved (``withdraw``) or started (``start``).
    """
    tokens = [_movable(instance, token_id) for token_id in token_ids]
    arrivals = [_arrival(instance, tokens, element_id) for element_id in element_ids]
    leaving = [gone for token in tokens for gone in _leaving(token, arrivals)]
    for arrival in arrivals:
        _require_to_stay(arrival, leaving)
    for token in () if arrivals else leaving:
        _require_to_spare(token, leaving)
    interrupted = {a.scope.id: a.scope for a in arrivals if taken_over(a.scope)}
    withdrawn = list(_withdraw(instance, leaving))
    for scope in interrupted.values():
        _arm_starts(instance, scope)
    for arrival in arrivals:
        data = arrival.scope.task_spec.inner_data(arrival.scope)
        instance.enter(arrival.element, arrival.scope, data)
    instance.go_on()
    return Moved(withdrawn, [arrival.element.node for arrival in arrivals])


def targets(instance: Instance, token: Task) -> tuple[Node, ...]:
    """The elements to which a token may be moved; none if it only accompanies another."""
    return () if _accompanies(token) else tuple(_startable(instance, _scopes(token)))


def token_of(instance: Instance, token_id: str) -> Task:
    """The token; ``Gone`` when it is no longer there."""
    token = instance.tasks.get(token_id)
    if token is None:
        raise Gone("The process has gone on. Reload the page.")
    return token


def above(token: Task) -> Iterator[Task]:
    """Every scope around a token, the innermost first, the process last."""
    scope = token.parent
    while scope is not None:
        yield scope
        scope = scope.parent


# What goes


def _movable(instance: Instance, token_id: str) -> Task:
    token = token_of(instance, token_id)
    if token.parent is None or _accompanies(token):
        name = token.task_spec.node.title
        raise InvalidAnswers({"withdraw": f"“{name}” only accompanies what runs beside it."})
    return token


def _accompanies(token: Task) -> bool:
    """A boundary event that waits, or what an event sub-process waits for."""
    is_start = isinstance(token.task_spec, StartEvent) and token.state == TaskState.STARTED
    return is_start or "host" in token.internal_data


def _leaving(token: Task, arrivals: Collection[_Arrival]) -> list[Task]:
    """What goes with a token: all up to the scope that stays, and what it races with."""
    staying = [arrival.scope.id for arrival in arrivals] or [token.parent.id]
    around = (part for part in (token, *above(token)) if part.parent)
    outermost = next((part for part in around if part.parent.id in staying), None)
    if outermost is None:
        name = token.task_spec.node.title
        raise InvalidAnswers({"withdraw": f"Nothing is started in the place of “{name}”."})
    race = outermost.internal_data.get("race")
    rivals = outermost.parent.children if race else ()
    return [outermost, *(r for r in rivals if r.internal_data.get("race") == race)]


def _require_to_spare(token: Task, leaving: Collection[Task]) -> None:
    """Whether what is around a token goes on, or goes too, when nothing starts instead."""
    name, scope = token.task_spec.node.title, token.parent
    if any(part in leaving for part in above(token)):
        return
    if isinstance(scope.task_spec, Repetition):
        message = f"“{name}” is one of several runs. Withdraw all of them at once."
        raise InvalidAnswers({"withdraw": message})
    if all(other in leaving or _accompanies(other) for other in scope.children):
        message = f"Nothing is left without “{name}”. Say what starts in its place."
        raise InvalidAnswers({"withdraw": message})


def _withdraw(instance: Instance, leaving: Iterable[Task]) -> Iterator[Node]:
    for token in leaving:
        if token.id in instance.tasks:  # a wider one may have taken it along
            instance.withdraw(token)
            yield token.task_spec.node


# What starts


def _arrival(instance: Instance, tokens: Iterable[Task], element_id: str) -> _Arrival:
    """The element in the innermost scope around the tokens that shows it, or else in any."""
    ways = [_scopes(token) for token in tokens] or [iter([s]) for s in _running(instance)]
    found = [scope for way in ways if (scope := _innermost(instance, way, element_id))]
    if len({scope.id for scope in found}) != 1:
        problem = _unreachable(instance, element_id, is_several=bool(found))
        raise InvalidAnswers({"start": problem})
    definition, _ = _drawn(instance, found[0])
    refusal = _refusal(definition, definition.diagram.nodes[element_id])
    if refusal:
        raise InvalidAnswers({"start": refusal})
    return _Arrival(_entrance(definition, element_id), found[0])


def _innermost(instance: Instance, scopes: Iterable[Task], element_id: str) -> Task | None:
    for scope in scopes:
        definition, inside = _drawn(instance, scope)
        node = definition.diagram.nodes.get(element_id)
        if node is not None and node.scope == inside:
            return scope
    return None


def _startable(instance: Instance, scopes: Iterable[Task]) -> Iterator[Node]:
    for scope in scopes:
        definition, inside = _drawn(instance, scope)
        for node in definition.diagram.children.get(inside, ()):
            if _refusal(definition, node) is None:
                yield node


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


def _require_to_stay(arrival: _Arrival, leaving: Collection[Task]) -> None:
    name = arrival.element.node.title
    if any(scope in leaving for scope in (arrival.scope, *above(arrival.scope))):
        message = f"The part of the process around “{name}” is withdrawn by the same move."
        raise InvalidAnswers({"start": message})
    handler = taken_over(arrival.scope)
    if handler is not None and handler not in leaving:
        over = handler.task_spec.node.title
        message = f"“{over}” has taken over where “{name}” stands. Withdraw it by the same move."
        raise InvalidAnswers({"start": message})


def _arm_starts(instance: Instance, scope: Task) -> None:
    """Let the event sub-processes of a scope lie ready anew, now that it goes on."""
    for start in scope.task_spec.waiting_starts:
        try:
            instance.arm(start, scope, scope.task_spec.inner_data(scope))
        except (FeelError, ValueError) as error:
            message = f"“{start.node.title}” cannot begin to wait: {error}"
            raise InvalidAnswers({"start": message}) from error


# What is drawn around it


def _drawn(instance: Instance, scope: Task) -> tuple[Definition, str | None]:
    """The diagram that shows the inside of a scope, and the sub-process there."""
    element, known = scope.task_spec, instance.definition.called
    if isinstance(element, Call):
        return known[element.node.called_process or ""], None
    return known[element.process_id], element.node.id if scope.parent else None


def _scopes(token: Task) -> Iterator[Task]:
    """What is around a token and drawn with an inside, the innermost first."""
    return (scope for scope in above(token) if not isinstance(scope.task_spec, Repetition))


def _running(instance: Instance) -> Iterator[Task]:
    """Every scope in which tokens can be."""
    for token in instance.tasks.values():
        is_drawn = isinstance(token.task_spec, Scope) and not isinstance(
            token.task_spec, Repetition
        )
        if is_drawn and token.state == TaskState.STARTED:
            yield token
