"""What was acknowledged survives SIGKILL, and every process goes on."""

import itertools
import os
import threading
import time

import httpx
import pytest

from engine import library
from engine.actors import SYSTEM
from tests import diagrams

ROUNDS = 40 if os.environ.get("STEADYHAND_LONG") else 4
CLIENTS = 4
FINISHED = ("task:completed", "element:completed")
TASKS = ("One", "Two", "Three", "Four")


def four_tasks():
    chain = ("Reported", *TASKS, "Done")
    flows = [diagrams.flow(a, b) for a, b in itertools.pairwise(chain)]
    tasks = [diagrams.user_task(task) for task in TASKS]
    return diagrams.bundle(diagrams.start(), *tasks, diagrams.end(), *flows)


@pytest.fixture
def token(database, cast):
    with database.transaction() as session:
        library.deploy_from_host(session, four_tasks(), "", SYSTEM)
    return cast.token("dora")


class Client(threading.Thread):
    """Opens incidents and completes their tasks until the server is gone."""

    def __init__(self, server, token):
        super().__init__()
        self._http = server.client(token)
        self.acknowledged = []  # (incident id, element id)

    def run(self):
        try:
            while True:
                self._one_incident()
        except httpx.TransportError:
            pass
        finally:
            self._http.close()

    def _one_incident(self):
        report = {"process": "small", "answers": {"title": "Mail is down"}}
        incident = self._http.post("/api/v1/incidents", json=report)
        assert incident.status_code == 201, incident.text
        incident_id = incident.json()["id"]
        self.acknowledged.append((incident_id, "Reported"))
        for element_id in TASKS:
            task = _open_task(self._http, incident_id)
            assert task["element_id"] == element_id
            _complete(self._http, task)
            self.acknowledged.append((incident_id, element_id))


@pytest.mark.timeout(900)
def test_every_acknowledged_step_survives_a_kill_and_every_process_goes_on(server, token, cast):
    acknowledged = []

    for _ in range(ROUNDS):
        clients = [Client(server, token) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(1.5)
        server.kill()
        for client in clients:
            client.join()
            acknowledged += client.acknowledged
        server.start()

    assert len(acknowledged) > 10 * ROUNDS
    print(f"{ROUNDS} kills, {len(acknowledged)} acknowledged steps")
    with server.client(cast.token("aude")) as auditor:
        done = _finished_elements(auditor, {incident_id for incident_id, _ in acknowledged})
    assert [step for step in acknowledged if done.count(step) != 1] == []
    with server.client(token) as http:
        assert _finish_everything(http) == 0


def _finished_elements(auditor, incident_ids):
    """(incident, element) once for every time that its trace says the element finished."""
    done = []
    for incident_id in incident_ids:
        page = auditor.get(f"/api/v1/incidents/{incident_id}/history", params={"limit": 200})
        entries = page.json()["items"]
        done += [(incident_id, e["element_id"]) for e in entries if e["event"] in FINISHED]
    return done


def _finish_everything(http):
    """Complete whatever waits, four times over; return how many incidents are still running."""
    for _ in TASKS:
        for item in http.get("/api/v1/tasks", params={"limit": 200}).json()["items"]:
            _complete(http, item["task"])
    return len(http.get("/api/v1/tasks").json()["items"])


def _open_task(http, incident_id):
    found = http.get("/api/v1/tasks", params={"incident": incident_id}).json()["items"]
    return found[0]["task"]


def _complete(http, task):
    answer = http.post(f"/api/v1/tasks/{task['id']}/complete", json={"answers": {"note": "done"}})
    assert answer.status_code == 200, answer.text
