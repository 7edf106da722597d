"""One process of the draft as a BPMN file of its own, in the order that BPMN 2.0 asks for."""

from copy import deepcopy

from lxml import etree

from engine.library.importing import tree
from engine.library.importing.draft import Draft

_KEPT_ATTRIBUTES = {
    "id", "name", "sourceRef", "targetRef", "default", "attachedToRef", "cancelActivity",
    "isInterrupting", "triggeredByEvent", "calledElement", "isSequential", "testBefore",
    "loopMaximum", "messageRef", "signalRef", "errorRef", "escalationRef", "processRef",
    "categoryValueRef", "isExecutable", "dataObjectRef", "dataStoreRef", "isCollection",
    "associationDirection", "textFormat", "errorCode", "escalationCode", "value",
    "targetNamespace", "exporter", "exporterVersion",
}  # fmt: skip
_EXPRESSIONS = {"conditionExpression", "condition", "timeDuration", "timeDate", "timeCycle"}
_EXPRESSIONS |= {"loopCardinality", "completionCondition", "loopCondition"}
_ORDER = (
    "documentation", "extensionElements", "ioSpecification", "laneSet", "flowNodeRef",
    "childLaneSet", "participant", "messageFlow", "incoming", "outgoing", "property",
    "dataInputAssociation", "dataOutputAssociation", "loopCardinality", "loopDataInputRef",
    "loopDataOutputRef", "inputDataItem", "outputDataItem", "completionCondition",
    "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "",
    "textAnnotation", "association", "group",
)  # fmt: skip
_RANKS = {name: rank for rank, name in enumerate(_ORDER)}
_MAIN = _RANKS[""]
_REFERENCES = ("messageRef", "signalRef", "errorRef", "escalationRef", "dataStoreRef")
_LINES = ("association", "messageFlow", "dataInputAssociation", "dataOutputAssociation")
_ARTIFACTS = ("textAnnotation", "association", "group")


def build(draft: Draft, process: etree._Element) -> etree._Element:
    """The ``definitions`` of one process, without its drawing."""
    root = etree.Element(tree.bpmn("definitions"), nsmap=tree.PREFIXES)
    root.set("id", draft.new_id(f"Definitions_{process.get('id')}"))
    root.set("targetNamespace", draft.root.get("targetNamespace") or "urn:steadyhand:import")
    copied = deepcopy(process)
    copied.set("isExecutable", "true")
    root.append(copied)
    _add_collaboration(draft, root, copied)
    _add_references(draft, root)
    _add_categories(draft, root)
    _drop_dangling(root)
    for element in list(tree.elements(root)):
        if str(element.tag).startswith(tree.BPMN):
            _tidy(element)
    _list_flows(root)
    for element in tree.elements(root):
        if len(element) > 1 and str(element.tag).startswith(tree.BPMN) and element is not root:
            element[:] = sorted(element, key=_rank)
    return root


def serialize(root: etree._Element) -> bytes:
    etree.cleanup_namespaces(root, keep_ns_prefixes=list(tree.PREFIXES))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _add_collaboration(draft: Draft, root: etree._Element, process: etree._Element) -> None:
    """Its own pool and the black boxes around it, as far as something of them is drawn."""
    for found in draft.root.findall(tree.bpmn("collaboration")):
        copied = deepcopy(found)
        others = {other.get("id") for other in draft.processes} - {process.get("id")}
        for pool in copied.findall(tree.bpmn("participant")):
            if pool.get("processRef") in others:
                copied.remove(pool)
            elif pool.get("processRef") != process.get("id"):
                pool.attrib.pop("processRef", None)
        if copied.find(tree.bpmn("participant")) is None:
            # Only its artifacts are left, such as the groups of the phases.
            process.extend(child for child in copied if tree.is_a(child, *_ARTIFACTS))
            continue
        root.insert(0, copied)
        return


def _add_references(draft: Draft, root: etree._Element) -> None:
    wanted = {e.get(name) for e in tree.elements(root) for name in _REFERENCES if e.get(name)}
    for found in draft.root:
        if found.get("id") in wanted:
            copied = etree.SubElement(root, found.tag)
            copied.attrib.update(found.attrib)


def _add_categories(draft: Draft, root: etree._Element) -> None:
    wanted = {g.get("categoryValueRef") for g in root.iter(tree.bpmn("group"))}
    for category in draft.root.findall(tree.bpmn("category")):
        if any(value.get("id") in wanted for value in category):
            root.insert(0, deepcopy(category))


def _drop_dangling(root: etree._Element) -> None:
    """Lines and references of the drawing whose other end stayed behind."""
    # Again, as a line may end at a line.
    while lines := _dangling(root):
        for line in lines:
            tree.remove(line)
    ids = _ids(root)
    for element in tree.elements(root):
        for name in ("categoryValueRef", "dataObjectRef", *_REFERENCES):
            if name in element.attrib and element.get(name) not in ids:
                del element.attrib[name]


def _dangling(root: etree._Element) -> list[etree._Element]:
    ids = _ids(root)
    return [line for line in root.iter(*map(tree.bpmn, _LINES)) if not _is_drawn(line, ids)]


def _ids(root: etree._Element) -> set[str | None]:
    return {found for element in tree.elements(root) if (found := element.get("id"))}


def _is_drawn(line: etree._Element, ids: set[str | None]) -> bool:
    """Whether both ends are there; data is drawn at tasks only."""
    if tree.is_a(line, "association", "messageFlow"):
        return {line.get("sourceRef"), line.get("targetRef")} <= ids
    ends = {c.text for c in line if tree.is_a(c, "sourceRef", "targetRef")}
    return bool(ends) and ends <= ids and not tree.is_scope(tree.scope_of(line))


def _tidy(element: etree._Element) -> None:
    for name in list(element.attrib):
        if name not in _KEPT_ATTRIBUTES:
            del element.attrib[name]
    if tree.local(element) in _EXPRESSIONS:
        element.set(f"{tree.XSI}type", "bpmn:tFormalExpression")
    tree.drop_misplaced(element)
    if tree.is_a(element, "extensionElements") and not any(
        len(child) or child.text for child in element
    ):
        tree.remove(element)


def _list_flows(root: etree._Element) -> None:
    """Each node says which flows come in and go out, as other tools expect."""
    nodes = {node.get("id"): node for node in tree.all_nodes(root)}
    for flow in root.iter(tree.bpmn("sequenceFlow")):
        for end, name in (("targetRef", "incoming"), ("sourceRef", "outgoing")):
            etree.SubElement(nodes[flow.get(end)], tree.bpmn(name)).text = flow.get("id")


def _rank(element: etree._Element) -> int:
    return _RANKS.get(tree.local(element), _MAIN)
