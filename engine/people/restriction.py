"""Restricted incidents: known to the people on a list, and to nobody else."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers
from engine.history import Entry, Event
from engine.people import accounts, permissions
from engine.people.permissions import Action
from engine.store import rows
from engine.store.statement import Statement
from engine.store.tables import Incident, IncidentReader, Person, table_of

# https://www.first.org/tlp/ (version 2.0)
TLP = ("clear", "green", "amber", "amber+strict", "red")

_readers = table_of(IncidentReader)
_READERS = Statement(
    select(_readers.c.person_id).where(_readers.c.incident_id == bindparam("incident_id"))
)


def look_up(session: Session, incident: Incident) -> None:
    """Let an incident that was just read know who may know of it; open ones cost nothing."""
    if incident.is_restricted:
        found = _READERS.find(session, {"incident_id": incident.id})
        incident.readers = frozenset(person_id for (person_id,) in found)


def usernames(session: Session, incident: Incident) -> list[str]:
    """Who may know of a restricted incident."""
    query = select(Person.username).where(Person.id.in_(incident.readers))
    return list(session.scalars(query.order_by(Person.username)))


def ids(session: Session, names: Iterable[str]) -> list[str]:
    """The ids of people by their usernames; ``InvalidAnswers`` where there is no such person."""
    wanted = set(names)
    query = select(Person.username, Person.id).where(Person.username.in_(wanted))
    found = {row.username: row.id for row in session.execute(query)}
    if unknown := sorted(wanted - set(found)):
        raise InvalidAnswers({"readers": f"There is no person named “{unknown[0]}”."})
    return list(found.values())


def restrict(
    session: Session, incident: Incident, person_ids: Iterable[str], tlp: str | None, actor: Actor
) -> None:
    """Close an incident to all but some people, and whoever closes it; or change who they are."""
    permissions.require(actor, Action.RESTRICT_INCIDENT, incident)
    wanted = frozenset((*person_ids, *([actor.id] if actor.id else [])))
    _require_fits(session, wanted, tlp)
    old = (incident.is_restricted, incident.tlp, incident.readers)
    if old == (True, tlp, wanted):
        raise Conflict(f"{incident.number} is restricted to these people already.")
    _keep(session, incident, wanted)
    rows.change(session, incident, is_restricted=True, tlp=tlp, updated_at=clock.now())
    _record(session, incident, old, actor)


def admit(session: Session, incident_id: str, person_id: str) -> None:
    """Put one more person on the list of a restricted incident."""
    known = session.get(IncidentReader, (incident_id, person_id))
    if known is None:
        session.add(IncidentReader(incident_id=incident_id, person_id=person_id))


def open_up(session: Session, incident: Incident, actor: Actor) -> None:
    """Let everybody who may see incidents see it again."""
    permissions.require(actor, Action.RESTRICT_INCIDENT, incident)
    if not incident.is_restricted:
        raise Conflict(f"{incident.number} is not restricted.")
    old = (True, incident.tlp, incident.readers)
    _keep(session, incident, frozenset())
    rows.change(session, incident, is_restricted=False, tlp=None, updated_at=clock.now())
    _record(session, incident, old, actor)


def _require_fits(session: Session, person_ids: frozenset[str], tlp: str | None) -> None:
    if tlp is not None and tlp not in TLP:
        raise InvalidAnswers({"tlp": f"Choose one of: {', '.join(TLP)}."})
    known = select(Person.id).where(Person.id.in_(person_ids), Person.is_active)
    if unknown := person_ids - set(session.scalars(known)):
        raise InvalidAnswers({"readers": f"Nobody active has the id {min(unknown)}."})


def _keep(session: Session, incident: Incident, person_ids: frozenset[str]) -> None:
    session.execute(delete(IncidentReader).where(IncidentReader.incident_id == incident.id))
    kept = [{"incident_id": incident.id, "person_id": one} for one in sorted(person_ids)]
    if kept:
        session.execute(insert(IncidentReader), kept)
    incident.readers = person_ids


def _sorted(names: Mapping[str, str], person_ids: Iterable[str]) -> list[str]:
    return sorted(names[person_id] for person_id in person_ids)


def _record(
    session: Session,
    incident: Incident,
    old: tuple[bool, str | None, frozenset[str]],
    actor: Actor,
) -> None:
    was_restricted, tlp, readers = old
    names = accounts.names(session, readers | incident.readers)
    changes = {
        "is_restricted": (was_restricted, incident.is_restricted),
        "tlp": (tlp, incident.tlp),
        "readers": (_sorted(names, readers), _sorted(names, incident.readers)),
    }
    detail = {"readers": sorted(incident.readers)}
    entry = Entry(Event.INCIDENT_RESTRICTED, actor, changes=changes, detail=detail)
    history.record(session, incident.id, entry)
