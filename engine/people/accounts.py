"""People and their grants."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import Actor, Role
from engine.errors import Conflict, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.store.tables import Grant, Person


def add(
    session: Session, username: str, name: str, grants: Iterable[tuple[Role, str]], actor: Actor
) -> Person:
    """Add a person without a password; they come in by a one-time link first."""
    granted = sorted(set(grants))
    if find(session, username) is not None:
        raise Conflict(f"There is already a person named “{username}”.")
    person = Person(
        id=new_id(), username=username, name=name, is_active=True, created_at=clock.now()
    )
    session.add(person)
    session.flush()
    for role, group_name in granted:
        session.add(Grant(person_id=person.id, role=role, group_name=group_name))
    said = [f"{role} in {group}" if group else str(role) for role, group in granted]
    changes = {"username": (None, username), "name": (None, name), "grants": (None, said)}
    history.record(session, person.id, Entry(Event.PERSON_ADDED, actor, changes=changes))
    return person


def find(session: Session, username: str) -> Person | None:
    return session.scalar(select(Person).where(Person.username == username))


def get(session: Session, username: str) -> Person:
    person = find(session, username)
    if person is None:
        raise NotFound(f"There is no person named “{username}”.")
    return person


def is_nobody_there(session: Session) -> bool:
    """Whether this installation has no people yet."""
    return session.scalar(select(Person.id).limit(1)) is None


def names(session: Session, person_ids: Iterable[str]) -> dict[str, str]:
    """Id -> name of those people."""
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(set(person_ids))))
    return {row.id: row.name for row in rows}


def groups(session: Session) -> list[str]:
    """The groups in which somebody has a role."""
    query = select(Grant.group_name).where(Grant.group_name != "").distinct()
    return sorted(session.scalars(query))
