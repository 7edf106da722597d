"""Service clocks of incidents: they follow what happens to their incident, and warn.

A clock follows its incident in the transaction of each change. Its turns are the truth; when it is
due and whom to tell when follows from them, and lies beside them for the sweep.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles, clock, history, operations
from engine.actors import SYSTEM, Actor
from engine.bundles import Deployed
from engine.clocks.agreements import Agreement, ServiceKind
from engine.clocks.service import Act, Course, Target, Turn, course
from engine.dmn import DmnError
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Incident, IncidentStatus, ProcessInstance, ServiceClock

PERCENTAGES = (50, 75, 100)  # of a target, at which somebody is told; the last is its breach
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
    def sentence(self) -> str:
        return "; ".join(_said(name, old, new) for name, (old, new) in self._told())

    def _told(self) -> Iterator[tuple[str, tuple[Any, Any]]]:
        for name, both in sorted(self.changes.items()):
            if name in self.facts:
                yield name.replace("_", " "), both


@dataclass(frozen=True)
class Shown:
    """A clock for people: its row, and the course that explains it."""

    clock: ServiceClock
    course: Course


def follow(
    session: Session, incident: Incident, definition_id: str, changes: Changes, actor: Actor
) -> list[Entry]:
    """Turn the clocks of an incident after a change; the entries say what became of them."""
    deployed = bundles.deployed(session, definition_id)
    cause = Cause(incident, operations.facts(incident), changes, actor)
    if not deployed.bundle.agreements or not cause.sentence:
        return []
    query = select(ServiceClock).where(ServiceClock.incident_id == incident.id)
    known = {row.title: row for row in session.scalars(query)}
    entries: list[Entry] = []
    for agreement in deployed.bundle.agreements:
        row = known.get(agreement.title)
        try:
            target = _target(agreement, deployed, cause)
            entries += _turn(session, agreement, row, definition_id, target, cause)
        except (DmnError, ValueError) as error:
            # Of the bundle, and nothing for which an incident should stand still.
            entries.append(_changed(agreement.title, agreement.kind, cause, problem=str(error)))
    return entries


def find(session: Session, incident: Incident, actor: Actor) -> list[Shown]:
    """The clocks of an incident, the one due first on top, for those who work on it."""
    permissions.require(actor, Action.READ_INSIDE, incident)
    query = (
        select(ServiceClock)
        .where(ServiceClock.incident_id == incident.id)
        .order_by(ServiceClock.due_at.is_(None), ServiceClock.due_at, ServiceClock.title)
    )
    return [Shown(row, course(_turns(session, row))) for row in session.scalars(query)]


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
    definition_id: str,
    target: Target | None,
    cause: Cause,
) -> Iterator[Entry]:
    turns = _turns(session, row) if row else []
    new = list(_new_turns(agreement, turns, target, cause))
    if not new:
        return
    found = course([*turns, *new])
    before = row.due_at if row else None
    if row is None:
        row = ServiceClock(id=new_id(), incident_id=cause.incident.id, told=0, turns=[])
        row.kind, row.title = agreement.kind, agreement.title
        session.add(row)
    row.turns = [*row.turns, *(_kept(turn, definition_id) for turn in new)]
    row.due_at, row.next_at = found.due_at, _next(found, row.told)
    row.stopped_at = new[-1].at if found.is_stopped else None
    acts = [turn.act for turn in new]
    yield _changed(row.title, row.kind, cause, {"due_at": (before, row.due_at)}, acts=acts)


def _new_turns(
    agreement: Agreement, turns: Sequence[Turn], target: Target | None, cause: Cause
) -> Iterator[Turn]:
    """What happens to a clock now, if anything, so that it is as its incident wants it."""
    now = max([clock.now(), *(turn.at for turn in turns[-1:])])  # were the host's clock put back

    def turn(act: Act, target: Target | None = None, at: datetime = now) -> Turn:
        return Turn(act, at, cause.sentence, cause.actor.name, target)

    state = _state(turns)
    wanted = _wanted(agreement, cause.incident)
    if state is None:
        if target is None:
            return
        yield turn(Act.START, target, cause.incident.created_at)
        state = Act.RESUME
    elif state is Act.STOP and agreement.kind is ServiceKind.RESPOND:
        return  # nobody responds twice
    elif state is not Act.STOP and target not in (None, course(turns).target):
        yield turn(Act.RETARGET, target)
    if state is Act.STOP and wanted is Act.PAUSE:
        yield turn(Act.RESUME)
    if state is not wanted:
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
    title: str, kind: str, cause: Cause, changes: Changes | None = None, **detail: Any
) -> Entry:
    told = {"clock": title, "kind": kind, "reason": cause.sentence, **detail}
    return Entry(Event.CLOCK_CHANGED, cause.actor, changes=changes or {}, detail=told)


def _told(row: ServiceClock, percentage: int, reached: datetime) -> Entry:
    event = Event.CLOCK_BREACHED if percentage == PERCENTAGES[-1] else Event.CLOCK_WARNED
    detail = {"clock": row.title, "kind": row.kind, "percentage": percentage, "reached": reached}
    return Entry(event, SYSTEM, detail=detail)


def _said(name: str, old: Any, new: Any) -> str:
    if new in (None, ""):
        return f"{name}: {old} no more"
    return f"{name}: {new}" if old in (None, "") else f"{name}: {old} became {new}"


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
