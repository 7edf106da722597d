"""Where elements stand on the drawing: in which lane, in which group, and at which place."""

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.diagram import Phase
from engine.errors import InvalidDocument

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}"

Box = tuple[float, float, float, float]  # left, top, width, height
Point = tuple[float, float]


def lanes(process: etree._Element) -> dict[str, str]:
    """Element id -> name of the innermost lane; an outer lane comes first in the document."""
    return {
        (ref.text or "").strip(): words(lane.get("name", ""))
        for lane in process.iter(f"{BPMN}lane")
        for ref in lane.findall(f"{BPMN}flowNodeRef")
    }


def phases(root: etree._Element) -> dict[str, Phase]:
    """Element id -> phase: the group in which the centre of its shape stands."""
    values = {v.get("id"): words(v.get("value", "")) for v in root.iter(f"{BPMN}categoryValue")}
    drawn = bounds(root)
    boxes = []
    for group in root.iter(f"{BPMN}group"):
        value = values.get(group.get("categoryValueRef"), "").lower()
        if value in list(Phase) and group.get("id") in drawn:
            boxes.append((Phase(value), drawn[group.get("id", "")]))
    return {
        element_id: phase
        for element_id, (x, y, width, height) in drawn.items()
        for phase, (left, top, w, h) in boxes
        if left <= x + width / 2 <= left + w and top <= y + height / 2 <= top + h
    }


def bounds(root: etree._Element) -> dict[str, Box]:
    """Element id -> where its shape stands."""
    return dict(_bounds(root))


def labels(root: etree._Element) -> dict[str, Box]:
    """Element id -> where its name stands, if that is not in its shape."""
    return {
        holder.get("bpmnElement", ""): _box(box, holder)
        for holder in root.iter(f"{_DI}BPMNShape", f"{_DI}BPMNEdge")
        for box in holder.findall(f"{_DI}BPMNLabel/{_DC}Bounds")
    }


def ways(root: etree._Element) -> dict[str, list[Point]]:
    """Flow id -> the points that its line joins."""
    return {
        edge.get("bpmnElement", ""): [
            (_number(point, "x", edge), _number(point, "y", edge))
            for point in edge.findall(f"{_WAYPOINT}waypoint")
        ]
        for edge in root.iter(f"{_DI}BPMNEdge")
    }


def _bounds(root: etree._Element) -> Iterator[tuple[str, Box]]:
    for shape in root.iter(f"{_DI}BPMNShape"):
        box = shape.find(f"{_DC}Bounds")
        if box is not None:
            yield shape.get("bpmnElement", ""), _box(box, shape)


def _box(box: etree._Element, holder: etree._Element) -> Box:
    x, y, width, height = (_number(box, k, holder) for k in ("x", "y", "width", "height"))
    return x, y, width, height


def _number(element: etree._Element, name: str, holder: etree._Element) -> float:
    try:
        return float(element.get(name, "0"))
    except ValueError as error:
        raise InvalidDocument(
            f"The shape of {holder.get('bpmnElement')} has bounds that are no numbers."
        ) from error


def elements(parent: etree._Element) -> Iterator[etree._Element]:
    """Children that are elements; comments have no tag name."""
    return (child for child in parent if isinstance(child.tag, str))


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def words(name: str) -> str:
    """A name on one line: the modeler breaks lines where the drawing wants it."""
    return " ".join(name.split())
