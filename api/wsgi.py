"""The application that gunicorn serves: ``gunicorn -c deploy/gunicorn.conf.py api.wsgi:app``.

It migrates nothing: several hosts start at once, and a migration is somebody's decision. Run
``steadyhand migrate`` first, and ``steadyhand worker`` beside it.
"""

import logging
import os

from flask import Flask

from api import create_app, logs
from engine import settings
from engine.errors import UnfitDatabase
from engine.store import migrate, outages
from engine.store.database import Database
from engine.store.migrate import State

# gunicorn starts no more workers after one that ended with this (Arbiter.APP_LOAD_ERROR).
CANNOT_START = 4

logger = logging.getLogger("steadyhand.wsgi")


def create() -> Flask:
    """The application by the environment; exits where that or the database does not allow it."""
    config = settings.from_environment()
    try:
        logs.configure(config.log_level)
        database = Database(config.database_url)
        require_fit(database, may_be_newer=os.environ.get("STEADYHAND_REPLACES") == "1")
        return create_app(database, config)
    except (UnfitDatabase, ValueError, ImportError) as error:
        logger.critical("%s", error)
        raise SystemExit(CANNOT_START) from error


def require_fit(database: Database, *, may_be_newer: bool) -> None:
    """``UnfitDatabase`` unless its tables are this release's; a silent database may come back.

    A process that replaces another of the same server serves on when a newer release has migrated
    meanwhile: its migrations leave the release before it running, and it is about to be rolled out.
    """
    try:
        if may_be_newer and migrate.state(database) is State.AHEAD:
            logger.warning("A newer release has migrated the database; roll it out here too")
        else:
            migrate.require_current(database)
    except outages.ERRORS as error:
        logger.warning("The database does not answer yet: %s", type(error).__name__)


app = create()
