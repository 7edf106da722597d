"""What a change of an incident does to its service clocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles, clock, operations
from engine.actors import Actor
from engine.bundles import Deployed
from engine.clocks.agreements import Agreement, ServiceKind
from engine.clocks.service import Act, Target, Turn, course
from engine.dmn import DmnError
from engine.errors import InvalidDocument
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.service_clocks.keeping import as_data, course_of
from engine.service_clocks.warning import next_moment
from engine.store.tables import Incident, IncidentStatus, ServiceClock

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
        except (DmnError, InvalidDocument, ValueError) as error:
            # Of the bundle, and nothing for which an incident should stand still.
            entries.append(_changed(agreement, cause, problem=str(error)))
    session.flush()  # another step of this transaction may look for them
    return entries


def _turn(
    session: Session,
    agreement: Agreement,
    row: ServiceClock | None,
    deployed: Deployed,
    definition_id: str,
    cause: Cause,
) -> Iterator[Entry]:
    """Let a clock follow its incident; ``row`` is none until it starts."""
    turns = course_of(session, row).turns if row else ()
    new = list(_new_turns(agreement, turns, _target(agreement, deployed, cause), cause))
    if not new:
        return
    found = course([*turns, *new])
    due_at, next_at = found.due_at, next_moment(found, row.told if row else 0)
    before = row.due_at if row else None
    if row is None:
        row = _started(agreement, cause.incident)
        session.add(row)
    row.turns = [*row.turns, *(as_data(turn, definition_id) for turn in new)]
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


def _changed(
    agreement: Agreement, cause: Cause, changes: Changes | None = None, **detail: Any
) -> Entry:
    told = {"clock": agreement.title, "kind": agreement.kind, "reason": cause.sentence, **detail}
    return Entry(Event.CLOCK_CHANGED, cause.actor, changes=changes or {}, detail=told)


def _said(name: str, old: Any, new: Any) -> str:
    label = name.replace("_", " ")
    before, after = (str(value or "").replace("_", " ") for value in (old, new))
    if not after:
        return f"{label}: {before} no more"
    return f"{label}: {before} became {after}" if before else f"{label}: {after}"
