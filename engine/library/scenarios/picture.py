"""A diagram with what scenarios have covered, as SVG: how often each flow was taken, or never."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import dist
from pathlib import Path

from lxml import etree

from engine import bundles, safe_xml
from engine.bpmn import drawing
from engine.bpmn.diagram import Diagram, Node
from engine.bpmn.drawing import Box, Point
from engine.bundles import Files
from engine.library.scenarios import shapes
from engine.library.scenarios.coverage import Part


@dataclass(frozen=True)
class _Sheet:
    """What is drawn, and where it stands."""

    svg: etree._Element
    diagram: Diagram
    part: Part
    bounds: Mapping[str, Box]
    labels: Mapping[str, Box]
    ways: Mapping[str, Sequence[Point]]

    @property
    def nodes(self) -> list[Node]:
        return [node for node in self.diagram.nodes.values() if node.id in self.bounds]


def save(files: Files, parts: Iterable[Part], folder: Path) -> list[Path]:
    """Write each diagram into the folder, named like its process."""
    diagrams = bundles.read(files).diagrams
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for part in parts:
        if part.kind == "diagram":
            written.append(folder / f"{part.id}.svg")
            written[-1].write_bytes(draw(files[part.path], diagrams[part.path], part))
    return written


def draw(content: bytes, diagram: Diagram, part: Part) -> bytes:
    """One diagram as its file draws it; solid green is covered, dashed red is not."""
    root = safe_xml.parse(content)
    bounds, labels = drawing.bounds(root), drawing.labels(root)
    ways = _ways(diagram, drawing.ways(root), bounds)
    caption = (
        f"{part.name}: {part.covered} of {len(part.items)} sequence flows taken, {part.percent} %."
        " Solid green: taken, with how often. Dashed red: never taken."
    )
    svg = shapes.canvas(caption, _corners(bounds, labels, ways))
    sheet = _Sheet(svg, diagram, part, bounds, labels, ways)
    _add_background(sheet, root)
    _add_nodes(sheet, [node for node in sheet.nodes if node.kind.is_scope])
    _add_flows(sheet)
    # An event on a border stands on top of what it is attached to.
    within = [node for node in sheet.nodes if not node.kind.is_scope]
    _add_nodes(sheet, sorted(within, key=lambda node: node.attached_to is not None))
    _add_counts(sheet)
    return etree.tostring(svg, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _ways(
    diagram: Diagram, drawn: Mapping[str, Sequence[Point]], bounds: Mapping[str, Box]
) -> dict[str, Sequence[Point]]:
    """The line of each flow; one that is not drawn goes straight."""
    ways: dict[str, Sequence[Point]] = {}
    for flow in diagram.flows.values():
        if len(drawn.get(flow.id, ())) > 1:
            ways[flow.id] = drawn[flow.id]
        elif flow.source in bounds and flow.target in bounds:
            ways[flow.id] = [shapes.middle(bounds[end]) for end in (flow.source, flow.target)]
    return ways


def _corners(
    bounds: Mapping[str, Box], labels: Mapping[str, Box], ways: Mapping[str, Sequence[Point]]
) -> list[Point]:
    """Points around everything that is drawn."""
    boxes = [*bounds.values(), *labels.values()]
    ends = [(left + width, top + height) for left, top, width, height in boxes]
    corners = [*((left, top) for left, top, _, _ in boxes), *ends, *chain(*ways.values())]
    return corners or [(0, 0)]  # what runs by itself need not be drawn


def _add_background(sheet: _Sheet, root: etree._Element) -> None:
    """Pools, lanes, groups and notes: where things stand, and nothing that is taken."""
    values = {v.get("id"): v.get("value", "") for v in root.iter(f"{drawing.BPMN}categoryValue")}
    for element in root.iter(f"{drawing.BPMN}*"):
        box = sheet.bounds.get(element.get("id", ""))
        if box is not None and element.get("id") not in sheet.diagram.nodes:
            note = element.findtext(f"{drawing.BPMN}text", "")
            name = element.get("name") or values.get(element.get("categoryValueRef")) or note
            shapes.add_background(sheet.svg, drawing.local(element), drawing.words(name), box)


def _add_nodes(sheet: _Sheet, nodes: Iterable[Node]) -> None:
    taken = {item.id for item in sheet.part.items if item.times}
    ends = [(f.source, f.target) for f in sheet.diagram.flows.values() if f.id in taken]
    reached = set(chain(*ends))
    for node in nodes:
        shapes.add_node(sheet.svg, node, sheet.bounds[node.id], is_taken=node.id in reached)
        if not node.kind.is_activity:
            shapes.add_label(sheet.svg, node, sheet.bounds[node.id], sheet.labels.get(node.id))


def _add_flows(sheet: _Sheet) -> None:
    for item in sheet.part.items:
        if item.id in sheet.ways:
            shapes.add_way(sheet.svg, sheet.ways[item.id], item.name, is_taken=item.times > 0)
        flow = sheet.diagram.flows[item.id]
        if flow.name and item.id in sheet.labels:
            shapes.add_text(sheet.svg, flow.name, sheet.labels[item.id])


def _add_counts(sheet: _Sheet) -> None:
    for item in sheet.part.items:
        if item.id in sheet.ways:
            start, end = max(pairwise(sheet.ways[item.id]), key=lambda ends: dist(*ends))
            count = f"{item.times}\N{MULTIPLICATION SIGN}" if item.times else "never"
            shapes.add_count(sheet.svg, start, end, count, sheet.labels.get(item.id))
