"""A diagram on its way into a bundle: its tree, how it connects, and what is still open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lxml import etree

from engine.library.importing import tree
from engine.library.importing.words import identifier, unique

_MAX_LISTED = 12
Component = dict[str, Any]  # one field of a form, as form-js writes it


class Origin(StrEnum):
    """Which tool's dialect the file is written in."""

    STEADYHAND = "steadyhand"
    CAMUNDA_7 = "camunda7"
    CAMUNDA_8 = "camunda8"
    DRAWN = "drawn"  # for people, by any tool


@dataclass(frozen=True)
class Question:
    """Something that was assumed, for the process owner to confirm or to change."""

    rule: str
    element_id: str
    element_name: str
    message: str  # what the file says, and what was assumed
    suggestion: str  # what to decide


@dataclass(frozen=True)
class Decision:
    """A decision that the file refers to, and the variable that takes its result."""

    id: str
    name: str
    output: str


@dataclass
class Draft:
    """Holds the one index of nodes and flows; passes change the drawing through it alone."""

    root: etree._Element
    title: str
    origin: Origin
    questions: list[Question] = field(default_factory=list)
    forms: dict[str, list[Component]] = field(default_factory=dict)  # form key -> fields
    decisions: dict[str, Decision] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)  # element id -> who is to do it
    fields: dict[str, Component] = field(default_factory=dict)  # of start forms, by their key
    nodes: dict[str, etree._Element] = field(default_factory=dict)
    outgoing: dict[str, list[etree._Element]] = field(default_factory=dict)
    incoming: dict[str, list[etree._Element]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    @property
    def processes(self) -> list[etree._Element]:
        return self.root.findall(tree.bpmn("process"))

    def ask(self, rule: str, element: etree._Element | None, message: str, suggestion: str) -> None:
        """Note a question about an element, or about the whole file."""
        element_id = "" if element is None else element.get("id", "")
        name = "" if element is None else tree.name(element)
        self.questions.append(Question(rule, element_id, name, message, suggestion))

    def index_nodes(self) -> None:
        """Find every node, by its id; from here on ids are unique."""
        self.ids = {found for e in self.root.iter() if (found := e.get("id"))}
        for node in tree.all_nodes(self.root):
            self._know(node)

    def index_flows(self) -> None:
        """Find every flow; from here on each connects two nodes."""
        for flow in self.root.iter(tree.bpmn("sequenceFlow")):
            self.outgoing[flow.get("sourceRef", "")].append(flow)
            self.incoming[flow.get("targetRef", "")].append(flow)

    def new_id(self, wanted: str) -> str:
        found = unique(identifier(wanted), self.ids)
        self.ids.add(found)
        return found

    def add(self, scope: etree._Element, kind: str, name: str, wanted_id: str) -> etree._Element:
        """A new element in a process or sub-process."""
        node = etree.SubElement(scope, tree.bpmn(kind), id=self.new_id(wanted_id), name=name)
        self._know(node)
        return node

    def add_root(self, kind: str, wanted_id: str, **attributes: str) -> etree._Element:
        """A new message, signal, error or escalation."""
        element = etree.Element(tree.bpmn(kind), attributes, id=self.new_id(wanted_id))
        self.root.insert(0, element)
        return element

    def connect(
        self, source: etree._Element, target: etree._Element, name: str = ""
    ) -> etree._Element:
        flow = self.add_flow(source, name)
        flow.set("targetRef", target.get("id", ""))
        self.outgoing[source.get("id", "")].append(flow)
        self.incoming[target.get("id", "")].append(flow)
        return flow

    def add_flow(self, source: etree._Element, name: str) -> etree._Element:
        scope = source.getparent()
        flow = etree.SubElement(tree.require(scope), tree.bpmn("sequenceFlow"))
        flow.set("id", self.new_id("Flow"))
        flow.set("sourceRef", source.get("id", ""))
        if name:
            flow.set("name", name)
        return flow

    def lead(self, flow: etree._Element, target: etree._Element) -> None:
        """Let a flow end at another element."""
        self.incoming[flow.get("targetRef", "")].remove(flow)
        flow.set("targetRef", target.get("id", ""))
        self.incoming[target.get("id", "")].append(flow)

    def leave(self, flow: etree._Element, source: etree._Element) -> None:
        """Let a flow begin at another element."""
        old = self.nodes[flow.get("sourceRef", "")]
        if old.get("default") == flow.get("id"):
            del old.attrib["default"]
            source.set("default", flow.get("id", ""))
        self.outgoing[old.get("id", "")].remove(flow)
        flow.set("sourceRef", source.get("id", ""))
        self.outgoing[source.get("id", "")].append(flow)

    def put_before(
        self, node: etree._Element, kind: str, name: str, wanted_id: str
    ) -> etree._Element:
        """A new element through which everything goes that led to ``node``."""
        new = self.add(tree.scope_of(node), kind, name, wanted_id)
        for flow in list(self.incoming[node.get("id", "")]):
            self.lead(flow, new)
        self.connect(new, node)
        return new

    def put_after(
        self, node: etree._Element, kind: str, name: str, wanted_id: str
    ) -> etree._Element:
        """A new element which every path takes that left ``node``."""
        new = self.add(tree.scope_of(node), kind, name, wanted_id)
        for flow in list(self.outgoing[node.get("id", "")]):
            self.leave(flow, new)
        self.connect(node, new)
        return new

    def remove_flow(self, flow: etree._Element) -> None:
        source = self.nodes.get(flow.get("sourceRef", ""))
        if source is not None and source.get("default") == flow.get("id"):
            del source.attrib["default"]
        self.outgoing[flow.get("sourceRef", "")].remove(flow)
        self.incoming[flow.get("targetRef", "")].remove(flow)
        tree.remove(flow)

    def remove(self, node: etree._Element) -> None:
        """Take a node away with its flows, its boundary events and everything in it."""
        for inner in [*tree.nodes(node), *self.boundaries(node)]:
            if inner.get("id", "") in self.nodes:
                self.remove(inner)
        node_id = node.get("id", "")
        for flow in {*self.outgoing[node_id], *self.incoming[node_id]}:
            self.remove_flow(flow)
        del self.nodes[node_id]
        tree.remove(node)

    def boundaries(self, node: etree._Element) -> list[etree._Element]:
        node_id = node.get("id")
        scope = node.getparent()
        found = [] if scope is None else scope.findall(tree.bpmn("boundaryEvent"))
        return [event for event in found if event.get("attachedToRef") == node_id]

    def targets(self, node: etree._Element) -> list[etree._Element]:
        flows = self.outgoing[node.get("id", "")]
        return [self.nodes[flow.get("targetRef", "")] for flow in flows]

    def sources(self, node: etree._Element) -> list[etree._Element]:
        flows = self.incoming[node.get("id", "")]
        return [self.nodes[flow.get("sourceRef", "")] for flow in flows]

    def _know(self, node: etree._Element) -> None:
        node_id = node.get("id", "")
        self.nodes[node_id] = node
        self.outgoing.setdefault(node_id, [])
        self.incoming.setdefault(node_id, [])


def listed(elements: Sequence[etree._Element]) -> str:
    """The names of elements in a sentence, the first few of them."""
    titles = [f"“{tree.title(element)}”" for element in elements[:_MAX_LISTED]]
    more = len(elements) - _MAX_LISTED
    return ", ".join(titles) + (f" and {more} more" if more > 0 else "")
