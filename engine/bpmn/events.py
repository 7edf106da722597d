"""Events: what starts, ends, interrupts and is waited for (BPMN 2.0.2 §10.5, §13.5)."""

from datetime import datetime
from typing import Any, cast

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task

from engine.bpmn import timers
from engine.bpmn.activities import Scope, key_of
from engine.bpmn.diagram import Node, Trigger
from engine.bpmn.element import Element, Instance, Variables, compiled, evaluated
from engine.bpmn.progress import Awaited, OpenTimer, Subscription, Wait
from engine.errors import ProcessFailed
from engine.feel import to_data

_AWAITED = {
    Trigger.MESSAGE: Awaited.MESSAGE,
    Trigger.SIGNAL: Awaited.SIGNAL,
    Trigger.CONDITIONAL: Awaited.CONDITION,
}


class Catching(Element):
    """Waits for a timer, message, signal or condition, and then goes on."""

    def __init__(self, spec: WorkflowSpec, node: Node) -> None:
        super().__init__(spec, node)
        self._timer = timers.Timer(node.event.timer) if node.event.timer else None
        self._key = compiled(node.correlation_key)
        self._condition = compiled(node.event.condition)

    def work(self, token: Task) -> bool | None:
        instance: Instance = token.workflow
        if self._timer:
            token.internal_data.update(timers.as_state(self._timer.schedule(token.data)))
        elif self.node.trigger is Trigger.MESSAGE:
            token.internal_data["key"] = key_of(evaluated(self._key, token.data))
        instance.line_up(token)
        instance.wait(token)
        return None

    def wait_of(self, token: Task) -> Wait:
        state, node = token.internal_data, self.node
        if self._timer:
            due_at = datetime.fromisoformat(state["due_at"])
            return OpenTimer(token.id, node, self.process_id, due_at)
        key, awaited = state.get("key", ""), _AWAITED[node.trigger]
        return Subscription(token.id, node, self.process_id, awaited, node.event.name, key)

    def has_become_true(self, token: Task) -> bool:
        """Whether the condition holds and did not when it was asked last."""
        before = token.internal_data.get("held", False)
        holds = token.internal_data["held"] = evaluated(self._condition, token.data) is True
        return holds and not before

    def happen(self, token: Task, payload: Any) -> None:
        """Go on, now that what was waited for has come."""
        self.go_on(token, payload)

    def go_on(self, token: Task, payload: Any) -> None:
        self.receive(token, payload)
        token.complete()

    def receive(self, token: Task, payload: Any) -> None:
        instance: Instance = token.workflow
        if self.node.variable:
            instance.write(token, {self.node.variable: payload})

    def rearm(self, token: Task) -> None:
        """Wait for the next one, if there can be one."""
        instance: Instance = token.workflow
        schedule = timers.next_round(token.internal_data)
        if self._timer and schedule is None:
            instance.withdraw(token)
        elif schedule:
            token.internal_data.update(timers.as_state(schedule))
            instance.wait(token)


class BoundaryEvent(Catching):
    """Waits beside an activity; takes its place, or adds a way beside it."""

    def happen(self, token: Task, payload: Any) -> None:
        instance: Instance = token.workflow
        host = token.workflow.tasks[token.internal_data["host"]]
        if self.node.interrupts:
            token.internal_data.pop("host")
            instance.withdraw(host)
            self.go_on(token, payload)
            return
        self.receive(token, payload)
        instance.note(token)
        for path in self.choose(token):
            instance.follow(path, token.parent, token.data)
        self.rearm(token)


class StartEvent(Catching):
    """Where a scope begins, or what an event sub-process waits for."""

    def __init__(self, spec: WorkflowSpec, node: Node) -> None:
        super().__init__(spec, node)
        self.handler: Scope | None = None  # the event sub-process that it starts

    def work(self, token: Task) -> bool | None:
        return True if self.handler is None else super().work(token)

    def happen(self, token: Task, payload: Any) -> None:
        instance: Instance = token.workflow
        scope = token.parent
        if self.node.interrupts:
            instance.clear(scope, but=token)
        self.begin(token.workflow, scope, token.data, payload)
        if self.node.interrupts:
            instance.withdraw(token)
        else:
            self.rearm(token)

    def begin(self, workflow: Any, scope: Task, data: Variables, payload: Any) -> None:
        """Run the event sub-process in its scope."""
        instance: Instance = workflow
        subprocess = cast("Scope", self.handler)
        handler = instance.place(subprocess, scope, data)
        subprocess.open(handler, data)
        self.go_on(instance.place(self, handler, data), payload)


class ThrowEvent(Element):
    """Lets others know: a message, signal or escalation, or nobody at all."""

    def __init__(self, spec: WorkflowSpec, node: Node) -> None:
        super().__init__(spec, node)
        self._key, self._payload = compiled(node.correlation_key), compiled(node.payload)
        self.link: Element | None = None  # where a link goes on

    def work(self, token: Task) -> bool:
        instance: Instance = token.workflow
        trigger, name = self.node.trigger, self.node.event.name
        payload = to_data(evaluated(self._payload, token.data))
        match trigger:
            case Trigger.MESSAGE | Trigger.SIGNAL:
                key = key_of(evaluated(self._key, token.data))
                instance.throw(token, trigger, name, key, payload)
            case Trigger.ESCALATION:
                instance.catch(token, trigger, name, payload)
            case Trigger.LINK if self.link:
                instance.enter(self.link, token.parent, token.data)
            case Trigger.ERROR | Trigger.CANCEL:
                self._fail(token, payload)
            case Trigger.TERMINATE:
                instance.clear(token.parent, but=token)
        return True

    def _fail(self, token: Task, payload: Any) -> None:
        instance: Instance = token.workflow
        trigger, code = self.node.trigger, self.node.event.name
        carried = {"code": code} if payload is None else payload
        if not instance.catch(token, trigger, code, carried):
            raise ProcessFailed(self.node.id, f"Nothing catches the error “{code}”.")


def taken_over(scope: Task) -> Task | None:
    """The interrupting event sub-process that runs in a scope; nothing else runs or waits there."""
    element = scope.task_spec
    starts = (*element.waiting_starts, *element.catching_starts)
    handlers = [s.handler for s in starts if isinstance(s, StartEvent) and s.node.interrupts]
    return next((token for token in scope.children if token.task_spec in handlers), None)
