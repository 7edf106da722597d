"""Who leads an incident, and who follows it: roles with one holder at a time, and watchers.

The roles are those of an incident command system (ISO 22320); every change keeps its time.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, instances
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import accounts, permissions
from engine.people.permissions import Action
from engine.store.tables import Incident, IncidentParticipant, IncidentRole, Person

MOST_WATCHERS = 200  # of an incident
WATCHER = IncidentRole.WATCHER
LEADING = tuple(role for role in IncidentRole if role is not WATCHER)


@dataclass(frozen=True)
class Participant:
    """Somebody in a role, from one moment until another."""

    role: IncidentRole
    person_id: str
    name: str
    assumed_at: datetime
    renounced_at: datetime | None  # as long as they have it, none


def find(session: Session, incident: Incident, actor: Actor) -> list[Participant]:
    """Everybody who has or had a role, in the order of time; of watchers, those who may still see.

    A customer reads of nobody but themselves.
    """
    query = (
        select(IncidentParticipant, Person.name)
        .join(Person, Person.id == IncidentParticipant.person_id)
        .where(IncidentParticipant.incident_id == incident.id)
        .order_by(IncidentParticipant.assumed_at, IncidentParticipant.id)
    )
    if not permissions.may(actor, Action.READ_INSIDE, incident):
        query = query.where(IncidentParticipant.person_id == actor.id)
    if incident.is_restricted:
        query = query.where(IncidentParticipant.person_id.in_(incident.readers))
    return [
        Participant(row.role, row.person_id, name, row.assumed_at, row.renounced_at)
        for row, name in session.execute(query)
    ]


def take_over(session: Session, incident: Incident, role: IncidentRole, actor: Actor) -> None:
    """Assume a role oneself; whoever had it has it no more."""
    permissions.require(actor, Action.LEAD_INCIDENT, incident)
    _assume(session, incident, role, actor)
    _record(session, Event.ROLE_TAKEN_OVER, incident, role, actor, actor)


def hand_over(
    session: Session, incident: Incident, role: IncidentRole, username: str, actor: Actor
) -> None:
    """Give a role to somebody who may lead; ``InvalidAnswers`` says of ``to`` why they may not."""
    permissions.require(actor, Action.LEAD_INCIDENT, incident)
    receiver = _named(session, username, "to")
    _require_may(receiver, Action.LEAD_INCIDENT, incident, "to")
    _assume(session, incident, role, receiver)
    _record(session, Event.ROLE_HANDED_OVER, incident, role, receiver, actor)


def renounce(session: Session, incident: Incident, role: IncidentRole, actor: Actor) -> None:
    """Give up a role that one has; then nobody has it."""
    permissions.require(actor, Action.LEAD_INCIDENT, incident)
    instances.lock(session, incident)
    held = _held(session, incident, role).get(actor.id or "")
    if held is None:
        raise Conflict(f"You are not the {role} of {incident.number}.")
    held.renounced_at = clock.now()
    _record(session, Event.ROLE_RENOUNCED, incident, role, actor, actor)


def watch(session: Session, incident: Incident, actor: Actor) -> None:
    """Follow an incident that one sees; nothing is sent yet."""
    permissions.require(actor, Action.WATCH_INCIDENT, incident)
    _add_watcher(session, incident, actor, actor)


def add_watcher(session: Session, incident: Incident, username: str, actor: Actor) -> None:
    """Let somebody follow it who sees it; ``InvalidAnswers`` says of ``watcher`` why not."""
    permissions.require(actor, Action.LEAD_INCIDENT, incident)
    watcher = _named(session, username, "watcher")
    _require_may(watcher, Action.WATCH_INCIDENT, incident, "watcher")
    _add_watcher(session, incident, watcher, actor)


def unwatch(session: Session, incident: Incident, actor: Actor) -> None:
    """Follow it no more."""
    permissions.require(actor, Action.WATCH_INCIDENT, incident)
    _remove_watcher(session, incident, actor.id or "", actor)


def remove_watcher(session: Session, incident: Incident, person_id: str, actor: Actor) -> None:
    """Let somebody follow it no more."""
    permissions.require(actor, Action.LEAD_INCIDENT, incident)
    _remove_watcher(session, incident, person_id, actor)


def move_watchers(session: Session, duplicate: Incident, original: Incident, actor: Actor) -> None:
    """Let whoever follows a duplicate follow the original, if they see it; both are locked."""
    following = _held(session, original, WATCHER).keys()
    for person_id in _held(session, duplicate, WATCHER).keys() - following:
        watcher = accounts.actor(session, session.get_one(Person, person_id))
        if permissions.may(watcher, Action.WATCH_INCIDENT, original):
            _keep(session, original, WATCHER, watcher, clock.now())
            _record(session, Event.WATCHER_ADDED, original, WATCHER, watcher, actor)


def _assume(session: Session, incident: Incident, role: IncidentRole, holder: Actor) -> None:
    if role is WATCHER:
        raise InvalidAnswers({"role": f"Choose one of: {', '.join(LEADING)}."})
    instances.lock(session, incident)
    if incident.closed_at is not None:
        raise Conflict(f"{incident.number} is {incident.status}: nobody leads it any more.")
    held = _held(session, incident, role)
    if holder.id in held:
        raise Conflict(f"{holder.name} is the {role} of {incident.number} already.")
    at = clock.now()
    for before in held.values():
        before.renounced_at = at
    session.flush()
    _keep(session, incident, role, holder, at)


def _add_watcher(session: Session, incident: Incident, watcher: Actor, actor: Actor) -> None:
    instances.lock(session, incident)
    following = _held(session, incident, WATCHER)
    if watcher.id in following:
        raise Conflict(f"{watcher.name} follows {incident.number} already.")
    if len(following) >= MOST_WATCHERS:
        raise Conflict(f"{incident.number} has {MOST_WATCHERS} watchers already.")
    _keep(session, incident, WATCHER, watcher, clock.now())
    _record(session, Event.WATCHER_ADDED, incident, WATCHER, watcher, actor)


def _remove_watcher(session: Session, incident: Incident, person_id: str, actor: Actor) -> None:
    instances.lock(session, incident)
    held = _held(session, incident, WATCHER).get(person_id)
    if held is None:
        raise Conflict(f"They do not follow {incident.number}.")
    held.renounced_at = clock.now()
    watcher = accounts.actor(session, session.get_one(Person, person_id))
    _record(session, Event.WATCHER_REMOVED, incident, WATCHER, watcher, actor)


def _held(
    session: Session, incident: Incident, role: IncidentRole
) -> dict[str, IncidentParticipant]:
    """Person id -> the row of each who has a role now."""
    query = select(IncidentParticipant).where(
        IncidentParticipant.incident_id == incident.id,
        IncidentParticipant.role == role,
        IncidentParticipant.renounced_at.is_(None),
    )
    return {held.person_id: held for held in session.scalars(query)}


def _named(session: Session, username: str, field: str) -> Actor:
    query = select(Person).where(Person.username == username.strip(), Person.is_active)
    person = session.scalar(query)
    if person is None:
        raise InvalidAnswers({field: "There is nobody active of that username."})
    return accounts.actor(session, person)


def _require_may(person: Actor, action: Action, incident: Incident, field: str) -> None:
    if not permissions.may(person, action, incident):
        raise InvalidAnswers({field: f"{person.name} may not {action}."})


def _keep(
    session: Session, incident: Incident, role: IncidentRole, person: Actor, at: datetime
) -> None:
    session.add(
        IncidentParticipant(
            id=new_id(),
            incident_id=incident.id,
            role=role,
            person_id=person.id,
            assumed_at=at,
        )
    )


def _record(
    session: Session,
    event: Event,
    incident: Incident,
    role: IncidentRole,
    person: Actor,
    actor: Actor,
) -> None:
    session.flush()
    detail = {"role": role, "person_id": person.id, "name": person.name}
    history.record(session, incident.id, Entry(event, actor, detail=detail))
