"""Our own codec: what is between two steps, as plain JSON that names elements and never classes."""

import json
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

# A row: id, parent id, spec name, state, triggered, internal data, and the data: what changed and
# which keys went since the parent, or ``None`` for a task that has none yet.
_Row = list[Any]


def write(workflow: BpmnWorkflow) -> str:
    """The workflow's tasks, each with its data as the difference from its parent's."""
    content = {
        "root": str(workflow.task_tree.id),
        "completed": workflow.completed,
        "tasks": [_row(task) for task in workflow.tasks.values()],
    }
    return json.dumps(content, separators=(",", ":"), default=_number)


def restore(workflow: BpmnWorkflow, text: str) -> None:
    """Fill an empty workflow (made with ``deserializing=True``) from ``text``."""
    content = json.loads(text)
    for row in content["tasks"]:
        _add(workflow, row)
    workflow.task_tree = workflow.tasks[content["root"]]
    workflow.completed = content["completed"]


def differs(old: object, new: object) -> bool:
    """Whether a value changed; Python takes ``True`` for 1, and FEEL does not."""
    return old != new or isinstance(old, bool) is not isinstance(new, bool)


def _row(task: Task) -> _Row:
    parent = task.parent
    return [
        str(task.id),
        str(parent.id) if parent is not None else None,
        task.task_spec.name,
        task.state,
        int(task.triggered),
        task.internal_data,
        _difference(parent.data if parent is not None else {}, task.data),
    ]


def _difference(inherited: dict[str, Any], data: dict[str, Any]) -> list[Any] | None:
    if not data:
        return None
    changed = {
        k: v
        for k, v in data.items()
        # The same object first: most values are handed down as they are.
        if k not in inherited or (inherited[k] is not v and differs(inherited[k], v))
    }
    return [changed, [k for k in inherited if k not in data]]


def _add(workflow: BpmnWorkflow, row: _Row) -> None:
    task_id, parent_id, spec_name, state, triggered, internal, difference = row
    parent = workflow.tasks.get(parent_id)
    task = Task(workflow, workflow.spec.task_specs[spec_name], parent, state, task_id)
    task.triggered = bool(triggered)
    task.internal_data = internal
    if difference is not None:
        changed, removed = difference
        task.data = (parent.data if parent is not None else {}) | changed
        for key in removed:
            del task.data[key]
    if state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
        workflow.event_manager.add_task(task)


def _number(value: object) -> int | float:
    """A FEEL number for JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is no process data")
