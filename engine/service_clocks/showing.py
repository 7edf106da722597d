"""Service clocks for people: how each stands, and how its due time came about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.clocks import Segment
from engine.clocks.agreements import ServiceKind
from engine.clocks.service import Act, Course, Target, Turn
from engine.people import permissions
from engine.people.permissions import Action
from engine.service_clocks.keeping import course_of
from engine.store.tables import Incident, ServiceClock


class State(StrEnum):
    """How a clock stands, for people."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"  # it may still run


@dataclass(frozen=True)
class Stage:
    """What was counted from one turn to the next, and when it was due after the turn."""

    turn: Turn
    due_at: datetime | None
    target: Target
    counted: timedelta
    segments: tuple[Segment, ...]  # on the way to the due time; none while it stood still


@dataclass(frozen=True)
class Shown:
    """A clock for people: its row, and the course that explains it."""

    clock: ServiceClock
    course: Course
    at: datetime  # when it is looked at

    @property
    def kind(self) -> ServiceKind:
        return ServiceKind(self.clock.kind)

    @property
    def state(self) -> State:
        if self.course.due_at is not None and self.course.due_at <= self.at:
            return State.BREACHED
        if self.course.is_stopped:
            return State.MET
        return State.RUNNING if self.course.is_running else State.PAUSED

    @property
    def paused_for(self) -> str:
        """The reason of the last turn, if that has paused it."""
        last = self.course.turns[-1]
        return last.reason if last.act is Act.PAUSE else ""

    @property
    def used(self) -> timedelta:
        return self.course.used(self.at)

    @property
    def counted(self) -> timedelta:
        """What its stages count together: the target, once it has a due time."""
        return sum((stage.counted for stage in self.stages), timedelta(0))

    @property
    def stages(self) -> list[Stage]:
        """Each turn and what was counted until the next, up to the due time if there is one."""
        until = self.course.due_at or self.clock.stopped_at or self.at
        return [
            Stage(turn, due_at, leg.target, leg.counted(until), leg.segments(until))
            for leg, (turn, due_at) in zip(self.course.legs, self.course.due_times(), strict=True)
            if leg.start <= until
        ]


def find(session: Session, incident: Incident, actor: Actor) -> list[Shown]:
    """The clocks of an incident, the one due first on top, for those who work on it."""
    permissions.require(actor, Action.READ_INSIDE, incident)
    query = (
        select(ServiceClock)
        .where(ServiceClock.incident_id == incident.id)
        .order_by(ServiceClock.due_at.is_(None), ServiceClock.due_at, ServiceClock.title)
    )
    now = clock.now()
    return [Shown(row, course_of(session, row), now) for row in session.scalars(query)]
