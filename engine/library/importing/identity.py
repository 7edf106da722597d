"""Gives every element an id and a name that may stay, and lets every reference follow."""

from collections import Counter

from lxml import etree

from engine.bpmn.lint.shape import MAX_ID, MAX_NAME
from engine.library.importing import tree
from engine.library.importing.words import identifier, is_safe, one_line, unique

_REFERENCES = (
    "sourceRef",
    "targetRef",
    "attachedToRef",
    "default",
    "processRef",
    "calledElement",
    "messageRef",
    "signalRef",
    "errorRef",
    "escalationRef",
    "categoryValueRef",
    "dataObjectRef",
    "dataStoreRef",
    "activityRef",
    "bpmnElement",
)
_TEXT_REFERENCES = ("flowNodeRef", "sourceRef", "targetRef", "eventDefinitionRef")
_BOOLEANS = ("cancelActivity", "isInterrupting", "triggeredByEvent", "isForCompensation")
_WRITTEN_AS_NUMBERS = {"1": "true", "0": "false"}
_NAMED_WITHOUT_ID = tree.NODES | {"sequenceFlow", "process", "lane", "participant", "group"}


def settle(root: etree._Element) -> list[str]:
    """Make ids unique and safe, names short and on one line; returns the ids that were doubled."""
    renamed, doubled = _rename(root)
    names = dict.fromkeys(renamed.values(), None)
    for element in tree.elements(root):
        for attribute in _REFERENCES:
            if attribute in element.attrib:
                element.set(attribute, _follow(element.get(attribute, ""), renamed, names))
        if tree.local(element) in _TEXT_REFERENCES and element.text:
            element.text = _follow(element.text.strip(), renamed, names)
        for attribute in _BOOLEANS:
            if element.get(attribute) in _WRITTEN_AS_NUMBERS:
                element.set(attribute, _WRITTEN_AS_NUMBERS[element.get(attribute, "")])
        _shorten(element)
    return doubled


def _rename(root: etree._Element) -> tuple[dict[str, str], list[str]]:
    renamed: dict[str, str] = {}
    # Shapes last: some tools give a shape the id of what it shows, and references mean the latter.
    spaces = (tree.BPMN, tree.DI)
    ours = [e for space in spaces for e in tree.elements(root) if str(e.tag).startswith(space)]
    taken = {element_id for e in ours if (element_id := e.get("id")) and is_safe(element_id)}
    doubled = Counter[str]()
    for element in ours:
        old = element.get("id")
        if old is None and not _needs_id(element):
            continue
        if old and old not in renamed and is_safe(old):
            renamed[old] = old
            continue
        new = unique(identifier(old or element.get("name") or tree.local(element)), taken)
        taken.add(new)
        element.set("id", new)
        if old and old in renamed and _needs_id(element):
            doubled[old] += 1
        elif old:
            renamed.setdefault(old, new)
    return renamed, list(doubled)


def _needs_id(element: etree._Element) -> bool:
    return tree.is_a(element, *_NAMED_WITHOUT_ID)


def _follow(reference: str, renamed: dict[str, str], names: dict[str, None]) -> str:
    """The new id; some tools write references as qualified names, with a prefix."""
    if reference in renamed:
        return renamed[reference]
    local = reference.rpartition(":")[2]
    if local in renamed:
        return renamed[local]
    return local if local in names else reference


def _shorten(element: etree._Element) -> None:
    full = element.get("name")
    if full is None:
        return
    short = one_line(full, MAX_ID if tree.is_a(element, "lane") else MAX_NAME)
    element.set("name", short)
    if len(one_line(full, len(full))) > MAX_NAME and tree.local(element) in tree.NODES:
        documentation = etree.Element(tree.bpmn("documentation"))
        documentation.text = one_line(full, len(full))
        element.insert(0, documentation)
