"""A storm of SIGKILL over web servers and workers: nothing is lost, doubled or made up."""

import itertools
import os
import random
import threading
import time
import uuid
from collections import Counter

import httpx
import pytest

from engine import library
from engine.actors import SYSTEM
from engine.history import Event
from engine.store.tables import AuditEntry, InstanceStatus, ProcessInstance
from tests import diagrams
from tests.server import Server, Worker

# It lasts so long, and as much longer as a slow machine needs for so many kills and steps.
ROUNDS = 10 if os.environ.get("STEADYHAND_LONG") else 1
SECONDS, KILLS, STEPS = 60 * ROUNDS, 70 * ROUNDS, 1_000 * ROUNDS
PAUSE = 0.5  # seconds between two kills, at the least
LEFT = 2  # servers and workers that stand while one more falls
DRAINED_WITHIN = 60  # seconds after the last kill
CLIENTS = 6
TASKS = ("One", "Two", "Three")
AWAY = (httpx.TransportError, ConnectionError)


def storm_process():
    """Three tasks; after the first, a timer that is due at once, which only a worker can fire."""
    chain = ("Reported", "One", "Wait", "Two", "Three", "Done")
    flows = [diagrams.flow(a, b) for a, b in itertools.pairwise(chain)]
    tasks = [diagrams.user_task(task) for task in TASKS]
    wait = diagrams.catch("Wait", "2020-01-01T00:00:00Z", "timeDate")
    return diagrams.bundle(diagrams.start(), *tasks, wait, diagrams.end(), *flows)


class Crew:
    """Servers and workers over one database, killed and started again."""

    def __init__(self, folder, database_url, seed):
        self._random = random.Random(seed)
        self.servers = [Server(self._folder(folder, f"web{n}"), database_url) for n in range(3)]
        workers = [Worker(self._folder(folder, f"worker{n}"), database_url) for n in range(3)]
        self.members = [*self.servers, *workers]
        self.kills = 0

    def start(self):
        for member in self.members:
            member.start()

    def storm(self, is_over):
        """Kill one after the other; what is only starting is left alone, and so are the last."""
        began = time.monotonic()
        while time.monotonic() - began < SECONDS or self.kills < KILLS or not is_over():
            time.sleep(self._random.uniform(0.5, 1.5) * PAUSE)
            at_work = [member for member in self.members if member.is_at_work]
            if len(at_work) > LEFT:
                victim = self._random.choice(at_work)
                victim.kill()
                victim.launch()
                self.kills += 1

    def stop(self):
        for member in self.members:
            member.stop()

    @staticmethod
    def _folder(folder, name):
        (folder / name).mkdir()
        return folder / name


class Client(threading.Thread):
    """Somebody at the service desk who repeats what was not answered, with its key."""

    def __init__(self, crew, token, resting):
        super().__init__()
        self._crew, self._token, self._resting = crew, token, resting
        self._urls = itertools.cycle(server.url for server in crew.servers)
        self._http = self._connection()
        self.steps = Counter()  # (incident id, element) -> acknowledgements
        self.problems = []

    def run(self):
        try:
            while not self._resting.is_set():
                self._one_incident()
        except AssertionError as problem:
            self.problems.append(problem)
        finally:
            self._http.close()

    def _one_incident(self):
        report = {"process": "small", "answers": {"title": "Mail is down"}}
        incident_id = self._post("/api/v1/incidents", report)["id"]
        self.steps[incident_id, "Reported"] += 1
        for element_id in TASKS:
            task = self._task(incident_id, element_id)
            self._post(f"/api/v1/tasks/{task['id']}/complete", {"answers": {"note": "done"}})
            self.steps[incident_id, element_id] += 1

    def _task(self, incident_id, element_id):
        """The only task that waits, once the worker has fired the timer before it."""
        path = f"/api/v1/tasks?incident={incident_id}"
        while not (items := self._ask(lambda: self._http.get(path)).json()["items"]):
            time.sleep(0.05)
        (item,) = items
        assert item["task"]["element_id"] == element_id
        return item["task"]

    def _post(self, path, body):
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = self._ask(lambda: self._http.post(path, json=body, headers=headers))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def _ask(self, send):
        """The first answer that is one; a server that is gone or has no database is no answer."""
        while True:
            try:
                answer = send()
            except AWAY:
                self._http.close()
                self._http = self._connection()
                time.sleep(0.05)
                continue
            assert answer.status_code != 500, answer.text
            if answer.status_code != 503:
                return answer

    def _connection(self):
        headers = {"Authorization": f"Bearer {self._token}"}
        return httpx.Client(base_url=next(self._urls), headers=headers, timeout=30, trust_env=False)


@pytest.mark.timeout(10 * SECONDS)
def test_a_storm_of_kills_loses_doubles_and_invents_nothing(database, cast, tmp_path):
    seed = random.randrange(10**6)
    with database.transaction() as session:
        library.deploy_from_host(session, storm_process(), "", SYSTEM)
    crew, resting = Crew(tmp_path, database.url, seed), threading.Event()
    clients = [Client(crew, cast.token("dora"), resting) for _ in range(CLIENTS)]
    crew.start()
    began = time.monotonic()
    try:
        for client in clients:
            client.start()
        crew.storm(lambda: sum(client.steps.total() for client in clients) >= STEPS)
        calm = time.monotonic()
        resting.set()
        for client in clients:
            client.join(DRAINED_WITHIN)
        drained = time.monotonic() - calm
    finally:
        resting.set()
        crew.stop()

    acknowledged = sum((client.steps for client in clients), Counter())
    done = finished(database)
    print(
        f"seed {seed}: {crew.kills} kills in {calm - began:.0f} s, "
        f"{acknowledged.total()} acknowledged steps, drained in {drained:.1f} s"
    )
    assert [problem for client in clients for problem in client.problems] == []
    assert not any(client.is_alive() for client in clients)
    assert crew.kills >= KILLS
    assert acknowledged.total() >= STEPS
    assert {step for step in acknowledged if done[step] != 1} == set(), "lost or doubled"
    assert {step for step in done if done[step] != 1} == set(), "doubled"
    # Timers and ends are the workers' doing; nobody acknowledges them.
    assert {step for step in done if step[1] in ("Reported", *TASKS)} == set(acknowledged)
    assert unfinished(database) == 0


def finished(database):
    """(incident id, element) -> how often its history says that it finished."""
    query = (Event.TASK_COMPLETED, Event.ELEMENT_COMPLETED, Event.TIMER_FIRED)
    with database.reading() as session:
        entries = session.query(AuditEntry.subject_id, AuditEntry.element_id)
        return Counter(map(tuple, entries.filter(AuditEntry.event.in_(query))))


def unfinished(database):
    with database.reading() as session:
        completed = ProcessInstance.status == InstanceStatus.COMPLETED
        return session.query(ProcessInstance).filter(~completed).count()
