"""A BPMN 2.0 process as drawn, in plain values: elements, flows, and where they stand."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

_Key = TypeVar("_Key")


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
    CATCH = "intermediateCatchEvent"
    THROW = "intermediateThrowEvent"
    BOUNDARY = "boundaryEvent"
    USER_TASK = "userTask"
    MANUAL_TASK = "manualTask"
    SERVICE_TASK = "serviceTask"
    SCRIPT_TASK = "scriptTask"
    DECISION_TASK = "businessRuleTask"
    SEND_TASK = "sendTask"
    RECEIVE_TASK = "receiveTask"
    SUBPROCESS = "subProcess"
    TRANSACTION = "transaction"
    CALL = "callActivity"
    EXCLUSIVE = "exclusiveGateway"
    PARALLEL = "parallelGateway"
    INCLUSIVE = "inclusiveGateway"
    EVENT_BASED = "eventBasedGateway"

    @property
    def is_event(self) -> bool:
        return self in _EVENTS

    @property
    def is_gateway(self) -> bool:
        return self in _GATEWAYS

    @property
    def is_activity(self) -> bool:
        """Tasks, sub-processes and calls: what may repeat and carry boundary events."""
        return not self.is_event and not self.is_gateway

    @property
    def is_for_person(self) -> bool:
        return self in (Kind.USER_TASK, Kind.MANUAL_TASK)

    @property
    def is_scope(self) -> bool:
        """Holds elements of its own."""
        return self in (Kind.SUBPROCESS, Kind.TRANSACTION)


_EVENTS = frozenset((Kind.START, Kind.END, Kind.CATCH, Kind.THROW, Kind.BOUNDARY))
_GATEWAYS = frozenset((Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE, Kind.EVENT_BASED))


class Trigger(StrEnum):
    """What an event waits for or causes (BPMN 2.0.2 §10.5.5)."""

    NONE = "none"
    TIMER = "timer"
    MESSAGE = "message"
    SIGNAL = "signal"
    ERROR = "error"
    ESCALATION = "escalation"
    CONDITIONAL = "conditional"
    LINK = "link"
    TERMINATE = "terminate"
    CANCEL = "cancel"


@dataclass(frozen=True)
class TimerText:
    """What a timer event says: ``kind`` is timeDuration, timeDate or timeCycle."""

    kind: str
    text: str  # an ISO 8601 literal or a FEEL expression


@dataclass(frozen=True)
class Event:
    """What an event waits for or causes."""

    trigger: Trigger = Trigger.NONE
    # Of the message, signal or link; the code of an error or escalation, empty for any.
    name: str = ""
    timer: TimerText | None = None
    condition: str | None = None  # FEEL


class Repeat(StrEnum):
    PARALLEL = "parallel"  # multi-instance, all at once
    SEQUENTIAL = "sequential"  # multi-instance, one after the other
    LOOP = "loop"  # as long as the condition holds


@dataclass(frozen=True)
class Loop:
    """How often an activity runs (BPMN 2.0.2 §10.3.8); every text is FEEL."""

    repeat: Repeat
    cardinality: str | None = None
    collection: str | None = None
    item: str | None = None  # the variable that holds one element of the collection
    output_collection: str | None = None  # the variable that collects the results
    output_item: str | None = None
    completion_condition: str | None = None
    condition: str | None = None  # of a standard loop
    tests_before: bool = False
    maximum: str | None = None


@dataclass(frozen=True)
class Node:
    """One element that a token can stand on."""

    id: str
    kind: Kind
    name: str = ""
    scope: str | None = None  # the sub-process it stands in
    lane: str | None = None
    phase: Phase | None = None
    default_flow: str | None = None
    event: Event = Event()
    attached_to: str | None = None
    interrupts: bool = True
    is_event_subprocess: bool = False
    loop: Loop | None = None
    form_key: str | None = None
    due_in: str | None = None  # how long a task may take: ISO 8601 or FEEL
    calendar: str | None = None  # whose working time counts for that; None: every hour
    instructions: str = ""
    signature: str = ""  # what whoever completes the task must mean by it; "" asks for none
    decision_id: str | None = None
    operation: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    script: str = ""  # lines of ``name = FEEL expression``
    called_process: str | None = None
    correlation_key: str | None = None  # FEEL; which of several receivers a message is for
    payload: str | None = None  # FEEL; what a thrown message or signal carries
    variable: str | None = None  # takes what a caught event carries
    unsupported: tuple[str, ...] = ()  # names of child elements that would change its meaning

    @property
    def title(self) -> str:
        return self.name or self.id

    @property
    def trigger(self) -> Trigger:
        return self.event.trigger


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
    """One executable process, as drawn; the elements of its sub-processes are among its nodes."""

    process_id: str
    name: str
    nodes: dict[str, Node]
    flows: dict[str, Flow]
    strangers: tuple[Stranger, ...] = ()
    inputs: tuple[str, ...] | None = None  # the variables that a call hands in; None for all
    outputs: tuple[str, ...] | None = None  # those that it gets back; None for all

    @cached_property
    def outgoing(self) -> dict[str, list[Flow]]:
        return self._by_node(flow.source for flow in self.flows.values())

    @cached_property
    def incoming(self) -> dict[str, list[Flow]]:
        return self._by_node(flow.target for flow in self.flows.values())

    @cached_property
    def boundaries(self) -> dict[str, list[Node]]:
        """Boundary events by the activity that they are attached to."""
        return _grouped((n.attached_to, n) for n in self.nodes.values() if n.attached_to)

    @cached_property
    def children(self) -> dict[str | None, list[Node]]:
        """Nodes by the sub-process that they stand in; ``None`` for the process itself."""
        return _grouped((node.scope, node) for node in self.nodes.values())

    def of_kind(self, *kinds: Kind) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind in kinds]

    def _by_node(self, ends: Iterable[str]) -> dict[str, list[Flow]]:
        table: dict[str, list[Flow]] = {node_id: [] for node_id in self.nodes}
        for end, flow in zip(ends, self.flows.values(), strict=True):
            table.setdefault(end, []).append(flow)
        return table


def _grouped(pairs: Iterable[tuple[_Key, Node]]) -> dict[_Key, list[Node]]:
    groups: dict[_Key, list[Node]] = {}
    for key, node in pairs:
        groups.setdefault(key, []).append(node)
    return groups
