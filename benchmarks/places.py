"""Where benchmarks run: new migrated databases on SQLite and on PostgreSQL.

PostgreSQL is the server of the tests, with its promises switched on again: every commit is on disk.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine

from engine.store import migrate
from engine.store.database import Database
from tests import databases

NAMES = ("SQLite", "PostgreSQL")
_counted = itertools.count(1)
_PROMISES = ("fsync", "full_page_writes", "synchronous_commit")


@dataclass(frozen=True)
class Place:
    """A kind of database; ``fresh()`` is a context with a new one."""

    name: str
    fresh: Callable[[], AbstractContextManager[Database]]


@contextmanager
def opened(names: tuple[str, ...] = NAMES) -> Iterator[list[Place]]:
    """The places with these names, for as long as the context lasts."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="steadyhand-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = []
        if "SQLite" in names:
            made.append(Place("SQLite", lambda: _sqlite(folder)))
        if "PostgreSQL" in names:
            server = stack.enter_context(_server())
            made.append(Place("PostgreSQL", lambda: _postgresql(server)))
        yield made


@contextmanager
def _sqlite(folder: Path) -> Iterator[Database]:
    file = folder / f"{next(_counted)}.db"
    database = Database(f"sqlite:///{file}")
    migrate.upgrade(database)
    yield database
    database.close()
    for part in folder.glob(f"{file.name}*"):
        part.unlink()


@contextmanager
def _server() -> Iterator[URL]:
    with databases.postgresql() as postgresql, postgresql.fresh() as database:
        if "TEST_DATABASE_URL" not in os.environ:
            for name in _PROMISES:
                _say(database.engine.url, f"ALTER SYSTEM RESET {name}")
            _say(database.engine.url, "SELECT pg_reload_conf()")
        yield database.engine.url


@contextmanager
def _postgresql(server: URL) -> Iterator[Database]:
    name = f"steadyhand_bench_{os.getpid()}_{next(_counted)}"
    _say(server, f"CREATE DATABASE {name}")
    database = Database(server.set(database=name).render_as_string(hide_password=False))
    migrate.upgrade(database)
    yield database
    database.close()
    _say(server, f"DROP DATABASE {name} WITH (FORCE)")


def _say(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
