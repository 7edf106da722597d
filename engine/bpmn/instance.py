"""A running process instance: its tokens, and the loop that runs them to the next wait."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from engine import clock, footprints
from engine.bpmn import handlers, overrides, payloads
from engine.bpmn.changes import Changes, difference
from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Kind, Trigger
from engine.bpmn.element import Element, Path, Variables
from engine.bpmn.events import Catching, StartEvent
from engine.bpmn.gateways import InclusiveGateway, Join
from engine.bpmn.progress import (
    Awaited,
    Failure,
    OpenTask,
    OpenTimer,
    Progress,
    Step,
    Subscription,
    Thrown,
    Wait,
)
from engine.bpmn.repetition import Repetition
from engine.dmn import Decision, DmnError, Outcome
from engine.errors import Conflict, InvalidAnswers, OperationFailed, ProcessFailed
from engine.feel import FeelError
from engine.identifiers import new_id

overrides.install()

FACTS = "incident"  # the name under which expressions read them
MAX_STEPS = 1_000  # elements that run between two waits
MAX_TOKENS = 5_000  # at one time

# What an operation of the catalogue is to a diagram: facts, parameters -> new facts.
Operation = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
_PROBLEMS = (ProcessFailed, FeelError, DmnError, ValueError)


class Instance(Workflow):
    """One process instance, between two steps or in the middle of one.

    Tokens are SpiffWorkflow's tasks; ``tasks`` holds those that are alive, in the order in which
    they came, or for events and joins: began to wait. Their ids are strings, unique over all
    instances.

    When several events or joins can go on at the same moment, the one that began to wait first does
    (BPMN 2.0.2 leaves it open).
    """

    def __init__(
        self,
        definition: Definition,
        facts: Mapping[str, Any],
        operations: Mapping[str, Operation],
    ) -> None:
        super().__init__(definition.spec, deserializing=True)
        self.definition = definition
        self.facts = dict(facts)
        self.variables: dict[str, Any] = {FACTS: self.facts}
        self.waits: dict[str, Wait] = {}
        self._operations = operations
        self._queue: deque[Task] = deque()
        self._changes: dict[str, Changes] = {}
        self._details: dict[str, dict[str, Any]] = {}
        self._begin_report()

    # What those outside do

    def begin(self) -> None:
        """Start at the start event and run to the first wait."""
        self.task_tree = Task(self, self.definition.root, None, TaskState.STARTED, new_id())
        self.task_tree.data = self.variables
        self.definition.root.open(self.task_tree, self.variables)
        self._run()

    def complete(self, task_id: str, answers: Mapping[str, Any]) -> None:
        """Complete a task of a person and run on; ``Conflict`` when it no longer waits."""
        token = self._waiting(task_id, OpenTask)
        if FACTS in answers:
            raise InvalidAnswers({FACTS: "This name stands for the incident itself."})
        self.write(token, answers)
        self._attempt(token, token.complete)
        self._run()

    def fire_timers(self) -> None:
        """Fire each timer that is due once, the longest overdue first, and run on."""
        now = clock.now()
        timers = [wait for wait in self.waits.values() if isinstance(wait, OpenTimer)]
        for timer in sorted(timers, key=lambda timer: timer.due_at):
            if timer.due_at <= now and timer.id in self.tasks:
                self._happen(self.tasks[timer.id], None)
                self._run()
        self._run()

    def deliver(self, subscription_id: str, payload: Any) -> None:
        """Hand a message to the element that waits for it; ``Conflict`` when it no longer does."""
        self._happen(self._waiting(subscription_id, Subscription), payload)
        self._run()

    def broadcast(self, name: str, payload: Any) -> None:
        """Hand a signal that was thrown elsewhere to every element that waits for it."""
        self._signal(name, payload)
        self._run()

    def retry(self, token_id: str, corrections: Mapping[str, Any]) -> None:
        """Run a failed element again, with corrected variables; ``Conflict`` if it did not fail."""
        token = self.tasks.get(token_id)
        if token is None or token.state != TaskState.ERROR:
            raise Conflict("The process has gone on. Reload the page.")
        del token.internal_data["failure"]
        self.write(token, corrections)
        token._set_state(TaskState.READY)  # noqa: SLF001 -- the setter only goes forward
        self._queue.append(token)
        self._run()

    def go_on(self) -> None:
        """Run what can run, after facts have changed or tokens were moved by hand."""
        self._run()

    def progress(self) -> Progress:
        """What happened since this was asked last; ``Progress`` says what each part means."""
        before, now, failures = self._before, self.waits, tuple(self._failures())
        progress = Progress(
            steps=tuple(self._steps),
            waits=tuple(now.values()),
            new=tuple(wait for wait in now.values() if before.get(wait.id) != wait),
            gone=tuple(wait for wait in before.values() if now.get(wait.id) != wait),
            thrown=tuple(self._thrown),
            failures=failures,
            failed=tuple(f for f in failures if f.token_id in self._failed),
            is_ended=self.completed,
        )
        self._begin_report()
        return progress

    # What elements ask for

    def enter(self, element: Element, scope: Task, data: Variables, **state: Any) -> None:
        if len(self.tasks) > MAX_TOKENS:
            raise ProcessFailed(element.node.id, f"More than {MAX_TOKENS} paths at one time.")
        token = Task(self, element, scope, TaskState.READY, new_id())
        token.data, token.internal_data = data, state
        self._queue.append(token)

    def follow(self, path: Path, scope: Task, data: Variables) -> None:
        # Only a join must know on which flow a token came.
        way = {"via": path.flow.id} if isinstance(path.target, Join) else {}
        footprints.note_flow(path.target.process_id, path.flow.id)
        self.enter(path.target, scope, data, **way)

    def place(self, element: Element, scope: Task, data: Variables, **state: Any) -> Task:
        token = Task(self, element, scope, TaskState.STARTED, new_id())
        token.data, token.internal_data = data, state
        return token

    def arm(self, event: Element, scope: Task, data: Variables, **state: Any) -> None:
        event.work(self.place(event, scope, data, **state))

    def leave(self, token: Task, paths: Iterable[Path]) -> None:
        scope = token.parent
        if token.id not in self.tasks:
            return  # what it threw has taken it away
        if isinstance(scope.task_spec, Repetition) and token.task_spec is scope.task_spec.each:
            scope.task_spec.iteration_done(scope, token)
        for path in paths:
            self.follow(path, scope, token.data)
        self._drop(token)
        self._end_if_empty(scope)

    def withdraw(self, token: Task) -> None:
        self.clear(token)
        token._set_state(TaskState.CANCELLED)  # noqa: SLF001 -- its own cancel walks the tree
        self._drop(token)

    def clear(self, scope: Task, *, but: Task | None = None) -> None:
        for token in scope.children:
            # A boundary event has gone with what it was attached to.
            if token is not but and token.id in self.tasks:
                self.withdraw(token)

    def wait(self, token: Task) -> None:
        wait = token.task_spec.wait_of(token)
        self.waits[wait.id] = wait

    def line_up(self, token: Task) -> None:
        self.tasks[token.id] = self.tasks.pop(token.id)

    def write(self, token: Task, values: Mapping[str, Any]) -> None:
        if FACTS in values:
            raise ProcessFailed(
                token.task_spec.node.id, f"“{FACTS}” cannot be set: it is the incident."
            )
        changes = difference(token.data, values)
        self._changes.setdefault(token.id, {}).update(changes)
        # Unchanged ones too: an iteration keeps what it wrote when the value around it changes.
        for name, value in values.items():
            token.data[name] = value

    def explain(self, token: Task, **detail: Any) -> None:
        self._details.setdefault(token.id, {}).update(detail)

    def note(self, token: Task, **detail: Any) -> None:
        element = token.task_spec
        detail = self._details.pop(token.id, {}) | detail
        changes = self._changes.pop(token.id, {})
        self._steps.append(Step(element.node, element.process_id, token.id, changes, detail))

    def throw(self, thrower: Task, trigger: Trigger, name: str, key: str, payload: Any) -> None:
        problem = payloads.problem_of(payload)
        if problem:
            raise ProcessFailed(thrower.task_spec.node.id, f"“{name}” cannot carry this. {problem}")
        awaited = Awaited.SIGNAL if trigger is Trigger.SIGNAL else Awaited.MESSAGE
        self._thrown.append(Thrown(awaited, name, key, payload))
        self.explain(thrower, thrown=name)
        if awaited is Awaited.SIGNAL:
            self._note_first(thrower)
            self._signal(name, payload)

    def catch(self, thrower: Task, trigger: Trigger, code: str, payload: Any) -> bool:
        found = handlers.find(thrower, trigger, code)
        if found is None:
            return False
        place, handler = found
        self.explain(thrower, **{str(trigger): code}, caught_by=handler.node.id)
        self._note_first(thrower)
        self._handle(place, handler, payload)
        return True

    def decide(self, token: Task, decision: Decision) -> None:
        outcome = decision.evaluate(token.data)
        self.write(token, outcome.outputs)
        told = _told(outcome)
        if outcome.required:
            told["required"] = [_told(each) for each in outcome.required]
        self.explain(token, **told)

    def operate(self, token: Task, operation: str, parameters: Mapping[str, Any]) -> None:
        self.explain(token, operation=operation, parameters=dict(parameters))
        try:
            new = self._operations[operation](self.facts, parameters)
        except ValueError as error:
            raise OperationFailed(operation, str(error)) from error
        self._changes.setdefault(token.id, {}).update(difference(self.facts, new))
        self.facts.update(new)

    # How it runs

    def _run(self) -> None:
        """Run automatic elements one by one until nothing but the outside can go on."""
        for _ in range(MAX_STEPS):
            if not self._queue and not self._settle():
                self._find_stuck()
                return
            if self._queue:
                self._step(self._queue.popleft())
        for token in self._queue:
            if token.id in self.tasks:
                self._fail(token, f"More than {MAX_STEPS} elements ran without a wait.")
        self._queue.clear()

    def _find_stuck(self) -> None:
        """A join that a token never reaches would keep the incident open for ever, in silence."""
        if self.completed or self.waits or any("failure" in t.internal_data for t in self._live()):
            return
        for token in self._live():
            if isinstance(token.task_spec, Join):
                self._fail(token, "This element waits for nothing that can come.")

    def _step(self, token: Task) -> None:
        if token.id not in self.tasks:
            return  # withdrawn while it waited for its turn
        is_done = token.internal_data.get("is_done", False)
        self._attempt(token, token.complete if is_done else token.run)

    def _attempt(self, token: Task, work: Callable[[], object]) -> None:
        """Do one thing for a token; what goes wrong stays with that token."""
        try:
            work()
        except OperationFailed as error:
            carried = {"code": error.code, "message": str(error)}
            if self.catch(token, Trigger.ERROR, error.code, carried):
                return
            self._fail(token, str(error))
        except _PROBLEMS as error:
            self._fail(token, str(error))

    def _fail(self, token: Task, message: str) -> None:
        token.error()
        token.internal_data["failure"] = message
        self._failed.add(token.id)
        self.clear(token)
        for event in self._armed_by(token):
            self.withdraw(event)

    def _settle(self) -> bool:
        """Decide what depends on nothing else being able to run; tell whether anything did."""
        return any(self._settles(t) for t in self._live() if t.state == TaskState.STARTED)

    def _settles(self, token: Task) -> bool:
        element = token.task_spec
        if isinstance(element, InclusiveGateway) and element.is_complete(token):
            self._attempt(token, lambda: element.release(token))
            return True
        if isinstance(element, Catching) and element.node.trigger is Trigger.CONDITIONAL:
            return token.id in self.waits and self._is_met(token)
        return False

    def _is_met(self, token: Task) -> bool:
        """Let a conditional event happen if its condition has become true."""
        try:
            has_come: bool = token.task_spec.has_become_true(token)
        except _PROBLEMS as error:
            self._fail(token, str(error))
            return True
        if has_come:
            self._happen(token, None)
        return has_come

    def _happen(self, token: Task, payload: Any) -> None:
        """What a token waits for has come."""
        race = token.internal_data.get("race")
        if race:
            self._note_winner(token.task_spec)
        for rival in token.parent.children if race else ():
            if rival is not token and rival.internal_data.get("race") == race:
                self.withdraw(rival)
        self._attempt(token, lambda: token.task_spec.happen(token, payload))

    def _note_winner(self, event: Element) -> None:
        """The flow by which a gateway waited for an event is taken when that event wins."""
        diagram = self.definition.called[event.process_id].diagram
        for flow in diagram.incoming[event.node.id]:
            if diagram.nodes[flow.source].kind is Kind.EVENT_BASED:
                footprints.note_flow(event.process_id, flow.id)

    def _signal(self, name: str, payload: Any) -> None:
        for wait in list(self.waits.values()):
            if not isinstance(wait, Subscription) or wait.id not in self.tasks:
                continue
            if wait.awaits is Awaited.SIGNAL and wait.name == name:
                self._happen(self.tasks[wait.id], payload)

    def _note_first(self, thrower: Task) -> None:
        """Record what was thrown before what catches it, which may take the thrower away."""
        self.note(thrower)
        thrower.internal_data["is_done"] = True

    def _handle(self, place: Task, handler: Element, payload: Any) -> None:
        """Let a boundary event of ``place``, or an event sub-process in it, take over."""
        scope, interrupts = place.parent, handler.node.interrupts
        if isinstance(handler, StartEvent):
            if interrupts:
                self.clear(place)
            handler.begin(self, place, place.task_spec.inner_data(place), payload)
            return
        event = self.place(handler, scope, place.data)
        if interrupts:
            self.withdraw(place)
        handler.go_on(event, payload)

    def _end_if_empty(self, scope: Task) -> None:
        left = scope.children
        if scope.id not in self.tasks or not all(_is_armed_start(token) for token in left):
            return
        for token in left:
            self.withdraw(token)
        if scope is self.task_tree:
            self.completed = True
        else:
            self._attempt(scope, lambda: scope.task_spec.finish(scope))

    def _drop(self, token: Task) -> None:
        if token.task_spec.attached:
            for event in self._armed_by(token):
                self.withdraw(event)
        self._remove_task(token.id)
        self.waits.pop(token.id, None)

    def _armed_by(self, token: Task) -> list[Task]:
        """The events on its border, or of a gateway that it waits for."""
        others = token.parent.children
        return [t for t in others if token.id in map(t.internal_data.get, ("host", "race"))]

    def _waiting(self, token_id: str, kind: type[Wait]) -> Task:
        if not isinstance(self.waits.get(token_id), kind):
            raise Conflict("The process has gone on without this. Reload the page.")
        return self.tasks[token_id]

    def _live(self) -> list[Task]:
        return list(self.tasks.values())

    def _failures(self) -> Iterable[Failure]:
        for token in self.tasks.values():
            message = token.internal_data.get("failure")
            if message is not None:
                element = token.task_spec
                yield Failure(token.id, element.node, element.process_id, message)

    def _begin_report(self) -> None:
        self._before = dict(self.waits)
        self._steps: list[Step] = []
        self._thrown: list[Thrown] = []
        self._failed: set[str] = set()


def _told(outcome: Outcome) -> dict[str, Any]:
    """What a decision that another one needed has decided, for the history."""
    return {
        "decision": outcome.decision_id,
        "inputs": outcome.inputs,
        "outputs": outcome.outputs,
        "matched_rules": list(outcome.matched_rules),
    }


def _is_armed_start(token: Task) -> bool:
    return isinstance(token.task_spec, StartEvent) and token.state == TaskState.STARTED
