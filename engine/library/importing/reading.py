"""Reads a file of any tool as BPMN 2.0, or says by rule id why nothing can be made of it."""

import re
from collections.abc import Iterator

from lxml import etree

from engine import safe_xml
from engine.bpmn.lint.shape import MAX_NODES
from engine.errors import Finding, InvalidDocument, Refused
from engine.library.importing import tree
from engine.library.importing.draft import Origin

MAX_FLOWS, MAX_LANES, MAX_ELEMENTS = 1500, 150, 40_000  # of the whole file
_DECLARATION = re.compile(rb"^<\?xml[^>]{0,200}\?>")
_MAX_PREFIXES = 10
_UNDECLARED = re.compile(r"Namespace prefix (\w+) ")
_NO_URI = re.compile(r"xmlns:(\w+): '.*' is not a valid URI", re.DOTALL)
_ROOT = re.compile(rb"(<(?:\w+:)?definitions)\b")
_BOM = b"\xef\xbb\xbf"
# Early BPMN 2.0 files, from before the OMG settled on its address.
_OLD_NAMESPACES = {
    "http://schema.omg.org/spec/BPMN/2.0",
    "http://www.omg.org/spec/BPMN/20100524/MODEL/",
    "http://www.omg.org/spec/BPMN/2.0",
    "http://www.omg.org/spec/BPMN/2.0/",
    "http://www.omg.org/bpmn20",
}
_USUAL_PREFIXES = {
    **tree.PREFIXES,
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
}
_ORIGINS = (
    ("http://camunda.org/schema/zeebe/1.0", Origin.CAMUNDA_8),
    ("http://camunda.org/schema/1.0/bpmn", Origin.CAMUNDA_7),
    ("http://activiti.org/bpmn", Origin.CAMUNDA_7),
    ("http://flowable.org/bpmn", Origin.CAMUNDA_7),
    ("http://activiti.com/modeler", Origin.CAMUNDA_7),
    (tree.SPIFF[1:-1], Origin.STEADYHAND),
)


def read(content: bytes) -> etree._Element:
    """The ``definitions`` element, in today's namespace and with a process that holds something."""
    root = _parse(content)
    if tree.local(root) != "definitions":
        raise refused("not-bpmn", "This is XML, but not BPMN 2.0: its root is not definitions.")
    _settle_namespace(root)
    if root.tag != tree.bpmn("definitions"):
        namespace = etree.QName(root).namespace
        raise refused("not-bpmn", f"This is not BPMN 2.0: its namespace is {namespace}.")
    _settle_nesting(root)
    _require_process(root)
    require_size(root)
    return root


def origin(root: etree._Element) -> Origin:
    """The dialect of its elements and attributes, or of the engine that it is meant for."""
    used = {etree.QName(e).namespace for e in tree.elements(root)}
    used |= {etree.QName(name).namespace for e in tree.elements(root) for name in e.attrib}
    used |= {uri for uri in root.nsmap.values() if "zeebe" in uri}
    return next((found for uri, found in _ORIGINS if uri in used), Origin.DRAWN)


def refused(rule: str, message: str) -> Refused:
    return Refused([Finding(rule, "", "", "", message)])


def _parse(content: bytes) -> etree._Element:
    content = content if content.startswith((b"\xff\xfe", b"\xfe\xff")) else content.lstrip()
    try:
        return safe_xml.parse(content)
    except InvalidDocument as error:
        for candidate in (*_reencoded(content), *_declared(content, str(error))):
            try:
                return safe_xml.parse(candidate)
            except InvalidDocument:
                continue
        raise


def _declared(content: bytes, problem: str) -> Iterator[bytes]:
    """The file with every prefix that its own tool forgot to declare, or declared wrong."""
    for _ in range(_MAX_PREFIXES):
        unknown, wrong = _UNDECLARED.search(problem), _NO_URI.search(problem)
        if unknown:
            prefix = unknown[1].encode()
            uri = _USUAL_PREFIXES.get(unknown[1], "urn:unknown")
            content = _ROOT.sub(rb'\1 xmlns:%s="%s"' % (prefix, uri.encode()), content, count=1)
        elif wrong:
            declaration = rb"xmlns:%s=\"[^\"]*\"" % re.escape(wrong[1].encode())
            content = re.sub(declaration, b'xmlns:%s="urn:unknown"' % wrong[1].encode(), content)
        else:
            return
        yield content
        problem = _problem(content)


def _problem(content: bytes) -> str:
    try:
        safe_xml.parse(content)
    except InvalidDocument as error:
        return str(error)
    return ""


def _reencoded(content: bytes) -> list[bytes]:
    """What it may be when the encoding that the file declares is not the one it is written in."""
    plain = content.removeprefix(_BOM).lstrip()
    if len(content) > safe_xml.MAX_BYTES or not plain.startswith((b"<?xml", b"<\x00", b"\x00<")):
        return []
    without = _DECLARATION.sub(b"", plain)
    found = [without]
    for encoding in ("utf-16-le", "utf-16-be", "latin-1"):
        try:
            text = (without if encoding == "latin-1" else plain).decode(encoding)
        except UnicodeDecodeError:
            continue
        found.append(_DECLARATION.sub(b"", text.encode()))
    return found


def _settle_namespace(root: etree._Element) -> None:
    """Files of early tools, and such as forgot the namespace altogether."""
    namespace = etree.QName(root).namespace
    if namespace is not None and namespace not in _OLD_NAMESPACES:
        return
    for element in tree.elements(root):
        if etree.QName(element).namespace == namespace:
            element.tag = tree.bpmn(tree.local(element))


def _settle_nesting(root: etree._Element) -> None:
    """Elements stand in processes and sub-processes; one that stands elsewhere is moved there."""
    for node in tree.all_nodes(root):
        scopes = [a for a in node.iterancestors() if tree.is_scope(a) or _is_process(a)]
        if not any(_is_process(around) for around in scopes):
            tree.remove(node)
        elif scopes[0] is not node.getparent():
            scopes[0].append(node)


def _is_process(element: etree._Element) -> bool:
    return tree.is_a(element, "process") and tree.is_a(tree.scope_of(element), "definitions")


def _require_process(root: etree._Element) -> None:
    found = root.findall(tree.bpmn("process"))
    for process in found:
        if not tree.all_nodes(process):
            root.remove(process)  # the process of a pool that was drawn as a black box
    if not root.findall(tree.bpmn("process")):
        kinds = {"choreography", "globalConversation", "conversation"}
        drawn = sorted({tree.local(e) for e in tree.elements(root)} & kinds)
        about = f" It holds a {drawn[0]}, which cannot run." if drawn else ""
        raise refused("process-missing", f"The file holds no process with elements.{about}")


def require_size(root: etree._Element) -> None:
    """Refuse what no process needs; asked again when the import has added elements of its own."""
    flows = sum(1 for _ in root.iter(tree.bpmn("sequenceFlow")))
    lanes = sum(1 for _ in root.iter(tree.bpmn("lane")))
    if flows > MAX_FLOWS or lanes > MAX_LANES or sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        message = f"The file has {flows} flows and {lanes} lanes, more than any process needs."
        raise refused("diagram-too-large", f"{message} Split it.")
    sizes = [len(tree.all_nodes(process)) for process in root.findall(tree.bpmn("process"))]
    if max(sizes) > MAX_NODES or sum(sizes) > 3 * MAX_NODES:
        message = f"A process has at most {MAX_NODES} elements; the largest here has {max(sizes)}."
        raise refused("diagram-too-large", f"{message} Split it.")
