"""All that crosses back from the kernel: where an instance stands, and how it got there."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.bpmn.changes import Changes
from engine.bpmn.diagram import Node


class Awaited(StrEnum):
    """What comes from outside the instance and is not a person or a timer."""

    MESSAGE = "message"
    SIGNAL = "signal"
    CONDITION = "conditional"  # evaluated anew whenever facts change


@dataclass(frozen=True)
class Step:
    """One element that finished: which, what it changed, and how it decided."""

    node: Node
    process_id: str
    token_id: str
    changes: Changes = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def element_id(self) -> str:
        return self.node.id


@dataclass(frozen=True)
class DueTime:
    """When a task is due, fixed as it opened, and what it was reckoned from."""

    opened_at: datetime  # the second in which it did
    duration: str  # ISO 8601
    calendar: str | None  # whose working time counted; ``None``: every hour
    due_at: datetime


@dataclass(frozen=True)
class OpenTask:
    """A task that waits for a person."""

    id: str
    node: Node
    process_id: str
    due: DueTime | None = None

    @property
    def element_id(self) -> str:
        return self.node.id


@dataclass(frozen=True)
class OpenTimer:
    id: str
    node: Node
    process_id: str
    due_at: datetime

    @property
    def element_id(self) -> str:
        return self.node.id


@dataclass(frozen=True)
class Subscription:
    """A message, signal or condition for which an element waits."""

    id: str
    node: Node
    process_id: str
    awaits: Awaited
    name: str = ""
    key: str = ""  # which of several receivers of one message; empty for any

    @property
    def element_id(self) -> str:
        return self.node.id


Wait = OpenTask | OpenTimer | Subscription


@dataclass(frozen=True)
class Thrown:
    """A message or signal that leaves the instance."""

    awaits: Awaited
    name: str
    key: str
    payload: Any


@dataclass(frozen=True)
class Failure:
    """An element that could not finish; its token stays there until it is tried again."""

    token_id: str
    node: Node
    process_id: str
    message: str

    @property
    def element_id(self) -> str:
        return self.node.id


@dataclass(frozen=True)
class Progress:
    """What happened since it was asked last, and what the instance waits for now."""

    steps: tuple[Step, ...]
    waits: tuple[Wait, ...]
    new: tuple[Wait, ...]  # those of ``waits`` that appeared
    gone: tuple[Wait, ...]  # waited before, and were neither done nor kept
    thrown: tuple[Thrown, ...]
    failures: tuple[Failure, ...]  # all that stand now
    failed: tuple[Failure, ...]  # those of ``failures`` that are new
    is_ended: bool

    @property
    def open_tasks(self) -> tuple[OpenTask, ...]:
        return tuple(wait for wait in self.waits if isinstance(wait, OpenTask))

    @property
    def timers(self) -> tuple[OpenTimer, ...]:
        return tuple(wait for wait in self.waits if isinstance(wait, OpenTimer))

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        return tuple(wait for wait in self.waits if isinstance(wait, Subscription))
