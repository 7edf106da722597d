"""Jobs: one contract for both stores, what a worker does, and what becomes of bad ones."""

import asyncio
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate import App, exceptions, sql
from procrastinate.jobs import Status
from procrastinate.types import JobToDefer
from sqlalchemy import text

from engine import jobs
from engine.errors import NotFound
from engine.jobs import MOST_ATTEMPTS, Job
from engine.jobs.runner import Pace, Runner, connector_to
from engine.jobs.sqlite import require_complete
from engine.jobs.sqlite_queries import ANSWERS

QUICK = Pace(heartbeat=0.2, stalled=0.8, polling=0.05, rescue=0.1, again=0, draining=5)
SECONDS = 15  # until a worker has certainly done what it should


def ask(database, work):
    """Run ``work(job_manager)`` against the store that the database has."""

    async def asking():
        app = App(connector=connector_to(database))
        async with app.open_async():
            return await work(app.job_manager)

    return asyncio.run(asking())


def to_defer(name="look", **values):
    fields = {"priority": 0, "lock": None, "queueing_lock": None, "scheduled_at": None}
    fields |= {"queue_name": "default", "args": {"subject": "one"}}
    return JobToDefer(task_name=name, **(fields | values))


async def put(manager, *wanted):
    query = sql.queries["defer_jobs"]
    rows = await manager.connector.execute_query_all_async(query, jobs=list(wanted))
    return [row["id"] for row in rows]


# ---- the contract of a store


def test_a_store_that_lacks_an_answer_refuses_to_start():
    require_complete()

    with pytest.raises(RuntimeError, match=r"asks for pause_job, which .* requirements\.lock"):
        require_complete([*sql.queries, "pause_job"])


def test_the_store_on_sqlite_answers_nothing_that_is_never_asked():
    assert set(ANSWERS) == set(sql.queries)


def test_jobs_are_fetched_once_each_by_priority_and_then_in_order(database):
    async def work(manager):
        await put(manager, to_defer("a"), to_defer("b"), to_defer("urgent", priority=5))
        worker = await manager.register_worker()
        fetched = [await manager.fetch_job(queues=None, worker_id=worker) for _ in range(4)]
        return [job and (job.task_name, job.status, job.task_kwargs) for job in fetched]

    doing = ("doing", {"subject": "one"})
    assert ask(database, work) == [("urgent", *doing), ("a", *doing), ("b", *doing), None]


def test_a_worker_fetches_only_from_its_queues(database):
    async def work(manager):
        await put(manager, to_defer("mail", queue_name="mail"), to_defer("other"))
        worker = await manager.register_worker()
        fetched = [await manager.fetch_job(queues=["mail"], worker_id=worker) for _ in range(2)]
        return [job and job.task_name for job in fetched]

    assert ask(database, work) == ["mail", None]


def test_a_job_of_the_future_waits(database):
    async def work(manager):
        soon = datetime.now(UTC) + timedelta(seconds=0.5)
        await put(manager, to_defer(scheduled_at=soon))
        worker = await manager.register_worker()
        early = await manager.fetch_job(queues=None, worker_id=worker)
        await asyncio.sleep(0.6)
        return early, await manager.fetch_job(queues=None, worker_id=worker)

    early, late = ask(database, work)

    assert early is None
    assert late.scheduled_at < datetime.now(UTC)


def test_jobs_with_one_lock_run_one_after_the_other(database):
    async def work(manager):
        await put(manager, to_defer("first", lock="x"), to_defer("second", lock="x"))
        await put(manager, to_defer("free"))
        worker = await manager.register_worker()

        async def fetch():
            return await manager.fetch_job(queues=None, worker_id=worker)

        first, free, nothing = await fetch(), await fetch(), await fetch()
        await manager.finish_job(first, Status.SUCCEEDED, delete_job=True)
        return first.task_name, free.task_name, nothing, (await fetch()).task_name

    assert ask(database, work) == ("first", "free", None, "second")


def test_a_queueing_lock_lets_one_wait_and_another_run(database):
    async def work(manager):
        await put(manager, to_defer(queueing_lock="q"))
        with pytest.raises(exceptions.UniqueViolation) as refused:
            await put(manager, to_defer(queueing_lock="q"))
        worker = await manager.register_worker()
        await manager.fetch_job(queues=None, worker_id=worker)
        await put(manager, to_defer(queueing_lock="q"))
        return refused.value.constraint_name, refused.value.queueing_lock

    assert ask(database, work) == ("procrastinate_jobs_queueing_lock_idx_v1", "q")


def test_a_finished_job_keeps_its_end_or_goes(database):
    async def work(manager):
        kept, gone = await put(manager, to_defer("kept"), to_defer("gone"))
        worker = await manager.register_worker()
        first = await manager.fetch_job(queues=None, worker_id=worker)
        second = await manager.fetch_job(queues=None, worker_id=worker)
        await manager.finish_job(first, Status.FAILED, delete_job=False)
        await manager.finish_job(second, Status.SUCCEEDED, delete_job=True)
        with pytest.raises(exceptions.ConnectorException):
            await manager.finish_job(first, Status.SUCCEEDED, delete_job=False)
        left = list(await manager.list_jobs_async())
        return kept, gone, [(job.id, job.status, job.attempts) for job in left]

    kept, _, left = ask(database, work)
    assert left == [(kept, "failed", 1)]


