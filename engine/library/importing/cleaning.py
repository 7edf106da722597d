"""Takes away what only the tool of origin understands, and says once what that was."""

from collections.abc import Iterator

from lxml import etree

from engine.library.importing import tree
from engine.library.importing.draft import Draft, Origin

_SCOPES = frozenset({"process", *tree.SCOPES, "adHocSubProcess"})
_EVENTS = frozenset(name for name in tree.NODES if name.lower().endswith("event"))
_ACTIVITIES = frozenset(n for n in tree.NODES if not n.lower().endswith(("event", "gateway")))
_REPEATS = frozenset({"multiInstanceLoopCharacteristics"})
_ASSOCIATIONS = frozenset({"dataInputAssociation", "dataOutputAssociation"})
_FILE = frozenset({"definitions"})
_READ = (
    (_SCOPES, tree.NODES | {"sequenceFlow", "laneSet", "dataObject", "dataObjectReference"}),
    (_SCOPES, {"dataStoreReference"}),
    (_SCOPES | {"collaboration"}, {"textAnnotation", "association", "group"}),
    (_ACTIVITIES, _REPEATS | {"standardLoopCharacteristics"}),
    (_ACTIVITIES | _EVENTS, _ASSOCIATIONS | {"property"}),
    (_ASSOCIATIONS, {"sourceRef", "targetRef"}),
    (_REPEATS, {"loopCardinality", "loopDataInputRef", "inputDataItem", "completionCondition"}),
    (_REPEATS, {"loopDataOutputRef", "outputDataItem"}),
    (frozenset({"standardLoopCharacteristics"}), {"loopCondition"}),
    (frozenset({"timerEventDefinition"}), {"timeDuration", "timeDate", "timeCycle"}),
    (frozenset({"conditionalEventDefinition"}), {"condition"}),
    (frozenset({"laneSet", "childLaneSet"}), {"lane"}),
    (frozenset({"lane"}), {"flowNodeRef", "childLaneSet"}),
    (frozenset({"sequenceFlow"}), {"conditionExpression"}),
    (frozenset({"scriptTask"}), {"script"}),
    (frozenset({"textAnnotation"}), {"text"}),
    (frozenset({"collaboration"}), {"participant", "messageFlow"}),
    (frozenset({"category"}), {"categoryValue"}),
    (_FILE, {"process", "collaboration", "category", "dataStore"}),
    (_FILE, {"message", "signal", "error", "escalation"}),
)
# What stays, and inside what it is read; the rest is another tool's, or where it means nothing.
_PLACES = {name: parents for parents, names in _READ for name in names}
_ANYWHERE = {"documentation", "extensionElements"}
_OWN_INTERFACE = {"ioSpecification", "dataInput", "dataOutput", "inputSet", "outputSet"}
# Left out without a word: they say nothing about how the process runs.
_QUIET = {"incoming", "outgoing", "import", "itemDefinition", "relationship", "resource"}
_QUIET |= {"interface", "extension", "auditing", "monitoring", "dataState", "partnerRole"}


def clean(draft: Draft) -> None:
    """Keep the BPMN that Steadyhand reads and the drawing; ask once about the rest."""
    for comment in list(draft.root.iter(etree.Comment)):
        tree.remove(comment)
    dropped = set(_dropped(draft)) - {""}
    if dropped:
        draft.ask(
            "extensions-dropped",
            None,
            f"Attributes of another tool were left out: {', '.join(sorted(dropped)[:20])}.",
            "Look through the list; whatever matters must be said in the diagram itself.",
        )


def _dropped(draft: Draft) -> Iterator[str]:
    ahead = [draft.root]
    while ahead:
        parent = ahead.pop()
        for element in list(parent):
            label = _foreign(element, draft)
            if label is not None:
                parent.remove(element)
                yield label
                continue
            ahead.append(element)
            if str(element.tag).startswith(tree.BPMN):
                tree.drop_misplaced(element)
                yield from _foreign_attributes(element)


def _foreign(element: etree._Element, draft: Draft) -> str | None:
    """``None`` for what stays; for the rest its name, empty when not worth a word."""
    tag = str(element.tag)
    name = tree.local(element)
    if tag.startswith((tree.DI, tree.DC, tree.DD, tree.SPIFF)):
        return None
    if not tag.startswith(tree.BPMN):
        return f"{element.prefix or 'extension'}:{name}"
    if _is_in_place(element, name):
        return None
    if name in _OWN_INTERFACE and draft.origin is Origin.STEADYHAND and _of_process(element):
        return None
    return "" if name in _QUIET or name in _OWN_INTERFACE else name


def _is_in_place(element: etree._Element, name: str) -> bool:
    parent = tree.require(element.getparent())
    if not str(parent.tag).startswith(tree.BPMN):
        return False
    around = _EVENTS if name.endswith("EventDefinition") else _PLACES.get(name, frozenset())
    return name in _ANYWHERE or tree.local(parent) in around


def _of_process(element: etree._Element) -> bool:
    around = element.getparent()
    while around is not None and tree.local(around) in _OWN_INTERFACE:
        around = around.getparent()
    return around is not None and tree.is_a(around, "process")


def _foreign_attributes(element: etree._Element) -> Iterator[str]:
    for attribute in list(element.attrib):
        name = etree.QName(attribute)
        if name.namespace is None:
            continue
        del element.attrib[attribute]
        if name.namespace != tree.XSI[1:-1]:
            yield f"{_prefix(element, name.namespace)}:{name.localname}"


def _prefix(element: etree._Element, namespace: str) -> str:
    return next((p for p, uri in element.nsmap.items() if p and uri == namespace), "extension")
