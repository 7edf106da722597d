"""People and their grants, whoever changes them; ``administration`` says who may.

Somebody who may let others in always remains.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import CUSTOMERS, EVERYWHERE, Actor, Role, organisation_in
from engine.errors import Conflict, InvalidAnswers, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import credentials
from engine.people.grants import Granted, in_order, misfit
from engine.store.tables import Grant, Organisation, Person


@dataclass(frozen=True)
class Account:
    """A person with all that is said about them."""

    person: Person
    grants: tuple[Granted, ...]  # in order
    organisation: Organisation | None

    @property
    def version(self) -> int:
        """A fingerprint of what can be changed, to compare with what somebody has seen."""
        person = self.person
        seen = [person.name, person.organisation_id, person.is_active, *map(list, self.grants)]
        return int(hashlib.sha256(repr(seen).encode()).hexdigest(), 16) % 10**9


def add(
    session: Session,
    username: str,
    name: str,
    grants: Iterable[Granted],
    actor: Actor,
    *,
    organisation_id: str | None = None,
) -> Person:
    """Add a person without a password; they come in by a one-time link first.

    Whose customer they are follows from their grants, where ``organisation_id`` does not say it.
    """
    granted = in_order(grants)
    belongs_to = organisation_id or _customer_of(granted)
    if find(session, username) is not None:
        raise Conflict(f"There is already a person named “{username}”.")
    _require_fit(session, granted, belongs_to)
    person = Person(
        id=new_id(),
        username=username,
        name=name,
        is_active=True,
        organisation_id=belongs_to,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    _write(session, person, granted)
    changes: dict[str, tuple[None, object]] = {
        "username": (None, username),
        "name": (None, name),
        "grants": (None, _said(session, granted)),
    }
    if belongs_to:
        changes["organisation"] = (None, _organisation_name(session, belongs_to))
    history.record(session, person.id, Entry(Event.PERSON_ADDED, actor, changes=changes))
    return person


def change(
    session: Session, person: Person, *, name: str, organisation_id: str | None, actor: Actor
) -> None:
    """Give a person another name, or say anew to which organisation they belong."""
    _require_fit(session, grants(session, person.id), organisation_id)
    changes: dict[str, tuple[str | None, str | None]] = {}
    if name != person.name:
        changes["name"] = (person.name, name)
    if organisation_id != person.organisation_id:
        old, new = person.organisation_id, organisation_id
        changes["organisation"] = (
            _organisation_name(session, old),
            _organisation_name(session, new),
        )
    if changes:
        person.name, person.organisation_id = name, organisation_id
        history.record(session, person.id, Entry(Event.PERSON_CHANGED, actor, changes=changes))


def set_grants(session: Session, person: Person, granted: Iterable[Granted], actor: Actor) -> None:
    """Give a person these grants and no others; what stays the same leaves no trace."""
    old, new = grants(session, person.id), in_order(granted)
    if new == old:
        return
    _require_fit(session, new, person.organisation_id)
    if not any(role is Role.ADMINISTRATOR for role, _ in new):
        _require_another_administrator(session, person)
    for role, group in set(old) - set(new):
        gone = (Grant.person_id == person.id, Grant.role == role, Grant.group_name == group)
        session.execute(delete(Grant).where(*gone))
    _write(session, person, set(new) - set(old))
    changes = {"grants": (_said(session, old), _said(session, new))}
    history.record(session, person.id, Entry(Event.GRANTS_CHANGED, actor, changes=changes))


def deactivate(session: Session, person: Person, actor: Actor) -> None:
    """Let somebody in no more: their sessions, links and tokens end at once."""
    if not person.is_active:
        return
    if person.id == actor.id:
        raise Conflict("You cannot lock yourself out. Ask another administrator.")
    _require_another_administrator(session, person)
    person.is_active = False
    ended = credentials.end_all(session, person.id)
    history.record(
        session, person.id, Entry(Event.PERSON_DEACTIVATED, actor, detail={"ended": ended})
    )


def activate(session: Session, person: Person, actor: Actor) -> None:
    """Let somebody in again, with their grants and password; they sign in anew."""
    if not person.is_active:
        person.is_active = True
        history.record(session, person.id, Entry(Event.PERSON_ACTIVATED, actor))


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
    """The groups of ours in which somebody has a role."""
    query = select(Grant.group_name).where(Grant.group_name != EVERYWHERE).distinct()
    return sorted(group for group in session.scalars(query) if organisation_in(group) is None)


def grants(session: Session, person_id: str) -> tuple[Granted, ...]:
    """What a person has been granted, in order."""
    rows = session.execute(select(Grant.role, Grant.group_name).where(Grant.person_id == person_id))
    return in_order((Role(role), group) for role, group in rows)


def actor(session: Session, person: Person) -> Actor:
    """Somebody who is not here now, to ask what they may."""
    return Actor(person.id, person.name, frozenset(grants(session, person.id)))


def described(session: Session, people: Iterable[Person]) -> list[Account]:
    """The same people, with their grants and organisations."""
    asked = list(people)
    held: dict[str, list[Granted]] = {person.id: [] for person in asked}
    for grant in session.scalars(select(Grant).where(Grant.person_id.in_(held))):
        held[grant.person_id].append((Role(grant.role), grant.group_name))
    belong = {person.organisation_id for person in asked}
    found = session.scalars(select(Organisation).where(Organisation.id.in_(belong - {None})))
    organisations = {organisation.id: organisation for organisation in found}
    return [
        Account(person, in_order(held[person.id]), organisations.get(person.organisation_id or ""))
        for person in asked
    ]


def lock_administrators(session: Session) -> set[str]:
    """Ids of those who let others in, and nobody changes that until the transaction ends.

    Whoever changes people takes this lock first: of two who go at once, the later one stays.
    """
    query = (
        select(Person.id)
        .join(Grant, Grant.person_id == Person.id)
        .where(Grant.role == Role.ADMINISTRATOR, Person.is_active)
        .order_by(Person.id)
        .with_for_update()
    )
    return set(session.scalars(query))


def _write(session: Session, person: Person, granted: Iterable[Granted]) -> None:
    rows = (Grant(person_id=person.id, role=role, group_name=group) for role, group in granted)
    session.add_all(rows)
    session.flush()


def _customer_of(granted: Iterable[Granted]) -> str | None:
    bound = (organisation_in(group) for role, group in granted if role in CUSTOMERS)
    return next(filter(None, bound), None)


def _require_fit(session: Session, granted: Iterable[Granted], organisation_id: str | None) -> None:
    """Each role is bound to what it can be bound to, and a customer to where they belong."""
    if organisation_id and session.get(Organisation, organisation_id) is None:
        raise InvalidAnswers({"organisation": "There is no such organisation."})
    for each in granted:
        problem = misfit(each, organisation_id)
        if problem:
            raise InvalidAnswers({"grants": problem})


def _require_another_administrator(session: Session, person: Person) -> None:
    if lock_administrators(session) == {person.id}:
        raise Conflict(f"{person.name} is the last administrator. Make somebody else one first.")


def _said(session: Session, granted: Iterable[Granted]) -> list[str]:
    """As the history tells them: ``responder in Service Desk``, ``customer in North Motors``."""
    named = (
        (role, _organisation_name(session, organisation_in(group)) or group)
        for role, group in granted
    )
    return [f"{role} in {where}" if where else str(role) for role, where in named]


def _organisation_name(session: Session, organisation_id: str | None) -> str | None:
    return session.get_one(Organisation, organisation_id).name if organisation_id else None
