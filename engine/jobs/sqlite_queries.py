"""What Procrastinate asks of its storage, answered by SQLite.

What is asked of each is in Procrastinate's ``sql/queries.sql`` and ``sql/schema.sql``; the contract
test runs both stores through the same calls.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT
from procrastinate.types import JobToDefer

Row = dict[str, Any]
Answer = list[Row]
_Query = Callable[..., Answer]

_MATCHES = """
    (:queue_name IS NULL OR queue_name = :queue_name)
    AND (:task_name IS NULL OR task_name = :task_name)
    AND (:status IS NULL OR status = :status)
    AND (:lock IS NULL OR lock = :lock)
"""
_EARLIER_WITH_THE_SAME_LOCK = """
    SELECT 1 FROM procrastinate_jobs AS other
    WHERE other.lock = job.lock AND (
        other.status = 'doing'
        OR other.status = 'todo' AND (
            other.priority > job.priority
            OR other.priority = job.priority AND other.id < job.id
        )
    )
"""


def _defer_jobs(cursor: sqlite3.Cursor, jobs: Sequence[JobToDefer]) -> Answer:
    return [{"id": _defer(cursor, job)} for job in jobs]


def _defer(cursor: sqlite3.Cursor, job: JobToDefer) -> int | None:
    try:
        cursor.execute(
            """
            INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock,
                                            args, scheduled_at, changed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                *(job.queue_name, job.task_name, job.priority, job.lock, job.queueing_lock),
                *(json.dumps(job.args), _seconds(job.scheduled_at), time.time()),
            ),
        )
    except sqlite3.IntegrityError as error:
        raise UniqueViolation(
            constraint_name=QUEUEING_LOCK_CONSTRAINT, queueing_lock=job.queueing_lock
        ) from error
    return cursor.lastrowid


def _defer_periodic_job(cursor: sqlite3.Cursor, **job: Any) -> Answer:
    this = {name: job[name] for name in ("task_name", "periodic_id", "defer_timestamp")}
    cursor.execute(
        """
        INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (:task_name, :periodic_id, :defer_timestamp) ON CONFLICT DO NOTHING
        RETURNING task_name
        """,
        this,
    )
    if not cursor.fetchall():
        return [{"id": None}]
    cursor.execute(
        """
        DELETE FROM procrastinate_periodic_defers
        WHERE task_name = :task_name AND periodic_id = :periodic_id
          AND defer_timestamp < :defer_timestamp
        """,
        this,
    )
    named = {name: job[name] for name in ("task_name", "priority", "lock", "queueing_lock", "args")}
    deferred = JobToDefer(queue_name=job["queue"], scheduled_at=None, **named)
    return [{"id": _defer(cursor, deferred)}]


def _fetch_job(cursor: sqlite3.Cursor, queues: Sequence[str] | None, worker_id: int) -> Answer:
    cursor.execute(
        f"""
        UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = :worker_id, changed_at = :now
        WHERE id = (
            SELECT id FROM procrastinate_jobs AS job
            WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= :now)
              AND (:queues IS NULL OR queue_name IN (SELECT value FROM json_each(:queues)))
              AND (lock IS NULL OR NOT EXISTS ({_EARLIER_WITH_THE_SAME_LOCK}))
            ORDER BY priority DESC, id LIMIT 1
        )
        RETURNING *
        """,  # noqa: S608 -- a part of ours
        {"worker_id": worker_id, "now": time.time(), "queues": _listed(queues)},
    )
    return [_job(row) for row in cursor.fetchall()] or [{"id": None}]


def _finish_job(cursor: sqlite3.Cursor, job_id: int, status: str, delete_job: bool) -> Answer:  # noqa: FBT001 -- Procrastinate's
    if delete_job:
        change = "DELETE FROM procrastinate_jobs"
    else:
        change = """
            UPDATE procrastinate_jobs
            SET status = :status, abort_requested = 0, changed_at = :now,
                attempts = attempts + (status = 'doing')
        """
    return _change_one(
        cursor,
        f"{change} WHERE id = :job_id AND status IN ('todo', 'doing') RETURNING id",
        {"job_id": job_id, "status": str(status), "now": time.time()},
    )


