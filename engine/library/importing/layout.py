"""Where things stand: the owner's drawing is kept, what is new finds a place beside it."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from lxml import etree

from engine.library.importing import tree

_SIZES = {"Gateway": (50.0, 50.0), "Event": (36.0, 36.0)}
_TASK = (100.0, 80.0)
_STEP_X, _STEP_Y = 150.0, 110.0
_GAP = 50.0
_MARGIN = 40.0
_TRIES = 60
_FURTHEST = 1_000_000.0  # a coordinate beyond that is a mistake of the tool


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def moved(self, dy: float) -> "Box":
        return Box(self.x, self.y + dy, self.width, self.height)

    def touches(self, other: "Box") -> bool:
        apart_x = self.right <= other.x or other.right <= self.x
        return not apart_x and not (self.bottom <= other.y or other.bottom <= self.y)

    def is_at(self, point: tuple[float, float]) -> bool:
        """Whether a line that ends there ends at this box, give or take a hand's breadth."""
        x, y = point
        near = 12.0
        return self.x - near <= x <= self.right + near and self.y - near <= y <= self.bottom + near


Point = tuple[float, float]


@dataclass
class Layout:
    """Boxes and lines by the id of what they show, and the plane that each scope is drawn on."""

    boxes: dict[str, Box] = field(default_factory=dict)
    lines: dict[str, list[Point]] = field(default_factory=dict)
    planes: dict[str, str] = field(default_factory=dict)  # a collapsed sub-process -> itself


def read(root: etree._Element) -> Layout:
    """What the file draws; what has no sound place is as if it were not drawn."""
    layout = Layout()
    for shape in root.iter(f"{tree.DI}BPMNShape"):
        bounds = shape.find(f"{tree.DC}Bounds")
        box = None if bounds is None else _box(bounds)
        if box is not None:
            layout.boxes[shape.get("bpmnElement", "")] = box
    for edge in root.iter(f"{tree.DI}BPMNEdge"):
        points = [_point(p) for p in edge if p.tag == f"{tree.DD}waypoint"]
        if len(points) > 1 and None not in points:
            layout.lines[edge.get("bpmnElement", "")] = [p for p in points if p]
    for plane in root.iter(f"{tree.DI}BPMNPlane"):
        layout.planes[plane.get("bpmnElement", "")] = plane.get("bpmnElement", "")
    return layout


def complete(layout: Layout, process: etree._Element) -> None:
    """Find a place for every node and a line for every flow."""
    for scope in tree.scopes(process):
        nodes = tree.nodes(scope)
        free = [n for n in nodes if not tree.is_a(n, "boundaryEvent")]
        ahead = _neighbours(scope)
        if not any(n.get("id", "") in layout.boxes for n in free):
            _lay_out(layout, free, ahead)
            if scope is not process:
                layout.planes[scope.get("id", "")] = scope.get("id", "")
        else:
            _fit_in(layout, free, ahead)
        for event in [n for n in nodes if tree.is_a(n, "boundaryEvent")]:
            _attach(layout, event)
    for flow in process.iter(tree.bpmn("sequenceFlow")):
        join(layout, flow)


def join(layout: Layout, flow: etree._Element) -> None:
    """Keep a line that still leads from its source to its target; draw another one else."""
    source = layout.boxes.get(flow.get("sourceRef", ""))
    target = layout.boxes.get(flow.get("targetRef", ""))
    line = layout.lines.get(flow.get("id", ""))
    if source is None or target is None:
        return
    if line is None or not (source.is_at(line[0]) and target.is_at(line[-1])):
        layout.lines[flow.get("id", "")] = _line(source, target)


def around(boxes: Collection[Box]) -> Box:
    """The box around all of them, with a margin."""
    found = boxes or [Box(100, 100, 100, 100)]
    x, y = min(b.x for b in found) - _MARGIN, min(b.y for b in found) - _MARGIN
    right, bottom = max(b.right for b in found), max(b.bottom for b in found)
    return Box(x, y, right + _MARGIN - x, bottom + _MARGIN - y)


def _neighbours(scope: etree._Element) -> dict[str, list[str]]:
    """Node id -> where its flows and its boundary events lead."""
    hosts = {
        e.get("id", ""): e.get("attachedToRef", "")
        for e in scope.findall(tree.bpmn("boundaryEvent"))
    }
    found: dict[str, list[str]] = {}
    for flow in scope.findall(tree.bpmn("sequenceFlow")):
        source = flow.get("sourceRef", "")
        found.setdefault(hosts.get(source, source), []).append(flow.get("targetRef", ""))
    return found


