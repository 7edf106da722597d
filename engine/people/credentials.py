"""Secrets that stand for a person: sessions, one-time sign-in links, API tokens, passwords.

Only hashes are kept. A secret is shown once, to whom it belongs.
"""

import hashlib
import secrets
from datetime import timedelta
from enum import StrEnum
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import Actor, Role
from engine.errors import InvalidAnswers, NotAllowed
from engine.history import Entry, Event
from engine.store.statement import Statement
from engine.store.tables import Credential, Grant, Person

MIN_PASSWORD_LENGTH = 15
_hasher = PasswordHash.recommended()


class CredentialKind(StrEnum):
    SESSION = "session"  # a browser that signed in
    LINK = "link"  # signs in once
    TOKEN = "token"  # noqa: S105 -- a kind, not a secret; a programme that calls the API


# Built once: it runs with every request.
_HOLDER = Statement(
    select(Person.id, Person.name, Grant.role, Grant.group_name)
    .join(Credential, Credential.person_id == Person.id)
    .outerjoin(Grant, Grant.person_id == Person.id)
    .where(
        Credential.secret_hash == bindparam("secret_hash"),
        Credential.kind == bindparam("kind"),
        Credential.expires_at > bindparam("now"),
        Person.is_active,
    )
)
_LIFETIME = {
    CredentialKind.SESSION: timedelta(hours=12),
    CredentialKind.LINK: timedelta(hours=24),
    CredentialKind.TOKEN: timedelta(days=365),
}


_USED = "This link has been used or has expired. Ask for a new one."


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(session: Session, person_id: str, kind: CredentialKind, actor: Actor) -> str:
    """Make a credential for a person and return its secret, which is not kept."""
    detail = {"kind": kind}
    history.record(session, person_id, Entry(Event.CREDENTIAL_ISSUED, actor, detail=detail))
    secret = secrets.token_urlsafe(32)
    session.add(
        Credential(
            secret_hash=digest(secret),
            kind=kind,
            person_id=person_id,
            created_at=clock.now(),
            expires_at=clock.now() + _LIFETIME[kind],
        )
    )
    return secret


def find_actor(session: Session, kind: CredentialKind, secret: str) -> Actor | None:
    """The person behind a secret that is still good, with their grants; one statement."""
    asked = {"secret_hash": digest(secret), "kind": kind, "now": clock.now()}
    rows = _HOLDER.find(session, asked)
    if not rows:
        return None
    person_id, name, _, _ = rows[0]
    grants = frozenset((Role(role), group) for _, _, role, group in rows if role)
    return Actor(person_id, name, grants)


def redeem_link(session: Session, secret: str) -> str:
    """Use a one-time link up and return the secret of a new session."""
    actor = find_actor(session, CredentialKind.LINK, secret)
    if actor is None:
        raise NotAllowed(_USED)
    if not _delete(session, secret):
        raise NotAllowed(_USED)  # somebody else used it in this moment
    return start_session(session, actor)


def authenticate(session: Session, username: str, password: str) -> Actor:
    """Whose name and password these are; slow by design, so never in a changing transaction."""
    person = session.scalar(select(Person).where(Person.username == username, Person.is_active))
    known = person.password_hash if person and person.password_hash else None
    if not _hasher.verify(password, known or _decoy()) or person is None or known is None:
        raise NotAllowed("This username and password do not belong together.")
    return Actor(person.id, person.name)


def start_session(session: Session, actor: Actor) -> str:
    """Return the secret of a new session for somebody who has just proved who they are."""
    return issue(session, actor.id or "", CredentialKind.SESSION, actor)


def sign_out(session: Session, secret: str, actor: Actor) -> None:
    _delete(session, secret)
    history.record(session, actor.id or "", Entry(Event.PERSON_SIGNED_OUT, actor))


def hash_password(password: str) -> str:
    """The hash of a password that is good enough; slow by design, so before any transaction."""
    if len(password) < MIN_PASSWORD_LENGTH:
        message = f"Use at least {MIN_PASSWORD_LENGTH} characters; a few words are easy to keep."
        raise InvalidAnswers({"password": message})
    return _hasher.hash(password)


def set_password(session: Session, password_hash: str, actor: Actor) -> None:
    """Set the actor's own password, hashed by ``hash_password``."""
    person = session.get_one(Person, actor.id)
    person.password_hash = password_hash
    history.record(session, person.id, Entry(Event.PASSWORD_SET, actor))


@cache
def _decoy() -> str:
    """Checked when there is no such person: a wrong name takes as long as a wrong password."""
    return _hasher.hash(secrets.token_urlsafe())


def _delete(session: Session, secret: str) -> bool:
    """Whether there was such a credential."""
    gone = delete(Credential).where(Credential.secret_hash == digest(secret))
    return session.scalar(gone.returning(Credential.person_id)) is not None
