"""A database that is gone, busy or full: a clear answer, never a 500, and back by itself."""

import itertools
import os
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine import intake
from engine.actors import SYSTEM
from engine.store import migrate
from engine.store.database import Database
from engine.store.outages import Outage, kind_of
from engine.store.tables import Incident
from tests import databases
from tests.diagrams import one_task
from tests.durability.driver import watched
from tests.durability.faults import Abort, Faults
from tests.factories import Cast, client, deploy, open_tasks, report
from tests.server import Server

INCIDENTS, FORM = "/api/v1/incidents", "/report?process=small"
ANSWERS = {"title": "Mail is down", "description": "x" * 1000}
REPORT = {"process": "small", "answers": ANSWERS}
OURS = {"Sec-Fetch-Site": "same-origin"}
WAYS = ("api", "key", "door", "page")
MEGABYTE = 1024 * 1024


class Station:
    """An installation in this process: somebody who reports, a door, and every way in."""

    def __init__(self, database, cast):
        deploy(database, one_task())
        self.database, self.cast = database, cast
        self.token = cast.token("dora")
        with database.transaction() as session:
            door = intake.add_door(session, "alertmanager", "prod", "small", SYSTEM)
        self.door = f"/doors/alertmanager/{door}"
        self.http = client(database, self.token)
        self._counted = itertools.count()

    def reports(self, way="api"):
        """Something new, by one way."""
        unique = str(next(self._counted))
        if way == "door":
            return self.http.post(self.door, json=alert(unique))
        if way == "page":
            return self.http.post(FORM, data=ANSWERS, headers=OURS)
        headers = {"Idempotency-Key": unique} if way == "key" else {}
        return self.http.post(INCIDENTS, json=REPORT, headers=headers)

    def reports_until_refused(self, way):
        """How many were taken, and the first answer of another kind."""
        taken = 0
        while (answer := self.reports(way)).status_code < 400:
            taken += 1
        return taken, answer

    def incidents(self):
        with self.database.reading() as session:
            return len(session.scalars(select(Incident.id)).all())

    def reads(self):
        """That everything can be looked at."""
        answers = [self.http.get(path) for path in (INCIDENTS, "/incidents", "/inbox")]
        return {answer.status_code for answer in answers} == {200}


def alert(group):
    return {"version": "4", "groupKey": group, "status": "firing", "alerts": []}


def assert_refused(answer, status):
    """A problem for a programme, a page for a person; both say when to come again."""
    assert answer.status_code == status, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    if answer.request.path.startswith(("/api/", "/doors/")):
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["status"] == status
    else:
        assert answer.content_type.startswith("text/html")
        assert "What you can do" in answer.text


@pytest.fixture
def station(database, cast):
    return Station(database, cast)


# ---- told apart by class and code


def sqlite_error(code, kind=sqlite3.OperationalError):
    error = kind("in whatever words")
    error.sqlite_errorcode = code
    return error


def postgresql_error(sqlstate):
    return psycopg.errors.lookup(sqlstate)("in whatever words")


KINDS = [
    (sqlite_error(sqlite3.SQLITE_BUSY), Outage.BUSY),
    (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), Outage.BUSY),
    (sqlite_error(sqlite3.SQLITE_LOCKED), Outage.BUSY),
    (sqlite_error(sqlite3.SQLITE_FULL), Outage.FULL),
    (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), Outage.UNREACHABLE),
    (sqlite_error(sqlite3.SQLITE_CANTOPEN), Outage.UNREACHABLE),
    (sqlite_error(sqlite3.SQLITE_ERROR), None),
    (sqlite_error(sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError), None),
    (sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.IntegrityError), None),
    (sqlite3.ProgrammingError("of the driver, without a code"), None),
    (postgresql_error("08006"), Outage.UNREACHABLE),
    (postgresql_error("57P01"), Outage.UNREACHABLE),
    (postgresql_error("57P03"), Outage.UNREACHABLE),
    (postgresql_error("25P03"), Outage.UNREACHABLE),
    (postgresql_error("53300"), Outage.BUSY),
    (postgresql_error("53100"), Outage.FULL),
    (postgresql_error("55P03"), Outage.BUSY),
    (postgresql_error("57014"), Outage.BUSY),
    (postgresql_error("40001"), Outage.BUSY),
    (postgresql_error("40P01"), Outage.BUSY),
    (postgresql_error("42P01"), None),
    (postgresql_error("23505"), Outage.BUSY),
    (postgresql_error("23503"), None),
    (psycopg.OperationalError("of the driver: refused"), Outage.UNREACHABLE),
    (psycopg.InterfaceError("of the driver: closed"), Outage.UNREACHABLE),
    (psycopg.ProgrammingError("of the driver"), None),
    (PoolTimeout("no connection is free"), Outage.BUSY),
    (PendingRollbackError("gone before", code="8s2b"), Outage.UNREACHABLE),
    (PendingRollbackError("after a flush that failed", code="7s2a"), None),
    (RuntimeError("of ours"), None),
]


