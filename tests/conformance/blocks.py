"""Block-structured processes as trees of blocks: what may be drawn, and how a tree is walked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import reduce
from typing import Any

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
