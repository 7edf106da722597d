"""Pools and lanes that the file does not draw: a band for each group, one below the other."""

from collections.abc import Iterator

from lxml import etree

from engine.library.importing import layout, tree
from engine.library.importing.draft import Draft
from engine.library.importing.layout import Box, Layout

_LABEL = 30.0  # width of the strip with the name of a pool or lane
_EMPTY = 120.0  # height of a band in which nothing stands
_BELOW = 180.0  # height of a band below a pool that is drawn


def draw(draft: Draft, root: etree._Element, process: etree._Element, layout_: Layout) -> None:
    """Lanes are seen in a pool only; those that the file does not draw get a place."""
    lanes = [lane for lane in process.iter(tree.bpmn("lane")) if _is_innermost(lane)]
    missing = [lane for lane in lanes if lane.get("id", "") not in layout_.boxes]
    if not missing:
        return
    pool = _pool(draft, root, process)
    if len(missing) < len(lanes):
        _add_below(layout_, pool, missing)
    else:
        _stack(layout_, process, pool, lanes)


def _add_below(layout_: Layout, pool: etree._Element, lanes: list[etree._Element]) -> None:
    """Below the lanes that are drawn."""
    drawn = layout_.boxes.get(pool.get("id", "")) or layout.around(layout_.boxes.values())
    for number, lane in enumerate(lanes):
        top = drawn.bottom + number * _BELOW
        width = max(drawn.width - _LABEL, 1)
        layout_.boxes[lane.get("id", "")] = Box(drawn.x + _LABEL, top, width, _BELOW)
    height = drawn.height + len(lanes) * _BELOW
    layout_.boxes[pool.get("id", "")] = Box(drawn.x, drawn.y, drawn.width, height)


def _stack(
    layout_: Layout, process: etree._Element, pool: etree._Element, lanes: list[etree._Element]
) -> None:
    """What stands in a lane moves up or down as it is, into a band of its own."""
    whole = layout.around(list(_boxes(layout_, tree.nodes(process))))
    left, top = whole.x - 2 * _LABEL, whole.y
    for lane in lanes:
        members = {(r.text or "").strip() for r in lane.findall(tree.bpmn("flowNodeRef"))}
        nodes = [node for node in tree.nodes(process) if node.get("id") in members]
        inside = list(_boxes(layout_, nodes))
        band = layout.around(inside) if inside else Box(left, top, whole.width, _EMPTY)
        _move(layout_, process, nodes, top - band.y)
        width = whole.right - left - _LABEL
        layout_.boxes[lane.get("id", "")] = Box(left + _LABEL, top, width, band.height)
        top += band.height
    layout_.boxes[pool.get("id", "")] = Box(left, whole.y, whole.right - left, top - whole.y)


def _move(layout_: Layout, process: etree._Element, nodes: list[etree._Element], dy: float) -> None:
    """Nodes with what is in them and between them; other lines no longer fit and are drawn anew."""
    inside = {i.get("id", "") for node in nodes for i in tree.all_nodes(node)}
    for node_id in inside & layout_.boxes.keys():
        layout_.boxes[node_id] = layout_.boxes[node_id].moved(dy)
    for flow in process.iter(tree.bpmn("sequenceFlow")):
        line = layout_.lines.get(flow.get("id", ""))
        if line and {flow.get("sourceRef"), flow.get("targetRef")} <= inside:
            layout_.lines[flow.get("id", "")] = [(x, y + dy) for x, y in line]


def _boxes(layout_: Layout, nodes: list[etree._Element]) -> Iterator[Box]:
    return (box for node in nodes if (box := layout_.boxes.get(node.get("id", ""))))


def _is_innermost(lane: etree._Element) -> bool:
    return lane.find(f".//{tree.bpmn('lane')}") is None


def _pool(draft: Draft, root: etree._Element, process: etree._Element) -> etree._Element:
    collaboration = root.find(tree.bpmn("collaboration"))
    if collaboration is None:
        collaboration = etree.Element(tree.bpmn("collaboration"), id=draft.new_id("Collaboration"))
        root.insert(0, collaboration)
    for pool in collaboration.findall(tree.bpmn("participant")):
        if pool.get("processRef") == process.get("id"):
            return pool
    pool = etree.Element(tree.bpmn("participant"), id=draft.new_id("Pool"))
    pool.set("name", tree.name(process))
    pool.set("processRef", process.get("id", ""))
    collaboration.insert(0, pool)
    return pool
