"""The XML of a diagram: what its elements are called and how they are nested."""

from collections.abc import Iterator

from lxml import etree

from engine.bpmn import drawing
from engine.bpmn.diagram import Kind

BPMN = drawing.BPMN
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DD = "{http://www.omg.org/spec/DD/20100524/DI}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
PREFIXES = {
    "bpmn": BPMN[1:-1],
    "bpmndi": DI[1:-1],
    "dc": DC[1:-1],
    "di": DD[1:-1],
    "xsi": XSI[1:-1],
    "spiffworkflow": SPIFF[1:-1],
}

SCOPES = {"subProcess", "transaction"}
# Drawn in other tools, and replaced here by the nearest element that runs.
FOREIGN = {"task", "complexGateway", "adHocSubProcess", "event", "implicitThrowEvent"}
NODES = {kind.value for kind in Kind} | FOREIGN
_NODE_TAGS = frozenset(f"{BPMN}{name}" for name in NODES)
_SCOPE_TAGS = frozenset(f"{BPMN}{name}" for name in (*SCOPES, "adHocSubProcess"))

# On another element they would be read, and mean something else.
_ONLY_ON = {
    "attachedToRef": ("boundaryEvent",),
    "cancelActivity": ("boundaryEvent",),
    "isInterrupting": ("startEvent",),
    "triggeredByEvent": ("subProcess", "transaction", "adHocSubProcess"),
    "calledElement": ("callActivity",),
    "isCollection": ("dataObject",),
}


def bpmn(name: str) -> str:
    return f"{BPMN}{name}"


def local(element: etree._Element) -> str:
    return drawing.local(element)


def name(element: etree._Element) -> str:
    return element.get("name", "")


def title(element: etree._Element) -> str:
    """What a person calls the element."""
    return name(element) or element.get("id", "")


def is_a(element: etree._Element, *kinds: str) -> bool:
    return element.tag in [bpmn(kind) for kind in kinds]


def is_scope(element: etree._Element) -> bool:
    return element.tag in _SCOPE_TAGS


def is_event_subprocess(element: etree._Element) -> bool:
    return element.get("triggeredByEvent") == "true" and is_scope(element)


def nodes(scope: etree._Element) -> list[etree._Element]:
    """The nodes that stand directly in a process or sub-process."""
    return [child for child in scope if child.tag in _NODE_TAGS]


def all_nodes(top: etree._Element) -> list[etree._Element]:
    """Every node below, an outer one before what stands in it."""
    return [element for element in top.iter() if element.tag in _NODE_TAGS]


def scopes(process: etree._Element) -> list[etree._Element]:
    """The process and every sub-process in it, an outer one before an inner one."""
    return [process, *(node for node in all_nodes(process) if is_scope(node))]


def scope_of(node: etree._Element) -> etree._Element:
    return require(node.getparent())


def process_of(node: etree._Element) -> etree._Element:
    return next(node.iterancestors(bpmn("process")))


def event_definitions(event: etree._Element) -> list[etree._Element]:
    return [c for c in event if isinstance(c.tag, str) and c.tag.endswith("EventDefinition")]


def trigger(event: etree._Element) -> str:
    """What an event waits for or causes, by BPMN's name for it; ``none`` without a definition."""
    definitions = event_definitions(event)
    return local(definitions[0]).removesuffix("EventDefinition") if definitions else "none"


def text(element: etree._Element, child: str) -> str:
    return (element.findtext(bpmn(child)) or "").strip()


def set_text(element: etree._Element, child: str, content: str) -> etree._Element:
    """Write an expression as a child; a first one of that name is replaced."""
    found = element.find(bpmn(child))
    if found is None:
        found = etree.SubElement(element, bpmn(child))
    found.attrib.clear()
    for inner in list(found):
        found.remove(inner)
    found.set(f"{XSI}type", "bpmn:tFormalExpression")
    found.text = content
    return found


def remove(element: etree._Element) -> None:
    """Take an element away; text that follows it is white space."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def remove_children(element: etree._Element, *names: str) -> None:
    for child in [c for c in element if c.tag in [bpmn(n) for n in names]]:
        element.remove(child)


def drop_misplaced(element: etree._Element) -> None:
    """Take away the attributes that belong on another kind of element."""
    for name_, kinds in _ONLY_ON.items():
        if not is_a(element, *kinds):
            element.attrib.pop(name_, None)


def require(element: etree._Element | None) -> etree._Element:
    if element is None:
        raise LookupError("The element stands in no other one.")
    return element


def elements(top: etree._Element) -> Iterator[etree._Element]:
    """Every element below, itself included; comments have no tag name."""
    return (element for element in top.iter() if isinstance(element.tag, str))
