"""Reads a BPMN 2.0 file into plain values: what stands on the drawing, and where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from lxml import etree

from engine import safe_xml
from engine.errors import InvalidDocument

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"

# On the drawing for people; nothing to run.
_SILENT = {"laneSet", "textAnnotation", "association", "group", "documentation"}
_SILENT |= {"extensionElements", "dataObject", "dataObjectReference"}
# Children of a node that carry no meaning of their own, or that are read here.
_PLAIN_CHILDREN = {"incoming", "outgoing", "extensionElements", "documentation", "categoryValueRef"}


class Phase(StrEnum):
    """Where an incident stands, as the group around the waiting element says."""

    IDENTIFY = "identify"
    ANALYZE = "analyze"
    RESPOND = "respond"
    REVIEW = "review"


class Kind(StrEnum):
    """The elements that run; every other one is refused by its name."""

    START = "startEvent"
    END = "endEvent"
    USER_TASK = "userTask"
    SERVICE_TASK = "serviceTask"
    DECISION_TASK = "businessRuleTask"
    EXCLUSIVE = "exclusiveGateway"
    PARALLEL = "parallelGateway"
    TIMER_CATCH = "intermediateCatchEvent"
    BOUNDARY = "boundaryEvent"

    @property
    def is_task(self) -> bool:
        return self in (Kind.USER_TASK, Kind.SERVICE_TASK, Kind.DECISION_TASK)

    @property
    def is_gateway(self) -> bool:
        return self in (Kind.EXCLUSIVE, Kind.PARALLEL)


@dataclass(frozen=True)
class TimerText:
    """What a timer event says: ``kind`` is timeDuration, timeDate or timeCycle."""

    kind: str
    text: str


@dataclass(frozen=True)
class Node:
    """One element that a token can stand on."""

    id: str
    kind: Kind
    name: str
    lane: str | None = None
    phase: Phase | None = None
    default_flow: str | None = None
    attached_to: str | None = None
    interrupts: bool = True
    is_terminate: bool = False
    timer: TimerText | None = None
    form_key: str | None = None
    due_in: str | None = None
    instructions: str = ""
    decision_id: str | None = None
    operation: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    unsupported: tuple[str, ...] = ()  # names of child elements that would change its meaning

    @property
    def title(self) -> str:
        return self.name or self.id


@dataclass(frozen=True)
class Flow:
    id: str
    name: str
    source: str
    target: str
    condition: str | None


@dataclass(frozen=True)
class Stranger:
    """An element of the file that does not run here."""

    tag: str
    id: str
    name: str


@dataclass(frozen=True)
class Diagram:
    """One executable process, as drawn."""

    process_id: str
    name: str
    nodes: dict[str, Node]
    flows: dict[str, Flow]
    strangers: tuple[Stranger, ...]

    @cached_property
    def outgoing(self) -> dict[str, list[Flow]]:
        return self._by_node(flow.source for flow in self.flows.values())

    @cached_property
    def incoming(self) -> dict[str, list[Flow]]:
        return self._by_node(flow.target for flow in self.flows.values())

    @cached_property
    def boundaries(self) -> dict[str, list[Node]]:
        attached: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.attached_to:
                attached.setdefault(node.attached_to, []).append(node)
        return attached

    def of_kind(self, kind: Kind) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind is kind]

    def _by_node(self, ends: Iterable[str]) -> dict[str, list[Flow]]:
        table: dict[str, list[Flow]] = {node_id: [] for node_id in self.nodes}
        for end, flow in zip(ends, self.flows.values(), strict=True):
            table.setdefault(end, []).append(flow)
        return table


def read(content: bytes) -> Diagram:
    """Read a file with one process; ``InvalidDocument`` when it is not that."""
    root = safe_xml.parse(content)
    if root.tag != f"{BPMN}definitions":
        raise InvalidDocument("This is XML, but not BPMN 2.0: its root is not bpmn:definitions.")
    processes = root.findall(f"{BPMN}process")
    if len(processes) != 1:
        raise InvalidDocument(f"A file holds exactly one process; this one holds {len(processes)}.")
    process = processes[0]
    if process.get("isExecutable") != "true":
        raise InvalidDocument("The process is not marked executable (isExecutable).")
    _require_different_ids(process)
    lanes, phases = _lanes(process), _phases(root)
    nodes = [
        _node(element, Kind(_local(element)), lanes, phases)
        for element in _elements(process)
        if _local(element) in list(Kind)
    ]
    flows = [_flow(element) for element in process.findall(f"{BPMN}sequenceFlow")]
    return Diagram(
        process_id=process.get("id", ""),
        name=process.get("name", "") or process.get("id", ""),
        nodes={node.id: node for node in nodes},
        flows={flow.id: flow for flow in flows},
        strangers=(*_strangers_outside(root), *_strangers(process)),
    )


def _node(
    element: etree._Element, kind: Kind, lanes: dict[str, str], phases: dict[str, Phase]
) -> Node:
    node_id = element.get("id", "")
    properties = _properties(element)
    operator = element.find(f"{BPMN}extensionElements/{_SPIFF}serviceTaskOperator")
    parameters = () if operator is None else operator.iter(f"{_SPIFF}parameter")
    return Node(
        id=node_id,
        kind=kind,
        name=_words(element.get("name", "")),
        lane=lanes.get(node_id),
        phase=phases.get(node_id),
        default_flow=element.get("default"),
        attached_to=element.get("attachedToRef"),
        interrupts=element.get("cancelActivity") not in ("false", "0"),
        is_terminate=element.find(f"{BPMN}terminateEventDefinition") is not None,
        timer=_timer(element),
        form_key=properties.get("formKey"),
        due_in=properties.get("dueIn"),
        instructions=_extension(element, "instructionsForEndUser"),
        decision_id=_extension(element, "calledDecisionId") or None,
        operation=None if operator is None else operator.get("id"),
        parameters={p.get("id", ""): p.get("value", "") for p in parameters},
        unsupported=tuple(_unsupported(element)),
    )


def _flow(element: etree._Element) -> Flow:
    condition = element.findtext(f"{BPMN}conditionExpression")
    return Flow(
        id=element.get("id", ""),
        name=_words(element.get("name", "")),
        source=element.get("sourceRef", ""),
        target=element.get("targetRef", ""),
        condition=condition.strip() if condition and condition.strip() else None,
    )


def _timer(element: etree._Element) -> TimerText | None:
    definition = element.find(f"{BPMN}timerEventDefinition")
    if definition is None:
        return None
    for child in _elements(definition):
        return TimerText(_local(child), (child.text or "").strip())
    return TimerText("", "")


def _unsupported(element: etree._Element) -> Iterator[str]:
    tag = _local(element)
    understood = set(_PLAIN_CHILDREN)
    if tag in (Kind.TIMER_CATCH, Kind.BOUNDARY):
        understood.add("timerEventDefinition")
    if tag == Kind.END:
        understood.add("terminateEventDefinition")
    for child in _elements(element):
        if _local(child) not in understood:
            yield _local(child)
    for extension in ("preScript", "postScript"):
        if _extension(element, extension):
            yield extension


def _require_different_ids(process: etree._Element) -> None:
    seen: set[str] = set()
    for element in _elements(process):
        element_id = element.get("id", "")
        if element_id in seen or (not element_id and _local(element) in list(Kind)):
            raise InvalidDocument(f"The id “{element_id}” is missing or used twice.")
        seen |= {element_id} if element_id else set()


def _strangers(process: etree._Element) -> Iterator[Stranger]:
    for element in _elements(process):
        tag = _local(element)
        if tag != "sequenceFlow" and tag not in _SILENT and tag not in list(Kind):
            yield Stranger(tag, element.get("id", ""), element.get("name", ""))


def _strangers_outside(root: etree._Element) -> Iterator[Stranger]:
    pools = root.findall(f"{BPMN}collaboration/{BPMN}participant")
    if len(pools) > 1:
        extra = pools[1]
        yield Stranger("participant", extra.get("id", ""), extra.get("name", ""))
    for flow in root.findall(f"{BPMN}collaboration/{BPMN}messageFlow"):
        yield Stranger("messageFlow", flow.get("id", ""), flow.get("name", ""))


def _lanes(process: etree._Element) -> dict[str, str]:
    """Element id -> name of the innermost lane; an outer lane comes first in the document."""
    return {
        (ref.text or "").strip(): _words(lane.get("name", ""))
        for lane in process.iter(f"{BPMN}lane")
        for ref in lane.findall(f"{BPMN}flowNodeRef")
    }


def _phases(root: etree._Element) -> dict[str, Phase]:
    """Element id -> phase: the group in which the centre of its shape stands."""
    values = {v.get("id"): _words(v.get("value", "")) for v in root.iter(f"{BPMN}categoryValue")}
    bounds = dict(_bounds(root))
    boxes = []
    for group in root.iter(f"{BPMN}group"):
        value = values.get(group.get("categoryValueRef"), "").lower()
        if value in list(Phase) and group.get("id") in bounds:
            boxes.append((Phase(value), bounds[group.get("id", "")]))
    return {
        element_id: phase
        for element_id, (x, y, width, height) in bounds.items()
        for phase, (left, top, w, h) in boxes
        if left <= x + width / 2 <= left + w and top <= y + height / 2 <= top + h
    }


def _bounds(root: etree._Element) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    for shape in root.iter(f"{_DI}BPMNShape"):
        box = shape.find(f"{_DC}Bounds")
        if box is None:
            continue
        try:
            x, y, width, height = (float(box.get(k, "0")) for k in ("x", "y", "width", "height"))
        except ValueError as error:
            raise InvalidDocument(
                f"The shape of {shape.get('bpmnElement')} has bounds that are no numbers."
            ) from error
        yield shape.get("bpmnElement", ""), (x, y, width, height)


def _properties(element: etree._Element) -> dict[str, str]:
    path = f"{BPMN}extensionElements/{_SPIFF}properties/{_SPIFF}property"
    return {p.get("name", ""): p.get("value", "").strip() for p in element.findall(path)}


def _extension(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{BPMN}extensionElements/{_SPIFF}{name}") or "").strip()


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    """Children that are elements; comments have no tag name."""
    return (child for child in parent if isinstance(child.tag, str))


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _words(name: str) -> str:
    """A name on one line: the modeler breaks lines where the drawing wants it."""
    return " ".join(name.split())
