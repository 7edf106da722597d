"""Where lines of work run and wait: regions that end together, variables, joins."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

Resume = Callable[..., None]
Work = Generator[Callable[[Resume], Any], Any, Any]


class Stopped(Exception):
    """This line of work goes no further."""


class Region:
    """Work that is cancelled together; the handlers catch what is thrown inside."""

    def __init__(self, outer: "Region | None" = None) -> None:
        self.beyond = outer  # where to look for a handler when there is none here
        self.is_alive = True
        self.handlers: list[Handler] = []
        self._parts: list[Region] = []

    def open(self) -> "Region":
        part = Region(self)
        self._parts.append(part)
        return part

    def cancel(self) -> None:
        self.is_alive = False
        for part in self._parts:
            part.cancel()

    def find_handler(self, trigger: str, code: str) -> "Handler | None":
        """The innermost; at the same place one for this very code before one for any."""
        fitting = [h for h in self.handlers if h.trigger == trigger and h.code in (code, "")]
        if fitting:
            return max(fitting, key=lambda handler: handler.code == code)
        return self.beyond.find_handler(trigger, code) if self.beyond else None


@dataclass(frozen=True)
class Handler:
    trigger: str
    code: str
    catch: Callable[[Any], None]


@dataclass
class Wait:
    """Something that is open until it happens or its region is cancelled."""

    kind: str  # task, timer, message, signal, conditional, join; problem, or failure for good
    element: str
    region: Region
    happen: Callable[[Any], None]
    name: str = ""
    key: Any = None
    is_true: Callable[[], bool] | None = None  # what a conditional event or an inclusive join asks
    was_true: bool = False
    answers: tuple[str, ...] = ()
    due: int = 0
    every: int = 0
    rounds: int | None = 1
    is_over: bool = False

    @property
    def is_open(self) -> bool:
        return self.region.is_alive and not self.is_over


class Frame:
    """Variables in sight: of a process, or of an iteration over those around it."""

    def __init__(self, own: dict[str, Any], outer: "Frame | None" = None) -> None:
        self.own = own
        self.outer = outer

    @property
    def visible(self) -> dict[str, Any]:
        return {**self.outer.visible, **self.own} if self.outer else self.own

    def write(self, name: str, value: Any) -> None:
        self.own[name] = value


class RoundFrame(Frame):
    """Of one round of a standard loop: all but its own counter is written to those around it."""

    def write(self, name: str, value: Any) -> None:
        if self.outer is None or name in self.own:
            super().write(name, value)
        else:
            self.outer.write(name, value)


class Scope:
    """A running process or sub-process: complete when no line of work is left in it."""

    def __init__(self, region: Region, frame: Frame, complete: Callable[[], None]) -> None:
        self.region = region
        self.frame = frame
        self.work = region.open()
        self.starts = region.open()  # of the event sub-processes
        self.lines = 0
        self._complete = complete

    def complete(self) -> None:
        self.region.cancel()
        self._complete()

    def clear(self) -> None:
        """Cancel everything for an event sub-process that takes over."""
        self.work.cancel()
        self.starts.cancel()
        self.region.handlers.clear()
        self.work, self.starts, self.lines = self.region.open(), self.region.open(), 0

    def leave(self) -> None:
        self.lines -= 1
        if self.lines == 0:
            self.complete()


@dataclass
class Join:
    """Where the branches of a block meet again."""

    element: str
    region: Region
    branches: int
    flows: int  # that lead here; a branch that ends inside has none
    resume: Resume
    arrived: int = 0
    stopped: int = 0
    is_over: bool = False

    def end(self, *, has_arrived: bool) -> None:
        self.arrived += has_arrived
        self.stopped += not has_arrived
        self.decide()

    def decide(self) -> None:
        """A parallel join waits for ever for the branch that stopped when another has arrived."""
        if self.stopped == self.branches:
            self.go_on(False)
        elif self.arrived and self.arrived == self.flows:
            self.go_on(True)

    def go_on(self, has_arrived: bool) -> None:
        self.is_over = True
        self.resume(has_arrived)


@dataclass
class PatientJoin(Join):
    """An inclusive one goes on without those that stopped, once everything else has run."""

    wait: Callable[[Wait], None] = field(kw_only=True)
    is_waiting: bool = False

    def decide(self) -> None:
        if self.stopped == self.branches:
            self.go_on(False)
        elif self.arrived and not self.is_waiting:
            self.is_waiting = True
            waiting = Wait("join", self.element, self.region.open(), lambda _: self.go_on(True))
            waiting.is_true = lambda: self.arrived + self.stopped == self.branches
            self.wait(waiting)
