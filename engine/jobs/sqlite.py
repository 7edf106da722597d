"""Procrastinate's storage on SQLite, over our own ``Database``.

Workers on SQLite share one machine, so a worker polls instead of listening.
"""

import asyncio
import sqlite3
import time
from collections.abc import Iterable
from typing import Any, cast

from procrastinate import sql
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import ConnectorException

from engine.jobs.sqlite_queries import ANSWERS, Answer, Row
from engine.store.database import Database

_NAMES = {query: name for name, query in sql.queries.items()}
_IS_ANY_DUE = """
    SELECT 1 FROM procrastinate_jobs
    WHERE status = 'todo' AND coalesce(scheduled_at, 0) <= ? LIMIT 1
"""


class SqliteConnector(BaseAsyncConnector):
    """Over our own ``Database``, or without one where each caller brings a connection."""

    def __init__(self, database: Database | None = None) -> None:
        self._database = database

    def get_sync_connector(self) -> "SqliteConnector":
        return self

    async def open_async(self, pool: object = None) -> None:
        """Nothing to open: the database has its own pool."""

    async def close_async(self) -> None:
        """Whoever opened the database closes it."""

    def execute_query(self, query: str, **arguments: Any) -> None:
        self._run(query, arguments)

    def execute_query_one(self, query: str, **arguments: Any) -> Row:
        return self._run(query, arguments)[0]

    def execute_query_all(self, query: str, **arguments: Any) -> Answer:
        return self._run(query, arguments)

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        await asyncio.to_thread(self._run, query, arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> Row:
        return (await asyncio.to_thread(self._run, query, arguments))[0]

    async def execute_query_all_async(self, query: str, **arguments: Any) -> Answer:
        return await asyncio.to_thread(self._run, query, arguments)

    def execute_query_one_with_connection(
        self, connection: sqlite3.Connection, query: str, **arguments: Any
    ) -> Row:
        return self._run_on(connection, query, arguments)[0]

    def execute_query_all_with_connection(
        self, connection: sqlite3.Connection, query: str, **arguments: Any
    ) -> Answer:
        return self._run_on(connection, query, arguments)

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:  # noqa: ARG002
        """Never notifies; ends when it is cancelled."""
        await asyncio.Event().wait()

    def _run(self, query: str, arguments: Row) -> Answer:
        if self._database is None:
            raise ConnectorException("This connector runs on the connection of its caller only.")
        if query == sql.queries["fetch_job"] and not self._is_any_due():
            return [{"id": None}]
        with self._database.transaction() as session:
            connection = session.connection().connection.driver_connection
            return self._run_on(cast("sqlite3.Connection", connection), query, arguments)

    def _run_on(self, connection: sqlite3.Connection, query: str, arguments: Row) -> Answer:
        cursor = connection.cursor()
        cursor.row_factory = _as_dict
        try:
            return ANSWERS[_NAMES[query]](cursor, **arguments)
        finally:
            cursor.close()

    def _is_any_due(self) -> bool:
        """Whether there is anything to fetch: an idle worker takes no write lock."""
        with cast("Database", self._database).reading() as session:
            found = session.connection().exec_driver_sql(_IS_ANY_DUE, (time.time(),))
            return found.first() is not None


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    return {name: value for (name, *_), value in zip(cursor.description, row, strict=True)}


def require_complete(asked: Iterable[str] = tuple(sql.queries)) -> None:
    """Refuse to start with a Procrastinate that asks what we do not answer."""
    missing = sorted(set(asked) - set(ANSWERS))
    if missing:
        raise RuntimeError(
            f"This release of Procrastinate asks for {', '.join(missing)}, which Steadyhand does "
            "not answer on SQLite. Install the release that requirements.lock names."
        )
