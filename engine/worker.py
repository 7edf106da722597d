"""Fires due timers and delivers messages, one instance a transaction, until told to stop."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from engine import instances
from engine.errors import Conflict
from engine.instances import delivery
from engine.store.database import Database

INTERVAL_SECONDS = 1.0
BATCH = 500

logger = logging.getLogger("steadyhand.worker")

Find = Callable[[Session, int], list[str]]
Take = Callable[[Session, str], None]
GiveUp = Callable[[Session, str, str], None]


def run(database: Database, stopping: threading.Event) -> None:
    """Sweep every second; an error costs one sweep, never the worker."""
    while not stopping.wait(INTERVAL_SECONDS):
        try:
            run_once(database)
        except Exception:
            logger.exception("The sweep failed; trying again")


def run_once(database: Database) -> int:
    """Do everything that is due now; returns how many timers' instances and messages moved on."""
    fired = _sweep(database, instances.find_due, instances.fire_timers, instances.fail)
    return fired + _sweep(database, delivery.find_due, delivery.deliver, delivery.postpone)


def _sweep(database: Database, find: Find, take: Take, give_up: GiveUp) -> int:
    with database.reading() as session:
        due = find(session, BATCH)
    return sum(_take_one(database, subject_id, take, give_up) for subject_id in due)


def _take_one(database: Database, subject_id: str, take: Take, give_up: GiveUp) -> bool:
    # One a transaction, so that a failure costs that instance or message alone.
    try:
        with database.transaction() as session:
            take(session, subject_id)
    except Conflict:
        return False  # somebody moved it on; the next sweep sees what is still due
    except Exception as error:
        logger.exception("%s failed on %s", take.__name__, subject_id)
        with database.transaction() as session:
            give_up(session, subject_id, f"{type(error).__name__}: {error}")
        return False
    return True
