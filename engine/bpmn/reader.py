"""Reads a BPMN 2.0 file into a diagram; what would not run as drawn is kept by its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from engine import safe_xml
from engine.bpmn import drawing
from engine.bpmn.diagram import (
    Diagram,
    Event,
    Flow,
    Kind,
    Loop,
    Node,
    Phase,
    Repeat,
    Stranger,
    TimerText,
    Trigger,
)
from engine.bpmn.drawing import BPMN, local, words
from engine.errors import InvalidDocument

_SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"

_KINDS = {kind.value: kind for kind in Kind}
# On the drawing for people; nothing to run.
_SILENT = {"laneSet", "textAnnotation", "association", "group", "documentation", "incoming"}
_SILENT |= {"extensionElements", "dataObject", "dataObjectReference", "dataStoreReference"}
_SILENT |= {"ioSpecification", "property", "outgoing", "sequenceFlow"}
_LOOPS = {"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"}
_SILENT |= _LOOPS
# Children of a node that carry no meaning of their own, or that are read here.
_PLAIN_CHILDREN = {"incoming", "outgoing", "extensionElements", "documentation", "categoryValueRef"}
_PLAIN_CHILDREN |= {"dataInputAssociation", "dataOutputAssociation", "property"}
_TRIGGERS = {f"{trigger}EventDefinition": trigger for trigger in Trigger}
# Attributes that say nothing as long as they have one of these values.
_PLAIN = {
    "instantiate": ("false", "0"),
    "startQuantity": ("1",),
    "completionQuantity": ("1",),
}
# Further down in an element, or in one that holds others.
_PARTS = (
    "ioSpecification",
    f"*/{BPMN}assignment",
    f"*/{BPMN}transformation",
    f"multiInstanceLoopCharacteristics/{BPMN}complexBehaviorDefinition",
)
# Which element holds what an event definition refers to, and under which attribute it is known.
_REFERENCES = {
    Trigger.MESSAGE: ("message", "name"),
    Trigger.SIGNAL: ("signal", "name"),
    Trigger.ERROR: ("error", "errorCode"),
    Trigger.ESCALATION: ("escalation", "escalationCode"),
}


@dataclass(frozen=True)
class _File:
    """What the nodes of a file refer to."""

    lanes: Mapping[str, str]
    phases: Mapping[str, Phase]
    names: Mapping[str, str]  # id of a message, signal, error or escalation -> its name or code


def read(content: bytes) -> Diagram:
    """Read a file with one executable process; ``InvalidDocument`` when it is not that."""
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
    file = _File(drawing.lanes(process), drawing.phases(root), _names(root))
    nodes = [_node(element, parent, file) for element, parent in _nodes(process, None)]
    flows = [_flow(element) for element in _flows(process)]
    return Diagram(
        process_id=process.get("id", ""),
        name=words(process.get("name", "")) or process.get("id", ""),
        nodes=_settled(nodes),
        flows={flow.id: flow for flow in flows},
        strangers=(*_strangers_outside(root), *_strangers(process)),
        inputs=_data_names(process, "dataInput"),
        outputs=_data_names(process, "dataOutput"),
    )


def _nodes(
    parent: etree._Element, scope: str | None
) -> Iterator[tuple[etree._Element, str | None]]:
    """Every element that runs, an outer one before what stands in it."""
    for element in drawing.elements(parent):
        kind = _KINDS.get(local(element))
        if kind is None:
            continue
        yield element, scope
        if kind.is_scope:
            yield from _nodes(element, element.get("id", ""))


def _flows(parent: etree._Element) -> Iterator[etree._Element]:
    yield from parent.findall(f"{BPMN}sequenceFlow")
    for kind in Kind:
        if kind.is_scope:
            for inner in parent.findall(f"{BPMN}{kind}"):
                yield from _flows(inner)


def _node(element: etree._Element, scope: str | None, file: _File) -> Node:
    node_id = element.get("id", "")
    properties = _properties(element)
    return Node(
        id=node_id,
        kind=_KINDS[local(element)],
        name=words(element.get("name", "")),
        scope=scope,
        lane=file.lanes.get(node_id),
        phase=file.phases.get(node_id),
        default_flow=element.get("default"),
        event=_event(element, file),
        attached_to=element.get("attachedToRef"),
        interrupts=_is_true(element, "cancelActivity") and _is_true(element, "isInterrupting"),
        is_event_subprocess=element.get("triggeredByEvent") in ("true", "1"),
        loop=_loop(element),
        form_key=properties.get("formKey"),
        due_in=properties.get("dueIn"),
        calendar=properties.get("calendar") or None,
        instructions=_extension(element, "instructionsForEndUser"),
        signature=words(properties.get("signatureMeaning", "")),
        decision_id=_extension(element, "calledDecisionId") or None,
        operation=_operation(element),
        parameters=_parameters(element),
        script=(element.findtext(f"{BPMN}script") or "").strip(),
        called_process=element.get("calledElement"),
        correlation_key=properties.get("correlationKey"),
        payload=properties.get("payload"),
        variable=properties.get("variable"),
        unsupported=tuple(dict.fromkeys([*_unsupported(element), *_lost(element, file)])),
    )


def _settled(nodes: list[Node]) -> dict[str, Node]:
    """A node without a lane or phase of its own has that of the sub-process around it."""
    settled: dict[str, Node] = {}
    for node in nodes:
        around = settled.get(node.scope or "")
        if around is not None and not (node.lane and node.phase):
            lane, phase = node.lane or around.lane, node.phase or around.phase
            node = Node(**{**vars(node), "lane": lane, "phase": phase})
        settled[node.id] = node
    return settled


def _flow(element: etree._Element) -> Flow:
    return Flow(
        id=element.get("id", ""),
        name=words(element.get("name", "")),
        source=element.get("sourceRef", ""),
        target=element.get("targetRef", ""),
        condition=_text(element, "conditionExpression"),
    )


def _event(element: etree._Element, file: _File) -> Event:
    if element.tag in (f"{BPMN}{Kind.SEND_TASK}", f"{BPMN}{Kind.RECEIVE_TASK}"):
        return Event(Trigger.MESSAGE, file.names.get(element.get("messageRef", ""), ""))
    for definition in drawing.elements(element):
        trigger = _TRIGGERS.get(local(definition))
        if trigger is not None:
            return _event_definition(definition, trigger, file)
    return Event()


def _event_definition(definition: etree._Element, trigger: Trigger, file: _File) -> Event:
    name = file.names.get(definition.get(f"{trigger}Ref", ""), "")
    if trigger is Trigger.LINK:
        name = words(definition.get("name", ""))
    timer = _timer(definition) if trigger is Trigger.TIMER else None
    return Event(trigger, name, timer, _text(definition, "condition"))


def _timer(definition: etree._Element) -> TimerText:
    for child in drawing.elements(definition):
        if local(child) in ("timeDuration", "timeDate", "timeCycle"):
            return TimerText(local(child), (child.text or "").strip())
    return TimerText("", "")


def _names(root: etree._Element) -> dict[str, str]:
    return {
        element.get("id", ""): words(element.get(attribute) or element.get("name") or "")
        for tag, attribute in _REFERENCES.values()
        for element in root.findall(f"{BPMN}{tag}")
    }


def _loop(element: etree._Element) -> Loop | None:
    several = element.find(f"{BPMN}multiInstanceLoopCharacteristics")
    if several is not None:
        is_sequential = several.get("isSequential") in ("true", "1")
        output = several.find(f"{BPMN}outputDataItem")
        return Loop(
            Repeat.SEQUENTIAL if is_sequential else Repeat.PARALLEL,
            cardinality=_text(several, "loopCardinality"),
            collection=_text(several, "loopDataInputRef"),
            item=_data_item(several.find(f"{BPMN}inputDataItem")),
            output_collection=_text(several, "loopDataOutputRef"),
            output_item=_data_item(output),
            completion_condition=_text(several, "completionCondition"),
        )
    again = element.find(f"{BPMN}standardLoopCharacteristics")
    if again is None:
        return None
    return Loop(
        Repeat.LOOP,
        condition=_text(again, "loopCondition"),
        tests_before=again.get("testBefore") in ("true", "1"),
        maximum=again.get("loopMaximum"),
    )


def _data_item(item: etree._Element | None) -> str | None:
    return None if item is None else item.get("name") or item.get("id")


def _data_names(process: etree._Element, tag: str) -> tuple[str, ...] | None:
    specification = process.find(f"{BPMN}ioSpecification")
    if specification is None:
        return None
    found = [_data_item(item) for item in specification.findall(f"{BPMN}{tag}")]
    return tuple(name for name in found if name)


def _unsupported(element: etree._Element) -> Iterator[str]:
    """What would change the meaning of the element, and is not read."""
    kind = _KINDS[local(element)]
    children = [local(child) for child in drawing.elements(element)]
    if not kind.is_scope:
        yield from (name for name in children if name not in _understood(kind))
    if sum(name in _TRIGGERS for name in children) > 1:
        yield "several event definitions"
    yield from (name for name, plain in _PLAIN.items() if element.get(name, plain[0]) not in plain)
    found = (part for part in _PARTS if element.find(f"{BPMN}{part}") is not None)
    yield from (part.rpartition("}")[2] for part in found)
    yield from (name for name in ("preScript", "postScript") if _extension(element, name))


def _lost(element: etree._Element, file: _File) -> Iterator[str]:
    """References to an error or escalation that is not there, which would then mean any."""
    for definition in drawing.elements(element):
        trigger = _TRIGGERS.get(local(definition))
        reference = definition.get(f"{trigger}Ref") if trigger in _REFERENCES else None
        if reference and reference not in file.names:
            yield f"{trigger}Ref"


def _understood(kind: Kind) -> set[str]:
    if kind.is_event:
        return _PLAIN_CHILDREN | _TRIGGERS.keys()
    if kind is Kind.SCRIPT_TASK:
        return _PLAIN_CHILDREN | _LOOPS | {"script"}
    return _PLAIN_CHILDREN | (_LOOPS if kind.is_activity else set())


def _require_different_ids(process: etree._Element) -> None:
    seen: set[str] = set()
    elements = [*_nodes(process, None), *((flow, None) for flow in _flows(process))]
    for element, _ in elements:
        element_id = element.get("id", "")
        if element_id in seen or not element_id:
            raise InvalidDocument(f"The id “{element_id}” is missing or used twice.")
        seen.add(element_id)


def _strangers(parent: etree._Element) -> Iterator[Stranger]:
    for element in drawing.elements(parent):
        tag = local(element)
        kind = _KINDS.get(tag)
        if kind is not None and kind.is_scope:
            yield from _strangers(element)
        elif kind is None and tag not in _SILENT:
            yield Stranger(tag, element.get("id", ""), element.get("name", ""))


def _strangers_outside(root: etree._Element) -> Iterator[Stranger]:
    """Pools that run nothing are drawn for people; a second one with a process is refused above."""
    for tag in ("choreography", "conversation"):
        for element in root.findall(f"{BPMN}{tag}"):
            yield Stranger(tag, element.get("id", ""), element.get("name", ""))


def _operation(element: etree._Element) -> str | None:
    operator = element.find(f"{BPMN}extensionElements/{_SPIFF}serviceTaskOperator")
    return None if operator is None else operator.get("id")


def _parameters(element: etree._Element) -> dict[str, str]:
    operator = element.find(f"{BPMN}extensionElements/{_SPIFF}serviceTaskOperator")
    found = () if operator is None else operator.iter(f"{_SPIFF}parameter")
    return {p.get("id", ""): p.get("value", "") for p in found}


def _properties(element: etree._Element) -> dict[str, str]:
    path = f"{BPMN}extensionElements/{_SPIFF}properties/{_SPIFF}property"
    return {p.get("name", ""): p.get("value", "").strip() for p in element.findall(path)}


def _extension(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{BPMN}extensionElements/{_SPIFF}{name}") or "").strip()


def _text(element: etree._Element, name: str) -> str | None:
    return (element.findtext(f"{BPMN}{name}") or "").strip() or None


def _is_true(element: etree._Element, attribute: str) -> bool:
    return element.get(attribute) not in ("false", "0")
