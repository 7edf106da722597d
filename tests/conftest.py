"""A real database, real people and a small deployed process for every test that asks."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from engine import clock, library
from tests import databases
from tests.factories import Cast
from tests.server import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fresh(request, tmp_path_factory):
    """Makes databases without rows, on both; migrated once instead of for each test."""
    if request.param == "sqlite":
        yield databases.Sqlite(tmp_path_factory.mktemp("databases")).fresh
    else:
        with databases.postgresql() as postgresql:
            yield postgresql.fresh


@pytest.fixture(scope="module")
def chromium():
    """One browser a file: as long as it is open, no other event loop can run in this process."""
    if CHROMIUM is None:
        missing = "Chromium is missing: install the system's package “chromium”."
        # In CI a browser test that skips is a failure.
        (pytest.fail if os.environ.get("STEADYHAND_CI") else pytest.skip)(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def database(fresh):
    with fresh() as database:
        yield database


@pytest.fixture
def cast(database):
    """The people of the tests, by first name."""
    return Cast(database)


@pytest.fixture(autouse=True)
def clock_stays():
    """Whoever moves the clock puts it back: the next test may be one that minds."""
    before = clock._offset
    yield
    assert clock._offset == before, "This test leaves the clock moved."


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
    server = Server(tmp_path, database.url)
    server.start()
    yield server
    server.stop()
