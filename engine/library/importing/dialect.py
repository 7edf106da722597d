"""How Steadyhand's own attributes are written: properties, instructions, decisions, scripts."""

from lxml import etree

from engine.library.importing import tree

_PROPERTIES = f"{tree.bpmn('extensionElements')}/{tree.SPIFF}properties"


def get(element: etree._Element, name: str) -> str:
    """The value of a property, empty when there is none."""
    for found in element.findall(f"{_PROPERTIES}/{tree.SPIFF}property"):
        if found.get("name") == name:
            return found.get("value", "").strip()
    return ""


def put(element: etree._Element, name: str, value: str) -> None:
    drop(element, name)
    properties = element.find(_PROPERTIES)
    if properties is None:
        properties = etree.SubElement(_extensions(element), f"{tree.SPIFF}properties")
    etree.SubElement(properties, f"{tree.SPIFF}property", name=name, value=value)


def drop(element: etree._Element, name: str) -> None:
    for found in element.findall(f"{_PROPERTIES}/{tree.SPIFF}property"):
        if found.get("name") == name:
            tree.remove(found)


def extension(element: etree._Element, name: str) -> str:
    path = f"{tree.bpmn('extensionElements')}/{tree.SPIFF}{name}"
    return (element.findtext(path) or "").strip()


def put_extension(element: etree._Element, name: str, value: str) -> None:
    extensions = _extensions(element)
    for found in extensions.findall(f"{tree.SPIFF}{name}"):
        extensions.remove(found)
    etree.SubElement(extensions, f"{tree.SPIFF}{name}").text = value


def operation(element: etree._Element) -> str:
    path = f"{tree.bpmn('extensionElements')}/{tree.SPIFF}serviceTaskOperator"
    found = element.find(path)
    return "" if found is None else found.get("id", "")


def clear(element: etree._Element, *kept: str) -> None:
    """Take away what only another kind of element has, except the extensions named."""
    extensions = element.find(tree.bpmn("extensionElements"))
    for child in [] if extensions is None else list(extensions):
        is_kept = isinstance(child.tag, str) and child.tag in [f"{tree.SPIFF}{k}" for k in kept]
        if extensions is not None and not is_kept:
            extensions.remove(child)


def _extensions(element: etree._Element) -> etree._Element:
    found = element.find(tree.bpmn("extensionElements"))
    if found is None:
        found = etree.Element(tree.bpmn("extensionElements"))
        # BPMN 2.0 wants the documentation first, then the extensions.
        element.insert(len(element.findall(tree.bpmn("documentation"))), found)
    return found