def test_a_job_is_tried_again_later_with_what_changed(database):
    async def work(manager):
        await put(manager, to_defer())
        worker = await manager.register_worker()
        job = await manager.fetch_job(queues=None, worker_id=worker)
        at = datetime(2027, 1, 1, tzinfo=UTC)
        await manager.retry_job(job, retry_at=at, priority=3, queue="slow", lock="later")
        with pytest.raises(exceptions.ConnectorException):
            await manager.retry_job(job, retry_at=at)
        (again,) = await manager.list_jobs_async()
        return again

    job = ask(database, work)
    seen = (job.status, job.attempts, job.priority, job.queue, job.lock)
    assert seen == ("todo", 1, 3, "slow", "later")
    assert job.scheduled_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_waiting_job_is_cancelled_and_a_running_one_asked_to_stop(database):
    async def work(manager):
        waiting, running = await put(manager, to_defer("b"), to_defer("a", priority=1))
        worker = await manager.register_worker()
        await manager.fetch_job(queues=None, worker_id=worker)
        outcomes = [
            await manager.cancel_job_by_id_async(running),
            await manager.cancel_job_by_id_async(waiting),
            await manager.cancel_job_by_id_async(running, abort=True),
        ]
        statuses = [(await manager.get_job_status_async(job)).value for job in (waiting, running)]
        aborting = list(await manager.list_jobs_to_abort_async())
        return outcomes, statuses, aborting == [running]

    outcomes, statuses, is_asked = ask(database, work)
    assert outcomes == [False, True, True]
    assert (statuses, is_asked) == (["cancelled", "doing"], True)


def test_a_job_that_was_asked_to_stop_is_not_tried_again(database):
    async def work(manager):
        (job_id,) = await put(manager, to_defer())
        worker = await manager.register_worker()
        job = await manager.fetch_job(queues=None, worker_id=worker)
        await manager.cancel_job_by_id_async(job_id, abort=True)
        await manager.retry_job(job)
        return (await manager.get_job_status_async(job_id)).value

    assert ask(database, work) == "failed"


def test_jobs_of_a_worker_without_heartbeat_are_stalled(database):
    async def work(manager):
        await put(manager, to_defer("dead"), to_defer("alive"))
        dead, alive = await manager.register_worker(), await manager.register_worker()
        for worker in (dead, alive):
            await manager.fetch_job(queues=None, worker_id=worker)
        await asyncio.sleep(0.5)
        await manager.update_heartbeat(alive)
        stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=0.4)
        pruned = await manager.prune_stalled_workers(0.4)
        orphans = await manager.get_stalled_jobs(seconds_since_heartbeat=100)
        await manager.unregister_worker(alive)
        names = [[job.task_name for job in found] for found in (stalled, orphans)]
        return names, pruned == [dead]

    assert ask(database, work) == ([["dead"], ["dead"]], True)


def test_a_periodic_job_is_deferred_once_for_each_moment(database):
    async def work(manager):
        async def tick(moment):
            return await manager.connector.execute_query_one_async(
                sql.queries["defer_periodic_job"],
                queue="default",
                task_name="tick",
                priority=0,
                lock=None,
                queueing_lock=None,
                periodic_id="",
                args={"timestamp": moment},
                defer_timestamp=moment,
            )

        ids = [(await tick(moment))["id"] for moment in (1, 1, 2, 2)]
        return [job_id is not None for job_id in ids]

    assert ask(database, work) == [True, False, True, False]


def test_statistics_and_clean_up_agree(database):
    async def work(manager):
        await put(manager, to_defer("a", lock="x"), to_defer("b"), to_defer("b"))
        worker = await manager.register_worker()
        job = await manager.fetch_job(queues=None, worker_id=worker)
        await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
        await manager.check_connection_async()
        tasks = {row["name"]: row["todo"] for row in await manager.list_tasks_async()}
        (queue,) = await manager.list_queues_async()
        (lock,) = await manager.list_locks_async()
        await manager.delete_old_jobs(nb_hours=-1)
        left = len(list(await manager.list_jobs_async(queue="default")))
        return tasks, queue["jobs_count"], (lock["name"], lock["succeeded"]), left

    assert ask(database, work) == ({"a": 0, "b": 2}, 3, ("x", 1), 2)


# ---- our side of it


def test_a_job_is_deferred_with_the_transaction_that_wants_it_or_not_at_all(database):
    with database.transaction() as session:
        jobs.defer(session, Job.SEND_EFFECT, "one")
    with pytest.raises(RuntimeError), database.transaction() as session:
        jobs.defer(session, Job.SEND_EFFECT, "two")
        raise RuntimeError

    with database.reading() as session:
        assert jobs.counts(session) == {"todo": 1}


