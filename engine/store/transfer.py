"""Copies an installation into another database: to move it, to back it up, to restore it.

One consistent read of the source, one transaction in the target, and a comparison of both before
that transaction ends: the target holds all of it or what it held before. Procrastinate's own
tables are not copied: every job can be made again from our rows.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    Table,
    collate,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DataError, IntegrityError

from engine.errors import UnfitDatabase
from engine.store import migrate
from engine.store.database import Database
from engine.store.tables import AuditEntry, Base, table_of

Progress = Callable[[str, str, int], None]  # Copied or Compared, table, rows so far

_BATCH = 500
_TABLES = Base.metadata.sorted_tables  # what is referred to comes first
# From what refers to what is referred to; what else Procrastinate has goes with these.
_JOBS = ("procrastinate_periodic_defers", "procrastinate_jobs", "procrastinate_workers")


@dataclass(frozen=True)
class Content:
    """What a table holds: its rows in the order of their keys, digested."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Copied:
    """What both sides hold now, by the name of the table."""

    tables: dict[str, Content]

    @property
    def rows(self) -> int:
        return sum(content.rows for content in self.tables.values())


def copy(source: Database, target: Database, progress: Progress) -> Copied:
    """Copy every row into ``target``, which is migrated and empty.

    ``UnfitDatabase`` names what is in the way: another release, a table of the target that has
    rows, a row that the target cannot hold, a difference, a gap in the audit log.
    """
    with _both(source, target) as (reading, writing):
        _require_empty(target, writing)
        return _copy(reading, writing, progress)


def replace(source: Database, target: Database, progress: Progress) -> Copied:
    """The same for a target that is used already: what it held, jobs too, is deleted."""
    with _both(source, target) as (reading, writing):
        for table in reversed(_TABLES):
            writing.execute(table.delete())
        for name in _JOBS:
            writing.execute(text(f"DELETE FROM {name}"))  # noqa: S608 -- a name of ours
        return _copy(reading, writing, progress)


def count(database: Database) -> int:
    """How many rows there are to copy, or to lose."""
    with database.reading() as session:
        return sum(_count(session.connection(), table) for table in _TABLES)


@contextmanager
def _both(source: Database, target: Database) -> Iterator[tuple[Connection, Connection]]:
    """A snapshot of the source, and a transaction in the target in which nobody else writes."""
    for database in (source, target):
        migrate.require_current(database)
    with source.reading() as read, target.transaction() as written:
        reading, writing = read.connection(), written.connection()
        for connection in (reading, writing):
            _take_time(connection)
        if writing.dialect.name != "sqlite":
            names = ", ".join(table.name for table in _TABLES)
            writing.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
        yield reading, writing


def _take_time(connection: Connection) -> None:
    """Lift the limits that keep a request of PostgreSQL short."""
    if connection.dialect.name == "sqlite":
        return
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    # The last moment of the year 9999 is in the year 10000 elsewhere, where Python has no name.
    connection.execute(text("SET LOCAL timezone = 'UTC'"))


def _copy(reading: Connection, writing: Connection, progress: Progress) -> Copied:
    copied = {table.name: _copy_table(reading, writing, table, progress) for table in _TABLES}
    for table in _TABLES:
        if _content(writing, table, progress) != copied[table.name]:
            raise UnfitDatabase(f"“{table.name}” came out different from what was copied.")
    _require_whole_log(writing)
    if writing.dialect.name != "sqlite":
        _count_on(writing, _TABLES)
    return Copied(copied)


def _copy_table(
    reading: Connection, writing: Connection, table: Table, progress: Progress
) -> Content:
    digest = _Digest()
    for rows in _rows(reading, table):
        digest.add(rows)
        try:
            writing.execute(insert(table), [row._asdict() for row in rows])
        except (DataError, IntegrityError) as error:
            raise UnfitDatabase(
                f"A row of “{table.name}” behind row {digest.rows - len(rows)} does not fit"
                f" the target: {error.orig}"
            ) from error
        progress("Copied", table.name, digest.rows)
    return digest.content


def _content(connection: Connection, table: Table, progress: Progress) -> Content:
    digest = _Digest()
    for rows in _rows(connection, table):
        digest.add(rows)
        progress("Compared", table.name, digest.rows)
    return digest.content


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """All rows in the order of their keys, which is the same on both databases."""
    query = select(table).order_by(*_key(connection, table))
    # A cursor of the server's: however large the table, a batch at a time is here.
    result = connection.execute(query, execution_options={"yield_per": _BATCH})
    yield from result.partitions()


def _key(connection: Connection, table: Table) -> Iterator[ColumnElement[Any]]:
    for column in table.primary_key:
        by_bytes = connection.dialect.name != "sqlite" and isinstance(column.type, String)
        yield collate(column, "C") if by_bytes else column


class _Digest:
    """A SHA-256 of rows that pass by: one JSON array each, whichever database they came from."""

    def __init__(self) -> None:
        self.rows = 0
        self._sha256 = hashlib.sha256()

    def add(self, rows: Sequence[Row[Any]]) -> None:
        self.rows += len(rows)
        for row in rows:
            values = json.dumps([_number(value) for value in row], default=_text, sort_keys=True)
            self._sha256.update(values.encode() + b"\n")

    @property
    def content(self) -> Content:
        return Content(self.rows, self._sha256.hexdigest())


def _number(value: Any) -> Any:
    # SQLite keeps a JSON document that is one number as a number: 1.0 comes back as 1.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: datetime | bytes) -> str:
    return value.isoformat() if isinstance(value, datetime) else value.hex()


def _require_empty(target: Database, writing: Connection) -> None:
    counts = {table.name: _count(writing, table) for table in _TABLES}
    used = [f"{name} ({rows})" for name, rows in counts.items() if rows]
    if used:
        raise UnfitDatabase(
            f"{target.engine.url!r} is not empty: it has rows in {', '.join(used)}."
        )


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _require_whole_log(connection: Connection) -> None:
    """Each subject's entries are numbered 1, 2, 3 … to the last."""
    log = table_of(AuditEntry).c
    query = (
        select(log.subject_id)
        .group_by(log.subject_id)
        # A subject has each number once: the table sees to it.
        .having((func.min(log.sequence) != 1) | (func.max(log.sequence) != func.count()))
        .order_by(log.subject_id)
        .limit(10)
    )
    torn = connection.execute(query).scalars().all()
    if torn:
        raise UnfitDatabase(f"The audit log lacks entries about {', '.join(torn)}.")


def _count_on(connection: Connection, tables: Iterable[Table]) -> None:
    """Let PostgreSQL number new rows behind those that came with their numbers."""
    for table in tables:
        column = table.autoincrement_column
        if column is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            following = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(sequence, following, False)))  # noqa: FBT003
