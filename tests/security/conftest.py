"""One stage for the tests of a file that ask the application, and its security log."""

import pytest

from api import create_app
from api.security import SIEVE
from engine import security_log
from engine.people import external
from engine.people.external import Identity
from engine.security_log import Filter, Sieve
from engine.settings import Settings
from tests import openid
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


@pytest.fixture
def provider():
    """One that lies and breaks on request."""
    with openid.crooked() as provider:
        yield provider


@pytest.fixture
def served(database, cast, provider):
    """The application of an installation whose provider knows Dora."""
    settings = openid.settings(provider.issuer)
    with database.transaction() as session:
        known = Identity(provider.issuer, "ann")
        external.link(session, external.Provider(settings), known, cast.dora)
    return create_app(database, Settings(database.url, openid=settings))