def _retry_job(
    cursor: sqlite3.Cursor,
    job_id: int,
    retry_at: datetime,
    new_priority: int | None,
    new_queue_name: str | None,
    new_lock: str | None,
) -> Answer:
    cursor.execute(
        """
        UPDATE procrastinate_jobs SET status = 'failed', changed_at = :now
        WHERE id = :job_id AND status = 'doing' AND abort_requested RETURNING id
        """,
        {"job_id": job_id, "now": time.time()},
    )
    aborted: Answer = cursor.fetchall()
    return aborted or _change_one(
        cursor,
        """
        UPDATE procrastinate_jobs
        SET status = 'todo', attempts = attempts + 1, scheduled_at = :retry_at, changed_at = :now,
            priority = coalesce(:priority, priority), queue_name = coalesce(:queue, queue_name),
            lock = coalesce(:lock, lock)
        WHERE id = :job_id AND status IN ('doing', 'failed') RETURNING id
        """,
        {
            "job_id": job_id,
            "retry_at": _seconds(retry_at),
            "now": time.time(),
            "priority": new_priority,
            "queue": new_queue_name,
            "lock": new_lock,
        },
    )


def _cancel_job(cursor: sqlite3.Cursor, job_id: int, abort: bool, delete_job: bool) -> Answer:  # noqa: FBT001 -- Procrastinate's
    change = """
        UPDATE procrastinate_jobs
        SET status = CASE status WHEN 'todo' THEN 'cancelled' ELSE status END,
            abort_requested = abort_requested OR :abort, changed_at = :now
        WHERE id = :job_id AND (status = 'todo' OR status = 'doing' AND :abort) RETURNING id
    """
    if delete_job:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE id = ? AND status = 'todo' RETURNING id",
            (job_id,),
        )
        deleted: Answer = cursor.fetchall()
        if deleted:
            return deleted
    cursor.execute(change, {"job_id": job_id, "abort": abort, "now": time.time()})
    return cursor.fetchall() or [{"id": None}]


def _get_job_status(cursor: sqlite3.Cursor, job_id: int) -> Answer:
    return _select(cursor, "SELECT status FROM procrastinate_jobs WHERE id = ?", (job_id,))


def _list_jobs(cursor: sqlite3.Cursor, **wanted: Any) -> Answer:
    found = _select(
        cursor,
        f"""
        SELECT * FROM procrastinate_jobs
        WHERE {_MATCHES} AND (:id IS NULL OR id = :id)
          AND (:queueing_lock IS NULL OR queueing_lock = :queueing_lock)
          AND (:worker_id IS NULL OR worker_id = :worker_id)
        ORDER BY id
        """,  # noqa: S608 -- a part of ours
        wanted,
    )
    return [_job(row) for row in found]


def _statistics(name: str) -> _Query:
    """Jobs by status for each value of a column."""

    def count(cursor: sqlite3.Cursor, **wanted: Any) -> Answer:
        found = _select(
            cursor,
            f"""
            SELECT name, sum(jobs) AS jobs_count, json_group_object(status, jobs) AS stats
            FROM (SELECT {name} AS name, status, count(*) AS jobs FROM procrastinate_jobs
                  WHERE {_MATCHES} AND {name} IS NOT NULL GROUP BY {name}, status)
            GROUP BY name ORDER BY name
            """,  # noqa: S608 -- parts of ours
            wanted,
        )
        return [{**row, "stats": json.loads(row["stats"])} for row in found]

    return count


def _list_jobs_to_abort(cursor: sqlite3.Cursor, queue_name: str | None = None) -> Answer:
    query = """
        SELECT id FROM procrastinate_jobs
        WHERE status = 'doing' AND abort_requested AND (:queue IS NULL OR queue_name = :queue)
    """
    return _select(cursor, query, {"queue": queue_name})


def _count_jobs_status(cursor: sqlite3.Cursor) -> Answer:
    query = "SELECT count(*) AS count, status FROM procrastinate_jobs GROUP BY status"
    return _select(cursor, query, {})


def _select_stalled_jobs_by_heartbeat(
    cursor: sqlite3.Cursor,
    queue: str | None,
    task_name: str | None,
    seconds_since_heartbeat: float,
) -> Answer:
    query = """
        SELECT job.* FROM procrastinate_jobs AS job
        LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
        WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < :since)
          AND (:queue IS NULL OR queue_name = :queue)
          AND (:task_name IS NULL OR task_name = :task_name)
    """
    since = time.time() - seconds_since_heartbeat
    wanted = {"queue": queue, "task_name": task_name, "since": since}
    return [_job(row) for row in _select(cursor, query, wanted)]


