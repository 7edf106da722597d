"""A real database, real people and a small deployed process for every test that asks."""

import shutil

import pytest

from engine import clock, library
from engine.store import migrate
from engine.store.database import Database
from tests.factories import Cast
from tests.server import Server


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """The file of a database without rows: migrating once instead of for each test."""
    file = tmp_path_factory.mktemp("migrated") / "steadyhand.db"
    database = Database(f"sqlite:///{file}")
    migrate.upgrade(database)
    database.close()
    return file


@pytest.fixture
def database(tmp_path, migrated):
    database = Database(f"sqlite:///{shutil.copy(migrated, tmp_path)}")
    yield database
    database.close()


@pytest.fixture
def cast(database):
    """The people of the tests, by first name."""
    return Cast(database)


@pytest.fixture
def time_travel():
    """Moves the clock; it is put back after the test."""
    moved = []

    def travel(by):
        moved.append(by)
        clock.shift(by)

    yield travel
    for by in moved:
        clock.shift(-by)


@pytest.fixture
def server(tmp_path, database):
    """A running server over the test's database, with the shipped process and nobody's data."""
    with database.transaction() as session:
        library.load_shipped(session)
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()
