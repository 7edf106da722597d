"""PostgreSQL goes away: connections ended, the server crashed, an outage; and hosts that stop."""

import os
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import create_engine, text

from engine import library
from engine.actors import SYSTEM
from engine.store import migrate
from engine.store.database import Database
from tests import databases
from tests.durability.test_storm import Client, finished, storm_process, unfinished
from tests.factories import Cast
from tests.server import Server, Worker

LONG = bool(os.environ.get("STEADYHAND_LONG"))
ENDINGS_SECONDS, OUTAGE_SECONDS = (25, 60) if LONG else (15, 20)
BACK_WITHIN = 15  # seconds after the return of the database
CLIENTS = 4


@pytest.fixture
def cluster():
    """A PostgreSQL server of this test alone, which writes through to the disk."""
    with databases.Cluster() as cluster:
        yield cluster


class Installation:
    """A web server and a worker on it, with clients that repeat what was not answered."""

    def __init__(self, folder, url):
        self.database = Database(url)
        migrate.upgrade(self.database)
        with self.database.transaction() as session:
            library.deploy_from_host(session, storm_process(), "", SYSTEM)
        self.servers = [Server(folder, url)]
        self.worker = Worker(folder, url)
        self._resting = threading.Event()
        token = Cast(self.database).token("dora")
        self.clients = [Watching(self, token, self._resting) for _ in range(CLIENTS)]

    def __enter__(self):
        self.servers[0].start()
        self.worker.start()
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *error):
        self._resting.set()
        for client in self.clients:
            client.join(60)
        self.servers[0].stop()
        self.worker.stop()

    def steps(self):
        return sum(client.steps.total() for client in self.clients)

    def makes_progress(self, within, steps=CLIENTS):
        """Seconds until so many more steps were acknowledged."""
        before, began = self.steps(), time.monotonic()
        while self.steps() < before + steps:
            assert time.monotonic() - began < within, "nobody gets on"
            time.sleep(0.05)
        return time.monotonic() - began

    def statuses(self):
        return sum((client.statuses for client in self.clients), Counter())

    def check(self):
        """Every acknowledged step once, nothing else, and every process ended."""
        acknowledged = sum((client.steps for client in self.clients), Counter())
        done = finished(self.database)
        problems = [problem for client in self.clients for problem in client.problems]
        assert problems == []
        assert {step for step in acknowledged if done[step] != 1} == set()
        assert {step for step in done if done[step] != 1} == set()
        assert unfinished(self.database) == 0
        self.database.close()


class Watching(Client):
    """Counts the answers by status, and whether each 503 says when to come back."""

    def __init__(self, crew, token, resting):
        self.statuses = Counter()
        super().__init__(crew, token, resting)

    def _connection(self):
        http = super()._connection()
        http.event_hooks["response"].append(self._watch)
        return http

    def _watch(self, answer):
        self.statuses[answer.status_code] += 1
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            time.sleep(0.2)  # a client with manners


@pytest.mark.timeout(300)
def test_connections_that_are_ended_all_the_time_lose_nothing(cluster, tmp_path):
    with Installation(tmp_path, cluster.url) as there:
        admin = create_engine(cluster.url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        until, ended = time.monotonic() + ENDINGS_SECONDS, 0
        while time.monotonic() < until:
            with admin.connect() as connection:
                ended += connection.execute(text(END_ALL)).rowcount
            time.sleep(0.8)
        admin.dispose()
        back = there.makes_progress(BACK_WITHIN)

    print(f"{ended} connections ended, {there.statuses()}, {there.steps()} steps, {back:.1f} s")
    assert ended > ENDINGS_SECONDS
    assert there.statuses()[500] == 0
    there.check()


END_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


@pytest.mark.timeout(300)
def test_a_database_that_crashes_three_times_loses_nothing(cluster, tmp_path):
    with Installation(tmp_path, cluster.url) as there:
        backs = []
        for _ in range(3):
            there.makes_progress(BACK_WITHIN)
            cluster.crash()
            cluster.start()
            backs.append(there.makes_progress(BACK_WITHIN))

    print(f"back after {max(backs):.1f} s at most, {there.statuses()}, {there.steps()} steps")
    assert there.statuses()[500] == 0
    there.check()


@pytest.mark.timeout(300)
def test_an_outage_is_answered_with_503_and_work_goes_on_after_it(cluster, tmp_path):
    with Installation(tmp_path, cluster.url) as there:
        there.makes_progress(BACK_WITHIN)
        cluster.crash()
        time.sleep(OUTAGE_SECONDS)
        steps = there.steps()
        cluster.start()
        # A timer stands between the tasks: only a worker that is back lets every client get on.
        back = there.makes_progress(BACK_WITHIN, steps=4 * CLIENTS)

    print(f"{OUTAGE_SECONDS} s away after {steps} steps, back in {back:.1f} s, {there.statuses()}")
    assert there.statuses()[503] > 0
    assert there.statuses()[500] == 0
    there.check()
