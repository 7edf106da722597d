"""A database's own driver under watch: each statement and each COMMIT goes past a hook.

Statements of every step go straight to the driver, so nothing above it sees them all. What a
connection says while it is set up or tested by the pool is no part of a command.
"""

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event


@dataclass(frozen=True)
class Said:
    """What is about to be executed; COMMIT has neither values nor rows."""

    sql: str
    values: Any = ()
    is_many: bool = False

    @property
    def is_commit(self):
        return self.sql == COMMIT


COMMIT = "COMMIT"


@contextmanager
def watched(database, hook):
    """Meanwhile call ``hook(connection, said, run)`` in the place of ``run()``."""
    connection_class = _CONNECTIONS[database.engine.dialect.name]

    def connect(_dialect, _record, arguments, options):
        connection = connection_class.open(*arguments, **options)
        connection.hook = hook
        return connection

    listeners = {"do_connect": connect, "checkout": _begin, "checkin": _end}
    database.engine.dispose()  # what was opened before goes by unseen
    for name, listener in listeners.items():
        event.listen(database.engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(database.engine, name, listener)
        database.engine.dispose()


def _begin(connection, _record, _proxy):
    connection.is_watched = True


def _end(connection, _record):
    if connection is not None:
        connection.is_watched = False


class _Watched:
    is_watched = False
    hook = None

    def pass_by(self, said, run):
        return self.hook(self, said, run) if self.is_watched else run()

    def commit(self):
        return self.pass_by(Said(COMMIT), super().commit)


class _SqliteCursor(sqlite3.Cursor):
    def execute(self, sql, values=()):
        run = super().execute
        return self.connection.pass_by(Said(sql, values), lambda: run(sql, values))

    def executemany(self, sql, rows):
        run = super().executemany
        return self.connection.pass_by(Said(sql, rows, is_many=True), lambda: run(sql, rows))


class _Sqlite(_Watched, sqlite3.Connection):
    @classmethod
    def open(cls, *arguments, **options):
        return sqlite3.connect(*arguments, factory=cls, **options)

    def cursor(self, _factory=None):
        return super().cursor(_SqliteCursor)

    def execute(self, sql, values=()):
        return self.cursor().execute(sql, values)  # the driver's own makes another cursor


class _PostgresCursor(psycopg.Cursor):
    def execute(self, query, params=None, **options):
        run = super().execute
        said = Said(query, params)
        return self.connection.pass_by(said, lambda: run(query, params, **options))

    def executemany(self, query, params_seq, **options):
        run = super().executemany
        said = Said(query, params_seq, is_many=True)
        return self.connection.pass_by(said, lambda: run(query, params_seq, **options))


class _Postgres(_Watched, psycopg.Connection):
    @classmethod
    def open(cls, *arguments, **options):
        return cls.connect(*arguments, cursor_factory=_PostgresCursor, **options)


_CONNECTIONS = {"sqlite": _Sqlite, "postgresql": _Postgres}
