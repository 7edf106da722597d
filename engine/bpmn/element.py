"""What every element of a diagram has in common: how a token comes, works and goes on.

A token is one of SpiffWorkflow's tasks, its place is the task spec, and its parent is the scope in
which it runs: the process, a sub-process, a call, or the whole of a repeated activity. A token is
READY until its element has run, STARTED while it waits for somebody or something, in ERROR when its
element failed; what has finished is gone.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task

from engine.bpmn.diagram import Flow, Node, Trigger
from engine.bpmn.progress import Wait
from engine.dmn import Decision
from engine.errors import ProcessFailed
from engine.feel import Expression, compile_expression

Variables = MutableMapping[str, Any]


class Instance(Protocol):
    """What an element may ask of the instance that its token belongs to."""

    def write(self, token: Task, values: Mapping[str, Any]) -> None:
        """Set variables, and note what changed."""

    def note(self, token: Task, **detail: Any) -> None:
        """Record that the token's element has finished, with what it changed."""

    def explain(self, token: Task, **detail: Any) -> None:
        """Add to what is recorded when the token's element finishes."""

    def enter(self, element: "Element", scope: Task, data: Variables, **state: Any) -> None:
        """Put a new token on an element; it runs after those that wait to run already."""

    def follow(self, path: "Path", scope: Task, data: Variables) -> None:
        """Put a new token on the element to which a flow leads."""

    def place(self, element: "Element", scope: Task, data: Variables, **state: Any) -> Task:
        """Put a new token on an element that has begun: it does not run by itself."""

    def arm(self, event: "Element", scope: Task, data: Variables, **state: Any) -> None:
        """Let an event wait from this moment on."""

    def leave(self, token: Task, paths: Iterable["Path"]) -> None:
        """Let the token go on by some paths, and end its scope if it was the last there."""

    def withdraw(self, token: Task) -> None:
        """Take a token away with all that runs inside and is attached to it."""

    def clear(self, scope: Task, *, but: Task | None = None) -> None:
        """Withdraw every token of a scope."""

    def wait(self, token: Task) -> None:
        """List what the token waits for, for those outside."""

    def line_up(self, token: Task) -> None:
        """Put a token behind those that wait already: what began to wait first goes on first."""

    def catch(self, thrower: Task, trigger: Trigger, code: str, payload: Any) -> bool:
        """Give an error, escalation or cancellation to its innermost handler, if there is one."""

    def throw(self, thrower: Task, trigger: Trigger, name: str, key: str, payload: Any) -> None:
        """Give a signal to all that wait for it here; hand it, or a message, to the outside."""

    def decide(self, token: Task, decision: Decision) -> None:
        """Evaluate a decision over the variables and set its outputs."""

    def operate(self, token: Task, operation: str, parameters: Mapping[str, Any]) -> None:
        """Apply an operation of the catalogue to the incident."""


@dataclass(frozen=True)
class Path:
    """A sequence flow as it runs."""

    flow: Flow
    target: "Element"
    condition: Expression | None

    def is_open(self, data: Variables) -> bool:
        """Only a plain true takes a conditional flow."""
        return self.condition is None or self.condition.evaluate(data) is True


class Element(TaskSpec):
    """An element that finishes as soon as a token reaches it and does nothing else."""

    def __init__(self, spec: WorkflowSpec, node: Node, suffix: str = "") -> None:
        super().__init__(spec, node.id + suffix)
        self.node = node
        self.process_id = spec.name
        self.paths: tuple[Path, ...] = ()
        self.default: Path | None = None
        self.attached: tuple[Element, ...] = ()  # boundary events that wait beside it
        self.handlers: tuple[Element, ...] = ()  # boundary events that catch what is thrown inside
        self.catching_starts: tuple[Element, ...] = ()  # event sub-processes that do the same

    def _run(self, my_task: Task) -> bool | None:
        # SpiffWorkflow's own puts the token into ERROR and raises on; the instance does both.
        return self.work(my_task)

    def work(self, token: Task) -> bool | None:  # noqa: ARG002 -- others look at it
        """Do what the element is for: true when finished, ``None`` when the token waits here."""
        return True

    def choose(self, token: Task) -> list[Path]:
        """The paths on which a finished token goes on (BPMN 2.0.2 §13.2.1)."""
        taken = [p for p in self.paths if p is not self.default and p.is_open(token.data)]
        if taken or not self.paths:
            return taken
        if self.default is None:
            raise ProcessFailed(self.node.id, "No condition holds, and no flow is the default.")
        return [self.default]

    def wait_of(self, token: Task) -> Wait | None:  # noqa: ARG002
        """What a token that waits here waits for, as far as others must know."""
        return None

    def _on_complete(self, my_task: Task) -> None:
        instance: Instance = my_task.workflow
        # Once only: a token whose way on was not clear is tried again from here.
        if my_task.internal_data.setdefault("is_done", False) is False:
            my_task.internal_data["is_done"] = True
            instance.note(my_task)
        instance.leave(my_task, self.choose(my_task))


def compiled(text: str | None) -> Expression | None:
    return compile_expression(text) if text else None


def evaluated(expression: Expression | None, data: Variables) -> Any:
    return None if expression is None else expression.evaluate(data)
