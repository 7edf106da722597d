"""Who handles what an element throws: a boundary event, or an event sub-process (BPMN §10.5.6)."""

from collections.abc import Iterable

from SpiffWorkflow.task import Task

from engine.bpmn.diagram import Trigger
from engine.bpmn.element import Element


def find(thrower: Task, trigger: Trigger, code: str) -> tuple[Task, Element] | None:
    """The innermost handler: a boundary event of a token, or an event sub-process in it."""
    token = thrower
    while token is not None:
        boundary = _match(token.task_spec.handlers, trigger, code)
        if boundary:
            return token, boundary
        scope = token.parent
        # What a handler throws itself goes further out.
        if scope is not None and not token.task_spec.node.is_event_subprocess:
            start = _match(scope.task_spec.catching_starts, trigger, code)
            if start:
                return scope, start
        token = scope
    return None


def _match(handlers: Iterable[Element], trigger: Trigger, code: str) -> Element | None:
    """A handler with this very code goes before one for any."""
    fitting = [h for h in handlers if h.node.trigger is trigger and h.node.event.name in (code, "")]
    return max(fitting, key=lambda handler: handler.node.event.name, default=None)
