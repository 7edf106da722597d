"""Random block-structured processes: trees of blocks, and the BPMN that draws each of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import reduce
from html import escape
from random import Random
from typing import Any

from tests.diagrams import HEAD

NUMBERS = ("a", "b", "c", "d", "e")
TEXTS = ("s", "t")
LISTS = ("p", "q")  # collect what the iterations of an activity give
CARRIED = "m"  # takes what a caught event carries: {"n": a number}
SIGNALS = ("red", "green")
CODES = ("E1", "E2")

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Expression:
    """A FEEL text, and what it is worth with the variables in sight."""

    feel: str
    value: Callable[[Values], Any] = field(repr=False)


@dataclass(frozen=True)
class Event:
    """What an event waits for; its id is that of the element."""

    id: str
    trigger: str
    name: str = ""  # of the message or signal; the code of an error or escalation, empty for any
    minutes: Expression | None = None  # how long a timer waits, each time
    rounds: int | None = 1  # how often it fires; None for without end
    key: Expression | None = None
    condition: Expression | None = None
    variable: str | None = None
    is_task: bool = False  # a receive task behind an event-based gateway


@dataclass(frozen=True)
class Block:
    """A part of a process with one way in and at most one way out."""

    id: str


@dataclass(frozen=True)
class Sequence(Block):
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Branch:
    body: Block
    condition: Expression | None = None
    is_default: bool = False


@dataclass(frozen=True)
class Exclusive(Block):
    """The first branch whose condition holds, else the default."""

    branches: tuple[Branch, ...]
    merges: bool = True  # in a gateway; otherwise every branch flows into what comes next


@dataclass(frozen=True)
class Parallel(Block):
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Inclusive(Block):
    """Every branch whose condition holds, else the default; a task may stand for the gateway."""

    branches: tuple[Branch, ...]
    first: "Task | None" = None


@dataclass(frozen=True)
class Scatter(Block):
    """A task with several flows out of it that never join: what follows runs once for each."""

    first: "Task"
    branches: tuple[Branch, ...]
    rest: Block


@dataclass(frozen=True)
class Repeat(Block):
    """The body, and again as long as the condition holds, at most ``rounds`` times."""

    body: Block
    again: Expression
    rounds: int


@dataclass(frozen=True)
class EventChoice(Block):
    """An event-based gateway: the first of the events decides on the way."""

    events: tuple[Event, ...]
    bodies: tuple[Block, ...]


@dataclass(frozen=True)
class Catch(Block):
    event: Event


@dataclass(frozen=True)
class Throw(Block):
    trigger: str
    name: str
    payload: Expression | None = None
    key: Expression | None = None
    is_task: bool = False  # a send task


@dataclass(frozen=True)
class Link(Block):
    """A link throw event, and the catch event of the same name."""


@dataclass(frozen=True)
class End(Block):
    """An end event in the middle of the process: nothing follows it."""

    trigger: str = "none"
    name: str = ""
    payload: Expression | None = None


@dataclass(frozen=True)
class Boundary:
    event: Event
    interrupts: bool
    body: Block
    rejoins: bool  # the way after the activity; otherwise it ends on its own


@dataclass(frozen=True)
class MultiInstance:
    is_sequential: bool
    cardinality: Expression | None
    collection: Expression | None
    item: str | None
    output: str | None
    output_item: str | None
    until: Expression | None


@dataclass(frozen=True)
class StandardLoop:
    condition: Expression
    tests_before: bool
    maximum: int


@dataclass(frozen=True)
class Activity(Block):
    boundaries: tuple[Boundary, ...] = field(default=(), kw_only=True)
    loop: MultiInstance | StandardLoop | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Task(Activity):
    answers: tuple[str, ...] = ()
    is_manual: bool = False


@dataclass(frozen=True)
class Script(Activity):
    assignments: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True)
class Service(Activity):
    """An operation that does nothing, or fails with the code."""

    code: str = ""


@dataclass(frozen=True)
class Receive(Activity):
    event: Event


@dataclass(frozen=True)
class EventSubProcess:
    id: str
    start: Event
    interrupts: bool
    body: Block


@dataclass(frozen=True)
class SubProcess(Activity):
    body: Block
    handlers: tuple[EventSubProcess, ...] = ()
    is_transaction: bool = False


@dataclass(frozen=True)
class Process:
    id: str
    body: Block
    handlers: tuple[EventSubProcess, ...] = ()
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Call(Activity):
    process: Process


def ways_out(block: Block, ways: int = 1) -> int:
    """How many sequence flows leave the block; none when every way through it ends inside."""
    match block:
        case Sequence(blocks=blocks):
            return reduce(lambda left, each: left and ways_out(each, left), blocks, ways)
        case Exclusive() | Parallel() | Inclusive():
            flows = sum(ways_out(branch.body) for branch in block.branches)
            return flows if isinstance(block, Exclusive) and not block.merges else min(1, flows)
        case Repeat(body=body):
            return min(1, ways_out(body))
        case EventChoice(bodies=bodies):
            return sum(map(ways_out, bodies))
        case Activity(boundaries=boundaries):
            return 1 + sum(ways_out(each.body) for each in boundaries if each.rejoins)
    return 0 if isinstance(block, End | Scatter) else 1


def in_turn(sequence: Sequence) -> Iterator[tuple[Block, bool]]:
    """The blocks that can be reached, and whether the ways to one have to be merged before it."""
    ways = 1
    for block in sequence.blocks:
        if not ways:
            return
        yield block, ways > 1 and _begins_with_fork(block)
        ways = ways_out(block, ways)


def _begins_with_fork(block: Block) -> bool:
    """A gateway that forks would join the ways which lead to it, too."""
    if isinstance(block, Sequence):
        return any(map(_begins_with_fork, block.blocks[:1]))
    return isinstance(block, Parallel | Inclusive)


def walk(part: Any) -> Iterator[Any]:
    """The part and every part inside it, called processes too."""
    yield part
    for child in _children(part):
        yield from walk(child)


def _children(part: Any) -> Iterator[Any]:
    for value in (getattr(part, each.name) for each in fields(part)):
        yield from (v for v in (value if isinstance(value, tuple) else (value,)) if is_part(v))


def is_part(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, Expression)


def describe(part: Any, indent: str = "") -> str:
    """The tree in lines that people read."""
    values = [(each.name, getattr(part, each.name)) for each in fields(part)]
    plain = [f"{name}={_short(value)}" for name, value in values if _is_plain(value)]
    inner = [describe(child, indent + "  ") for child in _children(part)]
    return "\n".join([f"{indent}{type(part).__name__}({', '.join(plain)})", *inner])


def _is_plain(value: Any) -> bool:
    is_inner = isinstance(value, tuple) and any(map(is_part, value))
    return not is_part(value) and not is_inner and value not in (None, (), "", False)


def _short(value: Any) -> str:
    if isinstance(value, Expression):
        return f"“{value.feel}”"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_short, value)) + "]"
    return str(value)


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


@dataclass(frozen=True)
class Around:
    """Where a block stands, and what it may therefore do."""

    depth: int = 0
    numbers: tuple[str, ...] = NUMBERS
    # Two tokens may be here at once: they would meet in one join, so there may be none.
    is_shared: bool = False
    # This may be gone through again while what led nowhere is still on its way.
    is_repeated: bool = False
    is_transaction: bool = False
    # What an event handler may not throw: it would call itself without end.
    silent: frozenset[str] = frozenset()

    def inside(self, **changes: Any) -> "Around":
        return replace(self, **{"depth": self.depth + 1, **changes})


def generate(seed: int) -> Process:
    random = Random(seed)  # noqa: S311 -- nothing is kept secret
    return _Maker(random).process(Around())


class _Maker:
    """Draws blocks by lot; the budget keeps a process small enough to be read."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0
        self._budget = random.choice((15, 30, 45, 60))

    def process(self, around: Around) -> Process:
        """One that is called sees all variables of its caller, or those that it names."""
        process_id = self._id("process")
        inner = replace(around, numbers=NUMBERS, is_shared=False, is_repeated=False)
        inputs, outputs = None, None
        blocks: tuple[Block, ...] = ()
        if around.depth and self._chance(0.4):
            inputs, outputs = self._some(NUMBERS), self._some(NUMBERS)
        if not around.depth or inputs:
            blocks = (self._initial(inputs or ()),)
        body = Sequence(self._id("seq"), (*blocks, self.body(inner)))
        # Handlers are there before the first script: no variables are in the sight of their events,
        # and a signal from outside could even run one before it.
        handlers = () if inputs else self._handlers(inner, seen=())
        return Process(process_id, body, handlers, inputs, outputs)

    def _initial(self, given: tuple[str, ...]) -> Script:
        """Every variable has a value, so that no expression meets one that is missing."""
        values = {name: _number(i) for i, name in enumerate(NUMBERS)}
        values |= {name: _text(name) for name in TEXTS}
        values |= {name: Expression("[]", lambda _: []) for name in LISTS}
        values[CARRIED] = Expression("{n: 0}", lambda _: {"n": 0})
        kept = {name: value for name, value in values.items() if name not in given}
        return Script(self._id("init"), tuple(kept.items()))

    def body(self, around: Around) -> Sequence:
        """One to three blocks, and sometimes an end of its own."""
        counts = (1, 1, 2, 2, 3) if around.depth else (4, 6, 8)
        blocks = [self.block(around) for _ in range(self._random.choice(counts))]
        if around.depth > 1 and self._chance(0.12):
            last = self._random.choice((self._end, self._end, self._scatter))(around)
            # The reference knows no tokens of another round that would meet in one join.
            if not around.is_repeated or not _has_join((*blocks, last)):
                blocks.append(last)
        return Sequence(self._id("seq"), tuple(blocks))

    def block(self, around: Around) -> Block:
        self._budget -= 1
        simple = [self._task, self._task, self._script, self._throw]
        if self._budget < 0 or around.depth > 4:
            return self._random.choice(simple)(around)
        composed = [
            self._exclusive,
            self._repeat,
            self._event_choice,
            self._catch,
            self._link,
            self._activity,
            self._activity,
            self._activity,
            self._activity,
        ]
        if not around.is_shared:
            composed += [self._parallel, self._inclusive, self._parallel, self._inclusive]
        return self._random.choice(simple + composed)(around)

    def _exclusive(self, around: Around) -> Block:
        branches = self._branches(around, with_default=self._chance(0.9))
        return Exclusive(self._id("either"), branches, merges=self._chance(0.5))

    def _inclusive(self, around: Around) -> Block:
        branches = self._branches(around, with_default=self._chance(0.9))
        has_default = any(branch.is_default for branch in branches)
        first = self._task(around) if has_default and self._chance(0.3) else None
        return Inclusive(self._id("some"), branches, first)

    def _scatter(self, around: Around) -> Block:
        branches = self._branches(around, with_default=True)
        rest = self.body(around.inside(is_shared=True))
        return Scatter(self._id("scatter"), self._task(around), branches, rest)

    def _parallel(self, around: Around) -> Block:
        bodies = [self._maybe_empty(around) for _ in range(self._random.randint(2, 3))]
        return Parallel(self._id("all"), tuple(map(Branch, bodies)))

    def _branches(self, around: Around, *, with_default: bool) -> tuple[Branch, ...]:
        branches = [
            Branch(
                self._maybe_empty(around),
                self._condition(around) if self._chance(0.9) else None,
            )
            for _ in range(self._random.randint(1, 3))
        ]
        if with_default:
            branches.append(Branch(self._maybe_empty(around), is_default=True))
            self._random.shuffle(branches)
        return tuple(branches)

    def _maybe_empty(self, around: Around) -> Block:
        return Sequence(self._id("seq")) if self._chance(0.15) else self.body(around.inside())

    def _repeat(self, around: Around) -> Block:
        inner = around.inside(is_repeated=True)
        body = Sequence(self._id("seq"), (self._task(around), self.body(inner)))
        return Repeat(self._id("again"), body, self._condition(around), self._random.randint(1, 3))

    def _event_choice(self, around: Around) -> Block:
        triggers = self._random.sample(("timer", "message", "signal", "conditional", "timer"), 2)
        events = tuple(self._event(trigger, around) for trigger in triggers)
        is_task = self._chance(0.3)
        events = tuple(replace(e, is_task=is_task and e.trigger == "message") for e in events)
        bodies = tuple(self._maybe_empty(around) for _ in events)
        return EventChoice(self._id("wait"), events, bodies)

    def _catch(self, around: Around) -> Block:
        triggers = ("timer", "timer", "message", "message", "signal", "conditional")
        event = self._event(self._random.choice(triggers), around)
        return Catch(event.id, event)

    def _throw(self, around: Around) -> Block:
        trigger = self._random.choice(("message", "signal", "signal", "escalation", "none"))
        if trigger in around.silent:
            return self._script(around)
        name = {"signal": SIGNALS, "escalation": CODES}.get(trigger, ("letter",))
        payload = self._carried(around) if trigger in ("message", "signal") else None
        key = self._numeric(around) if trigger == "message" and self._chance(0.5) else None
        is_task = trigger == "message" and self._chance(0.5)
        return Throw(self._id("throw"), trigger, self._random.choice(name), payload, key, is_task)

    def _link(self, around: Around) -> Block:
        return Link(self._id("link"))

    def _end(self, around: Around) -> End:
        triggers = (
            "none",
            "terminate",
            "error",
            "error",
            "error",
            "escalation",
            "signal",
            "message",
        )
        allowed = [each for each in triggers if each not in around.silent]
        trigger = self._random.choice(allowed + ["cancel"] * 20 * around.is_transaction)
        names = {"error": CODES, "escalation": CODES, "signal": SIGNALS, "message": ("letter",)}
        payload = self._carried(around) if trigger in ("message", "signal") else None
        return End(
            self._id("end"), trigger, self._random.choice(names.get(trigger, ("",))), payload
        )

    def _task(self, around: Around) -> Task:
        return Task(self._id("task"), answers=self._some(NUMBERS), is_manual=self._chance(0.1))

    def _script(self, around: Around) -> Script:
        count = self._random.randint(1, 2)
        return Script(self._id("script"), tuple(self._assignment(around) for _ in range(count)))

    def _activity(self, around: Around) -> Activity:
        """One that repeats, or that has boundary events, or both."""
        loop = self._loop(around) if self._chance(0.5) else None
        inner = around.inside()
        if loop:
            item = (loop.item,) if isinstance(loop, MultiInstance) and loop.item else ()
            inner = replace(inner, numbers=(*around.numbers, "loopCounter", *item))
        inner = replace(inner, is_shared=False, is_repeated=False, is_transaction=False)
        kinds = [self._sub_process, self._sub_process, self._task, self._receive, self._service]
        if "call" not in around.silent and not isinstance(loop, StandardLoop):
            kinds.append(self._call)
        if loop:
            kinds.append(self._script)
        activity = self._random.choice(kinds)(inner)
        if isinstance(loop, MultiInstance) and loop.output_item:
            activity = self._with_result(activity, loop.output_item, inner)
        boundaries = () if loop and self._chance(0.5) else self._boundaries(around, activity)
        return replace(activity, loop=loop, boundaries=boundaries)

    def _with_result(self, activity: Activity, name: str, around: Around) -> Activity:
        """Let every iteration give a result, where that can be said."""
        match activity:
            case Task():
                return replace(activity, answers=(*activity.answers, name))
            case Script():
                result = (name, self._numeric(around))
                return replace(activity, assignments=(*activity.assignments, result))
            case SubProcess():
                last = Script(self._id("script"), ((name, self._numeric(around)),))
                return replace(activity, body=Sequence(self._id("seq"), (activity.body, last)))
        return activity

    def _sub_process(self, around: Around) -> SubProcess:
        is_transaction = self._chance(0.2)
        body = self.body(replace(around, is_transaction=is_transaction))
        handlers = self._handlers(replace(around, is_transaction=False))
        return SubProcess(self._id("sub"), body, handlers, is_transaction)

    def _call(self, around: Around) -> Call:
        return Call(self._id("call"), self.process(around))

    def _receive(self, around: Around) -> Receive:
        event = self._event("message", around)
        return Receive(event.id, event)

    def _service(self, around: Around) -> Service:
        return Service(self._id("service"), self._random.choice(("", *CODES)))

    def _loop(self, around: Around) -> MultiInstance | StandardLoop:
        if self._chance(0.3):
            seen = replace(around, numbers=(*around.numbers, "loopCounter"))
            maximum = self._random.randint(1, 3)
            return StandardLoop(self._condition(seen), self._chance(0.4), maximum)
        by_count, collects = self._chance(0.4), self._chance(0.8)
        return MultiInstance(
            is_sequential=self._chance(0.4),
            cardinality=self._small(around) if by_count else None,
            collection=None if by_count else self._collection(around),
            item=None if by_count else self._id("item"),
            output=self._random.choice(LISTS) if collects else None,
            output_item=self._id("result") if collects else None,
            until=self._until(around) if self._chance(0.4) else None,
        )

    def _boundaries(self, around: Around, activity: Activity) -> tuple[Boundary, ...]:
        triggers = ["timer", "timer", "message", "signal", "conditional"]
        if isinstance(activity, SubProcess | Call | Service):
            triggers += ["error", "error", "error"]
        if isinstance(activity, SubProcess | Call):
            triggers += ["escalation"]
        chosen = [self._random.choice(triggers) for _ in range(self._random.randint(1, 2))]
        if isinstance(activity, SubProcess) and activity.is_transaction:
            chosen.append("cancel")
        return tuple(self._boundary(trigger, around) for trigger in chosen)

    def _boundary(self, trigger: str, around: Around) -> Boundary:
        interrupts = trigger in ("error", "cancel") or self._chance(0.5)
        rejoins = interrupts and self._chance(0.7)
        is_shared = around.is_shared or not interrupts or (around.is_repeated and not rejoins)
        inner = around.inside(silent=_silenced(around, trigger), is_shared=is_shared)
        event = self._event(trigger, around, repeats=not interrupts)
        return Boundary(event, interrupts, self._handling(trigger, inner), rejoins)

    def _handling(self, trigger: str, around: Around) -> Block:
        """What a condition starts sets no variable by itself: it could start another for ever."""
        if trigger == "conditional":
            return self._task(around)
        return self._maybe_empty(around)

    def _handlers(
        self, around: Around, seen: tuple[str, ...] | None = None
    ) -> tuple[EventSubProcess, ...]:
        count = self._random.choice((0, 0, 0, 1, 1, 2)) if self._budget > 0 else 0
        seen = around.numbers if seen is None else seen
        return tuple(self._handler(around, seen) for _ in range(count))

    def _handler(self, around: Around, seen: tuple[str, ...]) -> EventSubProcess:
        triggers = ("timer", "message", "signal", "error", "error", "escalation", "conditional")
        trigger = self._random.choice(triggers)
        interrupts = trigger == "error" or self._chance(0.5)
        start = self._event(trigger, replace(around, numbers=seen), repeats=not interrupts)
        if trigger == "conditional":
            start = replace(start, condition=self._condition(around))
        inner = around.inside(silent=_silenced(around, trigger), is_shared=False, is_repeated=False)
        return EventSubProcess(
            self._id("handler"), start, interrupts, self._handling(trigger, inner)
        )

    def _event(self, trigger: str, around: Around, *, repeats: bool = False) -> Event:
        event = Event(self._id(trigger), trigger)
        if trigger == "timer":
            rounds = self._random.choice((1, 1, 2, None)) if repeats else 1
            return replace(event, minutes=self._minutes(rounds, around), rounds=rounds)
        if trigger in ("conditional", "cancel"):
            return self._with_condition(event, around)
        if trigger in ("error", "escalation"):
            return replace(event, name=self._random.choice((*CODES, "")))
        variable = CARRIED if self._chance(0.5) else None
        if trigger == "signal":
            return replace(event, name=self._random.choice(SIGNALS), variable=variable)
        key = self._numeric(around) if around.numbers and self._chance(0.3) else None
        return replace(event, name="letter", key=key, variable=variable)

    def _with_condition(self, event: Event, around: Around) -> Event:
        needs_one = event.trigger == "conditional" and around.numbers
        return replace(event, condition=self._condition(around) if needs_one else None)

    def _minutes(self, rounds: int | None, around: Around) -> Expression:
        if around.numbers and rounds == 1 and self._chance(0.3):
            name = self._number_in_sight(around)
            text = f'duration("PT" + string(modulo({name}, 9) + 1) + "M")'
            return Expression(text, lambda v: v[name] % 9 + 1)
        minutes = self._random.randint(1, 40)
        cycle = {1: "", None: "R/"}.get(rounds, f"R{rounds}/")
        return Expression(f"{cycle}PT{minutes}M", lambda _: minutes)

    def _condition(self, around: Around) -> Expression:
        left, right = self._number_in_sight(around), self._random.randint(0, 9)
        if self._chance(0.5):
            return Expression(f"{left} > {right}", lambda v: v[left] > right)
        return Expression(f"modulo({left}, 2) = 0", lambda v: v[left] % 2 == 0)

    def _assignment(self, around: Around) -> tuple[str, Expression]:
        if self._chance(0.2):
            name = self._random.choice(TEXTS)
            return name, Expression(f'{name} + "{name}"', lambda v: v[name] + name)
        return self._random.choice(NUMBERS), self._numeric(around)

    def _numeric(self, around: Around) -> Expression:
        left, right = self._number_in_sight(around), self._number_in_sight(around)
        n, k = self._random.randint(1, 9), self._random.choice(LISTS)
        return self._random.choice(
            (
                Expression(f"{left} + {n}", lambda v: v[left] + n),
                Expression(
                    f"modulo({left} * {n} + {right}, 97)", lambda v: (v[left] * n + v[right]) % 97
                ),
                Expression(
                    f"if {left} > {right} then {left} - {right} else {n}",
                    lambda v: v[left] - v[right] if v[left] > v[right] else n,
                ),
                Expression(f"count({k}) + {n}", lambda v: len(v[k]) + n),
                Expression(f"{CARRIED}.n + {left}", lambda v: v[CARRIED]["n"] + v[left]),
            )
        )

    def _small(self, around: Around) -> Expression:
        name = self._number_in_sight(around)
        return Expression(f"modulo({name}, 4)", lambda v: v[name] % 4)

    def _collection(self, around: Around) -> Expression:
        items = [self._numeric(around) for _ in range(self._random.randint(0, 3))]
        feel = ", ".join(item.feel for item in items)
        return Expression(f"[{feel}]", lambda v: [item.value(v) for item in items])

    def _until(self, around: Around) -> Expression:
        condition = self._condition(around)
        count = self._random.randint(1, 2)
        name = f"numberOf{self._random.choice(('Completed', 'Active'))}Instances"
        return Expression(
            f"{name} >= {count} and {condition.feel}",
            lambda v: v[name] >= count and condition.value(v),
        )

    def _carried(self, around: Around) -> Expression:
        number = self._numeric(around)
        return Expression(f"{{n: {number.feel}}}", lambda v: {"n": number.value(v)})

    def _number_in_sight(self, around: Around) -> str:
        return self._random.choice(around.numbers)

    def _some(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(self._random.sample(names, self._random.randint(1, 3))))

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"


def _has_join(blocks: tuple[Block, ...]) -> bool:
    return any(isinstance(part, Parallel | Inclusive) for block in blocks for part in walk(block))


def _silenced(around: Around, trigger: str) -> frozenset[str]:
    thrown = {"signal": {"signal", "call"}, "escalation": {"escalation", "call"}}
    return around.silent | thrown.get(trigger, set())


def _text(value: str) -> Expression:
    return Expression(f'"{value}"', lambda _: value)


def _number(value: int) -> Expression:
    return Expression(str(value), lambda _: value)
