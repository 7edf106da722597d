"""Brings the database's tables up to this release, one process at a time."""

from enum import StrEnum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from engine.errors import UnfitDatabase
from engine.store.database import Database

# Any number that nobody else uses on the same PostgreSQL database: the letters "sthd".
_TURN = 0x73746864


class State(StrEnum):
    """The database's tables, compared with those that this release knows."""

    BEHIND = "behind"  # migrations are missing, or all of them; what an older release had works
    CURRENT = "current"  # as this release makes them
    AHEAD = "ahead"  # a newer release has migrated them


def state(database: Database) -> State:
    """Whether ``upgrade`` has something to do; takes no lock."""
    file = _file(database)
    if file and not file.exists():
        return State.BEHIND  # connecting would make an empty one
    with database.reading() as session:
        return _state(session.connection())


def require_current(database: Database) -> None:
    """``UnfitDatabase`` where this release cannot know all tables."""
    found = state(database)
    if found is State.AHEAD:
        raise UnfitDatabase(_ahead(database))
    if found is State.BEHIND:
        raise UnfitDatabase(
            f"{database.engine.url!r} is older than this release. Run `steadyhand migrate` first,"
            " or use the release that wrote it."
        )


def upgrade(database: Database) -> None:
    """Run every migration that is missing, in one transaction; make SQLite's folder if need be.

    Processes that start together wait for the one that migrates. A newer release's database is
    refused with ``UnfitDatabase``.
    """
    if state(database) is State.CURRENT:
        return
    if file := _file(database):
        file.parent.mkdir(parents=True, exist_ok=True)
    with database.engine.begin() as connection:
        take_turn(connection)
        if _state(connection) is State.AHEAD:
            raise UnfitDatabase(_ahead(database))
        command.upgrade(config(connection), "head")


def take_turn(connection: Connection) -> None:
    """Wait until no other process prepares the database; the turn ends with the transaction."""
    if connection.dialect.name == "sqlite":
        return  # a transaction that writes is alone anyhow
    # A migration may take long, and so may waiting for one. Its statements wait for locks no
    # longer than others do: whoever comes behind a waiting ALTER TABLE waits as well.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_TURN})"))
    connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))


def config(connection: Connection | None) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def _state(connection: Connection) -> State:
    current = MigrationContext.configure(connection).get_current_revision()
    if current == _revisions()[0]:
        return State.CURRENT
    return State.BEHIND if current is None or current in _revisions() else State.AHEAD


@cache
def _revisions() -> tuple[str, ...]:
    """Every revision of this release, the newest first."""
    scripts = ScriptDirectory.from_config(config(None))
    return tuple(script.revision for script in scripts.walk_revisions())


def _ahead(database: Database) -> str:
    return f"{database.engine.url!r} belongs to a newer release of Steadyhand. Use that release."


def _file(database: Database) -> Path | None:
    url = make_url(database.url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
