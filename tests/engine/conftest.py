"""Databases of both kinds in one test, and databases without tables."""

from contextlib import ExitStack

import pytest

from tests import databases
from tests.engine import releases

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def fresh_of(tmp_path_factory):
    """Makes migrated databases without rows, by their kind."""
    sqlite = databases.Sqlite(tmp_path_factory.mktemp("databases"))
    with databases.postgresql() as postgresql:
        yield {"sqlite": sqlite.fresh, "postgresql": postgresql.fresh}


@pytest.fixture
def make(fresh_of):
    """A database of some kind, as many as a test wants."""
    with ExitStack() as made:
        yield lambda kind: made.enter_context(fresh_of[kind]())


@pytest.fixture
def bare(fresh):
    """A database without a single table."""
    with releases.bare(fresh) as database:
        yield database
