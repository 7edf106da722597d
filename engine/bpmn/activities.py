"""Tasks, sub-processes and calls: what is done, by whom or by what (BPMN 2.0.2 §13.2)."""

from abc import abstractmethod
from collections import ChainMap
from typing import Any, Protocol

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task

from engine.bpmn import allowances, scripts
from engine.bpmn.allowances import Allowance
from engine.bpmn.changes import difference
from engine.bpmn.diagram import Diagram, Node, Trigger
from engine.bpmn.element import Element, Instance, Variables, compiled, evaluated
from engine.bpmn.progress import Awaited, OpenTask, Subscription, Wait
from engine.dmn import Decision
from engine.errors import ProcessFailed
from engine.feel import compile_expression, to_data

MAX_DEPTH = 50
MAX_KEY = 200  # characters of a correlation key


class Activity(Element):
    """Arms the events that wait beside it, then does its work."""

    def work(self, token: Task) -> bool | None:
        instance: Instance = token.workflow
        for event in self.attached:
            instance.arm(event, token.parent, token.data, host=token.id)
        return self.perform(token)

    @abstractmethod
    def perform(self, token: Task) -> bool | None:
        """Do the work itself: true when finished, ``None`` when the token waits here."""


class PersonTask(Activity):
    """A user or manual task: waits until a person completes it."""

    def __init__(self, spec: WorkflowSpec, node: Node, allowance: Allowance | None) -> None:
        super().__init__(spec, node)
        self._allowance = allowance

    def perform(self, token: Task) -> None:
        instance: Instance = token.workflow
        if self._allowance:
            due = self._allowance.due_time(token.data)
            token.internal_data["due"] = allowances.as_data(due)
        instance.wait(token)

    def wait_of(self, token: Task) -> Wait:
        kept = token.internal_data.get("due")
        due = allowances.of_data(kept) if kept else None
        return OpenTask(token.id, self.node, self.process_id, due)


class ScriptTask(Activity):
    """Sets variables, one after the other."""

    def __init__(self, spec: WorkflowSpec, node: Node, suffix: str = "") -> None:
        super().__init__(spec, node, suffix)
        self._assignments = scripts.parse(node.script)

    def perform(self, token: Task) -> bool:
        instance: Instance = token.workflow
        seen = ChainMap({}, token.data)
        for name, expression in self._assignments:
            seen[name] = to_data(expression.evaluate(seen))
        instance.write(token, seen.maps[0])
        return True


class OperationTask(Activity):
    """A service task: calls one operation of the catalogue with FEEL parameters."""

    def __init__(self, spec: WorkflowSpec, node: Node, suffix: str = "") -> None:
        super().__init__(spec, node, suffix)
        self._parameters = {k: compile_expression(text) for k, text in node.parameters.items()}

    def perform(self, token: Task) -> bool:
        instance: Instance = token.workflow
        values = {k: to_data(e.evaluate(token.data)) for k, e in self._parameters.items()}
        instance.operate(token, self.node.operation or "", values)
        return True


class DecisionTask(Activity):
    """A business rule task: evaluates one decision of the bundle over the variables."""

    def __init__(self, spec: WorkflowSpec, node: Node, decision: Decision) -> None:
        super().__init__(spec, node)
        self._decision = decision

    def perform(self, token: Task) -> bool:
        instance: Instance = token.workflow
        instance.decide(token, self._decision)
        return True


class SendTask(Activity):
    """Throws a message."""

    def __init__(self, spec: WorkflowSpec, node: Node, suffix: str = "") -> None:
        super().__init__(spec, node, suffix)
        self._key, self._payload = compiled(node.correlation_key), compiled(node.payload)

    def perform(self, token: Task) -> bool:
        instance: Instance = token.workflow
        payload = to_data(evaluated(self._payload, token.data))
        key = key_of(evaluated(self._key, token.data))
        instance.throw(token, Trigger.MESSAGE, self.node.event.name, key, payload)
        return True