def _lay_out(layout: Layout, nodes: list[etree._Element], ahead: dict[str, list[str]]) -> None:
    """Columns by the number of steps from the start, rows in the order of arrival."""
    columns = _columns(nodes, ahead)
    rows: dict[int, int] = {}
    for node in nodes:
        column = columns.get(node.get("id", ""), 0)
        row = rows.get(column, 0)
        rows[column] = row + 1
        width, height = _size(node)
        x = 220 + column * _STEP_X - width / 2
        layout.boxes[node.get("id", "")] = Box(x, 140 + row * _STEP_Y - height / 2, width, height)


def _columns(nodes: list[etree._Element], ahead: dict[str, list[str]]) -> dict[str, int]:
    led_to = {target for targets in ahead.values() for target in targets}
    row = [i for n in nodes if (i := n.get("id", "")) not in led_to]
    columns = dict.fromkeys(row, 0)
    column = 0
    while row:
        column += 1
        # Each once: two ways to one element would double at every split.
        row = list(dict.fromkeys(t for i in row for t in ahead.get(i, ()) if t not in columns))
        columns |= dict.fromkeys(row, column)
    return columns


def _fit_in(layout: Layout, nodes: list[etree._Element], ahead: dict[str, list[str]]) -> None:
    """Place what is new right of where it is led to from, or left of where it leads."""
    before: dict[str, list[str]] = {}
    for source, targets in ahead.items():
        for target in targets:
            before.setdefault(target, []).append(source)
    missing = {i: n for n in nodes if (i := n.get("id", "")) not in layout.boxes}
    while missing:
        led_to = [i for i in missing if _placed(layout, before.get(i, ()))]
        leading = [i for i in missing if _placed(layout, ahead.get(i, ()))]
        node_id = next(iter([*led_to, *leading, *missing]))
        behind = _placed(layout, before.get(node_id, ()))
        front = _placed(layout, ahead.get(node_id, ()))
        layout.boxes[node_id] = _free_place(layout, missing.pop(node_id), behind, front)


def _placed(layout: Layout, node_ids: Iterable[str]) -> list[Box]:
    return [layout.boxes[node_id] for node_id in node_ids if node_id in layout.boxes]


def _free_place(layout: Layout, node: etree._Element, behind: list[Box], front: list[Box]) -> Box:
    width, height = _size(node)
    if behind:
        x, y = behind[0].right + _GAP, behind[0].middle[1] - height / 2
    elif front:
        x, y = front[0].x - _GAP - width, front[0].middle[1] - height / 2
    else:
        x, y = 160.0, 100.0
    box = Box(x, y, width, height)
    taken = [b for b in layout.boxes.values() if b.width * b.height < 50_000]
    for _ in range(_TRIES):
        if not any(box.touches(other) for other in taken):
            break
        box = box.moved(_STEP_Y / 2)
    return box


def _attach(layout: Layout, event: etree._Element) -> None:
    host = layout.boxes.get(event.get("attachedToRef", ""))
    own = layout.boxes.get(event.get("id", ""))
    if host is None or (own is not None and own.touches(host)):
        return
    at = [b for b in layout.boxes.values() if b.width == 36 and host.touches(b)]
    x = host.right - 28 - 40 * (len(at) % max(1, int(host.width // 40)))
    layout.boxes[event.get("id", "")] = Box(x, host.bottom - 18, 36, 36)


def _line(source: Box, target: Box) -> list[Point]:
    (_, y1), (_, y2) = source.middle, target.middle
    if target.x >= source.right:
        bend = (source.right + target.x) / 2
        way = [(source.right, y1), (bend, y1), (bend, y2), (target.x, y2)]
        return [way[0], way[-1]] if y1 == y2 else way
    below = max(source.bottom, target.bottom) + 30
    return [
        (source.middle[0], source.bottom),
        (source.middle[0], below),
        (target.middle[0], below),
        (target.middle[0], target.bottom),
    ]


def _size(node: etree._Element) -> tuple[float, float]:
    kind = tree.local(node)
    return next((size for ending, size in _SIZES.items() if kind.endswith(ending)), _TASK)


def _box(bounds: etree._Element) -> Box | None:
    numbers = [_number(bounds.get(name, "0")) for name in ("x", "y", "width", "height")]
    x, y, width, height = numbers
    if x is None or y is None or width is None or height is None or min(width, height) < 0:
        return None
    return Box(x, y, width, height)


def _point(waypoint: etree._Element) -> Point | None:
    x, y = _number(waypoint.get("x", "")), _number(waypoint.get("y", ""))
    return None if x is None or y is None else (x, y)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < _FURTHEST else None
