"""The signatures of an incident, for whoever may read its audit trace."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import NotFound
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Incident, Person, Signature, Task


@dataclass(frozen=True)
class Signed:
    """A signature with the names of who gave it, and of what they did."""

    signature: Signature
    name: str
    task_name: str


_SIGNED = (
    select(Signature, Person.name, Task.name)
    .join(Person, Person.id == Signature.person_id)
    .join(Task, Task.id == Signature.task_id)
)


def find(
    session: Session,
    incident: Incident,
    actor: Actor,
    *,
    after: str = "",
    limit: int = 50,
) -> list[Signed]:
    """The oldest first, as their ids sort; ``after`` is the id of the last one already seen."""
    permissions.require(actor, Action.READ_AUDIT, incident)
    query = _SIGNED.where(Signature.incident_id == incident.id, Signature.id > after)
    found = session.execute(query.order_by(Signature.id).limit(limit))
    return [Signed(*row) for row in found]


def get(session: Session, incident: Incident, signature_id: str, actor: Actor) -> Signature:
    """One signature of an incident; ``NotFound`` for those of others."""
    permissions.require(actor, Action.READ_AUDIT, incident)
    signature = session.get(Signature, signature_id)
    if signature is None or signature.incident_id != incident.id:
        raise NotFound(f"There is no such signature in {incident.number}.")
    return signature
