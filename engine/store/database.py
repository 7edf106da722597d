"""The database of this process: the only place that begins and commits."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

# SQLite has one writer, and its busy handler is not fair: threads queue here instead of polling.
_write_turn = threading.Lock()


class Database:
    """An engine with its two kinds of transaction."""

    def __init__(self, url: str) -> None:
        """``url`` is a SQLAlchemy URL; nothing is opened until the first transaction."""
        self.url = url
        self.engine = _create_engine(url)
        # Without autoflush: the engine flushes where order matters, and once at the end.
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One change: commits once at the end, or leaves nothing behind."""
        with _write_turn, self._sessions() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view that takes no write lock."""
        with self._sessions() as session:
            session.connection(execution_options={"read_only": True})
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _create_engine(url: str) -> Engine:
    # Sessions end every transaction themselves; a second rollback on return would end nothing.
    engine = create_engine(url, pool_size=16, pool_reset_on_return=None)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # The driver must not begin by itself: a deferred transaction that upgrades fails at once.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL, not NORMAL: what was acknowledged must outlive a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    # Straight to the driver: this runs with every request.
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")
