"""A service clock: how much of its target an incident has used up, and when it is breached.

What happens to a clock is a list of turns: it starts, is paused and resumed, gets another target
(since the priority or the contract changed), and stops. Working time that was counted stays
counted, whatever target and calendar come later; so nobody loses a pause by a new priority.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import zip_longest

from engine.clocks.calendars import Calendar
from engine.clocks.explanation import Segment, between
from engine.clocks.working_time import due, elapsed

_NONE = timedelta(0)


class Act(StrEnum):
    """What happens to a clock."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RETARGET = "retarget"
    STOP = "stop"


@dataclass(frozen=True)
class Target:
    """So much working time of a calendar."""

    duration: timedelta
    calendar: Calendar


@dataclass(frozen=True)
class Turn:
    """Something that happened to a clock, and who caused it; a start and a retarget bring one."""

    act: Act
    at: datetime
    reason: str = ""
    by: str = ""
    target: Target | None = None


@dataclass(frozen=True)
class Leg:
    """The time from one turn to the next, in which the clock ran throughout or stood still."""

    turn: Turn  # which began it
    end: datetime | None  # none yet
    target: Target
    is_running: bool
    used: timedelta  # what was counted before it

    @property
    def start(self) -> datetime:
        return self.turn.at

    def counted(self, until: datetime) -> timedelta:
        """The working time of this leg up to a moment."""
        end = min(self.end or until, until)
        if not self.is_running or end <= self.start:
            return _NONE
        return elapsed(self.start, end, self.target.calendar)

    def segments(self, until: datetime) -> tuple[Segment, ...]:
        """What was counted of it up to a moment and what was not; nothing while it stood still."""
        end = min(self.end or until, until)
        return between(self.start, end, self.target.calendar) if self.is_running else ()

    def reaches(self, share: float) -> datetime | None:
        """The moment at which that share of the target is used up, if it lies in this leg.

        Whatever ends the leg at that very moment comes in time.
        """
        if not self.is_running:
            return None
        left = max(self.target.duration * share - self.used, _NONE)
        moment = due(self.start, left, self.target.calendar)
        return moment if self.end is None or moment < self.end else None


@dataclass(frozen=True)
class Course:
    """All that happened to a clock, and what follows from it."""

    turns: tuple[Turn, ...]

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        return tuple(_legs(self.turns))

    @property
    def is_running(self) -> bool:
        return self.legs[-1].is_running

    @property
    def is_stopped(self) -> bool:
        return self.turns[-1].act is Act.STOP

    @property
    def target(self) -> Target:
        return self.legs[-1].target

    @property
    def due_at(self) -> datetime | None:
        """When the whole target is used up, or was; ``None`` while a pause keeps it open."""
        return self.reached(1)

    def reached(self, share: float) -> datetime | None:
        """The first moment at which that share of the target then in force is used up."""
        return next(filter(None, (leg.reaches(share) for leg in self.legs)), None)

    def used(self, until: datetime) -> timedelta:
        """The working time that was counted up to a moment."""
        return sum((leg.counted(until) for leg in self.legs), _NONE)

    def due_times(self) -> Iterator[tuple[Turn, datetime | None]]:
        """Each turn with the due time as it was after it: what would have been without the next."""
        for count, turn in enumerate(self.turns, start=1):
            yield turn, Course(self.turns[:count]).due_at

    def undisturbed(self) -> datetime:
        """When it would have been due by its first target, without any pause."""
        first = self.turns[0]
        target = _required(first)
        return due(first.at, target.duration, target.calendar)


def course(turns: Sequence[Turn]) -> Course:
    """What becomes of a clock; ``ValueError`` names a turn that cannot come where it does."""
    state: Act | None = None
    last = turns[0].at if turns else None
    for turn in turns:
        if last and turn.at < last:
            raise ValueError(f"The {turn.act} at {turn.at.isoformat()} is before what came first.")
        if turn.act not in _NEXT[state]:
            raise ValueError(f"A clock cannot {turn.act} {'again' if state else 'first'} there.")
        if turn.act in (Act.START, Act.RETARGET):
            _required(turn)
        last = turn.at
        state = state if turn.act is Act.RETARGET else turn.act
    if state is None:
        raise ValueError("A clock begins with its start.")
    return Course(tuple(turns))


_NEXT: dict[Act | None, frozenset[Act]] = {
    None: frozenset({Act.START}),
    Act.START: frozenset({Act.PAUSE, Act.RETARGET, Act.STOP}),
    Act.RESUME: frozenset({Act.PAUSE, Act.RETARGET, Act.STOP}),
    Act.PAUSE: frozenset({Act.RESUME, Act.RETARGET, Act.STOP}),
    Act.STOP: frozenset({Act.RESUME}),  # what was resolved is open again
}


def _legs(turns: Sequence[Turn]) -> Iterator[Leg]:
    is_running, used = False, _NONE
    target = _required(turns[0])
    ends = [turn.at for turn in turns[1:]]
    for turn, end in zip_longest(turns, ends):
        target = turn.target or target
        if turn.act is not Act.RETARGET:
            is_running = turn.act in (Act.START, Act.RESUME)
        leg = Leg(turn, end, target, is_running, used)
        yield leg
        used += leg.counted(end) if end is not None else _NONE


def _required(turn: Turn) -> Target:
    if turn.target is None:
        raise ValueError(f"The {turn.act} of a clock brings its target.")
    return turn.target