class ReceiveTask(Activity):
    """Waits for a message."""

    def __init__(self, spec: WorkflowSpec, node: Node, suffix: str = "") -> None:
        super().__init__(spec, node, suffix)
        self._key = compiled(node.correlation_key)

    def perform(self, token: Task) -> None:
        instance: Instance = token.workflow
        token.internal_data["key"] = key_of(evaluated(self._key, token.data))
        instance.wait(token)

    def happen(self, token: Task, payload: Any) -> None:
        instance: Instance = token.workflow
        if self.node.variable:
            instance.write(token, {self.node.variable: payload})
        token.complete()

    def wait_of(self, token: Task) -> Wait:
        key, name = token.internal_data["key"], self.node.event.name
        return Subscription(token.id, self.node, self.process_id, Awaited.MESSAGE, name, key)


class Scope(Activity):
    """Holds tokens of its own, and is finished when none is left; also the process itself."""

    def __init__(self, spec: WorkflowSpec, node: Node, suffix: str = "") -> None:
        super().__init__(spec, node, suffix)
        self.start: Element | None = None  # of a handler: none, the event that happened is there
        self.waiting_starts: tuple[Element, ...] = ()  # of event sub-processes
        self.catching_starts: tuple[Element, ...] = ()  # those that catch what is thrown inside

    def perform(self, token: Task) -> None:
        if len(_nesting(token)) > MAX_DEPTH:
            raise ProcessFailed(self.node.id, f"More than {MAX_DEPTH} processes in one another.")
        self.open(token, token.data)

    def inner_data(self, token: Task) -> Variables:
        """The variables of what runs inside."""
        data: Variables = token.data
        return data

    def open(self, token: Task, data: Variables) -> None:
        """Let the first tokens in."""
        instance: Instance = token.workflow
        for start in self.waiting_starts:
            instance.arm(start, token, data)
        if self.start is not None:
            instance.enter(self.start, token, data)

    def finish(self, token: Task) -> None:
        """Called when no token is left inside."""
        token.complete()


class Call(Scope):
    """A call activity: runs another process, with variables of its own."""

    called: "Callable"

    def bind(self, called: "Callable") -> None:
        """Put the process that is called into its place."""
        self.called = called
        self.waiting_starts = called.root.waiting_starts
        self.catching_starts = called.root.catching_starts

    def open(self, token: Task, data: Variables) -> None:
        inputs = self.called.diagram.inputs
        inner = {k: v for k, v in data.items() if inputs is None or k in inputs}
        self.enclose(token, inner | {"incident": data["incident"]})
        self.called.root.open(token, self.inner_data(token))

    def finish(self, token: Task) -> None:
        instance: Instance = token.workflow
        outputs, results = self.called.diagram.outputs, self.inner_data(token)
        names = (name for name in results if name != "incident") if outputs is None else outputs
        changed = difference(token.data, {name: results.get(name) for name in names})
        # What came from around the call and is unchanged does not come back as its own.
        instance.write(token, {name: results.get(name) for name in changed})
        token.complete()

    def enclose(self, token: Task, data: Variables) -> None:
        """Give a call the variables inside."""
        token.called_data = data

    def inner_data(self, token: Task) -> Variables:
        data: Variables = token.called_data if hasattr(token, "called_data") else token.data
        return data


class Callable(Protocol):
    """A compiled process, as a call sees it."""

    @property
    def diagram(self) -> Diagram: ...

    @property
    def root(self) -> Scope: ...


def key_of(value: Any) -> str:
    """A correlation key as text, so that 7 from a form meets 7 from a message."""
    plain = to_data(value)
    key = "" if plain is None else str(plain)
    if len(key) > MAX_KEY:
        raise ValueError(f"The correlation key has more than {MAX_KEY} characters.")
    return key


def _nesting(token: Task) -> list[Task]:
    above = []
    while token is not None:
        above.append(token)
        token = token.parent
    return above
