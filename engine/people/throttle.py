"""Who tries in vain too often is not listened to for a while; counted here, so for every host.

What is counted is a username, whether somebody has it or not, and an address. The count is kept
under a hash: the table names nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import UpdateBase, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import Actor
from engine.errors import NotAllowed
from engine.history import Entry, Event
from engine.people import accounts
from engine.people.credentials import digest
from engine.store.statement import Statement
from engine.store.tables import Throttle, table_of

_FIRST_BLOCK = timedelta(minutes=1)
_LONGEST_BLOCK = timedelta(hours=1)
_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Subject:
    """What is counted: ``allowed`` failures, of which one is forgotten every ``each``."""

    key: str
    allowed: int
    each: timedelta


class Throttled(NotAllowed):
    """Nobody is listened to ``until`` then, whatever they say."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"There were too many attempts. Try again after {until:%H:%M:%S} UTC.")
        self.until = until


def person(username: str) -> Subject:
    """Somebody who is asked for a password or a code: five failures in a quarter of an hour."""
    return Subject(digest(f"person:{username}"), 5, timedelta(minutes=15))


def again(username: str) -> Subject:
    """Somebody signed in who is asked once more: counted apart, so that nobody else blocks them."""
    return replace(person(username), key=digest(f"again:{username}"))


def address(of: str) -> Subject:
    """Where requests come from, perhaps a whole office: twenty in a quarter of an hour."""
    return Subject(digest(f"address:{of}"), 20, timedelta(minutes=15) / 20)


class NotProven(NotAllowed):
    """A password or a code was wrong; ``subject`` is to be counted once this is undone."""

    def __init__(
        self, message: str, username: str, counted: Callable[[str], Subject] = person
    ) -> None:
        super().__init__(message)
        self.subject = counted(username)


def require_free(session: Session, *subjects: Subject) -> None:
    """Raise ``Throttled`` while one of them is blocked."""
    blocked = select(Throttle.blocked_until).where(
        Throttle.key.in_([subject.key for subject in subjects]),
        Throttle.blocked_until > clock.now(),
    )
    until = [moment for moment in session.scalars(blocked) if moment]
    if until:
        raise Throttled(max(until))


def count(session: Session, *subjects: Subject) -> None:
    """Note one more failure of each; in a transaction of its own, after what failed is undone."""
    # In one order everywhere, so that two failures at once do not wait for each other.
    for subject in sorted(subjects, key=lambda subject: subject.key):
        _count(session, subject)
    session.flush()


def clear(session: Session, *subjects: Subject) -> None:
    """Forget the failures of somebody who has proved who they are."""
    keys = [subject.key for subject in subjects]
    session.execute(delete(Throttle).where(Throttle.key.in_(keys)))


def unlock(session: Session, username: str, actor: Actor) -> None:
    """An administrator's way out for somebody who is blocked."""
    known = accounts.get(session, username)
    clear(session, person(username), again(username))
    history.record(session, known.id, Entry(Event.SIGN_IN_UNLOCKED, actor))


def purge(session: Session) -> int:
    """Delete what was counted more than a day ago, and return how many."""
    old = delete(Throttle).where(Throttle.last_failed_at < clock.now() - _KEPT)
    return len(list(session.scalars(old.returning(Throttle.key))))


def _insert(dialect_name: str) -> UpdateBase:
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    statement: UpdateBase = dialect.insert(table_of(Throttle)).on_conflict_do_nothing()
    return statement


_BEGIN = Statement(_insert, columns=["key", "failures", "last_failed_at"])


def _count(session: Session, subject: Subject) -> None:
    _BEGIN.run(session, {"key": subject.key, "failures": 0, "last_failed_at": clock.now()})
    row = session.get_one(Throttle, subject.key, with_for_update=True, populate_existing=True)
    row.failures = _remembered(row, subject) + 1
    row.last_failed_at = clock.now()
    if row.failures >= subject.allowed:
        row.blocked_until = clock.now() + _block(row.failures - subject.allowed)


def _remembered(row: Throttle, subject: Subject) -> int:
    quiet_since = max(row.last_failed_at, row.blocked_until or row.last_failed_at)
    forgotten = max(clock.now() - quiet_since, timedelta(0)) // subject.each
    return max(row.failures - forgotten, 0)


def _block(beyond: int) -> timedelta:
    """A minute, doubled with every failure beyond those that are allowed, up to an hour."""
    doubled: timedelta = _FIRST_BLOCK * 2 ** min(beyond, 10)  # further on it would overflow
    return min(doubled, _LONGEST_BLOCK)
