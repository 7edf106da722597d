"""What a view works in: one transaction, and who acts in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
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
    with database().transaction() as session:
        yield session, auth.actor(session)


@contextmanager
def reading() -> Iterator[tuple[Session, Actor]]:
    """One consistent look, without the write lock."""
    with database().reading() as session:
        yield session, auth.actor(session)
