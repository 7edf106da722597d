"""Tokens in a person's hands: where they stand, and what their elements read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from SpiffWorkflow.task import Task

from engine.bpmn import moving, reading
from engine.bpmn.diagram import Node
from engine.bpmn.instance import Instance
from engine.bpmn.progress import OpenTimer, Wait
from engine.dmn import Decision
from engine.errors import Conflict


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


def places(instance: Instance) -> list[Place]:
    """Every token but the process itself, each scope before what runs in it."""
    return [_place(instance, token) for token in instance.tasks.values() if token.parent]


def cancel(instance: Instance) -> None:
    """Withdraw every token but the process itself."""
    instance.clear(instance.task_tree)


def set_due(instance: Instance, token_id: str, due_at: datetime) -> OpenTimer:
    """Let a timer that waits fire at another moment; returns it as it was before."""
    token = moving.token_of(instance, token_id)
    before = instance.waits.get(token_id)
    if not isinstance(before, OpenTimer):
        raise Conflict("This timer has fired, or nobody waits for it any more. Reload the page.")
    token.internal_data["due_at"] = due_at.isoformat()
    instance.wait(token)
    return before


def read_by(instance: Instance, token_id: str, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """The variables that the element of a token reads, with their values there."""
    token = moving.token_of(instance, token_id)
    names = reading.names(token.task_spec, decisions) - reading.GIVEN
    return {name: token.data.get(name) for name in sorted(names)}


def variables_at(instance: Instance, token_id: str) -> dict[str, Any]:
    """All variables as the element of a token sees them."""
    data = moving.token_of(instance, token_id).data
    return {name: data[name] for name in sorted(data) if name not in reading.GIVEN}


def _place(instance: Instance, token: Task) -> Place:
    element = token.task_spec
    return Place(
        token_id=token.id,
        node=element.node,
        process_id=element.process_id,
        inside=tuple(reversed([above.task_spec.node for above in moving.above(token)][:-1])),
        wait=instance.waits.get(token.id),
        failure=token.internal_data.get("failure"),
        targets=moving.targets(instance, token),
        holds_others=bool(token.children),
    )
