"""Which elements a token can reach, or finish from, without passing certain others.

Each element has a point where it begins and one where it ends, so that an event on the border of a
task leads away from its beginning: who left by it has not done the task.
"""

from collections.abc import Iterable, Set

from engine.bpmn.diagram import Diagram, Kind, Node, Trigger
from engine.bpmn.lint import graph

_LEAVES_ELSEWHERE = {Trigger.ERROR, Trigger.CANCEL}


def reached_without(diagram: Diagram, passing: Set[str]) -> set[str]:
    """Ids of the elements that a token from the start can end without having ended ``passing``.

    A parallel gateway is passed only by what all paths into it have done together.
    """
    joins = {_begins(node.id) for node in diagram.of_kind(Kind.PARALLEL)}
    roots = [_begins(node.id) for node in diagram.children.get(None, ()) if _opens(node)]
    points = _spread(_points(diagram), roots, {_ends(node_id) for node_id in passing}, joins)
    return {node_id for node_id in diagram.nodes if _begins(node_id) in points}


def finished_without(diagram: Diagram, passing: Set[str]) -> set[str]:
    """Ids of the elements from which the process can end with ``passing`` never ended after them.

    Behind a parallel gateway, one path that passes them is enough.
    """
    forward = _points(diagram)
    splits = {_ends(node.id) for node in diagram.of_kind(Kind.PARALLEL)}
    outermost = {_ends(node.id) for node in diagram.children.get(None, ())}
    roots = [point for point in outermost if not forward[point]]
    guards = {_ends(node_id) for node_id in passing}
    points = _spread(graph.turned(forward), roots, guards, splits)
    return {node_id for node_id in diagram.nodes if _ends(node_id) in points}


def _points(diagram: Diagram) -> dict[str, set[str]]:
    points: dict[str, set[str]] = {}
    for node in diagram.nodes.values():
        opened = [n for n in diagram.children.get(node.id, ()) if _opens(n)]
        following = {_begins(inner.id) for inner in opened} or {_ends(node.id)}
        following |= {_begins(event.id) for event in diagram.boundaries.get(node.id, ())}
        points[_begins(node.id)] = following
        points[_ends(node.id)] = _after(diagram, node)
    for throw, catch in graph.links(diagram):
        points[_ends(throw.id)] = {_begins(catch.id)}
    return points


def _after(diagram: Diagram, node: Node) -> set[str]:
    targets = {flow.target for flow in diagram.outgoing[node.id]}
    if targets:
        return {_begins(target) for target in targets if target in diagram.nodes}
    if node.scope is None or (node.kind is Kind.END and node.trigger in _LEAVES_ELSEWHERE):
        return set()
    return {_ends(node.scope)}


def _spread(
    points: graph.Graph, roots: Iterable[str], guards: Set[str], together: Set[str]
) -> set[str]:
    """What the roots reach past the guards; points in ``together`` only by all ways to them."""
    missing = dict.fromkeys(points, 1)
    for point, before in graph.turned(points).items():
        if point in together:
            missing[point] = len(before)
    seen: set[str] = set()
    ahead = list(roots)
    while ahead:
        point = ahead.pop()
        if point in seen or point in guards:
            continue
        seen.add(point)
        for following in points[point]:
            missing[following] -= 1
            if missing[following] <= 0:
                ahead.append(following)
    return seen


def _opens(node: Node) -> bool:
    """Whether tokens appear here by themselves when the scope around it begins or runs."""
    return node.kind is Kind.START or node.is_event_subprocess


def _begins(node_id: str) -> str:
    return f"{node_id} begins"


def _ends(node_id: str) -> str:
    return f"{node_id} ends"
