"""Jobs: work to be done after the transaction that asks for it, at least once, on any host.

Procrastinate keeps them and hands them out: as it ships on PostgreSQL, and on SQLite through
``engine.jobs.sqlite``. A job carries the id of what it is about and nothing else; the truth is in
our tables.
"""

from dataclasses import dataclass
from enum import StrEnum

from procrastinate.manager import JobManager
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from procrastinate.tasks import configure_task
from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    String,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    update,
)
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.jobs.sqlite import SqliteConnector

MOST_ATTEMPTS = 8  # then a job goes to the dead letters, and a person decides


class Job(StrEnum):
    """What a worker knows to do."""

    FIRE_TIMERS = "fire_timers"  # of one process instance, after the sweep could not
    SEND_EFFECT = "send_effect"


@dataclass(frozen=True)
class DeadLetter:
    """A job that failed as often as it may, and waits for a person."""

    id: int
    job: Job
    subject: str  # id of what it is about


_JOBS = table(
    "procrastinate_jobs",
    column("id"),
    column("task_name", String()),
    column("lock", String()),
    column("queueing_lock", String()),
    column("args"),
    column("status"),
    column("attempts"),
    column("scheduled_at"),
)
_jobs = _JOBS.c
# PostgreSQL has an enum of its own for these.
_STATUS = cast(_jobs.status, String())
_IS_AHEAD = _jobs.status.in_([literal_column("'todo'"), literal_column("'doing'")])
_IS_DEAD = _jobs.status == literal_column("'failed'")
_DEAD_LETTERS = select(_jobs.id, _jobs.task_name, _jobs.queueing_lock).where(_IS_DEAD)
_on_postgresql = JobManager(SyncPsycopgConnector())


def defer(session: Session, job: Job, subject: str, *, lock: str | None = None) -> None:
    """Have a worker do ``job`` once this transaction has committed.

    Jobs with the same ``lock`` run one after the other, in the order in which they were deferred.
    A subject that waits in the queue already is a mistake: ask ``is_ahead`` first.
    """
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    configure_task(
        name=job,
        job_manager=JobManager(SqliteConnector()) if is_sqlite else _on_postgresql,
        connection=connection.connection.driver_connection,
        lock=lock,
        queueing_lock=f"{job}:{subject}",
    ).defer(subject=subject)


def is_ahead(job: Job, subject: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """For a query: whether the subject of a row has such a job waiting or running."""
    name: ColumnElement[str] = literal_column(f"'{job}:'", String())
    return select(_jobs.id).where(_jobs.queueing_lock == name + subject, _IS_AHEAD).exists()


def counts(session: Session) -> dict[str, int]:
    """How many jobs stand at each status: todo, doing, failed, …"""
    query = select(_STATUS.label("status"), func.count().label("number")).group_by(_jobs.status)
    return {row.status: row.number for row in session.execute(query)}


def dead(session: Session, limit: int = 100) -> list[DeadLetter]:
    """The dead letters, newest first."""
    query = _DEAD_LETTERS.order_by(_jobs.id.desc()).limit(limit)
    return [_read(*row) for row in session.execute(query)]


def retry(session: Session, job_id: int) -> DeadLetter:
    """Put a dead letter back into the queue, with all its attempts before it again."""
    found = session.execute(_DEAD_LETTERS.where(_jobs.id == job_id)).first()
    if found is None:
        raise NotFound(f"There is no dead letter {job_id}.")
    session.execute(
        update(_JOBS)
        .where(_jobs.id == job_id, _IS_DEAD)
        .values(status=literal_column("'todo'"), attempts=0, scheduled_at=None)
    )
    return _read(*found)


def _read(job_id: int, name: str, queueing_lock: str) -> DeadLetter:
    return DeadLetter(job_id, Job(name), queueing_lock.removeprefix(f"{name}:"))
