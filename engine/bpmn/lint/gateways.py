"""Where paths part: which conditions decide, and what happens when none holds."""

from collections.abc import Iterator

from engine.bpmn.diagram import Diagram, Flow, Kind, Node, Trigger
from engine.bpmn.lint.problems import Problem, at, on
from engine.bpmn.lint.references import References

_WAITED_FOR = {Trigger.TIMER, Trigger.MESSAGE, Trigger.SIGNAL, Trigger.CONDITIONAL}


def conditions(diagram: Diagram, _: References) -> Iterator[Problem]:
    for flow in diagram.flows.values():
        source = diagram.nodes.get(flow.source)
        if flow.condition and source and not _decides(source):
            message = "A condition counts only on a flow that leaves a task, a sub-process, or an"
            message = f"{message} exclusive or inclusive gateway. Put one of them before it."
            yield on(flow, "condition-outside-gateway", message)
        elif flow.condition and source and source.default_flow == flow.id:
            message = "The default is taken when nothing else holds. Remove its condition."
            yield on(flow, "default-conditional", message)


def defaults(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        leaving = diagram.outgoing[node.id]
        if node.default_flow and node.default_flow not in {flow.id for flow in leaving}:
            message = "Its default flow does not leave it. Mark one that does."
            yield at(node, "default-unknown", message)
        elif not node.default_flow and _may_stop(node, leaving):
            message = "Mark one flow as the default, for when no condition holds."
            yield at(node, "gateway-default-missing", message)


def exclusive(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.EXCLUSIVE):
        leaving = diagram.outgoing[node.id]
        for flow in leaving:
            if len(leaving) > 1 and not flow.condition and flow.id != node.default_flow:
                message = (
                    "Say when this flow is taken: give it a condition, or make it the default."
                )
                yield on(flow, "gateway-condition-missing", message)


def event_based(diagram: Diagram, _: References) -> Iterator[Problem]:
    for gateway in diagram.of_kind(Kind.EVENT_BASED):
        for flow in diagram.outgoing[gateway.id]:
            target = diagram.nodes.get(flow.target)
            if target is not None and not _can_be_awaited(diagram, target):
                message = "An event-based gateway leads to events and receive tasks that wait, "
                message += "repeat nothing, carry no events, and are entered from it alone. Put "
                yield at(target, "event-gateway-target", f"{message}such an event here.")


def _decides(node: Node) -> bool:
    return node.kind.is_activity or node.kind in (Kind.EXCLUSIVE, Kind.INCLUSIVE)


def _may_stop(node: Node, leaving: list[Flow]) -> bool:
    """Whether it can happen that no flow is taken."""
    if node.kind is Kind.EXCLUSIVE:
        return len(leaving) > 1 or any(flow.condition for flow in leaving)
    return _decides(node) and bool(leaving) and all(flow.condition for flow in leaving)


def _can_be_awaited(diagram: Diagram, node: Node) -> bool:
    is_alone = len(diagram.incoming[node.id]) == 1 and node.id not in diagram.boundaries
    if node.kind is Kind.RECEIVE_TASK:
        return is_alone and node.loop is None
    return is_alone and node.kind is Kind.CATCH and node.trigger in _WAITED_FOR
