"""BPMN's shapes as SVG (BPMN 2.0.2 §7.4, Annex B), in two colours that differ in their line too."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from engine.bpmn.diagram import Kind, Node, Trigger
from engine.bpmn.drawing import Box, Point

_SVG = "http://www.w3.org/2000/svg"
_HEADER = 50  # above the drawing, for what the colours mean
_MARGIN = 20
_LINE = 14  # height of a line of text
_LETTER = 6.0  # width of most letters
_STYLE = """
text { font: 12px Arial, sans-serif; fill: #111827; text-anchor: middle }
.caption { font-size: 18px; text-anchor: start }
.count { font-weight: bold; stroke: #fff; stroke-width: 4; paint-order: stroke }
.around { fill: none; stroke: #9ca3af }
.group { fill: none; stroke: #6b7280; stroke-dasharray: 10 4 2 4 }
.taken { fill: #fff; stroke: #15803d; stroke-width: 2 }
.never { fill: #fff; stroke: #b91c1c; stroke-width: 2; stroke-dasharray: 6 4 }
.end { stroke-width: 4 }
.sign { fill: none; stroke: #111827 }
.thrown { fill: #111827; stroke: #fff }
polyline.taken, polyline.never { fill: none }
"""
_ARROW = "M0,0L10,5L0,10Z"
# What stands in a gateway or event, around its middle.
_GATEWAYS: Mapping[Kind, str] = {
    Kind.EXCLUSIVE: "M-7,-7L7,7M7,-7L-7,7",
    Kind.PARALLEL: "M-9,0H9M0,-9V9",
    Kind.INCLUSIVE: "M-9,0A9,9 0 1 1 9,0A9,9 0 1 1 -9,0",
    Kind.EVENT_BASED: "M0,-10L10,-3L6,8H-6L-10,-3Z",
}
_EVENTS: Mapping[Trigger, str] = {
    Trigger.TIMER: "M-10,0A10,10 0 1 1 10,0A10,10 0 1 1 -10,0M0,-7V0H5",
    Trigger.MESSAGE: "M-9,-6H9V6H-9ZL0,1L9,-6",
    Trigger.SIGNAL: "M0,-9L9,7H-9Z",
    Trigger.ERROR: "M-8,8L-3,-7L3,3L8,-8",
    Trigger.ESCALATION: "M0,-9L7,8L0,1L-7,8Z",
    Trigger.CONDITIONAL: "M-6,-9H6V9H-6ZM-3,-4H3M-3,0H3M-3,4H3",
    Trigger.LINK: "M-8,-3H2V-8L9,0L2,8V3H-8Z",
    Trigger.TERMINATE: "M-9,0A9,9 0 1 1 9,0A9,9 0 1 1 -9,0",
    Trigger.CANCEL: "M-7,-7L7,7M7,-7L-7,7",
}
_TWICE = (Kind.CATCH, Kind.THROW, Kind.BOUNDARY)  # drawn with two circles


def canvas(caption: str, corners: Iterable[Point]) -> etree._Element:
    """An empty drawing around some points, with a sentence above it."""
    xs, ys = zip(*corners, strict=True)
    left, top = min(xs) - _MARGIN, min(ys) - _MARGIN - _HEADER
    width, height = max(xs) - left + _MARGIN, max(ys) - top + _MARGIN
    svg = etree.Element(f"{{{_SVG}}}svg", nsmap={None: _SVG})
    svg.set("viewBox", f"{left:g} {top:g} {width:g} {height:g}")
    svg.set("role", "img")
    _add(svg, "title", caption)
    _add(svg, "style", _STYLE)
    _add(svg, "rect", x=left, y=top, width=width, height=height, fill="#fff")
    for name, colour in (("taken", "#15803d"), ("never", "#b91c1c")):
        marker = _add(
            _add(svg, "defs"),
            "marker",
            id=name,
            viewBox="0 0 10 10",
            refX=10,
            refY=5,
            markerWidth=10,
            markerHeight=10,
            markerUnits="userSpaceOnUse",
            orient="auto",
        )
        _add(marker, "path", d=_ARROW, fill=colour)
    _add(svg, "text", caption, x=left + _MARGIN, y=top + _HEADER / 2, klass="caption")
    return svg


def add_background(svg: etree._Element, tag: str, name: str, box: Box) -> None:
    """A pool, lane, group or note."""
    left, top, width, height = box
    style = "group" if tag == "group" else "around"
    _add(svg, "rect", x=left, y=top, width=width, height=height, klass=style)
    middle = top + height / 2
    if tag in ("participant", "lane"):
        turned = f"rotate(-90 {left + 19:g} {middle:g})"
        _add(svg, "text", name, x=left + 19, y=middle, transform=turned)
    elif tag == "group":
        _add(svg, "text", name, x=left + width / 2, y=top + _LINE)
    else:
        add_text(svg, name, box)


def add_node(svg: etree._Element, node: Node, box: Box, *, is_taken: bool) -> None:
    if node.kind.is_gateway:
        _add_gateway(svg, node, box, _state(is_taken=is_taken))
    elif node.kind.is_event:
        _add_event(svg, node, box, _state(is_taken=is_taken))
    else:
        _add_activity(svg, node, box, _state(is_taken=is_taken))


def _add_activity(svg: etree._Element, node: Node, box: Box, state: str) -> None:
    left, top, width, height = box
    style = f"{state} end" if node.kind is Kind.CALL else state
    _add(svg, "rect", x=left, y=top, width=width, height=height, rx=10, klass=style)
    if node.kind.is_scope:
        _add(svg, "text", node.title, x=left + width / 2, y=top + _LINE + 4)
    else:
        add_text(svg, node.title, box)


def _add_gateway(svg: etree._Element, node: Node, box: Box, state: str) -> None:
    left, top, width, height = box
    x, y = middle(box)
    corners = [(x, top), (left + width, y), (x, top + height), (left, y)]
    _add(svg, "polygon", points=_points(corners), klass=state)
    _add_sign(svg, _GATEWAYS[node.kind], (x, y), "sign")


def _add_event(svg: etree._Element, node: Node, box: Box, state: str) -> None:
    (x, y), radius = middle(box), box[2] / 2
    style = f"{state} end" if node.kind is Kind.END else state
    _add(svg, "circle", cx=x, cy=y, r=radius, klass=style)
    if node.kind in _TWICE:
        _add(svg, "circle", cx=x, cy=y, r=radius - 4, klass="sign")
    if node.trigger in _EVENTS:
        throws = node.kind in (Kind.THROW, Kind.END)
        _add_sign(svg, _EVENTS[node.trigger], (x, y), "thrown" if throws else "sign")


def _add_sign(svg: etree._Element, path: str, place: Point, style: str) -> None:
    x, y = place
    _add(svg, "path", d=path, transform=f"translate({x:g} {y:g})", klass=style)


def add_label(svg: etree._Element, node: Node, box: Box, label: Box | None) -> None:
    """The name of what has no room for it, where it is drawn or else below."""
    left, top, width, height = box
    if node.name:
        add_text(svg, node.name, label or (left - 30, top + height, width + 60, 2 * _LINE))


def add_way(svg: etree._Element, way: Sequence[Point], name: str, *, is_taken: bool) -> None:
    state = _state(is_taken=is_taken)
    line = _add(svg, "polyline", points=_points(way), klass=state)
    line.set("marker-end", f"url(#{state})")
    _add(line, "title", name)


def add_count(svg: etree._Element, start: Point, end: Point, count: str, label: Box | None) -> None:
    """On a line, or below one that is level; on the other side than the name of the flow."""
    (x, y), (to_x, to_y) = start, end
    x, y, is_level = (x + to_x) / 2, (y + to_y) / 2, y == to_y
    if is_level:
        y += -5 if label and middle(label)[1] > y else _LINE
    else:
        y += 4
        if label:
            x += -_LINE if middle(label)[0] > x else _LINE
    _add(svg, "text", count, x=x, y=y, klass="count")


def middle(box: Box) -> Point:
    left, top, width, height = box
    return left + width / 2, top + height / 2


def add_text(svg: etree._Element, words: str, box: Box) -> None:
    """Words in the middle of a box, in as many lines as they need."""
    left, top, width, height = box
    lines = textwrap.wrap(words, int(width / _LETTER) or 1, break_long_words=False)
    text = _add(svg, "text")
    first = top + height / 2 - _LINE * (len(lines) - 1) / 2 + 4
    for number, line in enumerate(lines):
        _add(text, "tspan", line, x=left + width / 2, y=first + number * _LINE)


def _state(*, is_taken: bool) -> str:
    return "taken" if is_taken else "never"


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _add(
    parent: etree._Element, tag: str, text: str = "", *, klass: str = "", **attributes: object
) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_SVG}}}{tag}")
    element.text = text or None
    if klass:
        element.set("class", klass)
    for name, value in attributes.items():
        element.set(name, f"{value:g}" if isinstance(value, float) else str(value))
    return element
