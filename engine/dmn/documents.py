"""DMN files as documents: what each declares, and which element of which file a link means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from engine import safe_xml
from engine.dmn.elements import (
    Element,
    children,
    kind,
    name_of,
    refused,
    require_different,
    require_only,
    variable_name,
)
from engine.errors import InvalidDocument

_NAMESPACES = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",  # 1.1
    "http://www.omg.org/spec/DMN/20180521/MODEL/",  # 1.2
    "https://www.omg.org/spec/DMN/20191111/MODEL/",  # 1.3
    "https://www.omg.org/spec/DMN/20211108/MODEL/",  # 1.4
    "https://www.omg.org/spec/DMN/20230324/MODEL/",  # 1.5
)
_REQUIREMENT_GRAPH = ("decision", "inputData", "businessKnowledgeModel", "decisionService")
_FOR_PEOPLE = (
    "knowledgeSource",
    "textAnnotation",
    "association",
    "group",
    "elementCollection",
    "organizationUnit",
    "performanceIndicator",
    "artifact",
    "DMNDI",
)
_MAX_IMPORTS = 20  # in a row


@dataclass(frozen=True, eq=False)
class Document:
    """One file; ``imports`` are the models it imports, each with the name it gives them."""

    root: Element
    namespace: str
    by_id: Mapping[str, Element]  # of what it declares, as far as it has ids
    imports: tuple[tuple[str, "Document"], ...]

    def elements(self, *kinds: str) -> list[Element]:
        return list(children(self.root, *kinds))

    @cached_property
    def declared(self) -> list[Element]:
        """The decisions, input data, knowledge models and services."""
        return self.elements(*_REQUIREMENT_GRAPH)

    @cached_property
    def variable_names(self) -> frozenset[str]:
        """What expressions call the things that this document declares."""
        return frozenset(map(variable_name, self.declared))

    def linked(self, link: Element) -> tuple[str, "Document", Element]:
        """The element that ``link`` means, after its document and that one's import name."""
        href = (link.get("href") or "").strip()
        namespace, _, element_id = href.rpartition("#")
        for name, document in (("", self), *self.imports):
            is_meant = namespace == document.namespace or (not namespace and document is self)
            if is_meant and element_id in document.by_id:
                return name, document, document.by_id[element_id]
        raise refused(link, f"{kind(link)} leads to {href or 'nothing'}, which is not there.")


def read(content: bytes, others: Iterable[bytes] = ()) -> Document:
    """Read a file and the models among ``others`` that it imports.

    Raises ``InvalidDocument`` when it is not XML, ``DmnError`` when it is not a DMN file.
    """
    root = safe_xml.parse(content)
    if not _is_dmn(root):
        raise refused(root, "This is not a DMN 1.1 to 1.5 file. Save it as DMN 1.3.")
    return _Reading(others).document(root)


def _is_dmn(root: Element) -> bool:
    name = etree.QName(root)
    return name.localname == "definitions" and name.namespace in _NAMESPACES


class _Reading:
    """Reads each imported model once, however many others import it."""

    def __init__(self, others: Iterable[bytes]) -> None:
        self._others = others
        self._done: dict[str, Document] = {}
        self._open: list[str] = []

    def document(self, root: Element) -> Document:
        _require_feel(root)
        require_only(root, *_REQUIREMENT_GRAPH, *_FOR_PEOPLE, "itemDefinition", "import")
        namespace = root.get("namespace", "")
        self._open.append(namespace)
        imports = tuple((name_of(link), self._imported(link)) for link in children(root, "import"))
        self._open.pop()
        require_different(root, "imports", [name for name, _ in imports if name])
        return Document(root, namespace, _by_id(root), imports)

    def _imported(self, link: Element) -> Document:
        if "/spec/DMN/" not in link.get("importType", ""):
            raise refused(link, "Only DMN models can be imported. Remove this import.")
        namespace = link.get("namespace", "")
        if namespace in self._open:
            raise refused(link, f"{namespace} imports itself. Remove this import.")
        if len(self._open) == _MAX_IMPORTS:
            raise refused(
                link, f"Over {_MAX_IMPORTS} models import each other in a row. Join some."
            )
        if namespace not in self._done:
            found = [root for root in self._beside if root.get("namespace", "") == namespace]
            if len(found) != 1:
                raise refused(link, f"{len(found)} files beside this one are {namespace}, not one.")
            self._done[namespace] = self.document(found[0])
        return self._done[namespace]

    @cached_property
    def _beside(self) -> list[Element]:
        """The other models; a file that is no DMN is refused where it is read itself."""
        return [root for content in self._others if (root := _find_root(content)) is not None]


def _find_root(content: bytes) -> Element | None:
    try:
        root = safe_xml.parse(content)
    except InvalidDocument:
        return None
    return root if _is_dmn(root) else None


def _by_id(root: Element) -> dict[str, Element]:
    found = [e for e in children(root, *_REQUIREMENT_GRAPH) if e.get("id")]
    require_different(root, "elements", [element.get("id", "") for element in found])
    return {element.get("id", ""): element for element in found}


def _require_feel(root: Element) -> None:
    for element in root.iter("{*}*"):
        language = element.get("expressionLanguage", "feel")
        if language.lower() != "feel" and not language.endswith("/FEEL/"):
            raise refused(element, f"Expression language {language} is not accepted. Use FEEL.")
