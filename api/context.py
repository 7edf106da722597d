"""What a view works in: one transaction, and who acts in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app, g
from sqlalchemy.orm import Session

from api import auth
from engine.actors import Actor
from engine.store.database import Database

EXTENSION = "steadyhand.database"


def database() -> Database:
    found: Database = current_app.extensions[EXTENSION]
    return found


@contextmanager
def changing() -> Iterator[tuple[Session, Actor]]:
    """One change by the person or programme that sent the request."""
    with transaction() as session:
        yield session, auth.actor(session)


@contextmanager
def reading() -> Iterator[tuple[Session, Actor]]:
    """One consistent look, without the write lock."""
    with _look() as session:
        yield session, auth.actor(session)


@contextmanager
def transaction() -> Iterator[Session]:
    """One change, by whoever it finds; a part of the whole request's where that has one."""
    whole = _whole()
    if whole is None:
        with database().transaction() as session:
            yield session
    else:
        # What fails here leaves the rest as it was: a view may answer the error with a page.
        with whole.begin_nested():
            yield whole


@contextmanager
def whole_request() -> Iterator[Session]:
    """One transaction for all that the views of this request change."""
    with database().transaction() as session:
        g.whole_request = session
        try:
            yield session
        finally:
            del g.whole_request


@contextmanager
def _look() -> Iterator[Session]:
    whole = _whole()
    if whole is None:
        with database().reading() as session:
            yield session
    else:
        yield whole  # nobody else sees yet what this request has changed


def _whole() -> Session | None:
    found: Session | None = g.get("whole_request")
    return found
