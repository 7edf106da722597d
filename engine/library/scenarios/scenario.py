"""What a scenario says: a report, what is done about it, and what is to come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.bpmn.progress import Awaited


@dataclass(frozen=True)
class Complete:
    """Somebody completes a task."""

    task: str  # its name, or the id of its element
    answers: Mapping[str, Any]
    by: str  # empty for somebody of the task's group

    def __str__(self) -> str:
        return f"complete “{self.task}”"


@dataclass(frozen=True)
class Wait:
    """Nobody does anything for a time."""

    duration: str  # ISO 8601

    def __str__(self) -> str:
        return f"wait {self.duration}"


@dataclass(frozen=True)
class WaitUntil:
    moment: datetime

    def __str__(self) -> str:
        return f"wait until {self.moment.isoformat()}"


@dataclass(frozen=True)
class Receive:
    """A message or signal comes from outside."""

    awaits: Awaited
    name: str
    key: str
    payload: Any

    def __str__(self) -> str:
        return f"{self.awaits} “{self.name}”"


Action = Complete | Wait | WaitUntil | Receive


@dataclass(frozen=True)
class Expectation:
    """What is to be so at one moment; what is left out may be anyhow."""

    open: tuple[str, ...] | None = None  # every task that waits
    due: Mapping[str, datetime] = field(default_factory=dict)  # task -> its due time
    incident: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)  # variables of the process
    path: tuple[str, ...] = ()  # elements that finished, in order; others may lie between
    ended: str | None = None  # the end event by which the process ended


@dataclass(frozen=True)
class Step:
    action: Action | None
    expect: Expectation

    def __str__(self) -> str:
        return str(self.action or "expect")


@dataclass(frozen=True)
class Scenario:
    path: str  # of its file
    title: str
    process_id: str | None  # ``None`` for the only one that a report can start
    start_at: datetime
    report: Mapping[str, Any]  # answers to the start form
    steps: tuple[Step, ...]
    expect: Expectation  # at the end
