"""Backups while people work: what was acknowledged is in them; and how long a large one takes."""

import itertools
import os
import threading
import time

import pytest
from sqlalchemy import func, insert, select

from engine.history import Event
from engine.store import backups, transfer
from engine.store.tables import (
    AuditEntry,
    Incident,
    IncidentWord,
    InstanceStatus,
    ProcessInstance,
    Task,
    TaskStatus,
    table_of,
)
from tests.diagrams import bundle, line, user_task
from tests.engine.conftest import KINDS
from tests.factories import Cast, complete, deploy, report
from tests.server import Server

CLIENTS = 4
TASKS = ("One", "Two", "Three")


def silent(done, table, rows):
    """Nobody watches."""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "backup.db"


class Client(threading.Thread):
    """Opens incidents and completes their tasks until told to stop."""

    def __init__(self, server, token):
        super().__init__()
        self._http = server.client(token)
        self.acknowledged = []  # (incident id, element id)
        self.stopping = threading.Event()
        self.start()

    def run(self):
        with self._http:
            while not self.stopping.is_set():
                self._one_incident()

    def stop(self):
        self.stopping.set()
        self.join()

    def _one_incident(self):
        answers = {"process": "small", "answers": {"title": "Mail is down"}}
        reported = self._http.post("/api/v1/incidents", json=answers)
        assert reported.status_code == 201, reported.text
        incident_id = reported.json()["id"]
        self.acknowledged.append((incident_id, "Reported"))
        for element_id in TASKS:
            if self.stopping.is_set():
                return  # the incident stays open
            complete_next(self._http, incident_id)
            self.acknowledged.append((incident_id, element_id))


def complete_next(http, incident_id):
    listed = http.get("/api/v1/tasks", params={"incident": incident_id}).json()
    (task,) = [item["task"] for item in listed["items"]]
    path = f"/api/v1/tasks/{task['id']}/complete"
    answer = http.post(path, json={"answers": {"note": "Fine."}})
    assert answer.status_code == 200, answer.text


class Load:
    """Clients of a server, and what they have been told so far."""

    def __init__(self, server, token):
        self._clients = [Client(server, token) for _ in range(CLIENTS)]

    @property
    def acknowledged(self):
        return [step for client in self._clients for step in list(client.acknowledged)]

    def await_more(self, number=20):
        """Wait until so many more steps are acknowledged."""
        wanted = len(self.acknowledged) + number
        while len(self.acknowledged) < wanted:
            assert all(client.is_alive() for client in self._clients)
            time.sleep(0.01)

    def stop(self):
        for client in self._clients:
            client.stop()


@pytest.fixture
def served(make, tmp_path):
    """Starts a server over a database."""
    started = []

    def serve(database):
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        started.append(Server(folder, database.url))
        started[-1].start()
        return started[-1]

    yield serve
    for server in started:
        server.stop()


@pytest.mark.parametrize(("kind", "target_kind"), list(itertools.product(KINDS, KINDS)))
def test_a_backup_under_load_has_what_was_acknowledged_and_goes_on_elsewhere(
    make, served, file, kind, target_kind
):
    source, target = make(kind), make(target_kind)
    cast = Cast(source)
    deploy(source, bundle(*line(*map(user_task, TASKS))))
    token = cast.token("dora")
    load = Load(served(source), token)
    load.await_more()
    acknowledged = load.acknowledged

    # The first table is copied; now the installation goes on while the backup does not.
    goes_on = iter([load.await_more])
    backups.write(source, file, lambda *_: next(goes_on, silent_wait)())
    load.stop()

    with backups.opened(file) as kept:
        assert set(acknowledged) <= steps(kept)
        assert contradictions(kept) == []
        assert len(steps(kept)) < len(load.acknowledged)
        transfer.copy(kept, target, silent)
    incident_id = open_incident(target)
    with served(target).client(token) as http:
        complete_next(http, incident_id)


def silent_wait():
    """No more of that."""


def steps(database):
    """(incident, element) of all that has happened in it."""
    done = (AuditEntry.event == Event.TASK_COMPLETED) | (AuditEntry.element_id == "Reported")
    with database.reading() as session:
        found = select(AuditEntry.subject_id, AuditEntry.element_id).where(done)
        return set(map(tuple, session.execute(found)))


def contradictions(database):
    """Incidents that are not as their process is; each waits for one task or is done."""
    waits = func.count(Task.id).filter(Task.status.in_((TaskStatus.OPEN, TaskStatus.CLAIMED)))
    is_running = ProcessInstance.status == InstanceStatus.RUNNING
    query = (
        select(Incident.number)
        .join(ProcessInstance, ProcessInstance.incident_id == Incident.id, isouter=True)
        .join(Task, Task.instance_id == ProcessInstance.id, isouter=True)
        .group_by(Incident.number, ProcessInstance.id, ProcessInstance.status)
        .having(
            ProcessInstance.id.is_(None)
            | (is_running & (waits != 1))
            | (~is_running & (waits != 0))
        )
    )
    with database.reading() as session:
        return list(session.scalars(query))


def open_incident(database):
    with database.reading() as session:
        return session.scalar(select(Task.incident_id).where(Task.ended_at.is_(None)).limit(1))


# How long it takes


INCIDENTS = 20_000
OF_INCIDENT = (Incident, ProcessInstance, Task, AuditEntry, IncidentWord)


def multiply(database, incident):
    """Make many of one incident, with all that belongs to it."""
    about = {"incident_id": incident.id, "subject_id": incident.id, "number": incident.number}
    with database.reading() as session:
        rows = {kind: _rows_about(session, table_of(kind), about) for kind in OF_INCIDENT}
    own = {row["id"] for kind in OF_INCIDENT[:3] for row in rows[kind]} | {incident.number}
    for start in range(0, INCIDENTS, 1000):
        with database.transaction() as session:
            for kind in OF_INCIDENT:
                numbers = range(start, start + 1000)
                twins = [_twin(row, own, number) for number in numbers for row in rows[kind]]
                session.execute(insert(table_of(kind)), twins)


def _rows_about(session, table, about):
    key = next(name for name in about if name in table.c)
    columns = [column for column in table.c if column is not table.autoincrement_column]
    return session.execute(select(*columns).where(table.c[key] == about[key])).mappings().all()


def _twin(row, own, number):
    return {k: f"{number:08}{v[8:]}" if _is_one(v, own) else v for k, v in row.items()}


def _is_one(value, own):
    return isinstance(value, str) and value in own


@pytest.mark.skipif(not os.environ.get("STEADYHAND_LONG"), reason="takes minutes")
@pytest.mark.timeout(1800)
def test_how_long_a_large_installation_takes(database, make, file):
    cast = Cast(database)
    deploy(database, bundle(*line(*map(user_task, TASKS))))
    incident = report(database, cast.rob)
    for element_id in TASKS:
        complete(database, incident, element_id, cast.dora, note="Fine.")
    multiply(database, incident)

    began = time.monotonic()
    made = backups.write(database, file, silent)
    said = [f"{made.copied.rows:,} rows, {made.size / 1e6:.0f} MB, {_since(began)}"]
    for kind in KINDS:
        began = time.monotonic()
        with backups.opened(file) as source:
            copied = transfer.copy(source, make(kind), silent)
        said.append(f"restored on {kind} {_since(began)}")
        assert copied == made.copied
    print(*said, sep="; ")


def _since(began):
    return f"{time.monotonic() - began:.0f} s"
