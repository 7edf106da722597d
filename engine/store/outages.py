"""What a database says when it cannot serve us now, told apart from a mistake of ours.

By error class, SQLSTATE (PostgreSQL, appendix A) and result code (SQLite), never by the text.
"""

import sqlite3
from enum import StrEnum

import psycopg
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Outage(StrEnum):
    UNREACHABLE = "unreachable"  # no connection to the database, or it broke
    BUSY = "busy"  # waited too long for a lock or a turn, or gave way to another
    FULL = "full"  # its disk takes no more; what is there can be read


# What may hold an outage, whoever raises it: SQLAlchemy, or a driver where we talk to it straight.
ERRORS: tuple[type[Exception], ...] = (
    DBAPIError,
    PendingRollbackError,
    PoolTimeout,
    psycopg.Error,
    sqlite3.Error,
)

_SQLSTATES = {
    "23505": Outage.BUSY,  # two at once made the same; the later one finds it when it comes again
    "25006": Outage.UNREACHABLE,  # a standby, which only reads, since the primary is gone
    "25P03": Outage.UNREACHABLE,  # idle in a transaction for too long: disconnected
    "40001": Outage.BUSY,  # serialization failure
    "40P01": Outage.BUSY,  # deadlock
    "53100": Outage.FULL,
    "55P03": Outage.BUSY,  # lock_timeout
    "57014": Outage.BUSY,  # statement_timeout
}
_SQLSTATE_CLASSES = {
    "08": Outage.UNREACHABLE,  # connection exceptions
    "53": Outage.BUSY,  # out of memory, of connections
    "57": Outage.UNREACHABLE,  # shutting down, crashed, starting up
    "58": Outage.UNREACHABLE,  # the server's own disk fails
}
_RESULT_CODES = {
    sqlite3.SQLITE_BUSY: Outage.BUSY,
    sqlite3.SQLITE_LOCKED: Outage.BUSY,
    sqlite3.SQLITE_NOMEM: Outage.BUSY,
    sqlite3.SQLITE_PROTOCOL: Outage.BUSY,  # lost too many races for the lock of the WAL
    sqlite3.SQLITE_FULL: Outage.FULL,
    sqlite3.SQLITE_CANTOPEN: Outage.UNREACHABLE,
    sqlite3.SQLITE_IOERR: Outage.UNREACHABLE,
    sqlite3.SQLITE_READONLY: Outage.UNREACHABLE,  # a disk that went bad is mounted so
}
_PRIMARY = 0xFF  # the low byte of an extended result code is its general one
_CANNOT_RECONNECT = "8s2b"  # SQLAlchemy's: the connection broke earlier in this transaction


def kind_of(error: BaseException) -> Outage | None:
    """Which outage an error tells of; ``None`` for every other error, such as wrong SQL.

    What fails while an outage is cleaned up after, such as a rollback, is a part of it.
    """
    told: BaseException | None = error
    while told is not None:
        kind = _own_kind(told)
        if kind:
            return kind
        told = told.__cause__ or told.__context__
    return None


def _own_kind(error: BaseException) -> Outage | None:
    if isinstance(error, PoolTimeout):
        return Outage.BUSY
    if isinstance(error, PendingRollbackError):
        return Outage.UNREACHABLE if error.code == _CANNOT_RECONNECT else None
    if isinstance(error, DBAPIError):
        known = _own_kind(error.orig) if error.orig else None
        return known or (Outage.UNREACHABLE if error.connection_invalidated else None)
    if isinstance(error, sqlite3.Error):
        return _RESULT_CODES.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY)
    return _postgresql(error) if isinstance(error, psycopg.Error) else None


def _postgresql(error: psycopg.Error) -> Outage | None:
    if error.sqlstate is None:  # not from a server: the driver has none, or lost it
        is_lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return Outage.UNREACHABLE if is_lost else None
    return _SQLSTATES.get(error.sqlstate) or _SQLSTATE_CLASSES.get(error.sqlstate[:2])
