"""A hundred people want the same thing in the same moment: one of them gets it."""

import time
from collections import Counter
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from engine.actors import SYSTEM, Role
from engine.history import Event
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.store.tables import Incident
from tests import diagrams
from tests.durability.crowd import Crowd
from tests.factories import Cast, deploy, entries, open_tasks, report
from tests.server import Server

CLIENTS = 100
TASKS = 200
DESK = [(Role.RESPONDER, "Service Desk")]

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def scene(fresh, tmp_path_factory):
    """A running server, and a hundred people of one group."""
    with fresh() as database:
        deploy(database, diagrams.one_task())
        with database.transaction() as session:
            tokens = [token_of(session, f"dora{number}") for number in range(CLIENTS)]
        server = Server(tmp_path_factory.mktemp("server"), database.url)
        server.start()
        yield SimpleNamespace(
            database=database, cast=Cast(database), port=server.port, tokens=tokens
        )
        server.stop()


@pytest.fixture
def crowd(scene):
    with Crowd(scene.port, scene.tokens) as crowd:
        yield crowd


def test_of_a_hundred_who_claim_a_task_one_gets_it(crowd, scene):
    waiting = [reported(scene) for _ in range(TASKS)]
    began = time.monotonic()

    rounds = [crowd.send("POST", f"/api/v1/tasks/{task.id}/claim") for _, task in waiting]

    print(f"\n{TASKS} tasks, {CLIENTS} clients: {time.monotonic() - began:.1f} s")
    assert [statuses(answers) for answers in rounds] == [{200: 1, 409: CLIENTS - 1}] * TASKS
    for (incident, _), answers in zip(waiting, rounds, strict=True):
        (claim,) = entries(scene.database, incident.id, Event.TASK_CLAIMED)
        (winner,) = (answer.body for answer in answers if answer.status == 200)
        assert claim.actor_id == winner["task"]["assignee_id"]


def test_of_a_hundred_who_correct_the_same_version_one_does(crowd, scene):
    incident, _ = reported(scene)
    path, tag = f"/api/v1/incidents/{incident.id}", f'"{incident.version}"'

    answers = crowd.send("PATCH", path, {"service": "Shop"}, **{"If-Match": tag})

    assert statuses(answers) == {200: 1, 412: CLIENTS - 1}
    assert len(entries(scene.database, incident.id, Event.INCIDENT_CORRECTED)) == 1


def test_of_a_hundred_who_complete_a_task_one_does(crowd, scene):
    incident, task = reported(scene)
    answers_ = {"answers": {"note": "Fine."}}

    answers = crowd.send("POST", f"/api/v1/tasks/{task.id}/complete", answers_)

    assert statuses(answers) == {200: 1, 409: CLIENTS - 1}
    assert len(entries(scene.database, incident.id, Event.TASK_COMPLETED)) == 1


def test_a_hundred_twins_with_one_key_act_once_and_all_are_told_the_same(scene):
    told = {"process": "small", "answers": {"title": "Mail is down"}}
    before = number_of_incidents(scene)

    with Crowd(scene.port, [scene.tokens[0]] * CLIENTS) as twins:
        answers = twins.send("POST", "/api/v1/incidents", told, **{"Idempotency-Key": "one"})

    assert statuses(answers) == {201: CLIENTS}
    assert len({answer.body["number"] for answer in answers}) == 1
    assert number_of_incidents(scene) == before + 1


def token_of(session, username):
    person = accounts.add(session, username, username.title(), DESK, SYSTEM)
    session.flush()
    return credentials.issue(session, person.id, CredentialKind.TOKEN, SYSTEM)


def reported(scene):
    """An incident with one open task, and the task."""
    incident = report(scene.database, scene.cast.dora)
    return incident, open_tasks(scene.database, incident, scene.cast.dora)["Look"]


def statuses(answers):
    return Counter(answer.status for answer in answers)


def number_of_incidents(scene):
    with scene.database.reading() as session:
        return session.scalar(select(func.count(Incident.id)))