@pytest.mark.parametrize(("error", "kind"), KINDS, ids=[repr(error) for error, _ in KINDS])
def test_an_error_is_told_apart_by_its_class_and_code(error, kind):
    wrapped = DBAPIError("SELECT 1", None, error)

    assert kind_of(error) is kind
    assert kind_of(wrapped) is kind


def test_what_fails_in_the_wake_of_an_outage_is_a_part_of_it():
    error = sqlite_error(sqlite3.SQLITE_ERROR)  # no such savepoint
    error.__context__ = sqlite_error(sqlite3.SQLITE_FULL)

    assert kind_of(error) is Outage.FULL


def test_wrong_sql_is_a_mistake_of_ours(station):
    with pytest.raises(DBAPIError) as caught, station.database.transaction() as session:
        session.execute(text("SELECT nothing FROM nowhere"))

    assert kind_of(caught.value) is None


def test_a_mistake_of_ours_is_answered_500(station):
    with station.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_entry RENAME TO lost")
    try:
        answer = station.reports()
    finally:
        with station.database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE lost RENAME TO audit_entry")

    assert answer.status_code == 500
    assert "Retry-After" not in answer.headers


# ---- at every statement

ABORTS = {"sqlite": [Abort.REFUSED], "postgresql": list(Abort)}


@pytest.mark.parametrize("way", [*WAYS, "complete", "look", "nowhere"])
def test_an_outage_at_any_statement_is_answered_503(way, station):
    faults = Faults()
    hows = ABORTS[station.database.engine.dialect.name]

    with watched(station.database, faults):
        refused = [answer for how in hows for answer in refusals(station, way, faults, how)]

    assert len(refused) >= len(hows)
    for answer in refused:
        assert_refused(answer, 503)


def refusals(station, way, faults, how):
    """The answers to a request each of whose statements goes wrong once, one after the other."""
    for at in itertools.count():
        send = prepared(station, way)
        faults.expect(at, how)
        answer = send()
        has_gone_wrong = len(faults.followed) > at
        faults.expect(None, None)
        if not has_gone_wrong:
            break
        yield answer


def prepared(station, way):
    """What sends one request; a task to complete has to be there before."""
    if way == "complete":
        incident = report(station.database, station.cast.rob)
        task = open_tasks(station.database, incident, station.cast.dora)["Look"]
        body = {"answers": {"note": "Restarted it."}}
        return lambda: station.http.post(f"/api/v1/tasks/{task.id}/complete", json=body)
    if way in ("look", "nowhere"):
        # A page of an error shows who looks at it: it asks the database, too.
        return lambda: station.http.get("/incidents" if way == "look" else "/nowhere")
    return lambda: station.reports(way)


def test_a_commit_that_failed_leaves_its_connection_fit_for_the_next(station):
    failing = [True]

    def fail(_):
        if failing:
            failing.pop()
            raise sqlite_error(sqlite3.SQLITE_IOERR)

    event.listen(station.database.engine, "commit", fail)

    failed = station.reports()
    taken = [station.reports() for _ in range(3)]

    assert_refused(failed, 503)
    assert {answer.status_code for answer in taken} == {201}
    assert station.incidents() == 3


@contextmanager
def all_connections_taken(database):
    database.engine.pool._timeout = 0.05
    with ExitStack() as taken:
        while True:
            try:
                taken.enter_context(database.engine.connect())
            except PoolTimeout:
                break
        yield


@pytest.mark.parametrize("way", WAYS)
def test_without_a_free_connection_the_answer_is_503(way, station):
    with all_connections_taken(station.database):
        answer = station.reports(way)

    assert_refused(answer, 503)
    assert station.reports(way).status_code < 400


def test_one_alert_sent_by_several_at_once_is_one_incident_and_none_is_turned_away(station):
    # Made one after the other: CPython 3.11 cannot compile routes in several threads.
    senders = [client(station.database) for _ in range(8)]
    start = threading.Barrier(len(senders))

    def send(http):
        start.wait()
        return [http.post(station.door, json=alert("one")) for _ in range(3)]

    with ThreadPoolExecutor(len(senders)) as threads:
        answers = list(itertools.chain.from_iterable(threads.map(send, senders)))

    assert {answer.status_code for answer in answers} == {202}
    with station.database.reading() as session:
        assert session.scalars(select(Incident.occurrences)).all() == [8 * 3]


# ---- SQLite


@pytest.fixture
def small(tmp_path):
    """An installation on SQLite."""
    with databases.Sqlite(tmp_path).fresh() as database:
        yield Station(database, Cast(database))


class Room:
    """The pages that the database may have: SQLite refuses more as it does on a full disk."""

    def __init__(self, database):
        self._pages = 0  # no limit
        event.listen(database.engine, "begin", self._limit)
        self._database = database

    def end(self):
        with self._database.reading() as session:
            self._pages = session.scalar(text("PRAGMA page_count")) + 4

    def come(self):
        self._pages = 2**31

    def _limit(self, connection):
        if self._pages:
            driver = connection.connection.driver_connection
            driver.execute(f"PRAGMA max_page_count={self._pages}")


