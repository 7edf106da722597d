"""Gateways: where tokens part and meet (BPMN 2.0.2 §13.3)."""

from collections.abc import Iterable, Iterator, Mapping

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.diagram import Diagram, Kind, Node, Trigger
from engine.bpmn.element import Element, Instance, Path
from engine.errors import ProcessFailed


class ExclusiveGateway(Element):
    """Takes the first way whose condition holds, else the default."""

    def work(self, token: Task) -> bool:
        _decide(token, self._first(token))
        return True

    def choose(self, token: Task) -> list[Path]:
        return _decided(self, token)

    def _first(self, token: Task) -> list[Path]:
        others = (path for path in self.paths if path is not self.default)
        taken = next((path for path in others if path.is_open(token.data)), self.default)
        if taken is None:
            raise ProcessFailed(self.node.id, "No condition holds, and no flow is the default.")
        return [taken]


class Join(Element):
    """A gateway that can wait for further tokens; each stands on the flow by which it came."""

    def __init__(self, spec: WorkflowSpec, node: Node, diagram: Diagram) -> None:
        super().__init__(spec, node)
        self.incoming = tuple(flow.id for flow in diagram.incoming[node.id])

    def arrived(self, token: Task) -> dict[str, Task]:
        """This token and the first that waits on each other incoming flow, in the same scope."""
        first = {token.internal_data.get("via", ""): token}
        for other in token.parent.children:
            if other.task_spec is self and other.state == TaskState.STARTED:
                first.setdefault(other.internal_data.get("via", ""), other)
        return first

    def merge(self, token: Task, arrived: Mapping[str, Task]) -> None:
        """Let one token stand for one of each flow."""
        instance: Instance = token.workflow
        for other in arrived.values():
            if other is not token:
                instance.withdraw(other)


class ParallelGateway(Join):
    """Waits for a token on each incoming flow, then takes every way."""

    def work(self, token: Task) -> bool | None:
        arrived = self.arrived(token)
        if len(arrived) < len(self.incoming):
            return None
        self.merge(token, arrived)
        return True

    def choose(self, token: Task) -> list[Path]:  # noqa: ARG002 -- whatever the token
        return list(self.paths)


class InclusiveGateway(Join):
    """Waits while a further token could still come, then takes every way whose condition holds."""

    def __init__(self, spec: WorkflowSpec, node: Node, diagram: Diagram) -> None:
        super().__init__(spec, node, diagram)
        # incoming flow -> the elements from which a token could still come by it
        self._before = {
            flow.id: _sources(diagram, flow.source, node.id) for flow in diagram.incoming[node.id]
        }

    def work(self, token: Task) -> bool | None:
        if len(self.incoming) > 1:
            instance: Instance = token.workflow
            instance.line_up(token)
            return None  # decided when nothing else can run
        return self._part(token)

    def is_complete(self, token: Task) -> bool:
        """Whether no token could still come on a flow that has none (BPMN 2.0.2 §13.3.3)."""
        arrived = self.arrived(token)
        elsewhere = {
            other.task_spec.node.id
            for other in token.parent.children
            if other.task_spec is not self
        }
        empty = self._ahead(flow for flow in self.incoming if flow not in arrived)
        filled = self._ahead(arrived)
        return not any(place in empty and place not in filled for place in elsewhere)

    def release(self, token: Task) -> None:
        """Merge what has come and go on."""
        self._part(token)
        self.merge(token, self.arrived(token))
        token.complete()

    def choose(self, token: Task) -> list[Path]:
        return _decided(self, token)

    def _part(self, token: Task) -> bool:
        _decide(token, super().choose(token))
        return True

    def _ahead(self, flows: Iterable[str]) -> set[str]:
        return {place for flow in flows for place in self._before.get(flow, ())}


class EventBasedGateway(Element):
    """Waits on every way at once; the first event that happens wins."""

    def work(self, token: Task) -> bool:
        instance: Instance = token.workflow
        for path in self.paths:
            # Those that wait for one another to lose carry the same mark.
            instance.arm(path.target, token.parent, token.data, race=token.id)
        return True

    def choose(self, token: Task) -> list[Path]:  # noqa: ARG002 -- every way is being waited on
        return []


def _decide(token: Task, taken: list[Path]) -> None:
    instance: Instance = token.workflow
    token.internal_data["taken"] = [path.flow.id for path in taken]
    if len(token.task_spec.paths) > 1:
        names = ", ".join(path.flow.name or path.flow.id for path in taken)
        first = taken[0].flow
        instance.explain(token, taken=names, flow_id=first.id, condition=first.condition)


def _decided(element: Element, token: Task) -> list[Path]:
    taken = token.internal_data["taken"]
    return [path for path in element.paths if path.flow.id in taken]


def _sources(diagram: Diagram, start: str, join: str) -> frozenset[str]:
    """Every element from which ``start`` can be reached without passing ``join``."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        node_id = ahead.pop()
        if node_id in seen or node_id == join:
            continue
        seen.add(node_id)
        ahead += _before(diagram, diagram.nodes[node_id])
    return frozenset(seen)


def _before(diagram: Diagram, node: Node) -> Iterator[str]:
    """Where a token on this element can have been last."""
    yield from (flow.source for flow in diagram.incoming[node.id])
    if node.attached_to:
        yield node.attached_to
    if node.trigger is Trigger.LINK and node.kind is Kind.CATCH:
        throws = diagram.of_kind(Kind.THROW)
        yield from (t.id for t in throws if (t.event, t.scope) == (node.event, node.scope))