class Doing:
    """What the jobs of a test do, and what became of them."""

    def __init__(self, *, fails=0, lasts=0.0):
        self.done, self.given_up, self.began = [], [], threading.Event()
        self._fails, self._lasts = fails, lasts

    def __call__(self, subject):
        self.began.set()
        time.sleep(self._lasts)
        self.done.append(subject)
        if len(self.done) <= self._fails:
            raise ValueError(f"Attempt {len(self.done)}")

    def give_up(self, job, subject, problem):
        self.given_up.append((job, subject, problem))


@contextmanager
def running(database, doing, **options):
    """A worker beside the test, until its block ends."""
    stopping = threading.Event()
    jobs_of = {Job.SEND_EFFECT: doing}
    runner = Runner(database, jobs_of, doing.give_up, list, **{"pace": QUICK, **options})
    worker = threading.Thread(target=runner.run, args=(stopping,))
    worker.start()
    try:
        yield
    finally:
        stopping.set()
        worker.join()


def eventually(is_so):
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


def defer(database, *subjects, lock=None):
    with database.transaction() as session:
        for subject in subjects:
            jobs.defer(session, Job.SEND_EFFECT, subject, lock=lock)


def counts(database):
    with database.reading() as session:
        return jobs.counts(session)


def test_a_worker_does_every_job_and_leaves_nothing(database):
    doing = Doing()
    defer(database, *"abcdef")

    with running(database, doing):
        eventually(lambda: counts(database) == {})

    assert sorted(doing.done) == list("abcdef")


def test_jobs_of_one_lock_keep_their_order_among_many_threads(database):
    doing = Doing(lasts=0.02)
    defer(database, *"abcdef", lock="one")

    with running(database, doing, concurrency=4):
        eventually(lambda: counts(database) == {})

    assert doing.done == list("abcdef")


def test_a_job_that_fails_is_tried_again_until_it_works(database):
    doing = Doing(fails=3)
    defer(database, "one")

    with running(database, doing):
        eventually(lambda: counts(database) == {})

    assert (len(doing.done), doing.given_up) == (4, [])


def test_a_job_that_never_works_is_a_dead_letter_after_the_last_attempt(database):
    doing = Doing(fails=100)
    defer(database, "one")

    with running(database, doing):
        eventually(lambda: counts(database) == {"failed": 1})

    assert len(doing.done) == MOST_ATTEMPTS
    assert doing.given_up == [(Job.SEND_EFFECT, "one", "ValueError: Attempt 8")]
    with database.reading() as session:
        (letter,) = jobs.dead(session)
    assert (letter.job, letter.subject) == (Job.SEND_EFFECT, "one")


def test_a_dead_letter_that_a_person_puts_back_has_all_attempts_again(database):
    doing = Doing(fails=MOST_ATTEMPTS + 2)
    defer(database, "one")
    with running(database, doing):
        eventually(lambda: counts(database) == {"failed": 1})
        with database.transaction() as session:
            (letter,) = jobs.dead(session)
            assert jobs.retry(session, letter.id) == letter

        eventually(lambda: counts(database) == {})

    assert len(doing.done) == MOST_ATTEMPTS + 3
    with database.transaction() as session, pytest.raises(NotFound, match="no dead letter"):
        jobs.retry(session, letter.id)


def abandon(database, subject, attempts=0):
    """A job that a worker has begun which then died without a word."""
    defer(database, subject)

    async def work(manager):
        worker = await manager.register_worker()
        await manager.fetch_job(queues=None, worker_id=worker)

    ask(database, work)
    with database.transaction() as session:
        session.execute(text("UPDATE procrastinate_jobs SET attempts = :n"), {"n": attempts})


def test_the_job_of_a_worker_that_died_is_done_by_another(database):
    abandon(database, "one")
    doing = Doing()

    with running(database, doing):
        eventually(lambda: counts(database) == {})

    assert doing.done == ["one"]


def test_a_job_that_kills_its_workers_is_given_up_and_not_begun_again(database):
    abandon(database, "one", attempts=MOST_ATTEMPTS - 1)
    doing = Doing()

    with running(database, doing):
        eventually(lambda: counts(database) == {"failed": 1})

    assert doing.done == []
    problem = "The worker stopped in the middle of it each time."
    assert doing.given_up == [(Job.SEND_EFFECT, "one", problem)]


def test_a_worker_that_lives_keeps_a_job_that_takes_longer_than_the_threshold(database):
    doing = Doing(lasts=3 * QUICK.stalled)
    defer(database, "one")

    with running(database, doing), running(database, doing):
        eventually(lambda: counts(database) == {})

    assert doing.done == ["one"]


def test_a_worker_that_is_told_to_stop_finishes_what_it_began(database):
    doing = Doing(lasts=1)
    defer(database, "one")

    with running(database, doing):
        assert doing.began.wait(SECONDS)

    assert doing.done == ["one"]
    assert counts(database) == {}


def test_a_threshold_below_three_heartbeats_is_refused():
    with pytest.raises(ValueError, match="three heartbeats"):
        Pace(heartbeat=5, stalled=10)
