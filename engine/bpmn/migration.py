"""From one version of a process to another: the tokens of a snapshot, put on the new diagram.

A token keeps its id, its variables and what it remembers, such as when its timer is due. Events
that wait beside something, or with others behind a gateway, go with it where they are still drawn,
are dropped where not, and begin to wait where they are newly drawn.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import Scope
from engine.bpmn.diagram import Node
from engine.bpmn.element import Element
from engine.bpmn.events import taken_over
from engine.bpmn.gateways import Join, ParallelGateway
from engine.bpmn.instance import Instance
from engine.bpmn.matching import (
    MEMORY,
    NAME,
    Match,
    Route,
    Row,
    flow_of,
    matched,
    problem_of,
    readable,
)
from engine.errors import Conflict
from engine.feel import FeelError


@dataclass(frozen=True)
class Conversion:
    state: str  # a snapshot of the new definition
    dropped: list[Node]


def convert(state: str, route: Route) -> Conversion:
    """Rewrite a snapshot for the new definition.

    ``Conflict`` names what cannot move and why, ``InvalidDocument`` says that it is none.
    """
    with readable():
        content = json.loads(state)
        rows, dropped = [], []
        for row, match in matched(content["tokens"], route):
            if match is None:
                rows.append(row)
            elif not match.problem:
                rows.append(_moved(route, row, match))
            elif match.is_dropped:
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
    armed += _arm_rivals(instance)
    for token in tokens:
        element = token.task_spec
        if isinstance(element, ParallelGateway) and _is_satisfied(element, token):
            instance.withdraw(token)
            instance.enter(element, token.parent, token.data, **token.internal_data)
    instance.go_on()
    return armed


def _moved(route: Route, row: Row, match: Match) -> Row:
    """The row of a token that moves; a gateway that failed decides anew."""
    moved, target = list(row), match.target
    suffix = "#all" if str(row[NAME]).endswith("#all") else ""
    memory = dict(row[MEMORY])
    if target is not None:
        moved[NAME] = target.id + suffix
        if target.kind.is_gateway:
            memory = {k: v for k, v in memory.items() if k not in ("is_done", "taken")}
            if "via" in memory:
                memory["via"] = flow_of(route, row, target) or memory["via"]
    moved[MEMORY] = memory
    return moved


def _arm(instance: Instance, route: Route, token: Task) -> Iterator[Node]:
    element = token.task_spec
    for event in element.attached:
        if _is_new(route, event):
            _try_to_arm(instance, event, token.parent, token.data, host=token.id)
            yield event.node
    if isinstance(element, Scope) and taken_over(token) is None:
        for start in element.waiting_starts:
            if _is_new(route, start):
                _try_to_arm(instance, start, token, element.inner_data(token))
                yield start.node


def _arm_rivals(instance: Instance) -> Iterator[Node]:
    """Let an event-based gateway at which a token waits wait for what is newly drawn behind it."""
    races: dict[str, list[Task]] = {}
    for token in instance.tasks.values():
        if "race" in token.internal_data:
            races.setdefault(token.internal_data["race"], []).append(token)
    for race, rivals in races.items():
        first, known = rivals[0], [rival.task_spec for rival in rivals]
        for path in _gateway_before(instance, first.task_spec).paths:
            if path.target not in known:
                _try_to_arm(instance, path.target, first.parent, first.data, race=race)
                yield path.target.node


def _gateway_before(instance: Instance, event: Element) -> Element:
    definition = instance.definition.called[event.process_id]
    return definition.elements[definition.diagram.incoming[event.node.id][0].source]


def _try_to_arm(instance: Instance, event: Element, scope: Task, data: Any, **state: Any) -> None:
    try:
        instance.arm(event, scope, data, **state)
    except (FeelError, ValueError) as error:
        raise Conflict(f"“{event.node.title}” cannot begin to wait: {error}") from error


def _is_new(route: Route, event: Element) -> bool:
    """Whether the old version had no such event; one that had fired there is not armed again."""
    old = route.old.called.get(event.process_id)
    nodes = old.diagram.nodes.values() if old else ()
    before = [node for node in nodes if route.target_id(node.id) == event.node.id]
    return not any(not problem_of(route, node, event.node) for node in before)


def _is_satisfied(join: Join, token: Task) -> bool:
    """Whether fewer paths meet than before, and all that are left have come."""
    return token.id in token.workflow.tasks and len(join.arrived(token)) == len(join.incoming)
