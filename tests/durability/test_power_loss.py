"""Power loss on SQLite: every acknowledged step is there, whole, and every process goes on.

Real commands run through the engine once; what it tells its driver is repeated, with the settings
that the engine gives SQLite, on a disk that remembers each write and sync.
"""

import hashlib
import os
import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest
from sqlalchemy.exc import DatabaseError

from engine import tasks
from engine.store.database import Database
from engine.store.tables import TaskStatus
from engine.tasks import Queue
from tests import databases, diagrams
from tests.durability import disk, driver
from tests.factories import Cast, complete, deploy, report

IMAGES = 20_000 if os.environ.get("STEADYHAND_LONG") else 400
NAME = "steadyhand.db"
INCIDENTS = 14
STEPS = ("One", "Two", "Three", "Four")
# Often, so that the power also goes in the middle of a checkpoint.
CHECKPOINT_PAGES = 20
SEED = 20_261_123
# As the engine sets them; the numbers are SQLite's own.
SETTINGS = ("journal_mode", "synchronous", "foreign_keys")
NORMAL, OFF = 1, 0


@dataclass(frozen=True)
class Recording:
    ops: list
    states: list[str]  # digests: before, and after each transaction


@dataclass(frozen=True)
class Played:
    """What the engine said, to be repeated on a copy of the database as it was before."""

    file: Path
    transactions: list  # each a list of what was said
    settings: dict[str, object]
    cast: Cast


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")
    with databases.Sqlite(folder).fresh() as database:
        cast = Cast(database)
        deploy(database, diagrams.bundle(*diagrams.line(*map(diagrams.user_task, STEPS))))
        file = folder / "before"
        save(database, file)
        said = Transactions()
        with driver.watched(database, said):
            work(database, cast)
        return Played(file, said.committed, settings_of(database), cast)


def save(database, file):
    with database.reading() as session, closing(sqlite3.connect(file)) as saved:
        session.connection().connection.driver_connection.backup(saved)


class Transactions:
    """The hook of a watched driver that keeps what was committed."""

    def __init__(self):
        self.committed = []
        self._current = []

    def __call__(self, _connection, said, run):
        result = run()
        if said.sql.startswith("BEGIN"):
            self._current = []
        self._current.append(said)
        if said.is_commit:
            self.committed.append(self._current)
        return result


def work(database, cast):
    """Incidents side by side, each at another step; the last ones stay open."""
    reported = [report(database, cast.dora) for _ in range(INCIDENTS)]
    for number, incident in enumerate(reported):
        for step in STEPS[: number % (len(STEPS) + 1)]:
            complete(database, incident, step, cast.dora, note=f"{step} is done.")


def settings_of(database):
    with database.reading() as session:
        driver_connection = session.connection().connection.driver_connection
        return {
            name: driver_connection.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS
        }


def record(played, folder, **otherwise):
    """Repeat what was said on a disk that remembers; it acknowledges each COMMIT that returned."""
    recorder = disk.RecordingDisk()
    file = folder / NAME
    file.write_bytes(played.file.read_bytes())
    connection = apsw.Connection(str(file), vfs=disk.NAME)
    # One connection: a recorded file has no memory to share with others.
    settings = {"locking_mode": "EXCLUSIVE", **played.settings, **otherwise}
    for name, value in {**settings, "wal_autocheckpoint": CHECKPOINT_PAGES}.items():
        connection.execute(f"PRAGMA {name}={value}").fetchall()
    states = [digest(connection)]
    for number, said in enumerate(played.transactions, start=1):
        for statement in said:
            repeat(connection, statement)
        recorder.acknowledge(number)
        states.append(digest(connection))
    ops = list(recorder.ops)
    connection.close()
    return Recording(ops, states)


def repeat(connection, said):
    if said.is_many:
        connection.executemany(said.sql, said.values)
    else:
        connection.execute(said.sql, said.values).fetchall()


def digest(connection):
    """Of every row of every table."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    tables = [name for (name,) in connection.execute(named).fetchall()]
    rows = {
        name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"').fetchall()))  # noqa: S608 -- ours
        for name in tables
    }
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.mark.timeout(3600)
def test_after_a_power_cut_every_acknowledged_step_is_there_and_every_process_goes_on(
    played, tmp_path
):
    recording = record(played, tmp_path)

    found = Counter(
        look_at_and_go_on(image, recording, tmp_path, played.cast)
        for image in left_of(recording, played, IMAGES)
    )

    print(
        f"\n{IMAGES} images of {len(recording.ops)} operations, {shown(recording)}: {dict(found)}"
    )
    assert len(played.transactions) == INCIDENTS + sum(n % 5 for n in range(INCIDENTS))
    assert found == {"whole": IMAGES}


@pytest.mark.parametrize(
    ("synchronous", "expected"), [(NORMAL, {"lost"}), (OFF, {"lost", "corrupt"})]
)
def test_a_database_that_syncs_less_would_be_found_out(synchronous, expected, played, tmp_path):
    recording = record(played, tmp_path, synchronous=synchronous)

    found = Counter(
        look_at(image, recording, tmp_path) for image in left_of(recording, played, 200)
    )

    print(f"\nsynchronous={synchronous}: {dict(found)}")
    assert set(found) >= expected


def left_of(recording, played, count):
    files = {NAME: played.file.read_bytes()}
    return disk.images(recording.ops, files, count, random.Random(SEED))


def shown(recording):
    kinds = Counter(op.kind for op in recording.ops)
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items())


def look_at(image, recording, folder):
    """What became of the database: corrupt, half a step, lost, or whole."""
    with restored(image, folder) as database:
        return state_of(database, image, recording)


def look_at_and_go_on(image, recording, folder, cast):
    """The same; whatever waits can be done, whichever process it is of."""
    with restored(image, folder) as database:
        state = state_of(database, image, recording)
        if state == "whole":
            go_on(database, cast.dora, image.acknowledged)
        return state


@contextmanager
def restored(image, folder):
    """The database as it is found after the power cut."""
    file = folder / "found" / NAME
    shutil.rmtree(file.parent, ignore_errors=True)
    file.parent.mkdir()
    for name, content in image.files.items():
        (file.parent / name).write_bytes(content)
    database = Database(f"sqlite:///{file}")
    yield database
    database.close()


def state_of(database, image, recording):
    try:
        with database.reading() as session:
            connection = session.connection().connection.driver_connection
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return "corrupt"
            found = digest(connection)
    except (sqlite3.DatabaseError, DatabaseError):
        return "corrupt"
    if found not in recording.states:
        return "half a step"
    return "whole" if recording.states.index(found) >= image.acknowledged else "lost"


def go_on(database, actor, number):
    with database.reading() as session:
        waiting = tasks.find(session, actor, Queue.ALL)
    if not waiting:
        report(database, actor)
        return
    task = waiting[number % len(waiting)].task
    with database.transaction() as session:
        done = tasks.complete(session, task.id, {"note": "It goes on."}, actor)
    assert done.task.status is TaskStatus.COMPLETED
    assert len(done.next_tasks) == (task.element_id != STEPS[-1])
