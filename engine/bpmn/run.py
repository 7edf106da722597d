"""Takes one step: from one wait of a process instance to the next, and says what happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import overrides, snapshot
from engine.bpmn.definition import DUE_AT, Definition, Timer
from engine.bpmn.diagram import Kind
from engine.dmn import Decision, DmnError
from engine.errors import Conflict, ProcessFailed
from engine.feel import Expression, FeelError

overrides.install()

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


_Wait = TypeVar("_Wait", OpenTask, OpenTimer)


@dataclass(frozen=True)
class Progress:
    """All that crosses back from the kernel: where the instance stands, and how it got there."""

    snapshot: str
    steps: tuple[Step, ...]
    open_tasks: tuple[OpenTask, ...]
    new_tasks: tuple[OpenTask, ...]  # those of open_tasks that this step opened
    gone_tasks: tuple[OpenTask, ...]  # waited before this step, and were neither done nor kept
    timers: tuple[OpenTimer, ...]
    new_timers: tuple[OpenTimer, ...]
    gone_timers: tuple[OpenTimer, ...]  # fired or cancelled
    is_ended: bool
    failure: ProcessFailed | None


def start(
    definition: Definition, facts: Mapping[str, Any], operations: Mapping[str, Operation]
) -> Progress:
    """Begin a new instance and run it to its first wait."""
    run = _Run(definition, facts, operations)
    return run.advance(_Workflow(definition, run), _Waits())


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
    before = _Waits.of(workflow)
    task = workflow.tasks.get(task_id)
    # run() accepts tasks in any state, so look first.
    if task is None or task.state != TaskState.READY:
        raise Conflict("The process has gone on without this task. Reload the page.")
    run.answer(task, answers)
    task.run()
    before.tasks.pop(task_id)
    return run.advance(workflow, before)


def fire_timers(
    definition: Definition,
    state: str,
    facts: Mapping[str, Any],
    operations: Mapping[str, Operation],
) -> Progress:
    """Fire every timer that is due on our clock and run on."""
    run = _Run(definition, facts, operations)
    workflow = _restored(definition, run, state)
    before = _Waits.of(workflow)
    workflow.refresh_timers()
    return run.advance(workflow, before)


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

    def update_waiting_tasks(self) -> None:
        # SpiffWorkflow walks its whole tree here after each task; the index says the same at once.
        for task in self.in_state(TaskState.WAITING):
            if task.state == TaskState.WAITING:
                task.task_spec._update(task)  # noqa: SLF001 -- what the overridden method calls

    def in_state(self, state: int) -> list[Task]:
        """The tasks in one state, oldest first."""
        # Not ``task.state``: a property called a hundred times a step.
        return [task for task in self.tasks.values() if task._state == state]  # noqa: SLF001

    def next_automatic(self) -> Task | None:
        ready = self.in_state(TaskState.READY)
        return next((task for task in ready if not task.task_spec.manual), None)


@dataclass(frozen=True)
class _Waits:
    """What a workflow waits for, by id."""

    tasks: dict[str, OpenTask] = field(default_factory=dict)
    timers: dict[str, OpenTimer] = field(default_factory=dict)

    @classmethod
    def of(cls, workflow: _Workflow) -> "_Waits":
        waits = cls()
        for task in workflow.in_state(TaskState.READY):
            if not task.task_spec.manual:
                continue  # what a failure kept from running is no task for a person
            task_id = str(task.id)
            waits.tasks[task_id] = OpenTask(task_id, task.task_spec.name)
        for task in workflow.in_state(TaskState.WAITING):
            due_at, task_id = task.internal_data.get(DUE_AT), str(task.id)
            if due_at and isinstance(task.task_spec.event_definition, Timer):
                at = datetime.fromisoformat(due_at)
                waits.timers[task_id] = OpenTimer(task_id, task.task_spec.name, at)
        return waits


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

    def advance(self, workflow: _Workflow, before: _Waits) -> Progress:
        """Run automatic elements one by one until nothing but people and timers can go on."""
        failure = None
        try:
            self._run_ready(workflow)
        except ProcessFailed as error:
            failure = error
        now = _Waits.of(workflow)
        failure = failure or self._stuck(workflow, now)
        return Progress(
            snapshot=snapshot.write(workflow),
            steps=tuple(self._steps),
            open_tasks=tuple(now.tasks.values()),
            new_tasks=_without(now.tasks, before.tasks),
            gone_tasks=_without(before.tasks, now.tasks),
            timers=tuple(now.timers.values()),
            new_timers=_without(now.timers, before.timers),
            gone_timers=_without(before.timers, now.timers),
            is_ended=failure is None and workflow.is_completed(),
            failure=failure,
        )

    def _run_ready(self, workflow: _Workflow) -> None:
        for _ in range(MAX_STEPS):
            task = workflow.next_automatic()
            if task is None:
                workflow.refresh_timers()
                task = workflow.next_automatic()
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

    def _stuck(self, workflow: _Workflow, now: _Waits) -> ProcessFailed | None:
        """A join that a token never reaches would keep the incident open for ever, in silence."""
        names = [task.task_spec.name for task in workflow.in_state(TaskState.WAITING)]
        drawn = [name for name in names if name in self._definition.diagram.nodes]
        if not drawn or now.tasks or now.timers:
            return None
        return ProcessFailed(drawn[0], "This element waits for nothing that can come.")

    def evaluate(self, expression: Expression, data: Mapping[str, Any]) -> Any:
        return expression.evaluate({**data, "incident": self._facts})

    def answer(self, task: Task, answers: Mapping[str, Any]) -> None:
        """Put a person's answers into the process data."""
        self._changes[task.id] = _difference(task.data, answers)
        task.data.update(answers)

    def decide(self, decision: Decision, task: Task) -> None:
        outcome = decision.evaluate({**task.data, "incident": self._facts})
        self._changes[task.id] = _difference(task.data, outcome.outputs)
        task.data.update(outcome.outputs)
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


def _without(these: Mapping[str, _Wait], those: Mapping[str, _Wait]) -> tuple[_Wait, ...]:
    return tuple(wait for wait_id, wait in these.items() if wait_id not in those)


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    return {k: (old.get(k), v) for k, v in new.items() if snapshot.differs(old.get(k), v)}
