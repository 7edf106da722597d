"""Incidents that belong together: parent and child, duplicates, and what is related.

Whoever changes a relation holds the processes of both incidents, locked in the order of their ids.
No entry of the history names the other incident: not everybody who reads it may know of that one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session

from engine import clock, history, incidents, instances, participants, plain_text, references
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.instances import Reason
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Incident, IncidentRelation, IncidentStatus, RelationKind

DUPLICATE = "duplicate"  # the resolution code of one
LONGEST_NUMBER = 36  # or id


class Side(StrEnum):
    """What an incident is to the other one of a relation."""

    CHILD_OF = "child_of"
    PARENT_OF = "parent_of"
    DUPLICATE_OF = "duplicate_of"
    DUPLICATED_BY = "duplicated_by"
    RELATED_TO = "related_to"


ADDABLE = (Side.CHILD_OF, Side.PARENT_OF, Side.RELATED_TO)
OF_DUPLICATES = (Side.DUPLICATE_OF, Side.DUPLICATED_BY)

# As its first incident sees it, and as its second does.
_SIDES = {
    RelationKind.CHILD_OF: (Side.CHILD_OF, Side.PARENT_OF),
    RelationKind.DUPLICATE_OF: (Side.DUPLICATE_OF, Side.DUPLICATED_BY),
    RelationKind.RELATED_TO: (Side.RELATED_TO, Side.RELATED_TO),
}


@dataclass(frozen=True)
class Related:
    """A relation as one of its incidents sees it, with what may be told of the other one."""

    id: str
    side: Side
    incident_id: str  # of the other one
    number: str
    title: str
    status: IncidentStatus
    added_by: str
    added_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class _Pair:
    """Two incidents in the order in which a relation keeps them."""

    kind: RelationKind
    first: Incident
    second: Incident


def find(session: Session, incident: Incident, actor: Actor) -> list[Related]:
    """Relations of an incident that they see, the oldest first, to others that they see as well.

    Withdrawn ones too, but to customers, who do not read who of us does what.
    """
    is_first = IncidentRelation.incident_id == incident.id
    other_id = case((is_first, IncidentRelation.other_id), else_=IncidentRelation.incident_id)
    query = (
        select(IncidentRelation, Incident.number, Incident.title, Incident.status)
        .join(Incident, Incident.id == other_id)
        .where(_of(incident))
        .order_by(IncidentRelation.added_at, IncidentRelation.id)
    )
    is_ours = permissions.may(actor, Action.READ_INSIDE, incident)
    if not is_ours:
        query = query.where(IncidentRelation.withdrawn_at.is_(None))
    rows = session.execute(permissions.visible(query, actor, Action.READ_INCIDENT))
    return [
        Related(
            id=relation.id,
            side=_side(relation, incident.id),
            incident_id=_other_id(relation, incident),
            number=number,
            title=title,
            status=status,
            added_by=relation.added_by if is_ours else "",
            added_at=relation.added_at,
            withdrawn_at=relation.withdrawn_at,
        )
        for relation, number, title, status in rows
    ]


def get(session: Session, incident: Incident, relation_id: str, actor: Actor) -> Related:
    for related in find(session, incident, actor):
        if related.id == relation_id:
            return related
    raise NotFound("There is no such relation.")


def add(session: Session, incident: Incident, side: Side, number: str, actor: Actor) -> Related:
    """Say what an incident is to another one that the actor sees.

    ``InvalidAnswers`` names a ``number`` that is none, ``Conflict`` says what does not fit. A
    duplicate is made by ``close_as_duplicate``.
    """
    permissions.require(actor, Action.RELATE_INCIDENT, incident)
    other = _other(session, incident, number, actor)
    pair = _pair(incident, side, other)
    _lock(session, (incident, other))
    _require_room(session, pair)
    return get(session, incident, _keep(session, pair, actor).id, actor)


def withdraw(
    session: Session, incident: Incident, relation_id: str, reason: str, actor: Actor
) -> Related:
    """Let two incidents belong together no more; a duplicate stays one."""
    permissions.require(actor, Action.RELATE_INCIDENT, incident)
    seen = get(session, incident, relation_id, actor)
    text = instances.checked(Reason(reason))
    _lock(session, (incident, session.get_one(Incident, seen.incident_id)))
    relation = session.get_one(IncidentRelation, relation_id, populate_existing=True)
    if relation.withdrawn_at is not None:
        raise Conflict("This relation is withdrawn already.")
    if relation.kind is RelationKind.DUPLICATE_OF:
        raise Conflict("A duplicate is closed and stays one. Report anew what is none.")
    _end(session, relation, actor, reason=text)
    return get(session, incident, relation_id, actor)


def close_as_duplicate(
    session: Session, incident: Incident, number: str, reason: Reason, actor: Actor
) -> None:
    """Cancel an incident that is the same as another one, which takes over what it is tied to."""
    permissions.require(actor, Action.CONTROL_PROCESS, incident)
    original = _other(session, incident, number, actor)
    affected = {one.id: one for one in (*_others(session, incident), incident, original)}
    _lock(session, affected.values())
    if any(one.id not in affected for one in _others(session, incident)):
        raise Conflict("Somebody else changed its relations just now. Look at them again.")
    if original.closed_at is not None:
        raise Conflict(f"{original.number} is {original.status}: no work goes on there.")
    instances.cancel(session, incident, reason, actor, resolution_code=DUPLICATE)
    pair = _Pair(RelationKind.DUPLICATE_OF, incident, original)
    for relation in _live(session, incident):
        _take_over(session, relation, affected[_other_id(relation, incident)], pair, actor)
    references.take_over(session, incident, original, actor)
    participants.move_watchers(session, incident, original, actor)
    _keep(session, pair, actor)


def note_recurrence(session: Session, incident: Incident, earlier: Incident, actor: Actor) -> None:
    """Relate an incident that was just opened to one that has ended and begins again."""
    instances.lock(session, earlier)
    _keep(session, _pair(incident, Side.RELATED_TO, earlier), actor)


def _other(session: Session, incident: Incident, number: str, actor: Actor) -> Incident:
    name = plain_text.checked("number", number, LONGEST_NUMBER, "Name the other incident.")
    try:
        other = incidents.get(session, name, actor)
    except NotFound as error:
        raise InvalidAnswers({"number": "There is no incident of this number."}) from error
    if other.id == incident.id:
        raise InvalidAnswers({"number": f"This is {incident.number} itself."})
    permissions.require(actor, Action.RELATE_INCIDENT, other)
    return other


def _pair(incident: Incident, side: Side, other: Incident) -> _Pair:
    if side is Side.RELATED_TO:
        # The older one first: from whichever side they are related, it is one relation.
        first, second = sorted((incident, other), key=_id)
        return _Pair(RelationKind.RELATED_TO, first, second)
    kind, sides = next((kind, sides) for kind, sides in _SIDES.items() if side in sides)
    is_first = side is sides[0]
    return _Pair(kind, incident, other) if is_first else _Pair(kind, other, incident)


def _id(incident: Incident) -> str:
    return incident.id


def _side(relation: IncidentRelation, incident_id: str) -> Side:
    first, second = _SIDES[relation.kind]
    return first if relation.incident_id == incident_id else second


def _of(incident: Incident) -> ColumnElement[bool]:
    return or_(
        IncidentRelation.incident_id == incident.id, IncidentRelation.other_id == incident.id
    )


def _live(session: Session, incident: Incident) -> list[IncidentRelation]:
    query = select(IncidentRelation).where(_of(incident), IncidentRelation.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(IncidentRelation.id)))


def _others(session: Session, incident: Incident) -> list[Incident]:
    """What an incident has relations to."""
    ids = {_other_id(relation, incident) for relation in _live(session, incident)}
    return list(session.scalars(select(Incident).where(Incident.id.in_(ids))))


def _other_id(relation: IncidentRelation, incident: Incident) -> str:
    is_first = relation.incident_id == incident.id
    return relation.other_id if is_first else relation.incident_id


def _lock(session: Session, affected: Iterable[Incident]) -> None:
    """All in one order, so that no two who change the same incidents wait for each other."""
    for each in sorted(affected, key=_id):
        instances.lock(session, each)


def _require_room(session: Session, pair: _Pair) -> None:
    if obstacle := _obstacle(session, pair):
        raise Conflict(obstacle)


def _obstacle(session: Session, pair: _Pair) -> str | None:
    """Why the two cannot be related so; both are locked, so that it stays true."""
    first, second = pair.first, pair.second
    of_first = _live(session, first)
    if any(one.kind is pair.kind and one.other_id == second.id for one in of_first):
        return f"{first.number} and {second.number} are related so already."
    if pair.kind is not RelationKind.CHILD_OF:
        return None
    sides_of_first = {_side(one, first.id) for one in of_first}
    if Side.CHILD_OF in sides_of_first:
        return f"{first.number} has a parent already. Withdraw that relation first."
    # Two levels: so no chain of parents comes back to where it began, whoever adds at one time.
    if Side.PARENT_OF in sides_of_first:
        return f"{first.number} has children, so it can be no child."
    if Side.CHILD_OF in {_side(one, second.id) for one in _live(session, second)}:
        return f"{second.number} is a child, so it can have none. Name its parent instead."
    return None


def _take_over(
    session: Session, relation: IncidentRelation, other: Incident, merged: _Pair, actor: Actor
) -> None:
    """Let the original have a relation of its duplicate to another one, where it can."""
    duplicate, original = merged.first, merged.second
    if other.id == original.id:
        return
    side = _side(relation, duplicate.id)
    pair = _pair(original, side, other)
    if side in (Side.PARENT_OF, Side.DUPLICATED_BY):  # of which the other one has a single one
        _end(session, relation, actor)
        _require_room(session, pair)
        _keep(session, pair, actor)
    elif _obstacle(session, pair) is None:
        _keep(session, pair, actor)


def _keep(session: Session, pair: _Pair, actor: Actor) -> IncidentRelation:
    kept = IncidentRelation(
        id=new_id(),
        kind=pair.kind,
        incident_id=pair.first.id,
        other_id=pair.second.id,
        added_by=actor.name,
        added_at=clock.now(),
    )
    session.add(kept)
    _record(session, Event.RELATION_ADDED, kept, actor)
    return kept


def _end(session: Session, relation: IncidentRelation, actor: Actor, **detail: str) -> None:
    relation.withdrawn_at = clock.now()
    _record(session, Event.RELATION_WITHDRAWN, relation, actor, **detail)


def _record(
    session: Session, event: Event, relation: IncidentRelation, actor: Actor, **detail: str
) -> None:
    """Once in the history of each of the two."""
    session.flush()
    both = (relation.incident_id, relation.other_id)
    for incident_id, side in zip(both, _SIDES[relation.kind], strict=True):
        told = {"relation_id": relation.id, "side": side, **detail}
        history.record(session, incident_id, Entry(event, actor, detail=told))
