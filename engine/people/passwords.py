"""Passwords: kept as argon2 hashes, which take a while to make and to check, by design."""

import secrets
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history
from engine.actors import Actor
from engine.errors import InvalidAnswers, NotAllowed
from engine.history import Entry, Event
from engine.people import credentials
from engine.store.tables import Person

MIN_LENGTH = 15
_hasher = PasswordHash.recommended()


def hash_password(password: str) -> str:
    """The hash of a password that is good enough; slow, so before any transaction."""
    if len(password) < MIN_LENGTH:
        message = f"Use at least {MIN_LENGTH} characters; a few words are easy to keep."
        raise InvalidAnswers({"password": message})
    return _hasher.hash(password)


def set_password(
    session: Session, password_hash: str, actor: Actor, *, keep: str | None = None
) -> None:
    """Set the actor's own password; their sessions end, but the one with the secret ``keep``."""
    person = session.get_one(Person, actor.id)
    person.password_hash = password_hash
    history.record(session, person.id, Entry(Event.PASSWORD_SET, actor))
    credentials.revoke_sessions(session, person.id, actor, but=keep)


def authenticate(session: Session, username: str, password: str) -> Actor:
    """Whose name and password these are; slow, so never in a changing transaction."""
    person = session.scalar(select(Person).where(Person.username == username, Person.is_active))
    known = person.password_hash if person and person.password_hash else None
    if not _hasher.verify(password, known or _decoy()) or person is None or known is None:
        raise NotAllowed("This username and password do not belong together.")
    return Actor(person.id, person.name)


@cache
def _decoy() -> str:
    """Checked when there is no such person: a wrong name takes as long as a wrong password."""
    return _hasher.hash(secrets.token_urlsafe())
