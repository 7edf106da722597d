"""Exceptions over REST: one person asks, another grants, and nobody does both."""

from datetime import timedelta

import pytest

from engine import incidents
from engine.people import restriction
from tests.diagrams import bundle, line, one_task, user_task
from tests.factories import client, complete, deploy, dump, open_tasks, report

EXCEPTIONS = "/api/v1/exceptions"
FOUR_EYES = '[[separation]]\ntitle = "Four eyes"\ntasks = ["Look", "Check"]\n'
WHY = {"reason": "Nobody else is on shift."}


@pytest.fixture
def as_(database, cast):
    return lambda username: client(database, cast.token(username))


@pytest.fixture
def task(database, cast):
    """A task that Dora may not do, since she did the one before."""
    deploy(database, bundle(*line(user_task("Look"), user_task("Check")), rules=FOUR_EYES))
    incident = report(database, cast.rob)
    complete(database, incident, "Look", cast.dora, note="Fine.")
    return open_tasks(database, incident, cast.dora)["Check"]


@pytest.fixture
def secret(database, cast):
    """An incident that Max keeps to himself."""
    deploy(database, one_task())
    incident = report(database, cast.rob)
    with database.transaction() as session:
        it = incidents.get(session, incident.id, cast.max)
        restriction.restrict(session, it, [], None, cast.max)
    return incident


def claim(http, task):
    return http.post(f"/api/v1/tasks/{task.id}/claim").status_code


def test_a_task_is_set_free_for_one_person_by_another(as_, cast, task):
    dora, max_ = as_("dora"), as_("max")
    before = claim(dora, task)

    asked = dora.post(f"/api/v1/tasks/{task.id}/exception", json=WHY)
    (waiting,) = max_.get(EXCEPTIONS).json["items"]
    granted = max_.post(f"{EXCEPTIONS}/{asked.json['id']}/grant")

    assert (before, asked.status_code, granted.status_code) == (403, 201, 200)
    assert waiting["asked"] == asked.json
    assert asked.json["reason"] == WHY["reason"]
    assert (asked.json["person_id"], asked.json["granted_at"]) == (cast.dora.id, None)
    assert (waiting["name"], waiting["task_name"]) == ("Dora Desk", "Do Check")
    assert granted.json["asked"]["granted_at"] is not None
    assert max_.get(EXCEPTIONS).json == {"items": []}
    assert claim(dora, task) == 200


def test_a_restricted_incident_is_opened_to_one_person_by_another(as_, database, secret):
    ada, max_, path = as_("ada"), as_("max"), f"/api/v1/incidents/{secret.id}"
    before = ada.get(path)

    asked = ada.post(EXCEPTIONS, json={"number": secret.number, **WHY})
    (waiting,) = ada.get(EXCEPTIONS).json["items"]
    own = ada.post(f"{EXCEPTIONS}/{asked.json['id']}/grant")
    max_.post(f"{EXCEPTIONS}/{asked.json['id']}/grant")

    assert (before.status_code, asked.status_code) == (404, 201)
    assert (waiting["number"], waiting["task_name"]) == (secret.number, None)
    assert own.status_code == 403
    assert own.json["detail"].startswith("It takes two people")
    assert ada.get(path).status_code == 200


def test_what_waits_tells_nothing_of_the_incident_but_its_number(as_, secret):
    as_("ada").post(EXCEPTIONS, json={"number": secret.number, **WHY})

    listed = as_("ada").get(EXCEPTIONS).text

    assert secret.number in listed
    assert secret.id not in listed
    assert secret.title not in listed


def test_what_is_granted_or_has_lapsed_is_not_granted_again(as_, cast, task, time_travel):
    path = f"/api/v1/tasks/{task.id}/exception"
    asked = as_("dora").post(path, json=WHY).json["id"]
    twice = as_("dora").post(path, json=WHY)

    time_travel(timedelta(hours=24))

    late = as_("max").post(f"{EXCEPTIONS}/{asked}/grant")
    assert (twice.status_code, late.status_code) == (409, 409)
    assert "nobody granted it in time" in late.json["detail"]
    assert as_("max").get(EXCEPTIONS).json == {"items": []}
    assert as_("max").post(f"{EXCEPTIONS}/unknown/grant").status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"number": "INC-1"}, "#/reason"),
        ({"number": "INC-1", "reason": ""}, "#/reason"),
        ({**WHY}, "#/number"),
        ({"number": "INC-1", **WHY, "granted_at": "2026-01-31T08:00:00Z"}, "#/granted_at"),
        ({"number": "\0", **WHY}, "#/number"),
        ({"number": "\ud800", **WHY}, "#/number"),
    ],
)
def test_what_does_not_fit_is_pointed_at(as_, body, pointer):
    refused = as_("ada").post(EXCEPTIONS, json=body)

    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_a_blank_reason_is_none(as_, database, secret):
    before = dump(database)

    refused = as_("ada").post(EXCEPTIONS, json={"number": secret.number, "reason": " "})

    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "#/reason"
    assert dump(database)["break_glass"] == before["break_glass"]


def test_nobody_asks_to_know_what_they_know_or_what_is_not_there(as_, secret):
    known = as_("max").post(EXCEPTIONS, json={"number": secret.number, **WHY})
    nothing = as_("ada").post(EXCEPTIONS, json={"number": "INC-1999-000001", **WHY})

    assert [known.status_code, nothing.status_code] == [404, 404]
    assert "that you do not know of" in known.json["detail"]


def test_nobody_asks_for_a_task_from_which_nothing_keeps_them(as_, database, cast, task):
    free = open_tasks(database, report(database, cast.rob), cast.dora)["Look"]

    refused = as_("dora").post(f"/api/v1/tasks/{free.id}/exception", json=WHY)
    theirs = as_("tess").post(f"/api/v1/tasks/{task.id}/exception", json=WHY)

    assert (refused.status_code, theirs.status_code) == (409, 404)
    assert "No separation of duties keeps you" in refused.json["detail"]


@pytest.mark.parametrize("username", ["rob", "dora", "olga", "aude"])
def test_who_may_not_grant_sees_nothing_of_it(as_, username):
    http = as_(username)

    answers = [
        http.get(EXCEPTIONS),
        http.post(EXCEPTIONS, json={"number": "INC-1", **WHY}),
        http.post(f"{EXCEPTIONS}/unknown/grant"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
