"""Where a token stops until a person, an event or the time lets it go on."""

from collections.abc import Mapping, Set

from engine.bpmn.diagram import Diagram, Kind, Node, Trigger
from engine.bpmn.lint import graph

_STOPS = {Kind.USER_TASK, Kind.MANUAL_TASK, Kind.RECEIVE_TASK, Kind.EVENT_BASED}
_HAPPENS_OUTSIDE = {Trigger.TIMER, Trigger.MESSAGE, Trigger.SIGNAL, Trigger.CONDITIONAL}


def nodes(diagram: Diagram, waiting_processes: Set[str]) -> set[str]:
    """The ids of all elements that no token passes without a wait."""
    found = {node.id for node in diagram.nodes.values() if _waits(node, waiting_processes)}
    open_ways = graph.ways(diagram)
    # From the innermost scope outwards, as the outer ones depend on it.
    for node in reversed(diagram.nodes.values()):
        if node.kind.is_scope and _always_stops(diagram, node.id, open_ways, found):
            found.add(node.id)
    return found


def processes(diagrams: Mapping[str, Diagram]) -> set[str]:
    """The processes that wait on every way through them, those that they call considered."""
    waiting: set[str] = set()
    found = True
    while found:
        new = {key for key, diagram in diagrams.items() if _process_waits(diagram, waiting)}
        found = new > waiting
        waiting |= new
    return waiting


def _process_waits(diagram: Diagram, waiting: Set[str]) -> bool:
    return _always_stops(diagram, None, graph.ways(diagram), nodes(diagram, waiting))


def _waits(node: Node, waiting_processes: Set[str]) -> bool:
    if node.kind in (Kind.CATCH, Kind.BOUNDARY):
        return node.trigger in _HAPPENS_OUTSIDE
    return node.kind in _STOPS or node.called_process in waiting_processes


def _always_stops(
    diagram: Diagram, scope: str | None, ways: graph.Graph, waiting: Set[str]
) -> bool:
    starts = [n.id for n in diagram.children.get(scope, ()) if n.kind is Kind.START]
    passed = graph.reach(ways, starts, without=waiting)
    return bool(starts) and all(ways[node_id] for node_id in passed)
