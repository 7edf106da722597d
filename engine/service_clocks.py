"""Service clocks of incidents: they follow what happens to their incident, and warn.

A clock follows its incident in the transaction of each change. Its turns are the truth; when it is
due and whom to tell when follows from them, and lies beside them for the sweep.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles, clock, history, operations
from engine.actors import SYSTEM, Actor
from engine.bundles import Deployed
from engine.clocks import Segment
from engine.clocks.agreements import Agreement, ServiceKind
from engine.clocks.service import Act, Course, Target, Turn, course
from engine.dmn import DmnError
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Incident, IncidentStatus, ProcessInstance, ServiceClock

PERCENTAGES = (50, 75, 100)  # of a target, at which somebody is told; the last is its breach
_TOLD = ("priority", "impact", "urgency", "severity", "is_major", "status", "hold_reason")
_ENDED = (IncidentStatus.RESOLVED, IncidentStatus.CLOSED, IncidentStatus.CANCELLED)

Changes = Mapping[str, tuple[Any, Any]]  # facts of an incident: old and new


@dataclass(frozen=True)
class Cause:
    """Why a clock turns: what changed about its incident, and who did that."""

    incident: Incident
    facts: Mapping[str, Any]  # as they are now
    changes: Changes
    actor: Actor

    @property
    def matters(self) -> bool:
        """Whether it changed what a decision reads."""
        return bool(self.changes.keys() & self.facts.keys())

    @property
    def sentence(self) -> str:
        told = [name for name in _TOLD if name in self.changes]
        return "; ".join(_said(name, *self.changes[name]) for name in told) or "the report"


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


def follow(
    session: Session, incident: Incident, definition_id: str, changes: Changes, actor: Actor
) -> list[Entry]:
    """Turn the clocks of an incident after a change; the entries say what became of them."""
    deployed = bundles.deployed(session, definition_id)
    cause = Cause(incident, operations.facts(incident), changes, actor)
    if not deployed.bundle.agreements or not cause.matters:
        return []
    query = select(ServiceClock).where(ServiceClock.incident_id == incident.id)
    known = {row.title: row for row in session.scalars(query)}
    entries: list[Entry] = []
    for agreement in deployed.bundle.agreements:
        row = known.get(agreement.title)
        try:
            entries += _turn(session, agreement, row, deployed, definition_id, cause)
        except (DmnError, ValueError) as error:
            # Of the bundle, and nothing for which an incident should stand still.
            entries.append(_changed(agreement, cause, problem=str(error)))
    session.flush()  # another step of this transaction may look for them
    return entries


def find(session: Session, incident: Incident, actor: Actor) -> list[Shown]:
    """The clocks of an incident, the one due first on top, for those who work on it."""
    permissions.require(actor, Action.READ_INSIDE, incident)
    query = (
        select(ServiceClock)
        .where(ServiceClock.incident_id == incident.id)
        .order_by(ServiceClock.due_at.is_(None), ServiceClock.due_at, ServiceClock.title)
    )
    now = clock.now()
    return [Shown(row, course(_turns(session, row)), now) for row in session.scalars(query)]


def find_due(session: Session, limit: int) -> list[str]:
    """Ids of clocks of which somebody is to be told, the longest overdue first."""
    query = select(ServiceClock.id).where(ServiceClock.next_at <= clock.now())
    return list(session.scalars(query.order_by(ServiceClock.next_at).limit(limit)))


def tell(session: Session, clock_id: str) -> None:
    """Record each percentage that a clock has reached and nobody was told of, once."""
    query = (
        select(ServiceClock)
        .join(ProcessInstance, ProcessInstance.incident_id == ServiceClock.incident_id)
        .where(ServiceClock.id == clock_id)
        .with_for_update(of=(ProcessInstance, ServiceClock), key_share=True)
    )
    row = session.scalars(query).one()
    found, now = course(_turns(session, row)), clock.now()
    for percentage in PERCENTAGES:
        reached = found.reached(percentage / 100)
        if percentage > row.told and reached is not None and reached <= now:
            history.record(session, row.incident_id, _told(row, percentage, reached))
            row.told = percentage
    row.next_at = _next(found, row.told)


def silence(session: Session, clock_id: str) -> None:
    """Let a clock warn of nothing any more, until something happens to its incident."""
    session.get_one(ServiceClock, clock_id).next_at = None


# What a change does to a clock


def _turn(
    session: Session,
    agreement: Agreement,
    row: ServiceClock | None,
    deployed: Deployed,
    definition_id: str,
    cause: Cause,
) -> Iterator[Entry]:
    """Let a clock follow its incident; ``row`` is none until it starts."""
    turns = _turns(session, row) if row else []
    new = list(_new_turns(agreement, turns, _target(agreement, deployed, cause), cause))
    if not new:
        return
    found = course([*turns, *new])
    due_at, next_at = found.due_at, _next(found, row.told if row else 0)
    before = row.due_at if row else None
    if row is None:
        row = _started(agreement, cause.incident)
        session.add(row)
    row.turns = [*row.turns, *(_kept(turn, definition_id) for turn in new)]
    row.due_at, row.next_at = due_at, next_at
    row.stopped_at = new[-1].at if found.is_stopped else None
    acts = [turn.act for turn in new]
    yield _changed(agreement, cause, {"due_at": (before, due_at)}, acts=acts)


def _started(agreement: Agreement, incident: Incident) -> ServiceClock:
    return ServiceClock(
        id=new_id(),
        incident_id=incident.id,
        kind=agreement.kind,
        title=agreement.title,
        turns=[],
        told=0,
    )


def _new_turns(
    agreement: Agreement, turns: Sequence[Turn], target: Target | None, cause: Cause
) -> Iterator[Turn]:
    """What happens to a clock now, if anything, so that it is as its incident wants it."""
    now = max([clock.now(), *(turn.at for turn in turns[-1:])])  # were the host's clock put back

    def turn(act: Act, target: Target | None = None, at: datetime = now) -> Turn:
        return Turn(act, at, cause.sentence, cause.actor.name, target)

    state, wanted = _state(turns), _wanted(agreement, cause.incident)
    if state is None and target is None:
        return
    if state is Act.STOP and (agreement.kind is ServiceKind.RESPOND or wanted is Act.STOP):
        return  # nobody responds twice
    if state is None:
        yield turn(Act.START, target, cause.incident.created_at)
    elif state is Act.STOP:
        yield turn(Act.RESUME)
    if state and wanted is not Act.STOP and target not in (None, course(turns).target):
        yield turn(Act.RETARGET, target)
    if wanted is not (Act.PAUSE if state is Act.PAUSE else Act.RESUME):
        yield turn(wanted)


def _state(turns: Sequence[Turn]) -> Act | None:
    """What a clock does since its last turn: it runs, stands still, or has ended."""
    acts = [turn.act for turn in turns if turn.act is not Act.RETARGET]
    if not acts:
        return None
    return Act.RESUME if acts[-1] is Act.START else acts[-1]


def _wanted(agreement: Agreement, incident: Incident) -> Act:
    status = incident.status
    has_begun = agreement.kind is ServiceKind.RESPOND and status is not IncidentStatus.NEW
    if has_begun or status in _ENDED:
        return Act.STOP
    is_held = status is IncidentStatus.ON_HOLD
    is_paused = is_held and agreement.is_paused_for(incident.hold_reason or "")
    return Act.PAUSE if is_paused else Act.RESUME


def _target(agreement: Agreement, deployed: Deployed, cause: Cause) -> Target | None:
    """What the decision promises about the incident as it is now; ``None`` as yet nothing."""
    decision = deployed.bundle.decisions[agreement.decision]
    outputs = decision.evaluate({"incident": dict(cause.facts)}).outputs
    duration, name = outputs.get(agreement.duration), outputs.get(agreement.calendar)
    if duration is None:
        return None
    calendar = deployed.bundle.calendars.get(str(name))
    if calendar is None:
        raise ValueError(f"The decision names a calendar “{name}”, which the bundle has not.")
    return Target(clock.length(str(duration)), calendar)


def _next(found: Course, told: int) -> datetime | None:
    percentage = next((each for each in PERCENTAGES if each > told), None)
    return None if percentage is None else found.reached(percentage / 100)


# The history


def _changed(
    agreement: Agreement, cause: Cause, changes: Changes | None = None, **detail: Any
) -> Entry:
    told = {"clock": agreement.title, "kind": agreement.kind, "reason": cause.sentence, **detail}
    return Entry(Event.CLOCK_CHANGED, cause.actor, changes=changes or {}, detail=told)


def _told(row: ServiceClock, percentage: int, reached: datetime) -> Entry:
    event = Event.CLOCK_BREACHED if percentage == PERCENTAGES[-1] else Event.CLOCK_WARNED
    detail = {"clock": row.title, "kind": row.kind, "percentage": percentage, "reached": reached}
    return Entry(event, SYSTEM, detail=detail)


def _said(name: str, old: Any, new: Any) -> str:
    label = name.replace("_", " ")
    before, after = (str(value or "").replace("_", " ") for value in (old, new))
    if not after:
        return f"{label}: {before} no more"
    return f"{label}: {before} became {after}" if before else f"{label}: {after}"


# Turns as a row keeps them


def _kept(turn: Turn, definition_id: str) -> dict[str, Any]:
    kept: dict[str, Any] = {"act": turn.act, "at": turn.at.isoformat()}
    kept |= {"reason": turn.reason, "by": turn.by}
    if turn.target is not None:
        kept["seconds"] = turn.target.duration.total_seconds()
        kept |= {"calendar": turn.target.calendar.name, "definition": definition_id}
    return kept


def _turns(session: Session, row: ServiceClock) -> list[Turn]:
    return [
        Turn(
            Act(kept["act"]),
            datetime.fromisoformat(kept["at"]),
            kept["reason"],
            kept["by"],
            _kept_target(session, kept) if "seconds" in kept else None,
        )
        for kept in row.turns
    ]


def _kept_target(session: Session, kept: Mapping[str, Any]) -> Target:
    """A target in the calendar of the version that gave it."""
    calendars = bundles.deployed(session, kept["definition"]).bundle.calendars
    return Target(timedelta(seconds=kept["seconds"]), calendars[kept["calendar"]])
