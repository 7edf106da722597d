"""Where elements stand on the drawing: in which lane, and in which group."""

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.diagram import Phase
from engine.errors import InvalidDocument

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_DC = "{http://www.omg.org/spec/DD/20100524/DC}"


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
    bounds = dict(_bounds(root))
    boxes = []
    for group in root.iter(f"{BPMN}group"):
        value = values.get(group.get("categoryValueRef"), "").lower()
        if value in list(Phase) and group.get("id") in bounds:
            boxes.append((Phase(value), bounds[group.get("id", "")]))
    return {
        element_id: phase
        for element_id, (x, y, width, height) in bounds.items()
        for phase, (left, top, w, h) in boxes
        if left <= x + width / 2 <= left + w and top <= y + height / 2 <= top + h
    }


def _bounds(root: etree._Element) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    for shape in root.iter(f"{_DI}BPMNShape"):
        box = shape.find(f"{_DC}Bounds")
        if box is None:
            continue
        try:
            x, y, width, height = (float(box.get(k, "0")) for k in ("x", "y", "width", "height"))
        except ValueError as error:
            raise InvalidDocument(
                f"The shape of {shape.get('bpmnElement')} has bounds that are no numbers."
            ) from error
        yield shape.get("bpmnElement", ""), (x, y, width, height)


def elements(parent: etree._Element) -> Iterator[etree._Element]:
    """Children that are elements; comments have no tag name."""
    return (child for child in parent if isinstance(child.tag, str))


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def words(name: str) -> str:
    """A name on one line: the modeler breaks lines where the drawing wants it."""
    return " ".join(name.split())