@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_refuses_changes_serves_reads_and_recovers(way, small):
    room = Room(small.database)
    room.end()

    taken, refused = small.reports_until_refused(way)
    can_be_read = small.reads()
    there = small.incidents()
    room.come()
    after = small.reports(way)

    assert_refused(refused, 507)
    assert can_be_read
    assert there == taken
    assert after.status_code < 400
    assert small.incidents() == taken + 1


@pytest.mark.parametrize("way", WAYS)
def test_a_locked_file_is_answered_503_and_can_be_read(way, small):
    event.listen(small.database.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=20"))
    small.database.close()
    with sqlite3.connect(small.database.engine.url.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")

        refused = small.reports(way)
        can_be_read = small.reads()
        other.execute("ROLLBACK")

    assert_refused(refused, 503)
    assert can_be_read
    assert small.reports(way).status_code < 400
    other.close()


@pytest.fixture
def little_disk(tmp_path):
    """A file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("only root can mount a file system to fill")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file, leave):
    """Take all room on the file system of ``file``, but for so many bytes."""
    free = os.statvfs(file.parent)
    file.write_bytes(bytes(free.f_bavail * free.f_bsize - leave))


def test_a_server_on_a_full_disk_refuses_serves_and_recovers(little_disk, tmp_path):
    database = Database(f"sqlite:///{little_disk / 'steadyhand.db'}")
    migrate.upgrade(database)
    station = Station(database, Cast(database))
    server = Server(tmp_path, database.url)
    server.start()
    filler = little_disk / "filler"
    try:
        with server.client(station.token) as http:
            fill(filler, leave=MEGABYTE // 2)
            acknowledged, refused = send_until_refused(http)
            can_be_read = http.get(INCIDENTS).status_code
            filler.unlink()
            after = http.post(INCIDENTS, json=REPORT)
    finally:
        server.stop()

    assert refused.status_code == 507, refused.text
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert can_be_read == 200
    assert after.status_code == 201, after.text
    acknowledged.append(after.json()["id"])
    with database.reading() as session:
        assert sorted(session.scalars(select(Incident.id))) == sorted(acknowledged)
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    database.close()


def send_until_refused(http):
    acknowledged = []
    while True:
        answer = http.post(INCIDENTS, json=REPORT)
        if answer.status_code != 201:
            return acknowledged, answer
        acknowledged.append(answer.json()["id"])


# ---- PostgreSQL


@pytest.fixture(scope="module")
def cluster():
    """A PostgreSQL server of these tests, to stop and to start again."""
    with databases.Cluster() as cluster:
        database = Database(cluster.url)
        migrate.upgrade(database)
        cluster.station = Station(database, Cast(database))
        yield cluster
        database.close()


@contextmanager
def admin(cluster):
    engine = create_engine(cluster.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


END_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def test_connections_ended_at_work_are_answered_503_and_nothing_is_lost(cluster):
    station, answers, stopping = cluster.station, [], threading.Event()
    before = station.incidents()

    def work():
        while not stopping.is_set():
            answers.append(station.reports())

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    with admin(cluster) as connection:
        for _ in range(30):
            connection.execute(text(END_ALL))
            time.sleep(0.1)
    stopping.set()
    for worker in workers:
        worker.join()

    counted = Counter(answer.status_code for answer in answers)
    assert counted.keys() == {201, 503}
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)
    # A commit whose answer was lost with the connection may have been made.
    assert counted[201] <= station.incidents() - before <= counted.total()
    acknowledged = {answer.get_json()["id"] for answer in answers if answer.status_code == 201}
    with station.database.reading() as session:
        assert acknowledged <= set(session.scalars(select(Incident.id)))
    assert station.reports().status_code == 201


def test_a_server_that_is_away_is_answered_503_until_it_is_back(cluster):
    station = cluster.station

    cluster.crash()
    try:
        refused = [station.reports(way) for way in WAYS]
        pages = [station.http.get(path) for path in ("/incidents", "/sign-in", "/nowhere")]
        read = station.http.get(INCIDENTS)
    finally:
        cluster.start()

    for answer in [*refused, *pages, read]:
        assert_refused(answer, 503)
    assert {station.reports(way).status_code for way in WAYS} <= {201, 202, 303}
    assert station.reads()


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
@pytest.mark.parametrize("way", WAYS)
def test_a_wait_that_is_too_long_is_answered_503(limit, way, cluster):
    station = cluster.station
    station.reports()

    def hasty(connection):
        connection.exec_driver_sql(f"SET LOCAL {limit} = '100ms'")

    blocker = create_engine(cluster.url)
    event.listen(station.database.engine, "begin", hasty)
    try:
        with blocker.begin() as other:
            other.execute(text("SELECT * FROM incident_number FOR UPDATE"))
            refused = station.reports(way)
            can_be_read = station.reads()
    finally:
        event.remove(station.database.engine, "begin", hasty)
        blocker.dispose()

    assert_refused(refused, 503)
    assert can_be_read
    assert station.reports(way).status_code < 400
