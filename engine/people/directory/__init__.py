"""People and groups whom a directory keeps here by SCIM (RFC 7643, RFC 7644).

A directory knows the people that it has added, and nobody else. What its groups stand for, a
setting says; about any other grant it decides nothing.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import plain_text
from engine.actors import Actor
from engine.errors import Taken
from engine.people import accounts, permissions
from engine.people.permissions import Action

LONGEST_NAME = 255  # of a group, and of what the directory calls something
MOST = 200  # of one page

Item = TypeVar("Item")


@dataclass(frozen=True)
class Wanted:
    """Which ones: all, or those that have this value; and which page of them."""

    attribute: str | None = None
    value: str = ""
    start: int = 1  # of the first one
    count: int = 100

    @property
    def is_anything(self) -> bool:
        """Whether there can be such a thing: nothing has control characters in its name."""
        return plain_text.is_plain(self.value)


@dataclass(frozen=True)
class Page(Generic[Item]):
    items: list[Item]
    total: int  # on all pages


def fingerprint(*said: object) -> str:
    """Of all that is said about something, by which one sees that it was changed."""
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def on_page(session: Session, found: Select[Item], wanted: Wanted) -> Page[Item]:
    """The wanted page of what a query finds, which sorts it."""
    total = session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0
    items = session.scalars(found.offset(wanted.start - 1).limit(wanted.count))
    return Page(list(items), total)


def require(actor: Actor) -> None:
    """Raise ``NotAllowed`` unless it is a directory that asks."""
    permissions.require(actor, Action.KEEP_DIRECTORY)


@contextmanager
def changing(session: Session, actor: Actor) -> Iterator[None]:
    """One change after the other; ``Taken`` if another one came first with the same name."""
    require(actor)
    accounts.lock_administrators(session)
    try:
        yield
        session.flush()
    except IntegrityError as error:
        raise Taken("Somebody else took this name just now.") from error


def checked(field: str, text: str) -> str:
    """A text that can be kept."""
    problem = plain_text.problem_of(text, LONGEST_NAME, f"{field} is empty.")
    plain_text.require_none({field: problem})
    return text
