"""How elements are connected: where paths begin and end, and whether they get there."""

from collections.abc import Iterator

from engine.bpmn.diagram import Diagram, Kind, Node, Trigger
from engine.bpmn.lint import graph, waits
from engine.bpmn.lint.problems import Problem, at, of, on
from engine.bpmn.lint.references import References

_STARTS_HANDLER = "Begin it with a timer, message, signal, conditional, error or escalation event."


def starts(diagram: Diagram, _: References) -> Iterator[Problem]:
    for scope in _scopes(diagram):
        inside = diagram.children.get(scope.id if scope else None, [])
        found = [node for node in inside if node.kind is Kind.START]
        what = "sub-process" if scope else "process"
        if len(found) != 1:
            todo = "Keep one of them." if found else "Draw one."
            message = f"A {what} has exactly one start event; this one has {len(found)}. {todo}"
            yield _of(diagram, scope, "start-count", message)
        if not any(node.kind is Kind.END for node in inside):
            message = f"Draw an end event: where is the {what} done?"
            yield _of(diagram, scope, "end-missing", message)
        for start in found:
            yield from _start_trigger(scope, start)


def _start_trigger(scope: Node | None, start: Node) -> Iterator[Problem]:
    is_handler = scope is not None and scope.is_event_subprocess
    if is_handler and start.trigger is Trigger.NONE:
        message = f"Nothing starts this event sub-process. {_STARTS_HANDLER}"
        yield at(start, "start-trigger", message)
    if not is_handler and start.trigger is not Trigger.NONE:
        message = f"“{start.trigger}” starts no process or sub-process here. Make it a plain"
        yield at(start, "start-trigger", f"{message} start event, or draw an event sub-process.")


def flows(diagram: Diagram, _: References) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    drawn = diagram.nodes.keys() | _stranger_ids(diagram)
    for flow in diagram.flows.values():
        source, target = diagram.nodes.get(flow.source), diagram.nodes.get(flow.target)
        if not {flow.source, flow.target} <= drawn:
            message = "This flow does not connect two elements that run. Connect or delete it."
            yield on(flow, "flow-dangling", message)
        elif source and target and source.scope != target.scope:
            message = "A flow does not cross the border of a sub-process. Use an event on it."
            yield on(flow, "flow-crosses-border", message)
        if (flow.source, flow.target) in seen:
            message = "Another flow connects the same two elements. Make one of them."
            yield on(flow, "flow-double", message)
        seen.add((flow.source, flow.target))


def ends(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        leaving = diagram.outgoing[node.id]
        if node.is_event_subprocess:
            if leaving or diagram.incoming[node.id]:
                message = "An event sub-process starts by its event. Delete the flows to and from."
                yield at(node, "event-subprocess-connected", message)
        elif node.kind is Kind.END:
            if leaving:
                yield at(node, "end-continues", "Nothing may follow an end event. Delete the flow.")
        elif not leaving and not _is_link(node, Kind.THROW):
            yield at(node, "dead-end", "The path stops here. Lead it to an end event.")


def entries(diagram: Diagram, _: References) -> Iterator[Problem]:
    """Some events begin a path, so that no other one may lead into them."""
    reached = _reached(diagram)
    for node in diagram.nodes.values():
        if node.id not in reached and not _is_link(node, Kind.CATCH):
            yield at(node, "unreachable", "No path leads here. Connect it or delete it.")
        if node.kind in (Kind.START, Kind.BOUNDARY) and diagram.incoming[node.id]:
            yield at(node, "start-entered", "No path may lead into this event. Delete the flow.")


def ways_out(diagram: Diagram, _: References) -> Iterator[Problem]:
    """A process that cannot end keeps its incident open for ever."""
    ways = graph.ways(diagram)
    last = {node_id for node_id, following in ways.items() if not following}
    last |= {node.id for node in diagram.of_kind(Kind.END)}
    leads_out = graph.reach(graph.turned(ways), last)
    scopes_with_end = {node.scope for node in diagram.of_kind(Kind.END)}
    for node in diagram.nodes.values():
        if node.scope in scopes_with_end and node.id not in leads_out:
            message = "No path leads from here to an end event. Draw a way out."
            yield at(node, "end-unreachable", message)


def loops(diagram: Diagram, references: References) -> Iterator[Problem]:
    """A cycle in which no token ever stops would run for ever."""
    waiting = waits.nodes(diagram, references.waiting)
    automatic = graph.within(graph.ways(diagram), diagram.nodes.keys() - waiting)
    order = {node_id: place for place, node_id in enumerate(diagram.nodes)}
    for cycle in graph.cycles(automatic):
        first = diagram.nodes[min(cycle, key=order.__getitem__)]
        through = f" through {len(cycle) - 1} more" if len(cycle) > 1 else ""
        message = f"This loop{through} never waits. Put a task, timer or message into it."
        yield at(first, "loop-without-wait", message)


def _scopes(diagram: Diagram) -> Iterator[Node | None]:
    yield None
    yield from (node for node in diagram.nodes.values() if node.kind.is_scope)


def _of(diagram: Diagram, scope: Node | None, rule: str, message: str) -> Problem:
    return of(diagram, rule, message) if scope is None else at(scope, rule, message)


def _reached(diagram: Diagram) -> set[str]:
    begins = {node.id for node in diagram.of_kind(Kind.START)}
    begins |= {node.id for node in diagram.nodes.values() if node.is_event_subprocess}
    # What an unsupported element leads to is not to blame for it.
    strangers = _stranger_ids(diagram)
    begins |= {f.target for f in diagram.flows.values() if f.source in strangers}
    return graph.reach(graph.ways(diagram), begins & diagram.nodes.keys())


def _stranger_ids(diagram: Diagram) -> set[str]:
    return {stranger.id for stranger in diagram.strangers if stranger.id}


def _is_link(node: Node, kind: Kind) -> bool:
    return node.kind is kind and node.trigger is Trigger.LINK
