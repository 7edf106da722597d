"""Our own codec: the tokens between two steps, as plain JSON that names elements and never classes.

Only what is alive is written, so a snapshot does not grow with the steps that led to it. Variables
that several tokens share are written once and shared again when they are read.
"""

import json
from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import Call, Scope
from engine.bpmn.element import Element, Variables
from engine.bpmn.events import BoundaryEvent
from engine.bpmn.instance import Instance
from engine.bpmn.repetition import LoopVariables
from engine.errors import InvalidDocument

VERSION = 2
_ALIVE = (TaskState.STARTED, TaskState.ERROR)  # between two steps nothing is about to run

# A token: id, id of its scope, process, element, state, place of its variables, what it remembers,
# and of a call the place of the variables inside. A place is a list of maps, the innermost first,
# or such a list in a list when writes go through the first map (a loop's counter) to the next.
_Row = list[Any]


def write(instance: Instance) -> str:
    """The tokens of an instance and their variables."""
    maps: dict[int, tuple[int, Mapping[str, Any]]] = {}
    rows = [_row(token, maps) for token in instance.tasks.values()]
    variables = [_own(values) for _, values in maps.values()]
    content = {"version": VERSION, "variables": variables, "tokens": rows}
    return json.dumps(content, separators=(",", ":"))


def restore(instance: Instance, text: str) -> None:
    """Fill an instance that has not begun; ``InvalidDocument`` when the text does not fit it."""
    try:
        content = json.loads(text)
        if content["version"] != VERSION:
            raise InvalidDocument(f"This is a snapshot of version {content['version']}.")
        for row in content["tokens"]:
            _add(instance, row, content["variables"])
        instance.task_tree = next(iter(instance.tasks.values()), None)
        instance.variables = instance.task_tree.data
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidDocument(
            "The saved state of this process does not fit its diagram."
        ) from error


def _row(token: Task, maps: dict[int, tuple[int, Mapping[str, Any]]]) -> _Row:
    scope, element = token.parent, token.task_spec
    row = [
        token.id,
        scope.id if scope is not None else None,
        element.process_id,
        element.name,
        token.state,
        _place(token.data, maps),
        token.internal_data,
    ]
    if isinstance(element, Call):
        row.append(_place(element.inner_data(token), maps))
    return row


def _place(data: Variables, maps: dict[int, tuple[int, Mapping[str, Any]]]) -> Any:
    """Where the variables stand in the list; each map is listed once."""
    layers = data.maps if isinstance(data, ChainMap) else [data]
    places = [maps.setdefault(id(layer), (len(maps), layer))[0] for layer in layers]
    return [places] if isinstance(data, LoopVariables) else places


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "incident"}


def _add(instance: Instance, row: _Row, maps: list[dict[str, Any]]) -> None:
    token_id, scope_id, process_id, name, state, place, memory, *called = row
    element = instance.definition.called[process_id].elements[name]
    if len(called) != isinstance(element, Call):
        raise ValueError(f"{token_id} has too much or too little to it")
    if state not in _ALIVE or not isinstance(memory, dict) or not isinstance(token_id, str):
        raise ValueError(f"{token_id} is no token")
    is_process = element is instance.definition.root
    if (scope_id is None) is not is_process or token_id in instance.tasks:
        raise ValueError(f"{token_id} stands nowhere")
    if _waits_beside(element, state) and memory["host"] not in instance.tasks:
        raise ValueError(f"{token_id} waits beside nothing")
    # A scope comes before what runs in it, so that no scope can be inside itself.
    scope = None if is_process else _scope(instance, scope_id)
    token = Task(instance, element, scope, state, token_id)
    token.internal_data = memory
    token.data = _variables(place, maps, instance.facts)
    if called and isinstance(element, Call):
        element.enclose(token, _variables(called[0], maps, instance.facts))
    if state == TaskState.STARTED and element.wait_of(token) is not None:
        instance.wait(token)


def _scope(instance: Instance, scope_id: str) -> Task:
    scope = instance.tasks[scope_id]
    if not isinstance(scope.task_spec, Scope):
        raise ValueError(f"{scope_id} holds no tokens")  # noqa: TRY004 -- of a text
    return scope


def _waits_beside(element: Element, state: int) -> bool:
    return isinstance(element, BoundaryEvent) and state == TaskState.STARTED


def _variables(place: Any, maps: list[dict[str, Any]], facts: Mapping[str, Any]) -> Variables:
    is_through = isinstance(place[0], list)
    layers = [maps[index] for index in (place[0] if is_through else place)]
    layers[-1]["incident"] = facts
    if is_through:
        return LoopVariables(layers)
    return layers[0] if len(layers) == 1 else ChainMap(*layers)
