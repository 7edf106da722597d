"""What other systems know an incident's problem, change or asset by.

Our own people see these; to a customer there are none.
"""

from dataclasses import asdict, dataclass, fields
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, instances, plain_text
from engine.actors import Actor
from engine.errors import Conflict, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.instances import Reason
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import ExternalReference, Incident, ReferenceKind

MOST = 50  # of an incident
LONGEST = {"system": 80, "reference": 120, "url": 500}


@dataclass(frozen=True)
class Reference:
    """What a system keeps, what it is called there, and where it is shown, if anywhere."""

    kind: ReferenceKind
    system: str
    reference: str
    url: str = ""


def find(session: Session, incident: Incident, actor: Actor) -> list[ExternalReference]:
    """Those that hold, the oldest first."""
    if not permissions.may(actor, Action.READ_INSIDE, incident):
        return []
    return _live(session, incident)


def add(session: Session, incident: Incident, told: Reference, actor: Actor) -> ExternalReference:
    """Note what another system keeps; ``InvalidAnswers`` names the fields that do not fit."""
    permissions.require(actor, Action.RELATE_INCIDENT, incident)
    _require_fit(told)
    instances.lock(session, incident)
    known = _live(session, incident)
    if _key(told) in map(_key, known):
        raise Conflict(f"{incident.number} has this reference already.")
    if len(known) >= MOST:
        raise Conflict(f"{incident.number} has {MOST} references already. Withdraw one first.")
    return _keep(session, incident, told, actor)


def withdraw(
    session: Session, incident: Incident, reference_id: str, reason: str, actor: Actor
) -> ExternalReference:
    """Say that it does not hold; the history keeps that it was there, and why it is not."""
    permissions.require(actor, Action.RELATE_INCIDENT, incident)
    text = instances.checked(Reason(reason))
    instances.lock(session, incident)
    found = next((one for one in _live(session, incident) if one.id == reference_id), None)
    if found is None:
        raise NotFound("There is no such reference.")
    found.withdrawn_at = clock.now()
    _record(session, Event.REFERENCE_WITHDRAWN, found, actor, reason=text)
    return found


def take_over(session: Session, duplicate: Incident, original: Incident, actor: Actor) -> None:
    """Let the original have the references of its duplicate; both are locked."""
    known = set(map(_key, _live(session, original)))
    for found in _live(session, duplicate):
        if _key(found) not in known:
            told = Reference(found.kind, found.system, found.reference, found.url)
            _keep(session, original, told, actor)


def _live(session: Session, incident: Incident) -> list[ExternalReference]:
    query = select(ExternalReference).where(
        ExternalReference.incident_id == incident.id, ExternalReference.withdrawn_at.is_(None)
    )
    return list(session.scalars(query.order_by(ExternalReference.added_at, ExternalReference.id)))


def _key(told: Reference | ExternalReference) -> tuple[ReferenceKind, str, str]:
    """By which two are the same."""
    return told.kind, told.system, told.reference


def _require_fit(told: Reference) -> None:
    missing = {"system": "Say which system keeps it.", "reference": "Say what it is called there."}
    problems = {
        name: plain_text.problem_of_line(getattr(told, name), LONGEST[name], said)
        for name, said in missing.items()
    }
    plain_text.require_none({**problems, "url": _problem_of_url(told.url)})


def _problem_of_url(url: str) -> str | None:
    """Why no browser is sent there: what begins otherwise could be a script."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return "This is no address."
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url:
        return "Begin with https:// and the name of a host, and leave no space in it."
    return plain_text.problem_of_line(url, LONGEST["url"])


def _keep(session: Session, incident: Incident, told: Reference, actor: Actor) -> ExternalReference:
    added = ExternalReference(
        id=new_id(),
        incident_id=incident.id,
        **asdict(told),
        added_by=actor.name,
        added_at=clock.now(),
    )
    session.add(added)
    _record(session, Event.REFERENCE_ADDED, added, actor)
    return added


def _record(
    session: Session, event: Event, found: ExternalReference, actor: Actor, **more: str
) -> None:
    session.flush()
    told = {field.name: getattr(found, field.name) for field in fields(Reference)}
    detail = {"reference_id": found.id, **told, **more}
    history.record(session, found.incident_id, Entry(event, actor, detail=detail))
