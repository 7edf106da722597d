"""Takes one step: from one wait of a process instance to the next, and says what happened."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import snapshot
from engine.bpmn.definition import DUE_AT, Definition, Timer
from engine.bpmn.diagram import Kind
from engine.dmn import Decision, DmnError
from engine.errors import Conflict, ProcessFailed
from engine.feel import Expression, FeelError

MAX_STEPS = 1_000
# SpiffWorkflow stops finding tasks below a depth of 1,000; a process must fail before, aloud.
MAX_DEPTH = 900

Changes = dict[str, tuple[Any, Any]]
# What an operation of the catalogue is to a diagram: facts, parameters -> new facts.
Operation = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Step:
    """One element that finished: which, what it changed, and how it decided."""

    element_id: str
    changes: Changes = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenTask:
    """A user task that waits for a person."""

    id: str
    element_id: str


@dataclass(frozen=True)
class OpenTimer:
    id: str
    element_id: str
    due_at: datetime


@dataclass(frozen=True)
class Progress:
    """All that crosses back from the kernel: where the instance stands, and how it got there."""

    snapshot: str
    steps: tuple[Step, ...]
    open_tasks: tuple[OpenTask, ...]
    timers: tuple[OpenTimer, ...]
    is_ended: bool
    failure: ProcessFailed | None


def start(
    definition: Definition, facts: Mapping[str, Any], operations: Mapping[str, Operation]
) -> Progress:
    """Begin a new instance and run it to its first wait."""
    run = _Run(definition, facts, operations)
    return run.advance(_Workflow(definition, run))


def complete(
    definition: Definition,
    state: str,
    task_id: str,
    answers: Mapping[str, Any],
    facts: Mapping[str, Any],
    operations: Mapping[str, Operation],
) -> Progress:
    """Complete a waiting task with checked answers and run on; ``Conflict`` if it waits no more."""
    run = _Run(definition, facts, operations)
    workflow = _restored(definition, run, state)
    task = workflow.tasks.get(task_id)
    # run() accepts tasks in any state, so look first.
    if task is None or task.state != TaskState.READY:
        raise Conflict("The process has gone on without this task. Reload the page.")
    run.answer(task, answers)
    task.run()
    return run.advance(workflow)


def fire_timers(
    definition: Definition,
    state: str,
    facts: Mapping[str, Any],
    operations: Mapping[str, Operation],
) -> Progress:
    """Fire every timer that is due on our clock and run on."""
    run = _Run(definition, facts, operations)
    workflow = _restored(definition, run, state)
    workflow.refresh_timers()
    return run.advance(workflow)


def _restored(definition: Definition, run: "_Run", state: str) -> "_Workflow":
    workflow = _Workflow(definition, run, deserializing=True)
    snapshot.restore(workflow, state)
    return workflow


class _Workflow(BpmnWorkflow):
    """SpiffWorkflow's workflow, with the run it belongs to."""

    def __init__(self, definition: Definition, run: "_Run", *, deserializing: bool = False) -> None:
        self.context = run
        super().__init__(definition.spec, {}, deserializing=deserializing)

    def _task_completed_notify(self, task: Task) -> None:
        self.context.note(task)
        super()._task_completed_notify(task)


class _Run:
    """The state of one step; the ``Context`` of its elements."""

    def __init__(
        self,
        definition: Definition,
        facts: Mapping[str, Any],
        operations: Mapping[str, Operation],
    ) -> None:
        self._definition = definition
        self._facts = dict(facts)
        self._operations = operations
        self._steps: list[Step] = []
        self._changes: dict[Any, Changes] = {}
        self._details: dict[Any, dict[str, Any]] = {}

    def advance(self, workflow: _Workflow) -> Progress:
        """Run automatic elements one by one until nothing but people and timers can go on."""
        failure = None
        try:
            self._run_ready(workflow)
        except ProcessFailed as error:
            failure = error
        return Progress(
            snapshot=snapshot.write(workflow),
            steps=tuple(self._steps),
            open_tasks=tuple(self._open_tasks(workflow)),
            timers=tuple(self._timers(workflow)),
            is_ended=failure is None and workflow.is_completed(),
            failure=failure,
        )

    def _run_ready(self, workflow: _Workflow) -> None:
        for _ in range(MAX_STEPS):
            task = workflow.get_next_task(state=TaskState.READY, manual=False)
            if task is None:
                workflow.refresh_timers()
                task = workflow.get_next_task(state=TaskState.READY, manual=False)
            if task is None:
                return
            name = task.task_spec.name
            if task.depth > MAX_DEPTH:
                raise ProcessFailed(name, "The process has gone round its loops too often.")
            try:
                task.run()
            except (FeelError, DmnError, ValueError, WorkflowException) as error:
                raise ProcessFailed(name, str(error)) from error
        raise ProcessFailed(name, f"More than {MAX_STEPS} elements ran without a wait.")

    def evaluate(self, expression: Expression, data: Mapping[str, Any]) -> Any:
        return expression.evaluate({**data, "incident": self._facts})

    def answer(self, task: Task, answers: Mapping[str, Any]) -> None:
        """Put a person's answers into the process data."""
        self._changes[task.id] = _difference(task.data, answers)
        task.set_data(**answers)

    def decide(self, decision: Decision, task: Task) -> None:
        outcome = decision.evaluate({**task.data, "incident": self._facts})
        self._changes[task.id] = _difference(task.data, outcome.outputs)
        task.set_data(**outcome.outputs)
        self._details[task.id] = {
            "decision": decision.id,
            "inputs": outcome.inputs,
            "outputs": outcome.outputs,
            "matched_rules": list(outcome.matched_rules),
        }

    def operate(self, operation: str, parameters: Mapping[str, Any], task: Task) -> None:
        new = self._operations[operation](self._facts, parameters)
        self._changes[task.id] = _difference(self._facts, new)
        self._details[task.id] = {"operation": operation, "parameters": dict(parameters)}
        self._facts.update(new)

    def note(self, task: Task) -> None:
        """Called by SpiffWorkflow for each task that completes, in order."""
        element_id = task.task_spec.name
        node = self._definition.diagram.nodes.get(element_id)
        if node is None:
            return  # one of SpiffWorkflow's own joints, not on the drawing
        detail = self._details.pop(task.id, {})
        if node.kind is Kind.EXCLUSIVE:
            detail = self._choice(element_id, task)
        self._steps.append(Step(element_id, self._changes.pop(task.id, {}), detail))

    def _choice(self, gateway_id: str, task: Task) -> dict[str, Any]:
        paths = self._definition.paths[gateway_id]
        if len(paths) < 2:
            return {}
        flow = paths[task.children[0].task_spec.name]
        return {"taken": flow.name or flow.id, "flow_id": flow.id, "condition": flow.condition}

    def _open_tasks(self, workflow: _Workflow) -> Iterator[OpenTask]:
        for task in workflow.get_tasks(state=TaskState.READY, manual=True):
            yield OpenTask(str(task.id), task.task_spec.name)

    def _timers(self, workflow: _Workflow) -> Iterator[OpenTimer]:
        for task in workflow.get_tasks(state=TaskState.WAITING):
            due_at = task.internal_data.get(DUE_AT)
            if due_at and isinstance(task.task_spec.event_definition, Timer):
                yield OpenTimer(str(task.id), task.task_spec.name, datetime.fromisoformat(due_at))


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    return {k: (old.get(k), value) for k, value in new.items() if old.get(k) != value}
