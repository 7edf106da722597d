"""`steadyhand worker` and `steadyhand jobs`: what runs beside the web servers."""

import logging
import signal
import threading
from types import FrameType

import click
from sqlalchemy.exc import OperationalError

from engine import jobs, upkeep, worker
from engine.cli.group import OPERATOR, opened, prepared
from engine.instances import Reason
from engine.outbox import Outside
from engine.settings import Settings
from engine.store import migrate
from engine.store.database import Database
from engine.store.migrate import State

_PAUSE_SECONDS = 2.0

logger = logging.getLogger("steadyhand.worker")


@click.command("worker")
@click.option("--concurrency", default=4, show_default=True, help="Jobs at one time.")
@click.pass_obj
def worker_(config: Settings, concurrency: int) -> None:
    """Fire timers, deliver messages and do jobs until told to stop.

    Waits for a database that is away or not migrated yet, and comes back to one that went away.
    SIGTERM lets it finish what it has begun.
    """
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    database = opened(config.database_url)
    if _wait_until_ready(database, stopping):
        click.echo("The worker is at work (Ctrl+C ends it)")
        outside = Outside(alert_url=config.alert_url)
        worker.run(database, stopping, outside, concurrency=concurrency)


@click.group("jobs")
def jobs_() -> None:
    """Jobs, and those that were given up."""


@jobs_.command("list")
@click.pass_obj
def jobs_list(config: Settings) -> None:
    """Count the jobs, and list the dead letters: those that failed every time."""
    with prepared(config).reading() as session:
        counts = jobs.counts(session)
        for status, number in sorted(counts.items()):
            click.echo(f"{status}: {number}")
        if not counts:
            click.echo("No job waits, and none was given up.")
        for letter in jobs.dead(session):
            click.echo(f"{letter.id} {letter.job} {letter.subject}")


@jobs_.command("retry")
@click.argument("job_id", type=int)
@click.option("--reason", required=True, help="What has changed, so that it will work now.")
@click.pass_obj
def jobs_retry(config: Settings, job_id: int, reason: str) -> None:
    """Put a dead letter back into the queue."""
    with prepared(config).transaction() as session:
        letter = upkeep.try_again(session, job_id, Reason(reason), OPERATOR).letter
    click.echo(f"{letter.job} of {letter.subject} is tried again.")


def _wait_until_ready(database: Database, stopping: threading.Event) -> bool:
    """Whether the database became ready before the worker was told to stop."""
    while not stopping.is_set():
        try:
            if migrate.state(database) is not State.BEHIND:
                migrate.require_current(database)  # one of a newer release is for newer workers
                return True
            logger.warning("The database is of an older release; run steadyhand migrate")
        except OperationalError as error:
            logger.warning("The database is away: %s", error.orig)
        stopping.wait(_PAUSE_SECONDS)
    return False
