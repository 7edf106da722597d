"""A directory's users: the people that it has added, until it removes them.

A person whom it removes stays, since the history names them, but nobody signs in as them any more,
and their username is free for somebody else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from engine import history, plain_text
from engine.actors import Actor
from engine.errors import NotFound, StaleVersion, Taken
from engine.history import Entry, Event
from engine.people import accounts
from engine.people.administration import checked_name, checked_username
from engine.people.directory import (
    Page,
    Wanted,
    changing,
    checked,
    fingerprint,
    memberships,
    on_page,
    require,
)
from engine.people.grants import GroupMapping
from engine.store.tables import DirectoryGroup, Person

# Whoever belongs to a customer is not the directory's, were they so once.
KEPT = (Person.external_id.is_not(None), Person.organisation_id.is_(None))
_COLUMNS = {
    "id": Person.id,
    "userName": Person.username,
    "externalId": Person.external_id,
    "displayName": Person.name,
}
_STALE = "This user was changed since. Read it again."


@dataclass(frozen=True)
class Description:
    """What a directory says of somebody."""

    username: str  # upper and lower case are one
    name: str | None = None  # without one, the username
    external_id: str | None = None
    is_active: bool | None = None  # ``None`` leaves it as it is


@dataclass(frozen=True)
class User:
    person: Person
    groups: tuple[DirectoryGroup, ...]

    @property
    def external_id(self) -> str | None:
        """What the directory calls them, if it said so."""
        return None if self.person.external_id == self.person.id else self.person.external_id

    @property
    def version(self) -> str:
        """A fingerprint of all that is said about them."""
        person = self.person
        groups = [(group.id, group.name) for group in self.groups]
        return fingerprint(person.username, person.name, self.external_id, person.is_active, groups)


def find(session: Session, wanted: Wanted, actor: Actor) -> Page[User]:
    """Those who have the wanted value, by username."""
    require(actor)
    if not wanted.is_anything:
        return Page([], 0)
    query = select(Person).where(*KEPT, *_has(wanted)).order_by(Person.username, Person.id)
    page = on_page(session, query, wanted)
    return Page(_described(session, page.items), page.total)


def get(session: Session, user_id: str, actor: Actor) -> User:
    """One of them; ``NotFound`` for whom the directory does not keep."""
    require(actor)
    query = select(Person).where(Person.id == user_id, *KEPT)
    person = session.scalar(query) if plain_text.is_plain(user_id) else None
    if person is None:
        raise NotFound("There is no such user.")
    return _described(session, [person])[0]


def add(session: Session, description: Description, actor: Actor) -> User:
    """Add somebody without a password or a role; ``Taken`` if there is such a person already."""
    with changing(session, actor):
        username, name, external_id = _checked(description)
        _require_free(session, username, external_id, but=None)
        person = accounts.add(session, username, name, [], actor)
        _describe(session, person, {"external_id": external_id or person.id}, actor)
        _let_in_or_out(session, person, description, actor)
    return get(session, person.id, actor)


def change(
    session: Session,
    user_id: str,
    said: Callable[[User], Description],
    actor: Actor,
    version: str | None = None,
) -> User:
    """Say of somebody what ``said`` makes of them as they are now.

    ``StaleVersion`` if they are not as they were seen.
    """
    with changing(session, actor):
        user = _locked(session, user_id, actor, version)
        person, description = user.person, said(user)
        username, name, external_id = _checked(description)
        _require_free(session, username, external_id, but=person)
        now = {"username": username, "name": name, "external_id": external_id or person.id}
        _describe(session, person, now, actor)
        _let_in_or_out(session, person, description, actor)
    return get(session, user_id, actor)


def remove(
    session: Session,
    user_id: str,
    mapping: GroupMapping,
    actor: Actor,
    version: str | None = None,
) -> None:
    """Lock somebody out for good: their sessions and tokens end, and what their groups gave."""
    with changing(session, actor):
        person = _locked(session, user_id, actor, version).person
        accounts.deactivate(session, person, actor)
        memberships.leave_all(session, person, mapping, actor)
        _describe(session, person, {"username": f"removed-{person.id}", "external_id": None}, actor)


def _has(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.attribute == "userName":
        yield Person.username == wanted.value.lower()
    elif wanted.attribute == "displayName":
        yield func.lower(Person.name) == func.lower(wanted.value)
    elif wanted.attribute is not None:
        yield _COLUMNS[wanted.attribute] == wanted.value


def _described(session: Session, people: Iterable[Person]) -> list[User]:
    asked = list(people)
    groups = memberships.of_people(session, [person.id for person in asked])
    return [User(person, tuple(groups[person.id])) for person in asked]


def _locked(session: Session, user_id: str, actor: Actor, version: str | None) -> User:
    """Somebody as they are now, kept so until the change is made."""
    get(session, user_id, actor)
    session.get_one(Person, user_id, with_for_update=True, populate_existing=True)
    user = get(session, user_id, actor)
    if version not in (None, user.version):
        raise StaleVersion(_STALE)
    return user


def _checked(description: Description) -> tuple[str, str, str | None]:
    username = checked_username(description.username.lower())
    name = checked_name(description.name or username)
    external_id = description.external_id
    return username, name, checked("externalId", external_id) if external_id else None


def _require_free(
    session: Session, username: str, external_id: str | None, *, but: Person | None
) -> None:
    """Nobody else has these names, were they somebody of whom the directory does not know."""
    same = [Person.username == username]
    if external_id:
        same.append(Person.external_id == external_id)
    query = select(Person.id).where(or_(*same), Person.id != (but.id if but else ""))
    if session.scalar(query.limit(1)) is not None:
        raise Taken("There is already somebody with this userName or externalId.")


def _describe(
    session: Session, person: Person, said: Mapping[str, str | None], actor: Actor
) -> None:
    """Write down what is new about somebody, with its history."""
    changes = {
        field: (getattr(person, field), new)
        for field, new in said.items()
        if getattr(person, field) != new
    }
    if not changes:
        return
    for field, (_, new) in changes.items():
        setattr(person, field, new)
    session.flush()
    history.record(session, person.id, Entry(Event.PERSON_CHANGED, actor, changes=changes))


def _let_in_or_out(
    session: Session, person: Person, description: Description, actor: Actor
) -> None:
    if description.is_active is True:
        accounts.activate(session, person, actor)
    elif description.is_active is False:
        accounts.deactivate(session, person, actor)
