"""Fires due timers, one process instance a transaction, until told to stop."""

import logging
import threading

from engine import instances
from engine.errors import Conflict
from engine.store.database import Database

INTERVAL_SECONDS = 1.0
BATCH = 500

logger = logging.getLogger("steadyhand.worker")


def run(database: Database, stopping: threading.Event) -> None:
    """Sweep every second; an error costs one sweep, never the worker."""
    while not stopping.wait(INTERVAL_SECONDS):
        try:
            run_once(database)
        except Exception:
            logger.exception("The timer sweep failed; trying again")


def run_once(database: Database) -> int:
    """Fire everything that is due now; returns the number of instances that moved on."""
    with database.reading() as session:
        due = instances.find_due(session, BATCH)
    return sum(_fire(database, instance_id) for instance_id in due)


def _fire(database: Database, instance_id: str) -> bool:
    # One instance a transaction, so that a failure costs that instance alone.
    try:
        with database.transaction() as session:
            instances.fire_timers(session, instance_id)
    except Conflict:
        return False  # somebody moved it on; the next sweep sees what is still due
    except Exception as error:
        logger.exception("Instance %s failed", instance_id)
        with database.transaction() as session:
            instances.fail(session, instance_id, f"{type(error).__name__}: {error}")
        return False
    return True
