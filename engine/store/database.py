"""The database of this process: the only place that begins and commits."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

# SQLite has one writer, and its busy handler is not fair: threads queue here instead of polling.
_write_turn = threading.Lock()
_CONNECTIONS = 16
_ENCODER = json.JSONEncoder()
# What a PostgreSQL server does for us, above all when a process of ours stops in the middle.
_LIMITS = {
    "TimeZone": "UTC",  # moments at the end of the calendar have none further east
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
}
# How long a host that does not answer is waited for: libpq's settings, in seconds.
PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
_REST_SECONDS = 1.0  # a connection that rested for longer may have been ended meanwhile
_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class Database:
    """An engine with its two kinds of transaction."""

    def __init__(self, url: str) -> None:
        """``url`` is a SQLAlchemy URL; nothing is opened until the first transaction."""
        self.url = url
        self.engine = _create_engine(url)
        is_sqlite = self.engine.dialect.name == "sqlite"
        self._turn = _write_turn if is_sqlite else nullcontext()
        self._read_only = {"read_only": True} if is_sqlite else _SNAPSHOT

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One change: commits once at the end, or leaves nothing behind."""
        with self._turn, self.engine.begin() as connection, _session(connection) as session:
            yield session
            session.flush()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view that takes no write lock."""
        with self.engine.connect() as connection:
            connection.execution_options(**self._read_only).begin()
            with _session(connection) as session:
                yield session

    def close(self) -> None:
        self.engine.dispose()


def _to_json(value: Any) -> str:
    """Most of what a step writes is empty: that needs no encoder."""
    return "{}" if value == {} else _ENCODER.encode(value)


def _session(connection: Connection) -> Session:
    """A unit of work inside the connection's transaction, which is not for it to commit."""
    # Without autoflush: the engine flushes where order matters, and once at the end.
    return Session(
        connection,
        expire_on_commit=False,
        autoflush=False,
        join_transaction_mode="rollback_only",
    )


_ENGINE: dict[str, Any] = {
    "hide_parameters": True,  # an error in the log shall not tell what somebody wrote
    "json_serializer": _to_json,
    "pool_size": _CONNECTIONS,
}


def _create_engine(url: str) -> Engine:
    # The pool's rollback on return stays on: it ends what a commit that failed has left open.
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, **_ENGINE)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = " ".join(f"-c {k}={v}" for k, v in _LIMITS.items())
    engine = create_engine(url, connect_args={**PATIENCE, "options": options}, **_ENGINE)
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", _require_alive)
    return engine


def _note_rest(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["since"] = time.monotonic()


def _require_alive(driver: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """A server that came back has ended our connections; one that just worked is not asked."""
    if time.monotonic() - record.info.get("since", time.monotonic()) < _REST_SECONDS:
        return
    try:
        with closing(driver.cursor()) as cursor:
            cursor.execute("SELECT 1")
        driver.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error  # the pool opens another one


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
