"""Does what nobody waits for: fires timers, delivers messages, sends effects, cleans up.

Timers and messages are swept every second, by a clock that never goes back; whatever fails in a
sweep, and whatever goes outside, is a job. As many workers as one likes run beside each other.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from engine import (
    health,
    idempotency,
    instances,
    jobs,
    outbound,
    outbox,
    security_log,
    service_clocks,
)
from engine.actors import SYSTEM
from engine.errors import Conflict, InvalidDocument
from engine.health import Step
from engine.instances import delivery
from engine.jobs import Job
from engine.jobs.runner import Runner
from engine.outbox import NotSent, Outside
from engine.people import challenges, credentials, throttle
from engine.security_log import Kind, Refusal
from engine.store import outages, words
from engine.store.database import Database

INTERVAL_SECONDS = 1.0
_TOGETHER = 25  # instances a transaction: one fsync for all, and nobody waits long for the lock
_BATCHES = 20
_MOST_MESSAGES = 500

logger = logging.getLogger("steadyhand.worker")


def run(
    database: Database,
    stopping: threading.Event,
    outside: Outside | None = None,
    *,
    concurrency: int = 4,
) -> None:
    """Work until ``stopping``; an error costs one sweep or one attempt, never the worker."""
    runner = Runner(
        database,
        doing(database, outside),
        lambda job, subject, problem: give_up(database, job, subject, problem),
        lambda: _clean_up(database),
        concurrency=concurrency,
    )
    doing_jobs = threading.Thread(target=runner.run, args=(stopping,), name="jobs")
    doing_jobs.start()
    pause = INTERVAL_SECONDS
    while not stopping.wait(pause):
        try:
            pause = 0 if run_once(database) else INTERVAL_SECONDS
        except Exception:
            pause = INTERVAL_SECONDS
            logger.exception("The sweep failed; trying again")
    doing_jobs.join()


def run_once(database: Database) -> int:
    """Do what is due, at most a few hundred of each kind; returns how many moved on.

    Not until nothing is left: a timer that has many rounds to make up for shall not keep the rest.
    """
    fired = 0
    for _ in range(_BATCHES):
        outcomes = _fire_batch(database)
        fired += sum(outcomes)
        if len(outcomes) < _TOGETHER:
            break
    return fired + _deliver(database) + _pick_up_forgotten(database) + _tell(database)


def _fire_batch(database: Database) -> list[bool]:
    """Fire the timers of a few instances in one transaction, or else of each in its own.

    Returns for each instance that was due whether it moved on.
    """
    if not _find(database, lambda session: instances.find_due(session, 1)):
        return []  # without the write lock
    due: list[str] = []
    try:
        with health.timed(Step.TIMERS), database.transaction() as session:
            due = instances.take_due(session, _TOGETHER)
            for instance_id in due:
                instances.fire_timers(session, instance_id)
    except Exception as error:
        if not due or outages.kind_of(error):
            raise
        logger.warning("%d processes could not fire together; one at a time now", len(due))
        return [_fire_alone(database, instance_id) for instance_id in due]
    return [True] * len(due)


def _fire_alone(database: Database, instance_id: str) -> bool:
    try:
        with health.timed(Step.TIMERS), database.transaction() as session:
            instances.fire_timers(session, instance_id)
    except Conflict:
        return False  # somebody moved it on; the next sweep sees what is still due
    except InvalidDocument as error:
        logger.exception("The state of process %s is damaged", instance_id)
        with database.transaction() as session:
            instances.fail(session, instance_id, f"{type(error).__name__}: {error}")
        return False
    except Exception as error:
        if outages.kind_of(error):
            raise  # is nothing of this process; the next sweep comes back
        logger.exception("The timers of process %s failed; they become a job", instance_id)
        with database.transaction() as session:
            jobs.defer(session, Job.FIRE_TIMERS, instance_id, lock=f"instance:{instance_id}")
        return False
    return True


def _deliver(database: Database) -> int:
    due = _find(database, lambda session: delivery.find_due(session, _MOST_MESSAGES))
    return sum(_deliver_one(database, message_id) for message_id in due)


def _deliver_one(database: Database, message_id: str) -> bool:
    # One a transaction, so that a failure costs that message alone.
    try:
        with database.transaction() as session:
            delivery.deliver(session, message_id)
    except Conflict:
        return False  # somebody moved it on; the next sweep sees what is still due
    except Exception as error:
        if outages.kind_of(error):
            raise
        logger.exception("Message %s could not be delivered", message_id)
        with database.transaction() as session:
            delivery.postpone(session, message_id, f"{type(error).__name__}: {error}")
        return False
    return True


def _tell(database: Database) -> int:
    """Of service clocks that run out, or have."""
    due = _find(database, lambda session: service_clocks.find_due(session, _MOST_MESSAGES))
    for clock_id in due:
        _tell_of(database, clock_id)
    return len(due)


def _tell_of(database: Database, clock_id: str) -> None:
    try:
        with database.transaction() as session:
            service_clocks.tell(session, clock_id)
    except InvalidDocument:
        logger.exception("Service clock %s is damaged; nobody will be told of it", clock_id)
        with database.transaction() as session:
            service_clocks.silence(session, clock_id)
    except Exception as error:
        if outages.kind_of(error):
            raise
        logger.exception("Nobody could be told of service clock %s; trying again", clock_id)


def _pick_up_forgotten(database: Database) -> int:
    forgotten = _find(database, lambda session: outbox.find_forgotten(session, _MOST_MESSAGES))
    for key in forgotten:
        with database.transaction() as session:
            outbox.defer_again(session, key)
    return len(forgotten)


def _find(database: Database, find: Callable[[Session], Sequence[str]]) -> Sequence[str]:
    with database.reading() as session:
        return find(session)


def doing(database: Database, outside: Outside | None = None) -> dict[Job, Callable[[str], None]]:
    """What each job is."""

    def fire_timers(instance_id: str) -> None:
        try:
            with database.transaction() as session:
                instances.fire_timers(session, instance_id)
        except Conflict:
            logger.info("Process %s has moved on; nothing to fire", instance_id)

    return {
        Job.FIRE_TIMERS: fire_timers,
        Job.SEND_EFFECT: lambda key: _send(database, outside or Outside(), key),
    }


def _send(database: Database, outside: Outside, key: str) -> None:
    """Send an effect; that its address may not be asked stands in the security log as well."""
    try:
        outbox.send(database, outside, key)
    except NotSent as problem:
        refused = outbound.refusal_behind(problem)
        # Once an effect and address: further attempts that end in the same words say nothing new.
        if refused and problem.is_news:
            with database.transaction() as session:
                security_log.record(session, Refusal(Kind.ADDRESS_REFUSED, str(refused), SYSTEM))
        raise


def give_up(database: Database, job: Job, subject: str, problem: str) -> None:
    """What a dead letter means for its subject; the letter itself stays in the queue."""
    with database.transaction() as session:
        if job is Job.FIRE_TIMERS:
            instances.fail(session, subject, problem)
        else:
            outbox.give_up(session, subject, problem)


def _clean_up(database: Database) -> None:
    with database.transaction() as session:
        idempotency.purge(session)
        security_log.purge(session)
        throttle.purge(session)
        challenges.purge(session)
        credentials.purge(session)
        words.catch_up(session)
