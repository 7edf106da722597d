"""Who catches what is thrown, across the sub-processes and processes of a bundle."""

from collections.abc import Iterator, Mapping

from engine.bpmn.diagram import Diagram, Kind, Node, Trigger

Place = tuple[str, str]  # process id, and a sub-process or call in it; "" for the process itself


def sends(node: Node) -> bool:
    """Whether the element throws a message that has a name."""
    throws_it = node.kind in (Kind.THROW, Kind.END, Kind.SEND_TASK)
    return throws_it and node.trigger is Trigger.MESSAGE and bool(node.event.name)


def caught_messages(processes: Mapping[str, Diagram]) -> set[str]:
    receivers = (Kind.START, Kind.CATCH, Kind.BOUNDARY, Kind.RECEIVE_TASK)
    return {
        node.event.name
        for diagram in processes.values()
        for node in diagram.of_kind(*receivers)
        if node.trigger is Trigger.MESSAGE
    }


def is_caught(diagram: Diagram, error: Node, processes: Mapping[str, Diagram]) -> bool:
    """Whether some handler around the error end event, or around a call of its process, fits."""
    ahead: list[Place] = [(diagram.process_id, error.scope or "")]
    seen: set[Place] = set()
    while ahead:
        place = ahead.pop()
        if place in seen:
            continue
        seen.add(place)
        process_id, scope = place
        inside = processes[process_id]
        if any(_fits(handler, error) for handler in _handlers(inside, scope)):
            return True
        ahead += _around(inside, scope, processes)
    return False


def _handlers(diagram: Diagram, scope: str) -> Iterator[Node]:
    """The error events on the border of a scope, and the starts of its event sub-processes."""
    yield from diagram.boundaries.get(scope, ())
    for inner in diagram.children.get(scope or None, ()):
        if inner.is_event_subprocess:
            children = diagram.children.get(inner.id, ())
            yield from (node for node in children if node.kind is Kind.START)


def _around(diagram: Diagram, scope: str, processes: Mapping[str, Diagram]) -> Iterator[Place]:
    if scope in diagram.nodes:
        yield diagram.process_id, diagram.nodes[scope].scope or ""
        return
    for caller in processes.values():
        for node in caller.of_kind(Kind.CALL):
            if node.called_process == diagram.process_id:
                yield caller.process_id, node.id


def _fits(handler: Node, error: Node) -> bool:
    return handler.trigger is Trigger.ERROR and handler.event.name in ("", error.event.name)
