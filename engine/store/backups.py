"""Backups: an installation as one SQLite file, whichever database it works on."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import UnfitDatabase
from engine.store import migrate, transfer
from engine.store.database import Database
from engine.store.migrate import State
from engine.store.transfer import Copied, Progress


@dataclass(frozen=True)
class Backup:
    copied: Copied
    size: int  # in bytes
    sha256: str  # of the file


def write(source: Database, file: Path, progress: Progress) -> Backup:
    """Copy the installation, which goes on working, into a new file that only its owner reads.

    The file appears when it is complete, compared and on the disk.
    """
    _require_free(file)
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as folder:
        made = Path(folder) / file.name
        with _opened(made) as database:
            migrate.upgrade(database)
            copied = transfer.copy(source, database, progress)
        _finish(made)
        _require_free(file)
        made.rename(file)
    _keep_name(file)
    return Backup(copied, file.stat().st_size, _sha256(file))


@contextmanager
def opened(file: Path) -> Iterator[Database]:
    """A copy of a backup, brought up to this release; the file itself stays as it is."""
    with TemporaryDirectory() as folder:
        working = Path(shutil.copy(file, Path(folder) / "backup.db"))
        _require_sound(file, working)
        with _opened(working) as database:
            if migrate.state(database) is State.AHEAD:
                raise UnfitDatabase(f"{file} comes from a newer release. Restore it with that.")
            migrate.upgrade(database)
            yield database


@contextmanager
def _opened(file: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}")
    try:
        yield database
    finally:
        database.close()


def _require_free(file: Path) -> None:
    if file.exists():
        raise UnfitDatabase(f"{file} exists already. Choose another name.")
    if not file.parent.is_dir():
        raise UnfitDatabase(f"There is no folder {file.parent}.")


def _require_sound(file: Path, working: Path) -> None:
    """A SQLite file of ours, in which no page is damaged."""
    try:
        with closing(sqlite3.connect(working)) as connection:
            ((found, *_),) = connection.execute("PRAGMA quick_check(1)")
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise UnfitDatabase(f"{file} is no sound backup of Steadyhand: {found}.")


def _finish(made: Path) -> None:
    """One file without companions, on the disk."""
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    made.chmod(0o600)
    with made.open("r+b") as content:
        os.fsync(content.fileno())


def _keep_name(file: Path) -> None:
    """Bring the folder's new entry to the disk; Windows does it by itself."""
    if os.name == "posix":
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