def _select_stalled_jobs_by_started(
    cursor: sqlite3.Cursor, queue: str | None, task_name: str | None, nb_seconds: int
) -> Answer:
    query = """
        SELECT * FROM procrastinate_jobs WHERE status = 'doing' AND changed_at < :since
          AND (:queue IS NULL OR queue_name = :queue)
          AND (:task_name IS NULL OR task_name = :task_name)
    """
    wanted = {"queue": queue, "task_name": task_name, "since": time.time() - nb_seconds}
    return [_job(row) for row in _select(cursor, query, wanted)]


def _delete_old_jobs(
    cursor: sqlite3.Cursor, nb_hours: int, queue: str | None, statuses: Sequence[str]
) -> Answer:
    query = """
        DELETE FROM procrastinate_jobs
        WHERE status IN (SELECT value FROM json_each(:statuses)) AND changed_at < :before
          AND (:queue IS NULL OR queue_name = :queue)
    """
    before = time.time() - nb_hours * 3600
    wanted = {"statuses": _listed(statuses), "queue": queue, "before": before}
    return _select(cursor, query, wanted)


def _register_worker(cursor: sqlite3.Cursor) -> Answer:
    query = """
        INSERT INTO procrastinate_workers (last_heartbeat) VALUES (?) RETURNING id AS worker_id
    """
    return _select(cursor, query, (time.time(),))


def _unregister_worker(cursor: sqlite3.Cursor, worker_id: int) -> Answer:
    return _select(cursor, "DELETE FROM procrastinate_workers WHERE id = ?", (worker_id,))


def _update_heartbeat(cursor: sqlite3.Cursor, worker_id: int) -> Answer:
    query = "UPDATE procrastinate_workers SET last_heartbeat = ? WHERE id = ?"
    return _select(cursor, query, (time.time(), worker_id))


def _prune_stalled_workers(cursor: sqlite3.Cursor, seconds_since_heartbeat: float) -> Answer:
    query = """
        DELETE FROM procrastinate_workers WHERE last_heartbeat < ? RETURNING id AS worker_id
    """
    return _select(cursor, query, (time.time() - seconds_since_heartbeat,))


def _check_connection(cursor: sqlite3.Cursor) -> Answer:
    query = """
        SELECT max(name) AS "check" FROM sqlite_master
        WHERE type = 'table' AND name = 'procrastinate_jobs'
    """
    return _select(cursor, query, {})


def _listen_queue(_: sqlite3.Cursor) -> Answer:
    return []


def _select(cursor: sqlite3.Cursor, query: str, values: Any) -> Answer:
    cursor.execute(query, values)
    return cursor.fetchall()


def _change_one(cursor: sqlite3.Cursor, query: str, values: Row) -> Answer:
    changed = _select(cursor, query, values)
    if not changed:
        raise ConnectorException(f"Job {values['job_id']} has no status from which to change.")
    return changed


def _job(row: Row) -> Row:
    at = row["scheduled_at"]
    return {
        **row,
        "args": json.loads(row["args"]),
        "abort_requested": bool(row["abort_requested"]),
        "scheduled_at": None if at is None else datetime.fromtimestamp(at, UTC),
    }


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _listed(values: Iterable[str] | None) -> str | None:
    return None if values is None else json.dumps([str(value) for value in values])


ANSWERS: dict[str, _Query] = {
    "cancel_job": _cancel_job,
    "check_connection": _check_connection,
    "count_jobs_status": _count_jobs_status,
    "defer_jobs": _defer_jobs,
    "defer_periodic_job": _defer_periodic_job,
    "delete_old_jobs": _delete_old_jobs,
    "fetch_job": _fetch_job,
    "finish_job": _finish_job,
    "get_job_status": _get_job_status,
    "list_jobs": _list_jobs,
    "list_jobs_to_abort": _list_jobs_to_abort,
    "list_locks": _statistics("lock"),
    "list_queues": _statistics("queue_name"),
    "list_tasks": _statistics("task_name"),
    "listen_queue": _listen_queue,
    "prune_stalled_workers": _prune_stalled_workers,
    "register_worker": _register_worker,
    "retry_job": _retry_job,
    "select_stalled_jobs_by_heartbeat": _select_stalled_jobs_by_heartbeat,
    "select_stalled_jobs_by_started": _select_stalled_jobs_by_started,
    "unregister_worker": _unregister_worker,
    "update_heartbeat": _update_heartbeat,
}
