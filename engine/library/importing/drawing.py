"""Draws a process: what its owner drew stays, pools, lanes and phases are added where missing."""

from copy import deepcopy

from lxml import etree

from engine.bpmn import drawing
from engine.bpmn.diagram import Phase
from engine.library.importing import bands, layout, tree
from engine.library.importing.draft import Draft
from engine.library.importing.layout import Box, Layout

_PHASE = Phase.RESPOND.title()


def draw(draft: Draft, root: etree._Element) -> None:
    """Add the drawing of a process to its document."""
    process = tree.require(root.find(tree.bpmn("process")))
    layout_ = layout.read(draft.root)
    _fit_sizes(layout_, process)
    layout.complete(layout_, process)
    bands.draw(draft, root, process, layout_)
    for flow in process.iter(tree.bpmn("sequenceFlow")):
        layout.join(layout_, flow)
    _write(draft, root, process, layout_)
    _draw_phase(draft, root, process, layout_)


def _fit_sizes(layout_: Layout, process: etree._Element) -> None:
    """What was an event and became a task needs more room."""
    for node in tree.all_nodes(process):
        box = layout_.boxes.get(node.get("id", ""))
        if box is not None and tree.is_a(node, "userTask") and box.width < 60:
            x, y = box.middle
            layout_.boxes[node.get("id", "")] = Box(x - 50, y - 40, 100, 80)


def _write(draft: Draft, root: etree._Element, process: etree._Element, layout_: Layout) -> None:
    """The planes: one for the process, and one for each sub-process that is drawn collapsed."""
    collaboration = root.find(tree.bpmn("collaboration"))
    top = collaboration if collaboration is not None else process
    planes = {"": _plane(draft, root, top)}
    drawn: dict[str, etree._Element] = {}
    for shape in draft.root.iter(f"{tree.DI}BPMNShape", f"{tree.DI}BPMNEdge"):
        drawn.setdefault(shape.get("bpmnElement", ""), shape)
    for element in list(tree.elements(root)):
        element_id = element.get("id", "")
        if element_id and (element_id in layout_.boxes or element_id in layout_.lines):
            scope = _scope_with_plane(element, layout_)
            scope_id = "" if scope is None else scope.get("id", "")
            if scope is not None and scope_id not in planes:
                planes[scope_id] = _plane(draft, root, scope)
            planes[scope_id].append(_shown(draft, element, drawn.get(element_id), layout_))


def _plane(draft: Draft, root: etree._Element, shown: etree._Element) -> etree._Element:
    diagram = etree.SubElement(root, f"{tree.DI}BPMNDiagram", id=draft.new_id("Diagram"))
    plane = etree.SubElement(diagram, f"{tree.DI}BPMNPlane", id=draft.new_id("Plane"))
    plane.set("bpmnElement", shown.get("id", ""))
    return plane


def _scope_with_plane(element: etree._Element, layout_: Layout) -> etree._Element | None:
    """The collapsed sub-process on whose own plane the element is drawn."""
    around = (a for a in element.iterancestors() if tree.is_scope(a))
    return next((scope for scope in around if scope.get("id", "") in layout_.planes), None)


def _shown(
    draft: Draft, element: etree._Element, drawn: etree._Element | None, layout_: Layout
) -> etree._Element:
    element_id = element.get("id", "")
    box = layout_.boxes.get(element_id)
    kind = f"{tree.DI}BPMNEdge" if box is None else f"{tree.DI}BPMNShape"
    if drawn is not None and drawn.tag == kind:
        shape = deepcopy(drawn)
        for name in ("sourceElement", "targetElement", "choreographyActivityShape"):
            shape.attrib.pop(name, None)
        for label in shape.findall(f"{tree.DI}BPMNLabel"):
            label.attrib.pop("labelStyle", None)
    else:
        shape = etree.Element(kind, id=draft.new_id(f"{element_id}_di"))
        shape.set("bpmnElement", element_id)
    if box is None:
        _set_line(shape, layout_.lines[element_id])
    else:
        _set_box(shape, box)
        _set_look(shape, element, layout_)
    return shape


def _set_box(shape: etree._Element, box: Box) -> None:
    bounds = shape.find(f"{tree.DC}Bounds")
    if bounds is None:
        bounds = etree.Element(f"{tree.DC}Bounds")
        shape.insert(0, bounds)
    old = bounds.get("y")
    for name in ("x", "y", "width", "height"):
        bounds.set(name, f"{getattr(box, name):g}")
    if old is not None and old != bounds.get("y"):
        # A name beside a shape that moved would stay behind.
        for label in shape.findall(f"{tree.DI}BPMNLabel"):
            shape.remove(label)


def _set_line(edge: etree._Element, line: list[layout.Point]) -> None:
    old = edge.findall(f"{tree.DD}waypoint")
    for point in old:
        edge.remove(point)
    for number, (x, y) in enumerate(line):
        edge.insert(number, etree.Element(f"{tree.DD}waypoint", x=f"{x:g}", y=f"{y:g}"))


def _set_look(shape: etree._Element, element: etree._Element, layout_: Layout) -> None:
    if tree.is_scope(element):
        shape.set("isExpanded", str(element.get("id", "") not in layout_.planes).lower())
    else:
        shape.attrib.pop("isExpanded", None)
    if tree.is_a(element, "participant", "lane"):
        shape.set("isHorizontal", shape.get("isHorizontal", "true"))
    elif tree.is_a(element, "exclusiveGateway"):
        shape.set("isMarkerVisible", "true")


def _draw_phase(
    draft: Draft, root: etree._Element, process: etree._Element, layout_: Layout
) -> None:
    """Tasks outside the groups of the phases are in the one that most of the work is done in."""
    known = drawing.phases(root)
    if all(_has_phase(task, known) for task in process.iter(tree.bpmn("userTask"))):
        return
    _ask_phase(draft)
    value_id, group_id = draft.new_id("PhaseValue"), draft.new_id("PhaseGroup")
    category = etree.Element(tree.bpmn("category"), id=draft.new_id("Phases"))
    etree.SubElement(category, tree.bpmn("categoryValue"), id=value_id, value=_PHASE)
    root.insert(0, category)
    group = etree.Element(tree.bpmn("group"), id=group_id, categoryValueRef=value_id)
    # Before the groups that are drawn: where two overlap, the later one counts.
    first = next(root.iter(tree.bpmn("group")), None)
    if first is not None:
        first.addprevious(group)
    else:
        process.append(group)
    shown = [box for e in tree.elements(root) if (box := layout_.boxes.get(e.get("id", "")))]
    layout_.boxes[group_id] = layout.around(shown)
    plane = next(root.iter(f"{tree.DI}BPMNPlane"))
    plane.append(_shown(draft, group, None, layout_))


def _ask_phase(draft: Draft) -> None:
    if all(question.rule != "phase-guessed" for question in draft.questions):
        draft.ask(
            "phase-guessed",
            None,
            f"Tasks outside a group of the drawing are in the phase {_PHASE}.",
            "Draw groups named Identify, Analyze, Respond and Review around the tasks.",
        )


def _has_phase(task: etree._Element, known: dict[str, Phase]) -> bool:
    around: etree._Element | None = task
    while around is not None and not tree.is_a(around, "process"):
        if around.get("id", "") in known:
            return True
        around = around.getparent()
    return False
