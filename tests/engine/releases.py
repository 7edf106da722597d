"""Databases as earlier releases left them; ``releases/`` has what each wrote, a file a release.

`python -m tests.engine.releases` writes the file of the release that is checked out.
"""

import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from sqlalchemy import MetaData, create_engine, text

from engine import tasks
from engine.actors import Actor
from engine.instances import messages
from engine.store import migrate, transfer
from engine.store.database import Database
from tests import factories
from tests.diagrams import bundle, caught, end, flow, line, timer, user_task
from tests.factories import PEOPLE, complete, deploy, open_tasks, report

FOLDER = Path(__file__).parent / "releases"
RELEASES = sorted(file.stem for file in FOLDER.glob("*.sql"))  # by their last revision

# The incidents of each file, by their titles.
AT_LOOK, CLAIMED, WAITS, DONE = "Open at Look", "Claimed by Dora", "Waits for paid", "Done"


def leave(database):
    """People, an incident at each place of a small process, and a message for nobody."""
    cast = factories.Cast(database)
    deploy(
        database,
        bundle(
            *line(user_task("Look"), caught("Wait", "message", "paid"), user_task("Check")),
            *(timer("Late", "Look", "PT1H"), user_task("Chase"), end("Chased")),
            *(flow("Late", "Chase"), flow("Chase", "Chased")),
        ),
    )
    report(database, cast.rob, title=AT_LOOK, description="Since nine.", service="Mail")
    claimed = report(database, cast.rob, title=CLAIMED, service="Phones")
    with database.transaction() as session:
        tasks.claim(session, open_tasks(database, claimed, cast.dora)["Look"].id, cast.dora)
    waits = report(database, cast.rob, title=WAITS, service="Shop")
    complete(database, waits, "Look", cast.dora, note="Fine.")
    done = report(database, cast.rob, title=DONE, service="Mail")
    complete(database, done, "Look", cast.dora, note="Fine.")
    with database.transaction() as session:
        messages.send(session, "paid", "", None, cast.dora, incident=done.id)
        messages.send(session, "refunded", "", {"amount": "12.30"}, cast.dora)
    complete(database, done, "Check", cast.dora, note="Fine.")
    return cast


def write(folder):
    """Write what the release that runs leaves behind, for the releases to come."""
    database = Database(f"sqlite:///{folder / 'left.db'}")
    migrate.upgrade(database)
    leave(database)
    database.close()
    with closing(sqlite3.connect(folder / "left.db")) as connection:
        ((revision,),) = connection.execute("SELECT version_num FROM alembic_version")
        (FOLDER / f"{revision}.sql").write_text("\n".join(connection.iterdump()) + "\n")


class Cast:
    """The people that a release had added; the same names as the tests' own."""

    def __init__(self, database):
        with database.reading() as session:
            for person in session.execute(text("SELECT id, username, name FROM person")):
                grants = frozenset(PEOPLE[person.username][1])
                setattr(self, person.username, Actor(person.id, person.name, grants))


def backup_of(release, folder):
    """A SQLite file as that release wrote it."""
    file = folder / f"{release}.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((FOLDER / f"{release}.sql").read_text())
    return file


@contextmanager
def bare(fresh):
    """A database without a single table, of the kind that ``fresh`` makes."""
    with fresh() as made:
        _strip(made)
        # Another object for the same: whatever has been learned about the tables is forgotten.
        database = Database(made.url)
        try:
            yield database
        finally:
            database.close()
            _strip(made)
            migrate.upgrade(made)  # the next test may get it


def at(database, revision):
    """Bring a bare database up to the release that had this as its last revision."""
    with database.engine.begin() as connection:
        command.upgrade(migrate.config(connection), revision)


def fill(database, release, folder):
    """Put what that release wrote into a database that has its tables, and no others."""
    written = create_engine(f"sqlite:///{backup_of(release, folder)}")
    tables = MetaData()
    tables.reflect(written)
    with written.connect() as old, database.engine.begin() as new:
        for table in tables.sorted_tables:
            rows = [_aware(row._asdict()) for row in old.execute(table.select())]
            if rows and table.name != "alembic_version":
                new.execute(table.insert(), rows)
        if new.dialect.name != "sqlite":
            transfer._count_on(new, tables.sorted_tables)
    written.dispose()


def _aware(row):
    return {k: v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for k, v in row.items()}


def _strip(database):
    database.close()
    if database.engine.dialect.name == "sqlite":
        file = Path(database.engine.url.database)
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
    else:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        write(Path(name))
