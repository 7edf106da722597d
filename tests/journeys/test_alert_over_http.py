"""An alert opens an incident; three people in three roles close it; an auditor reads it."""

from datetime import datetime

import pytest

from engine import intake
from engine.actors import SYSTEM
from tests.journeys.story import ALERT, STEPS, TRACE


@pytest.fixture
def door(database, server):
    with database.transaction() as session:
        token = intake.add_door(session, "alertmanager", "prod", "incident", SYSTEM)
    return f"/doors/alertmanager/{token}"


@pytest.fixture
def as_(server, cast):
    """An HTTP client for a person, by first name."""
    clients = {}

    def client(username):
        if username not in clients:
            clients[username] = server.client(cast.token(username))
        return clients[username]

    yield client
    for opened in clients.values():
        opened.close()


def test_an_alert_is_taken_through_all_four_phases_and_traced(server, door, as_):
    number = _send(server, door)
    phases = _work_through(as_, number)

    incident = as_("aude").get(f"/api/v1/incidents/{number}").json()
    assert (incident["status"], incident["priority"], incident["is_major"]) == (
        "closed",
        "P1",
        True,
    )
    assert phases == ["identify", "analyze", "respond", "review"]
    _assert_traced(_trace(as_("aude"), number))


def test_the_same_group_is_counted_while_open_and_opens_anew_after_closing(server, door, as_):
    first = _send(server, door)
    assert _send(server, door) == first
    assert as_("dora").get(f"/api/v1/incidents/{first}").json()["occurrences"] == 2

    _work_through(as_, first)

    assert _send(server, door) != first


def test_a_resolved_group_is_noted_and_closes_nothing(server, door, as_):
    number = _send(server, door)

    assert _send(server, door, status="resolved") == number

    incident = as_("aude").get(f"/api/v1/incidents/{number}").json()
    assert incident["status"] == "new"
    assert _trace(as_("aude"), number)[-1]["event"] == "source:recovered"


def _send(server, door, **changed):
    with server.client() as client:
        body = {**ALERT["body"], "a_key_of_a_newer_release": 1, **changed}
        answer = client.post(door, json=body, headers=ALERT["headers"])
    assert answer.status_code == 202, answer.text
    return answer.json()["incident"]


def _work_through(as_, number):
    """Do every step; return the phases in the order in which they were entered."""
    phases = []
    incident_id = as_("max").get(f"/api/v1/incidents/{number}").json()["id"]
    for username, element_id, answers in STEPS:
        inbox = as_(username).get("/api/v1/tasks", params={"incident": incident_id}).json()["items"]
        task = next(item["task"] for item in inbox if item["task"]["element_id"] == element_id)
        phases.append(task["phase"])
        path = f"/api/v1/tasks/{task['id']}"
        claimed = as_(username).post(f"{path}/claim")
        assert claimed.status_code == 200, claimed.text
        tag = {"If-Match": claimed.headers["ETag"]}
        done = as_(username).post(f"{path}/complete", json={"answers": answers}, headers=tag)
        assert done.status_code == 200, done.text
    return list(dict.fromkeys(phases))


def _trace(auditor, number):
    """Every entry, page by page."""
    entries, cursor = [], None
    while True:
        query = {"limit": 20, **({"cursor": cursor} if cursor else {})}
        page = auditor.get(f"/api/v1/incidents/{number}/history", params=query).json()
        entries += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return entries


def _assert_traced(entries):
    told = [(e["event"], e["element_id"], e["actor_name"].split()[0]) for e in entries]
    assert told == list(TRACE)
    assert [e["sequence"] for e in entries] == list(range(1, len(TRACE) + 1))
    moments = [datetime.fromisoformat(e["at"]) for e in entries]
    assert moments == sorted(moments)
    assert {e["process_version"] for e in entries if e["element_id"]} == {1}
    of = {(e["event"], e["element_id"]): e for e in entries}
    assert of["incident:reported", None]["changes"]["severity"] == [None, "SEV1"]
    assert of["task:completed", "ClassifyIncident"]["changes"]["impact"] == [None, "high"]
    assert of["element:completed", "DecidePriority"]["detail"]["matched_rules"] == [
        "HighImpactHighUrgency"
    ]
    assert of["element:completed", "RecordClassification"]["changes"]["status"] == [
        "new",
        "in_progress",
    ]
    assert of["element:completed", "IsItAnIncident"]["detail"]["taken"] == "yes"
    assert of["element:completed", "CloseIncident"]["changes"]["status"] == ["resolved", "closed"]
