"""The web is rolled under load, process by process and as a whole, and no request fails."""

import itertools
import os
import threading
import time
from collections import Counter

import httpx
import pytest

from engine import library
from engine.actors import SYSTEM
from tests import diagrams
from tests.gunicorn import Gunicorn

REQUESTS, RELOADS = (10_000, 8) if os.environ.get("STEADYHAND_LONG") else (2_000, 2)
CLIENTS = 4
REPORT = {"process": "small", "answers": {"title": "Mail is down"}}
TASKS = ("One", "Two", "Three", "Four")


@pytest.fixture
def token(database, cast):
    with database.transaction() as session:
        library.deploy_from_host(session, diagrams.bundle(*_four_tasks()), "", SYSTEM)
    return cast.token("dora")


@pytest.fixture
def gunicorn(tmp_path, database):
    gunicorn = Gunicorn(tmp_path, database.url).start()
    yield gunicorn
    gunicorn.stop()


class Tally:
    """What all clients have asked for, and which of it failed."""

    def __init__(self, enough):
        self._enough, self._lock = enough, threading.Lock()
        self.asked, self.failed, self.may_end = 0, [], True

    def count(self, failure):
        with self._lock:
            self.asked += 1
            if failure:
                self.failed.append(failure)

    @property
    def is_enough(self):
        return self.may_end and self.asked >= self._enough


class Client(threading.Thread):
    """Reports incidents, works them and reads, over a connection that it keeps; retries nothing."""

    def __init__(self, server, token, tally):
        super().__init__()
        self._http, self._tally = server.client(token), tally

    def run(self):
        with self._http:
            while not self._tally.is_enough:
                self._one_incident()

    def _one_incident(self):
        incident = self._ask("POST", "/api/v1/incidents", json=REPORT)
        if incident is None:
            return
        for _ in TASKS:
            found = self._ask("GET", "/api/v1/tasks", params={"incident": incident["id"]})
            for item in found["items"] if found else []:
                path = f"/api/v1/tasks/{item['task']['id']}/complete"
                self._ask("POST", path, json={"answers": {"note": "done"}})
        self._ask("GET", f"/api/v1/incidents/{incident['id']}")
        self._ask("GET", "/inbox")

    def _ask(self, method, path, **what):
        """The answer's body; nothing for one that failed, which is any that does not fit."""
        try:
            answer = self._http.request(method, path, **what)
        except httpx.TransportError as error:
            self._tally.count(f"{method} {path}: {error!r}")
            return None
        is_fine = answer.status_code < 300
        self._tally.count(
            None if is_fine else f"{method} {path}: {answer.status_code} {answer.text}"
        )
        is_json = answer.headers["Content-Type"] == "application/json"
        return answer.json() if is_fine and is_json else None


@pytest.mark.timeout(900)
def test_no_request_fails_while_processes_and_gunicorn_itself_are_replaced(gunicorn, token):
    tally = Tally(REQUESTS)
    tally.may_end = False
    clients = [Client(gunicorn, token, tally) for _ in range(CLIENTS)]

    for client in clients:
        client.start()
    try:
        rolled = _roll(gunicorn, tally)
    finally:
        tally.may_end = True
        for client in clients:
            client.join()

    print(f"{tally.asked} requests, {rolled} rolled, {len(tally.failed)} failed")
    assert tally.failed == [], f"{Counter(tally.failed)}\n{gunicorn.log}"
    assert tally.asked >= REQUESTS
    assert rolled == RELOADS + 1


def test_a_connection_that_was_kept_through_a_reload_does_not_cost_its_next_request(
    gunicorn, token
):
    with gunicorn.client(token) as http:
        http.get("/api/v1/tasks")
        gunicorn.reload()
        answer = http.post("/api/v1/incidents", json=REPORT)

    assert answer.status_code == 201


def test_nobody_notices_processes_that_end_after_so_many_requests(tmp_path, database, token):
    soon = "--max-requests 100 --max-requests-jitter 20"
    gunicorn = Gunicorn(tmp_path, database.url, GUNICORN_CMD_ARGS=soon).start()
    tally, before = Tally(enough=300), gunicorn.processes()
    clients = [Client(gunicorn, token, tally) for _ in range(CLIENTS)]

    for client in clients:
        client.start()
    for client in clients:
        client.join()
    gunicorn.wait_for_others_than(before)
    gunicorn.stop()

    assert tally.failed == []


def _roll(gunicorn, tally):
    """Reload several times, spread over the load, with a change of the master in the middle."""
    moves = [gunicorn.reload] * RELOADS
    moves.insert(RELOADS // 2, gunicorn.replace)
    for number, move in enumerate(moves, start=1):
        while tally.asked < REQUESTS * number / (len(moves) + 2):
            time.sleep(0.02)
        move()
    return len(moves)


def _four_tasks():
    chain = ("Reported", *TASKS, "Done")
    flows = [diagrams.flow(a, b) for a, b in itertools.pairwise(chain)]
    tasks = [diagrams.user_task(task) for task in TASKS]
    return diagrams.start(), *tasks, diagrams.end(), *flows
