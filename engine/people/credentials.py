"""Secrets that stand for a person: sessions, one-time sign-in links, API tokens.

Only hashes are kept. A secret is shown once, to whom it belongs.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, delete, select, union_all, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import Actor, Role
from engine.errors import NotAllowed, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import absences
from engine.store.statement import Statement
from engine.store.tables import Absence, Credential, Grant, Person

LONGEST_SESSION = timedelta(hours=12)
FRESH = timedelta(minutes=10)
LONGEST_LABEL = 120
_IDLE = timedelta(minutes=30)  # after which a session ends that nobody uses
_NOTED = timedelta(minutes=5)  # how often the use of a credential is written down
_REFERENCE = 16  # characters of the hash, for a credential from before they had an id


class CredentialKind(StrEnum):
    SESSION = "session"  # a browser that signed in
    LINK = "link"  # signs in once
    TOKEN = "token"  # noqa: S105 -- a kind, not a secret; a programme that calls the API


class Scope(StrEnum):
    READ = "read"  # an API token that changes nothing
    WRITE = "write"  # whatever its person may do
    SCIM = "scim"  # a directory that keeps people and groups here, and does nothing else


@dataclass(frozen=True)
class Holder:
    """Whom a good secret stands for, and what it is."""

    actor: Actor
    kind: CredentialKind
    secret_hash: str
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None


_HELD = (Credential.scope, Credential.created_at, Credential.last_used_at)
_GOOD = (
    Credential.secret_hash == bindparam("secret_hash"),
    Credential.kind == bindparam("kind"),
    Credential.expires_at > bindparam("now"),
    Person.is_active,
)
_OWN = (
    select(Person.id, Person.name, Grant.role, Grant.group_name, *_HELD)
    .join(Credential, Credential.person_id == Person.id)
    .outerjoin(Grant, Grant.person_id == Person.id)
    .where(*_GOOD)
)
_IN_PLACE_OF_OTHERS = (
    select(Person.id, Person.name, Grant.role, Grant.group_name, *_HELD)
    .join(Credential, Credential.person_id == Person.id)
    .join(Absence, Absence.deputy_id == Person.id)
    .join(Grant, Grant.person_id == Absence.person_id)
    .where(*_GOOD, *absences.NOW, Grant.role.in_(absences.DEPUTISED))
)
# Built once: it runs with every request.
_HOLDER = Statement(union_all(_OWN, _IN_PLACE_OF_OTHERS))
_LIFETIME = {
    CredentialKind.SESSION: _IDLE,
    CredentialKind.LINK: timedelta(hours=24),
    CredentialKind.TOKEN: timedelta(days=365),
}


_USED = "This link has been used or has expired. Ask for a new one."


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(
    session: Session,
    person_id: str,
    kind: CredentialKind,
    actor: Actor,
    *,
    label: str = "",
    scope: Scope = Scope.WRITE,
    lifetime: timedelta | None = None,
) -> str:
    """Make a credential for a person and return its secret, which is not kept."""
    now, made_id = clock.now(), new_id()
    expires_at = now + (lifetime or _LIFETIME[kind])
    detail: dict[str, object] = {"kind": kind, "id": made_id}
    if kind is CredentialKind.TOKEN:
        detail |= {"label": label, "scope": scope, "expires_at": expires_at}
    history.record(session, person_id, Entry(Event.CREDENTIAL_ISSUED, actor, detail=detail))
    secret = _secret(kind, made_id)
    session.add(
        Credential(
            secret_hash=digest(secret),
            kind=kind,
            person_id=person_id,
            created_at=now,
            expires_at=expires_at,
            id=made_id,
            label=label,
            scope=scope if kind is CredentialKind.TOKEN else None,
            last_used_at=now if kind is CredentialKind.SESSION else None,
        )
    )
    return secret


def find_actor(session: Session, kind: CredentialKind, secret: str) -> Actor | None:
    """The person behind a secret that is still good, with their grants."""
    holder = find_holder(session, kind, secret)
    return holder.actor if holder else None


def find_holder(session: Session, kind: CredentialKind, secret: str) -> Holder | None:
    """The same, with what is known of the secret itself; one statement."""
    secret_hash = digest(secret)
    asked = {"secret_hash": secret_hash, "kind": kind, "now": clock.now()}
    rows = _HOLDER.find(session, asked)
    if not rows:
        return None
    person_id, name, _, _, scope, created_at, last_used_at = rows[0]
    grants = frozenset((Role(role), group) for _, _, role, group, *_ in rows if role)
    held = Scope(scope or Scope.WRITE)  # tokens from before they had one may write
    is_directory = held is Scope.SCIM
    return Holder(
        actor=Actor(
            person_id, name, frozenset() if is_directory else grants, is_directory=is_directory
        ),
        kind=kind,
        secret_hash=secret_hash,
        scope=held,
        created_at=created_at,
        last_used_at=last_used_at,
    )


def is_use_due(holder: Holder) -> bool:
    """Whether its use has not been written down for some minutes."""
    return clock.now() - (holder.last_used_at or holder.created_at) >= _NOTED


def note_use(session: Session, holder: Holder) -> None:
    """Write down that a credential is in use, by which a session goes on; no change to record."""
    now = clock.now()
    values: dict[str, datetime] = {"last_used_at": now}
    if holder.kind is CredentialKind.SESSION:
        values["expires_at"] = min(now + _IDLE, holder.created_at + LONGEST_SESSION)
    # One that has ended meanwhile stays ended.
    good = (Credential.secret_hash == holder.secret_hash, Credential.expires_at > now)
    session.execute(update(Credential).where(*good).values(**values))


def is_fresh(session: Session, secret: str | None, actor: Actor) -> bool:
    """Whether this is a session of the actor that they began within the last ten minutes."""
    holder = find_holder(session, CredentialKind.SESSION, secret or "")
    if holder is None or holder.actor.id != actor.id:
        return False
    return clock.now() - holder.created_at <= FRESH


def use_link(session: Session, secret: str) -> Actor:
    """Use a one-time link up: whose it was; ``NotAllowed`` the second time."""
    actor = find_actor(session, CredentialKind.LINK, secret)
    if actor is None:
        raise NotAllowed(_USED)
    if _delete(session, secret, CredentialKind.LINK) is None:
        raise NotAllowed(_USED)  # somebody else used it in this moment
    return actor


def start_session(
    session: Session, actor: Actor, *, label: str = "", instead_of: str | None = None
) -> str:
    """Return the secret of a new session for somebody who has just proved who they are.

    ``instead_of`` is the secret that the browser brought along: that session ends.
    """
    if instead_of:
        person_id = _delete(session, instead_of, CredentialKind.SESSION)
        if person_id:
            _record_revoked(session, person_id, actor, kind=CredentialKind.SESSION)
    shown = label[:LONGEST_LABEL]
    return issue(session, actor.id or "", CredentialKind.SESSION, actor, label=shown)


def sign_out(session: Session, secret: str, actor: Actor) -> None:
    _delete(session, secret, CredentialKind.SESSION)
    history.record(session, actor.id or "", Entry(Event.PERSON_SIGNED_OUT, actor))


def of_person(session: Session, person_id: str, kind: CredentialKind) -> list[Credential]:
    """A person's credentials of a kind that are still good, the newest first."""
    query = (
        select(Credential)
        .where(
            Credential.person_id == person_id,
            Credential.kind == kind,
            Credential.expires_at > clock.now(),
        )
        .order_by(Credential.created_at.desc(), Credential.secret_hash)
    )
    return list(session.scalars(query))


def reference(credential: Credential) -> str:
    """What names a credential on a page: its id, or the start of its hash for an old one."""
    return credential.id or credential.secret_hash[:_REFERENCE]


def revoke(
    session: Session, person_id: str, kind: CredentialKind, named: str, actor: Actor
) -> None:
    """End one credential of a person, by its ``reference``; ``NotFound`` if they have no such."""
    found = (c for c in of_person(session, person_id, kind) if reference(c) == named)
    credential = next(found, None)
    if credential is None:
        raise NotFound(f"There is no such {kind}, or it has ended already.")
    session.execute(delete(Credential).where(Credential.secret_hash == credential.secret_hash))
    _record_revoked(session, person_id, actor, kind=kind, id=named, label=credential.label)


def revoke_sessions(
    session: Session, person_id: str, actor: Actor, *, but: str | None = None
) -> int:
    """End all sessions of a person but the one with the secret ``but``, and return how many."""
    counts = _delete_all(session, person_id, [CredentialKind.SESSION], but)
    if counts:
        _record_revoked(session, person_id, actor, ended=counts)
    return counts.get(CredentialKind.SESSION, 0)


def end_all(session: Session, person_id: str) -> dict[str, int]:
    """End all ways in of somebody who is locked out; kind -> how many, for the caller's entry."""
    return _delete_all(session, person_id, CredentialKind, None)


def purge(session: Session) -> None:
    """Delete what has expired, a day later."""
    day_ago = clock.now() - timedelta(days=1)
    session.execute(delete(Credential).where(Credential.expires_at < day_ago))


def _secret(kind: CredentialKind, made_id: str) -> str:
    """An API token says what it is, so that it is recognised where it should not be."""
    random = secrets.token_urlsafe(32)
    return f"sh_{made_id}_{random}" if kind is CredentialKind.TOKEN else random


def _delete(session: Session, secret: str, kind: CredentialKind) -> str | None:
    """Whose credential it was, if there was such a one."""
    named = (Credential.secret_hash == digest(secret), Credential.kind == kind)
    gone = delete(Credential).where(*named)
    return session.scalar(gone.returning(Credential.person_id))


def _delete_all(
    session: Session, person_id: str, kinds: Iterable[CredentialKind], but: str | None
) -> dict[str, int]:
    gone = delete(Credential).where(
        Credential.person_id == person_id,
        Credential.kind.in_(list(kinds)),
        Credential.secret_hash != digest(but or ""),
    )
    ended = list(session.scalars(gone.returning(Credential.kind)))
    return {kind: ended.count(kind) for kind in sorted(set(ended))}


def _record_revoked(session: Session, person_id: str, actor: Actor, **detail: object) -> None:
    history.record(session, person_id, Entry(Event.CREDENTIAL_REVOKED, actor, detail=detail))
