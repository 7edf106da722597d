"""Runs jobs until it is told to stop, whatever happens to the database meanwhile."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from procrastinate import App, JobContext, RetryStrategy
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as Deferred
from procrastinate.jobs import Status
from procrastinate.psycopg_connector import PsycopgConnector
from sqlalchemy.engine import make_url

from engine.jobs import MOST_ATTEMPTS, Job
from engine.jobs.sqlite import SqliteConnector, require_complete
from engine.store.database import PATIENCE, Database

Do = Callable[[str], None]  # takes the id of the subject
GiveUp = Callable[[Job, str, str], None]  # the job, its subject and what went wrong last

_LONGEST_PAUSE = 5.0  # seconds between two attempts to come back
_WAS_KILLED = "The worker stopped in the middle of it each time."

logger = logging.getLogger("steadyhand.jobs")


@dataclass(frozen=True)
class Pace:
    """How often a worker shows that it lives, and when another takes over; seconds."""

    heartbeat: float = 10.0
    stalled: float = 30.0
    polling: float = 1.0  # also how soon a deferred job is begun on SQLite
    rescue: float = 5.0
    again: int = 2  # to the power of the attempts so far: the pause before the next one
    draining: float = 20.0  # how long a job may go on after the worker was told to stop

    def __post_init__(self) -> None:
        """A shorter threshold would take jobs from workers that live."""
        if self.stalled < 3 * self.heartbeat:
            raise ValueError("A worker counts as stalled after three heartbeats at the earliest.")


class Runner:
    """One worker process: fetches jobs and does them in threads of its own."""

    def __init__(
        self,
        database: Database,
        doing: Mapping[Job, Do],
        give_up: GiveUp,
        every_hour: Callable[[], None],
        *,
        concurrency: int = 4,
        pace: Pace | None = None,
    ) -> None:
        """``give_up`` hears of a job that failed for the last time, before it is a dead letter."""
        require_complete()
        self._database = database
        self._doing = doing
        self._give_up = give_up
        self._every_hour = every_hour
        self._concurrency = concurrency
        self._pace = pace or Pace()

    def run(self, stopping: threading.Event) -> None:
        """Work until ``stopping``; after an error come back, later and later."""
        pause = 1.0
        while not stopping.is_set():
            began = time.monotonic()
            try:
                asyncio.run(self._work(stopping))
            except Exception:
                logger.exception("The worker of jobs stopped; coming back in %.0f s", pause)
            if time.monotonic() - began > _LONGEST_PAUSE:
                pause = 1.0
            stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _work(self, stopping: threading.Event) -> None:
        """Until told to stop, or until the database is gone."""
        app = self._app()
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    concurrency=self._concurrency,
                    delete_jobs="successful",
                    fetch_job_polling_interval=self._pace.polling,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=self._pace.draining,
                    stalled_worker_timeout=self._pace.stalled,
                    update_heartbeat_interval=self._pace.heartbeat,
                )
            )
            rescuing = asyncio.create_task(self._rescue_for_ever(app))
            watching = asyncio.create_task(_until(stopping))
            await asyncio.wait((working, rescuing, watching), return_when=asyncio.FIRST_COMPLETED)
            for task in (watching, rescuing, working):
                task.cancel()
            done = await asyncio.gather(watching, rescuing, working, return_exceptions=True)
        _raise_first(done)

    def _app(self) -> App:
        app = App(connector=connector_to(self._database))
        for job, do in self._doing.items():
            # Procrastinate counts the attempts that went before.
            strategy = RetryStrategy(
                max_attempts=MOST_ATTEMPTS - 1, exponential_wait=self._pace.again
            )
            app.task(name=job, pass_context=True, retry=strategy)(self._attempt(job, do))

        @app.periodic(cron="7 * * * *", queueing_lock="every_hour")
        @app.task(name="every_hour")
        def every_hour(timestamp: int) -> None:  # noqa: ARG001 -- Procrastinate's
            self._every_hour()

        return app

    def _attempt(self, job: Job, do: Do) -> Callable[[JobContext, str], None]:
        def attempt(context: JobContext, subject: str) -> None:
            try:
                do(subject)
            except Exception as error:
                if context.job.attempts + 1 >= MOST_ATTEMPTS:
                    self._give_up(job, subject, f"{type(error).__name__}: {error}")
                raise

        return attempt

    async def _rescue_for_ever(self, app: App) -> None:
        while True:
            await asyncio.sleep(self._pace.rescue)
            stalled = await app.job_manager.get_stalled_jobs(
                seconds_since_heartbeat=self._pace.stalled
            )
            for job in stalled:
                await self._rescue(app, job)

    async def _rescue(self, app: App, job: Deferred) -> None:
        """A job of a dead worker is done by another; one that kills its workers is given up."""
        try:
            if job.attempts + 1 < MOST_ATTEMPTS:
                await app.job_manager.retry_job(job)
                return
            subject = str(job.task_kwargs.get("subject"))
            await asyncio.to_thread(self._give_up, Job(job.task_name), subject, _WAS_KILLED)
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        except ConnectorException:
            logger.info("Job %s was rescued by another worker", job.id)


def connector_to(database: Database) -> BaseConnector:
    """Where Procrastinate keeps its jobs: beside our tables."""
    if database.engine.dialect.name == "sqlite":
        return SqliteConnector(database)
    address = make_url(database.url).set(drivername="postgresql")
    return PsycopgConnector(
        conninfo=address.render_as_string(hide_password=False),
        kwargs=PATIENCE,
        min_size=1,
        max_size=4,
        timeout=10,
    )


async def _until(stopping: threading.Event) -> None:
    while not stopping.is_set():
        await asyncio.sleep(0.1)


def _raise_first(done: Iterable[object]) -> None:
    for outcome in done:
        if isinstance(outcome, Exception):
            raise outcome
