"""The BPMN that draws a block-structured process."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from tests.conformance.blocks import (
    Activity,
    Block,
    Branch,
    Call,
    Catch,
    End,
    Event,
    EventChoice,
    EventSubProcess,
    Exclusive,
    Expression,
    Inclusive,
    Link,
    MultiInstance,
    Parallel,
    Process,
    Receive,
    Repeat,
    Scatter,
    Script,
    Sequence,
    Service,
    StandardLoop,
    SubProcess,
    Task,
    Throw,
    in_turn,
)
from tests.diagrams import HEAD


@dataclass(frozen=True)
class Way:
    """A sequence flow that still looks for its target."""

    number: int
    source: str
    condition: Expression | None = None

    @property
    def id(self) -> str:
        return f"flow{self.number}"


class Drawing:
    """The BPMN of one process while its blocks are drawn one after the other."""

    def __init__(self) -> None:
        self.references: dict[str, str] = {}  # what messages, signals, errors are known by
        self._elements: list[str] = []
        self._flows: list[tuple[int, str]] = []
        self._count = 0

    def leave(self, source: str, condition: Expression | None = None) -> Way:
        self._count += 1
        return Way(self._count, source, condition)

    def add(self, kind: str, element_id: str, *inner: str, **attributes: str | None) -> None:
        given = {"id": element_id, **attributes}
        self._elements.append(_xml(kind, *inner, **given))

    def node(self, ways: Iterable[Way], kind: str, node_id: str, *inner: str, **more: str) -> Way:
        """Lead the ways to a new element, and leave it by another one."""
        self.add(kind, node_id, *inner, **more)
        self.connect(ways, node_id)
        return self.leave(node_id)

    def connect(self, ways: Iterable[Way], target: str) -> None:
        for way in ways:
            condition = _formal("conditionExpression", way.condition)
            flow = _xml(
                "sequenceFlow", condition, id=way.id, sourceRef=way.source, targetRef=target
            )
            self._flows.append((way.number, flow))

    def scope(self, part: "Process | SubProcess | EventSubProcess") -> str:
        """What stands in a scope; the flows in the order in which their conditions are tried."""
        outer, self._elements, self._flows = (self._elements, self._flows), [], []
        if isinstance(part, EventSubProcess):
            interrupts = str(part.interrupts).lower()
            start = (part.start.id, self.event(part.start))
            way = self.node((), "startEvent", *start, isInterrupting=interrupts)
        else:
            way = self.node((), "startEvent", f"{part.id}_start")
            for handler in part.handlers:
                self.add("subProcess", handler.id, self.scope(handler), triggeredByEvent="true")
        self.end(_draw(part.body, self, [way]), f"{part.id}_end")
        inside = "".join(self._elements) + "".join(flow for _, flow in sorted(self._flows))
        self._elements, self._flows = outer
        return inside

    def end(self, ways: list[Way], end_id: str, *inner: str) -> list[Way]:
        if ways:
            self.add("endEvent", end_id, *inner)
            self.connect(ways, end_id)
        return []

    def event(self, event: Event) -> str:
        """The extension elements and the definition of what an event waits for."""
        known = _properties(correlationKey=event.key, variable=event.variable)
        if event.trigger == "timer":
            kind = "timeDuration" if event.rounds == 1 else "timeCycle"
            return known + _xml("timerEventDefinition", _formal(kind, event.minutes))
        if event.trigger == "conditional":
            return known + _xml("conditionalEventDefinition", _formal("condition", event.condition))
        return known + self.definition(event.trigger, event.name)

    def definition(self, trigger: str, name: str) -> str:
        if trigger == "none":
            return ""
        if trigger in ("terminate", "cancel"):
            return _xml(f"{trigger}EventDefinition")
        reference = {f"{trigger}Ref": self.refer(trigger, name)} if name else {}
        return _xml(f"{trigger}EventDefinition", **reference)

    def refer(self, trigger: str, name: str) -> str:
        code = {"error": "errorCode", "escalation": "escalationCode"}.get(trigger, "name")
        reference = f"{trigger}_{name}"
        self.references[reference] = _xml(trigger, id=reference, **{code: name})
        return reference


def draw(process: Process) -> bytes:
    """The BPMN of the process without the ones that it calls."""
    drawing = Drawing()
    inside = _io(process) + drawing.scope(process)
    whole = _xml("process", inside, id=process.id, isExecutable="true")
    return (HEAD + "".join(drawing.references.values()) + whole + "</bpmn:definitions>").encode()


def _draw(block: Block, drawing: Drawing, ways: list[Way]) -> list[Way]:
    """Draw the block behind the ways, and return the ways out of it."""
    match block:
        case Exclusive() | Parallel() | Inclusive():
            return _gateways(block, drawing, ways)
        case Activity():
            return _activity(block, drawing, ways)
        case Catch() | Throw() | Link() | End():
            return _event(block, drawing, ways)
        case Sequence():
            return _sequence(block, drawing, ways)
    return _DRAW[type(block)](block, drawing, ways)


def _sequence(block: Sequence, drawing: Drawing, ways: list[Way]) -> list[Way]:
    for each, is_merged in in_turn(block):
        if is_merged:
            ways = [drawing.node(ways, "exclusiveGateway", f"{each.id}_merge")]
        ways = _draw(each, drawing, ways)
    return ways


def _gateways(
    block: Exclusive | Parallel | Inclusive, drawing: Drawing, ways: list[Way]
) -> list[Way]:
    kind = f"{type(block).__name__.lower()}Gateway"
    if isinstance(block, Inclusive) and block.first:
        leaving = _part(block.branches, drawing, ways, *_task(block.first))
    else:
        leaving = _part(block.branches, drawing, ways, kind, f"{block.id}_split")
    out: list[Way] = []
    for branch, way in zip(block.branches, leaving, strict=True):
        ends = _draw(branch.body, drawing, [way])
        if len(ends) > 1 and isinstance(block, Parallel):
            # A parallel join would wait for both of two ways that exclude one another.
            ends = [drawing.node(ends, "exclusiveGateway", f"{branch.body.id}_merge")]
        out += ends
    if not out or (isinstance(block, Exclusive) and not block.merges):
        return out
    return [drawing.node(out, kind, f"{block.id}_join")]


def _part(
    branches: tuple[Branch, ...], drawing: Drawing, ways: list[Way], kind: str, node_id: str
) -> list[Way]:
    """Draw an element that several flows leave."""
    leaving = [drawing.leave(node_id, branch.condition) for branch in branches]
    pairs = zip(leaving, branches, strict=True)
    default = next((way.id for way, branch in pairs if branch.is_default), None)
    drawing.add(kind, node_id, default=default)
    drawing.connect(ways, node_id)
    return leaving


def _scatter(block: Scatter, drawing: Drawing, ways: list[Way]) -> list[Way]:
    leaving = _part(block.branches, drawing, ways, *_task(block.first))
    out: list[Way] = []
    for branch, way in zip(block.branches, leaving, strict=True):
        out += _draw(branch.body, drawing, [way])
    if out:
        out = _draw(block.rest, drawing, out)
    return drawing.end(out, f"{block.id}_end")


def _task(task: Task) -> tuple[str, str]:
    return "manualTask" if task.is_manual else "userTask", task.id


def _repeat(block: Repeat, drawing: Drawing, ways: list[Way]) -> list[Way]:
    top, check, counter = f"{block.id}_top", f"{block.id}_check", block.id
    way = drawing.node(ways, "scriptTask", f"{block.id}_reset", _script(f"{counter} = 0"))
    way = drawing.node([way], "exclusiveGateway", top)
    way = drawing.node(
        [way], "scriptTask", f"{block.id}_count", _script(f"{counter} = {counter} + 1")
    )
    out = _draw(block.body, drawing, [way])
    if not out:
        return []
    drawing.connect(out, check)
    again = Expression(f"{counter} < {block.rounds} and {block.again.feel}", bool)
    back, on = drawing.leave(check, again), drawing.leave(check)
    drawing.add("exclusiveGateway", check, default=on.id)
    drawing.connect([back], top)
    return [on]


def _event_choice(block: EventChoice, drawing: Drawing, ways: list[Way]) -> list[Way]:
    drawing.connect(ways, block.id)
    drawing.add("eventBasedGateway", block.id)
    leaving = [drawing.leave(block.id) for _ in block.events]
    out: list[Way] = []
    for event, body, way in zip(block.events, block.bodies, leaving, strict=True):
        if event.is_task:
            inner, reference = _receive(event, drawing)
            caught = drawing.node([way], "receiveTask", event.id, inner, **reference)
        else:
            caught = drawing.node([way], "intermediateCatchEvent", event.id, drawing.event(event))
        out += _draw(body, drawing, [caught])
    return out


def _event(block: Block, drawing: Drawing, ways: list[Way]) -> list[Way]:
    match block:
        case Catch(node_id, event):
            return [drawing.node(ways, "intermediateCatchEvent", node_id, drawing.event(event))]
        case Throw(is_task=True):
            reference = drawing.refer("message", block.name)
            known = _properties(payload=block.payload, correlationKey=block.key)
            return [drawing.node(ways, "sendTask", block.id, known, messageRef=reference)]
        case Throw():
            known = _properties(payload=block.payload, correlationKey=block.key)
            inner = known + drawing.definition(block.trigger, block.name)
            return [drawing.node(ways, "intermediateThrowEvent", block.id, inner)]
        case Link(node_id):
            name = _xml("linkEventDefinition", name=node_id)
            drawing.add("intermediateThrowEvent", f"{node_id}_throw", name)
            drawing.connect(ways, f"{node_id}_throw")
            return [drawing.node((), "intermediateCatchEvent", f"{node_id}_catch", name)]
        case End(node_id, trigger, name, payload):
            inner = _properties(payload=payload) + drawing.definition(trigger, name)
            return drawing.end(ways, node_id, inner)
    raise TypeError(block)


def _activity(activity: Activity, drawing: Drawing, ways: list[Way]) -> list[Way]:
    loop = _loop(activity.loop)
    kind, inner, attributes = _inside(activity, drawing)
    out = [drawing.node(ways, kind, activity.id, inner, loop, **attributes)]
    for boundary in activity.boundaries:
        drawing.add(
            "boundaryEvent",
            boundary.event.id,
            drawing.event(boundary.event),
            attachedToRef=activity.id,
            cancelActivity=str(boundary.interrupts).lower(),
        )
        ends = _draw(boundary.body, drawing, [drawing.leave(boundary.event.id)])
        out += ends if boundary.rejoins else drawing.end(ends, f"{boundary.event.id}_end")
    return out


def _inside(activity: Activity, drawing: Drawing) -> tuple[str, str, dict[str, str]]:
    """Tag, content and attributes of an activity."""
    match activity:
        case Task():
            return _task(activity)[0], "", {}
        case Script(assignments=assignments):
            lines = (f"{name} = {expression.feel}" for name, expression in assignments)
            return "scriptTask", _script("\n".join(lines)), {}
        case Service(code=code):
            return "serviceTask", _operator(code), {}
        case Receive(event=event):
            return "receiveTask", *_receive(event, drawing)
        case Call(process=process):
            return "callActivity", "", {"calledElement": process.id}
        case SubProcess():
            kind = "transaction" if activity.is_transaction else "subProcess"
            return kind, drawing.scope(activity), {}
    raise TypeError(activity)


def _receive(event: Event, drawing: Drawing) -> tuple[str, dict[str, str]]:
    known = _properties(correlationKey=event.key, variable=event.variable)
    return known, {"messageRef": drawing.refer("message", event.name)}


_DRAW: dict[type[Block], Callable[..., list[Way]]] = {
    Scatter: _scatter,
    Repeat: _repeat,
    EventChoice: _event_choice,
}


def _loop(loop: MultiInstance | StandardLoop | None) -> str:
    if loop is None:
        return ""
    if isinstance(loop, StandardLoop):
        condition = _formal("loopCondition", loop.condition)
        before = str(loop.tests_before).lower()
        attributes = {"testBefore": before, "loopMaximum": str(loop.maximum)}
        return _xml("standardLoopCharacteristics", condition, **attributes)
    inner = _formal("loopCardinality", loop.cardinality)
    if loop.collection:
        inner += _xml("loopDataInputRef", escape(loop.collection.feel))
    if loop.output:
        inner += _xml("loopDataOutputRef", loop.output)
    if loop.item:
        inner += _xml("inputDataItem", id=f"{loop.item}_in", name=loop.item)
    if loop.output:
        inner += _xml("outputDataItem", id=f"{loop.output}_out", name=loop.output_item)
    inner += _formal("completionCondition", loop.until)
    is_sequential = str(loop.is_sequential).lower()
    return _xml("multiInstanceLoopCharacteristics", inner, isSequential=is_sequential)


def _io(process: Process) -> str:
    if process.inputs is None or process.outputs is None:
        return ""
    inner = [_xml("dataInput", id=f"in_{name}", name=name) for name in process.inputs]
    inner += [_xml("dataOutput", id=f"out_{name}", name=name) for name in process.outputs]
    return _xml("ioSpecification", *inner)


def _operator(code: str) -> str:
    parameter = f'<spiffworkflow:parameter id="code" value="&quot;{code}&quot;"/>'
    parameters = f"<spiffworkflow:parameters>{parameter}</spiffworkflow:parameters>"
    operator = f'<spiffworkflow:serviceTaskOperator id="work">{parameters}'
    return _xml("extensionElements", f"{operator}</spiffworkflow:serviceTaskOperator>")


def _script(text: str) -> str:
    return _xml("script", escape(text))


def _properties(**properties: Expression | str | None) -> str:
    lines = [
        f'<spiffworkflow:property name="{name}" value="{escape(_feel(value))}"/>'
        for name, value in properties.items()
        if value is not None
    ]
    if not lines:
        return ""
    inner = f"<spiffworkflow:properties>{''.join(lines)}</spiffworkflow:properties>"
    return _xml("extensionElements", inner)


def _formal(tag: str, text: Expression | str | None) -> str:
    """An element that holds an expression; nothing when there is none."""
    if text is None:
        return ""
    return f'<bpmn:{tag} xsi:type="bpmn:tFormalExpression">{escape(_feel(text))}</bpmn:{tag}>'


def _feel(text: Expression | str) -> str:
    return text if isinstance(text, str) else text.feel


def _xml(tag: str, *inner: str, **attributes: str | None) -> str:
    given = "".join(f' {name}="{escape(v)}"' for name, v in attributes.items() if v is not None)
    return f"<bpmn:{tag}{given}>{''.join(inner)}</bpmn:{tag}>"
