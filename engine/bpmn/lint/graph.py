"""Where tokens can go; walks keep a list of what is ahead, so no diagram is too deep for them."""

from collections.abc import Iterable, Iterator, Mapping, Set

from engine.bpmn.diagram import Diagram, Kind, Node, Trigger

Graph = Mapping[str, Set[str]]  # id -> ids of what may come next


def ways(diagram: Diagram) -> dict[str, set[str]]:
    """Flows, boundary events and links; a sub-process stands for all that is in it."""
    graph: dict[str, set[str]] = {node_id: set() for node_id in diagram.nodes}
    for flow in diagram.flows.values():
        if flow.source in graph and flow.target in graph:
            graph[flow.source].add(flow.target)
    for host, events in diagram.boundaries.items():
        if host in graph:
            graph[host] |= {event.id for event in events}
    for throw, catch in links(diagram):
        graph[throw.id].add(catch.id)
    return graph


def links(diagram: Diagram) -> Iterator[tuple[Node, Node]]:
    """Each link throw event with the catch events at which it continues."""
    catches: dict[tuple[str | None, str], list[Node]] = {}
    for node in _link_events(diagram, Kind.CATCH):
        catches.setdefault((node.scope, node.event.name), []).append(node)
    for throw in _link_events(diagram, Kind.THROW):
        for catch in catches.get((throw.scope, throw.event.name), ()):
            yield throw, catch


def turned(graph: Graph) -> dict[str, set[str]]:
    """The same graph against its direction."""
    back: dict[str, set[str]] = {node_id: set() for node_id in graph}
    for node_id, following in graph.items():
        for other in following:
            back[other].add(node_id)
    return back


def within(graph: Graph, nodes: Set[str]) -> dict[str, set[str]]:
    """The part of a graph that lies between these nodes."""
    return {node_id: set(graph[node_id] & nodes) for node_id in graph if node_id in nodes}


def reach(graph: Graph, start: Iterable[str], without: Set[str] = frozenset()) -> set[str]:
    """What can be reached, the start included, never setting foot on ``without``."""
    seen: set[str] = set()
    ahead = list(start)
    while ahead:
        node_id = ahead.pop()
        if node_id not in seen and node_id not in without:
            seen.add(node_id)
            ahead += graph[node_id]
    return seen


def cycles(graph: Graph) -> Iterator[set[str]]:
    """Each largest set of nodes that all lead back to one another (Kosaraju)."""
    back = turned(graph)
    done: set[str] = set()
    for node_id in reversed(_finished(graph)):
        knot = reach(back, [node_id], without=done)
        done |= knot
        if len(knot) > 1 or knot & graph[node_id]:
            yield knot


def _finished(graph: Graph) -> list[str]:
    """Nodes in the order in which a walk into the depth has seen all that follows them."""
    order: list[str] = []
    seen: set[str] = set()
    for root in graph:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, iter(graph[root]))]
        while path:
            node_id, following = path[-1]
            other = next((each for each in following if each not in seen), None)
            if other is None:
                path.pop()
                order.append(node_id)
            else:
                seen.add(other)
                path.append((other, iter(graph[other])))
    return order


def _link_events(diagram: Diagram, kind: Kind) -> Iterator[Node]:
    return (node for node in diagram.of_kind(kind) if node.trigger is Trigger.LINK)
