"""Statements of every request: written by SQLAlchemy once a database, run straight at its driver.

SQLAlchemy knows the dialects and how each type is stored. What it does around each execution costs
more than the database takes; on the path of every step this leaves that out. Elsewhere use the
session: nothing here loads objects, watches them or flushes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CompoundSelect, Connection, Dialect, Select, UpdateBase
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler

Written = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | UpdateBase
Values = Mapping[str, Any]  # name of a bound parameter, or of a column that is set -> value
_Convert = Callable[[Any], Any]


class Statement:
    """One statement, or one for each dialect where databases say it their own way."""

    def __init__(
        self, written: Written | Callable[[str], Written], columns: Iterable[str] | None = None
    ) -> None:
        """``written`` may take the dialect's name; ``columns`` of an insert, if not all."""
        self._written = written
        self._columns = list(columns) if columns is not None else None
        self._compiled: dict[str, _Compiled] = {}

    def run(self, session: Session, values: Values) -> int:
        """Execute it and return the number of rows that it matched."""
        connection = connection_of(session)
        with closing(self._on(connection).execute(connection, values)) as cursor:
            matched: int = cursor.rowcount
        return matched

    def run_each(self, session: Session, rows: Sequence[Values]) -> None:
        """Execute it for each of several rows."""
        connection = connection_of(session)
        self._on(connection).execute_many(connection, rows)

    def find(self, session: Session, values: Values) -> list[tuple[Any, ...]]:
        """Execute it and return its rows."""
        connection = connection_of(session)
        compiled = self._on(connection)
        with closing(compiled.execute(connection, values)) as cursor:
            return [compiled.read(row) for row in cursor.fetchall()]

    def _on(self, connection: Connection) -> "_Compiled":
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            written = self._written(dialect.name) if callable(self._written) else self._written
            self._compiled[dialect.name] = _compile(written, self._columns, dialect)
        return self._compiled[dialect.name]


@dataclass(frozen=True)
class _Compiled:
    """The SQL of one dialect, with what turns our values into the driver's and back."""

    sql: str
    is_by_position: bool  # how the driver takes parameters; by name otherwise
    parameters: Sequence[tuple[str, _Convert | None]]
    fixed: Values  # what the statement itself brings
    results: Sequence[tuple[int, _Convert]]  # the columns that are not ours as they come

    def execute(self, connection: Connection, values: Values) -> Any:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql, self._bound(values))
        except connection.dialect.loaded_dbapi.Error as error:
            raise _ours(error, self.sql, connection) from error
        return cursor

    def execute_many(self, connection: Connection, rows: Sequence[Values]) -> None:
        if len(rows) == 1:
            self.execute(connection, rows[0]).close()  # no round for the batch around it
            return
        with closing(connection.connection.cursor()) as cursor:
            try:
                cursor.executemany(self.sql, [self._bound(values) for values in rows])
            except connection.dialect.loaded_dbapi.Error as error:
                raise _ours(error, self.sql, connection) from error

    def read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        read = list(row)
        for index, convert in self.results:
            read[index] = convert(read[index])
        return tuple(read)

    def _bound(self, values: Values) -> Any:
        given = {**values, **self.fixed} if self.fixed else values
        if self.is_by_position:
            return [to(given[name]) if to else given[name] for name, to in self.parameters]
        return {name: to(given[name]) if to else given[name] for name, to in self.parameters}


def connection_of(session: Session) -> Connection:
    """The connection that the session works on: ``Database`` makes each for one transaction."""
    if session.in_nested_transaction():
        return session.connection()  # by which the savepoint begins, if it has not yet
    return cast("Connection", session.bind)


def _compile(written: Written, columns: Sequence[str] | None, dialect: Dialect) -> _Compiled:
    compiled = written.compile(dialect=dialect, column_keys=columns)
    given = {name for name, bind in compiled.binds.items() if bind.required}
    # Lists behind IN are part of the statement, so that they can be written out once.
    state = compiled.construct_expanded_state(dict.fromkeys(given))
    order = state.positiontup if state.positiontup is not None else list(state.parameters)
    return _Compiled(
        sql=state.statement,
        is_by_position=state.positiontup is not None,
        parameters=[(name, _to_driver(name, compiled, state)) for name in order],
        fixed={name: value for name, value in state.parameters.items() if name not in given},
        results=[
            (index, convert)
            for index, column in enumerate(written.exported_columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None))
        ],
    )


def _to_driver(name: str, compiled: SQLCompiler, state: ExpandedState) -> _Convert | None:
    convert: Any = state.processors.get(name)
    if convert is None and name in compiled.binds:
        kind = compiled.binds[name].type.dialect_impl(compiled.dialect)
        convert = kind.bind_processor(compiled.dialect)
    return cast("_Convert | None", convert)


def _ours(error: Exception, sql: str, connection: Connection) -> BaseException:
    """The error as SQLAlchemy would raise it; a connection that is gone is not used again."""
    dialect, cursor = connection.dialect, None
    is_gone = dialect.is_disconnect(error, connection.connection, cursor)  # type: ignore[arg-type]
    if is_gone:
        connection.invalidate(error)
    # Without the values: they may hold what nobody should read in a log.
    return DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, connection_invalidated=is_gone
    )
