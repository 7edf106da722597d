"""One stage for the tests of a file that ask the application, and its security log."""

import pytest

from api.security import SIEVE
from engine import security_log
from engine.security_log import Filter, Sieve
from tests.durability.ground import grounds
from tests.durability.stage import Stage


@pytest.fixture(scope="module")
def shared(fresh):
    """One stage for all tests, and what puts it back as it was in the beginning."""
    with fresh() as database:
        stage, ground = Stage(database), grounds(database)
        yield stage, ground, ground.save()
        ground.close()


@pytest.fixture
def stage(shared):
    stage, ground, begun = shared
    ground.restore(begun)
    stage._app.extensions[SIEVE] = Sieve()  # which remembers what the test before was refused
    return stage


@pytest.fixture
def logged(stage):
    """The kinds of what stands in the log, by route."""

    def read():
        with stage.database.reading() as session:
            found = security_log.find(session, stage.cast.aude, Filter(), limit=1000)
        return {(entry.event, entry.route) for entry in found}

    return read
