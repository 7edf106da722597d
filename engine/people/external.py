"""People whom an OpenID Connect provider knows: who they are here, and what its groups make them.

An identity is an issuer with a subject, never an e-mail address: addresses are given to others.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import SYSTEM, Actor
from engine.errors import Conflict, NotAllowed, NotFound
from engine.history import Entry, Event
from engine.people import accounts, passkeys
from engine.people.providers import Provider
from engine.store.tables import ExternalIdentity, Person

logger = logging.getLogger("steadyhand.people")

_LONGEST_NAME = 120
_LONGEST_USERNAME = 60  # leaves room for a number
_NOT_IN_USERNAMES = re.compile(r"[^a-z0-9._@+-]+")


@dataclass(frozen=True)
class Identity:
    """Somebody as the provider tells of them, at this sign-in."""

    issuer: str
    subject: str
    name: str = ""
    username: str = ""
    groups: frozenset[str] = frozenset()


def sign_in(session: Session, provider: Provider, identity: Identity) -> Actor:
    """Whose identity it is; their grants are what the provider says from now on.

    ``NotAllowed`` for whom nobody knows here, unless the provider may add people.
    """
    person = _holder(session, identity) or _welcome(session, provider, identity)
    if not person.is_active:
        raise NotAllowed("Your account here is closed. Ask an administrator to open it again.")
    _take_over_grants(session, provider, identity, person)
    return Actor(person.id, person.name)


def link(session: Session, provider: Provider, identity: Identity, actor: Actor) -> None:
    """Let the actor sign in by this identity from now on; ``Conflict`` if it is somebody else's."""
    holder = _holder(session, identity)
    if holder is not None and holder.id != actor.id:
        raise Conflict(f"Somebody else signs in by this identity of {provider.name} already.")
    if holder is None:
        with _first():
            _add(session, provider, identity, actor.id or "", actor)


def unlink(session: Session, issuer: str, subject: str, actor: Actor) -> None:
    """Take one of the actor's own identities away; ``Conflict`` if it is their only way in."""
    mine = of_person(session, actor.id or "")
    if not any((each.issuer, each.subject) == (issuer, subject) for each in mine):
        raise NotFound("This identity is not linked to you.")
    if len(mine) == 1 and not _has_another_way_in(session, actor.id or ""):
        raise Conflict("This is your only way to sign in. Set a password first.")
    session.execute(delete(ExternalIdentity).where(*_is(issuer, subject)))
    detail = {"issuer": issuer, "subject": subject}
    history.record(session, actor.id or "", Entry(Event.IDENTITY_UNLINKED, actor, detail=detail))


def of_person(session: Session, person_id: str) -> list[ExternalIdentity]:
    """By which identities somebody signs in, the oldest first."""
    query = select(ExternalIdentity).where(ExternalIdentity.person_id == person_id)
    return list(session.scalars(query.order_by(ExternalIdentity.created_at)))


def _holder(session: Session, identity: Identity) -> Person | None:
    """Locked, so that two sign-ins of one person do not both change their grants."""
    query = (
        select(Person)
        .join(ExternalIdentity, ExternalIdentity.person_id == Person.id)
        .where(*_is(identity.issuer, identity.subject))
        .with_for_update(of=Person)
    )
    return session.scalar(query)


def _welcome(session: Session, provider: Provider, identity: Identity) -> Person:
    """Add somebody whom nobody knows here yet, if the provider may."""
    if not provider.settings.adds_people:
        raise NotAllowed(
            f"{provider.name} knows you, but nobody here is linked to you. Ask an administrator to "
            "add you; if you have an account, sign in to it and link your identity there."
        )
    username = next(name for name in _usernames(identity) if accounts.find(session, name) is None)
    name = (identity.name or username)[:_LONGEST_NAME]
    with _first():
        person = accounts.add(session, username, name, [], SYSTEM)
        _add(session, provider, identity, person.id, SYSTEM)
    return person


@contextmanager
def _first() -> Iterator[None]:
    """Of two who add the same person or identity at one time, the later one gives way."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict("You signed in twice in this moment. Try again.") from error


def _usernames(identity: Identity) -> Iterator[str]:
    """Names for them here, the best first; a name is no proof of being somebody."""
    wanted = _NOT_IN_USERNAMES.sub("", identity.username.lower())[:_LONGEST_USERNAME] or "person"
    yield wanted
    yield from (f"{wanted}{number}" for number in count(2))


def _add(
    session: Session, provider: Provider, identity: Identity, person_id: str, actor: Actor
) -> None:
    session.add(
        ExternalIdentity(
            issuer=identity.issuer,
            subject=identity.subject,
            person_id=person_id,
            created_at=clock.now(),
        )
    )
    session.flush()
    detail = {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "provider": provider.name,
    }
    history.record(session, person_id, Entry(Event.IDENTITY_LINKED, actor, detail=detail))


def _take_over_grants(
    session: Session, provider: Provider, identity: Identity, person: Person
) -> None:
    """The provider decides about the grants that its mapping names; any others stay."""
    current = frozenset(accounts.grants(session, person.id))
    wanted = (current - provider.mapping.mapped) | provider.mapping.granted(identity.groups)
    try:
        accounts.set_grants(session, person, wanted, Actor(None, provider.name))
    except Conflict as error:
        # The last administrator: who else could put the mapping right?
        logger.warning("The grants of person %s stay as they are: %s", person.id, error)


def _has_another_way_in(session: Session, person_id: str) -> bool:
    has_password = session.get_one(Person, person_id).password_hash is not None
    return has_password or bool(passkeys.of(session, person_id))


def _is(issuer: str, subject: str) -> tuple[ColumnElement[bool], ...]:
    return ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject
