"""The security log: what was refused, and to whom.

It is no history: what was refused has changed nothing. Nothing that opens anything stands in it,
neither a secret nor a path that may hold one, and nobody can fill the disk with it.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock

from sqlalchemy import ColumnElement, delete, insert, or_, select, tuple_
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Base, SecurityEvent, table_of

LIFETIME = timedelta(days=400)
PAUSE = timedelta(seconds=10)  # between two entries of one kind, address and route
MOST_AT_ONCE = 1000  # entries of one process within that time
LONGEST_DETAIL = 500
# What a request has no business to name, unless its schema asks for it.
COLUMNS = frozenset(c.name for table in Base.metadata.sorted_tables for c in table.columns)
NOBODY = Actor(None, "")


class Kind(StrEnum):
    CREDENTIAL_REFUSED = "credential:refused"  # a forged, expired, used or revoked one
    SIGN_IN_REFUSED = "sign_in:refused"  # a wrong password, code or passkey
    PERMISSION_REFUSED = "permission:refused"  # the actor may not; the detail says what
    THING_REFUSED = "thing:refused"  # is not there, or not for the actor to know of
    CROSS_SITE_REFUSED = "cross_site:refused"  # another site's page sent it (CSRF)
    FIELD_REFUSED = "field:refused"  # a field that nobody asked for, named like a column
    NAME_REFUSED = "name:refused"  # a file's name that leads out of its folder
    SIZE_REFUSED = "size:refused"  # more than a request may hold
    UPLOAD_REFUSED = "upload:refused"  # a file that is not what it should be, or too large
    RATE_REFUSED = "rate:refused"  # too many in too short a time
    SIGNATURE_REFUSED = "signature:refused"  # a callback that was not signed as agreed
    ADDRESS_REFUSED = "address:refused"  # of another system, or a redirect to one inside


@dataclass(frozen=True)
class Refusal:
    """What was refused; ``route`` is the template of a path, never the path."""

    kind: Kind
    detail: str
    actor: Actor = NOBODY
    address: str = ""  # where it came from; empty for what we do ourselves
    route: str = ""


@dataclass(frozen=True)
class Filter:
    """Which entries; ``person`` is an id or a name as it was then, the moments are UTC."""

    kind: Kind | None = None
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass
class _Seen:
    written_at: datetime
    left_out: int = 0  # like it, since then


@dataclass
class Sieve:
    """Lets one of a kind, address and route through in ten seconds, and counts the others.

    It is kept by each process for itself and holds a thousand at most. Once so many have come
    within ten seconds, from ever new addresses, the rest are left out.
    """

    _seen: OrderedDict[tuple[str, str, str], _Seen] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def passes(self, refusal: Refusal) -> str | None:
        """The detail to write, with how many were left out before; ``None`` to leave it out."""
        key = (refusal.kind, refusal.address, refusal.route)
        with self._lock:
            now = clock.now()
            last = self._seen.get(key)
            if last is not None and now - last.written_at < PAUSE:
                last.left_out += 1
                return None
            return self._admit(key, refusal.detail, now)

    def _admit(self, key: tuple[str, str, str], detail: str, now: datetime) -> str | None:
        last = self._seen.pop(key, None)
        oldest = next(iter(self._seen.values()), None)
        if oldest is not None and len(self._seen) >= MOST_AT_ONCE:
            if now - oldest.written_at < PAUSE:
                return None
            self._seen.popitem(last=False)
        self._seen[key] = _Seen(now)
        return _counted(detail, last.left_out if last else 0)


def record(session: Session, refusal: Refusal) -> None:
    """Write it down, in a transaction that holds nothing of what was refused."""
    session.execute(
        insert(table_of(SecurityEvent)).values(
            at=clock.now(),
            event=refusal.kind,
            actor_id=refusal.actor.id,
            actor_name=refusal.actor.name,
            address=refusal.address[:64],
            route=refusal.route[:200],
            detail=_plain(refusal.detail)[:LONGEST_DETAIL],
        )
    )


def find(
    session: Session,
    actor: Actor,
    wanted: Filter,
    *,
    before: tuple[datetime, int] | None = None,
    limit: int,
) -> list[SecurityEvent]:
    """The entries that fit, the newest first, behind the moment and id of the last one seen."""
    permissions.require(actor, Action.READ_SECURITY_LOG)
    newest_first = (SecurityEvent.at.desc(), SecurityEvent.id.desc())
    query = select(SecurityEvent).where(*_conditions(wanted)).order_by(*newest_first).limit(limit)
    if before is not None:
        query = query.where(tuple_(SecurityEvent.at, SecurityEvent.id) < tuple_(*before))
    return list(session.scalars(query))


def purge(session: Session) -> None:
    """Forget what is older than 400 days; for a sweep."""
    session.execute(delete(SecurityEvent).where(SecurityEvent.at < clock.now() - LIFETIME))


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    entry, person = SecurityEvent, wanted.person
    if wanted.kind:
        yield entry.event == wanted.kind
    if person:
        yield or_(entry.actor_id == person, entry.actor_name == person)
    if wanted.since:
        yield entry.at >= wanted.since
    if wanted.until:
        yield entry.at < wanted.until


def _counted(detail: str, left_out: int) -> str:
    if not left_out:
        return detail
    said = f" ({left_out} more like it before)"
    return detail[: LONGEST_DETAIL - len(said)] + said


def _plain(text: str) -> str:
    """Without what a database does not take, or what would begin a line of its own."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
