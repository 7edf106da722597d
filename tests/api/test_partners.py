"""Links for partners over REST: shown once, listed without their secret, withdrawn."""

import pytest

from tests.diagrams import bundle, line, user_task
from tests.factories import client, deploy, dump, open_tasks, report

PAUL = {"name": "Paul of Pumps Ltd", "days": 3}


@pytest.fixture
def waiting(database, cast):
    steps = (user_task("Look"), user_task("Sign", signature="approved"))
    deploy(database, bundle(*line(*steps)))
    return report(database, cast.rob, title="Pump is down")


@pytest.fixture
def path(database, cast, waiting):
    task = open_tasks(database, waiting, cast.dora)["Look"]
    return f"/api/v1/tasks/{task.id}/partners"


@pytest.fixture
def dora(database, cast):
    return client(database, cast.token("dora"))


def visit(database, made):
    return client(database).get(made.json["path"]).status_code


def test_a_link_is_shown_once_and_leads_to_the_task(database, cast, dora, path):
    made = dora.post(path, json=PAUL)

    (listed,) = dora.get(path).json["items"]
    secret = made.json["path"].rpartition("/")[2]
    assert (made.status_code, list(made.json)) == (201, ["path"])
    assert (listed["name"], listed["created_by"]) == (PAUL["name"], cast.dora.id)
    assert (listed["used_at"], listed["revoked_at"]) == (None, None)
    assert secret not in str(dump(database))
    assert visit(database, made) == 200


def test_the_newest_link_is_listed_first(dora, path, time_travel):
    for name in ("Paul", "Petra"):
        dora.post(path, json={**PAUL, "name": name})

    assert [link["name"] for link in dora.get(path).json["items"]] == ["Petra", "Paul"]


def test_a_link_that_was_withdrawn_leads_nowhere(database, dora, path):
    made = dora.post(path, json=PAUL)
    link = f"{path}/{dora.get(path).json['items'][0]['id']}"

    withdrawn, again = dora.delete(link), dora.delete(link)

    assert (withdrawn.status_code, again.status_code) == (204, 409)
    assert visit(database, made) == 403
    assert dora.get(path).json["items"][0]["revoked_at"] is not None


def test_a_link_belongs_to_its_task(database, cast, dora, path, waiting):
    dora.post(path, json=PAUL)
    link = dora.get(path).json["items"][0]["id"]
    other = open_tasks(database, report(database, cast.rob), cast.dora)["Look"]

    assert dora.delete(f"/api/v1/tasks/{other.id}/partners/{link}").status_code == 404
    assert dora.get(f"/api/v1/tasks/{other.id}/partners").json == {"items": []}


def test_a_secret_is_not_kept_for_a_key(database, dora, path):
    refused = dora.post(path, json=PAUL, headers={"Idempotency-Key": "once"})

    assert refused.status_code == 400
    assert "secret that is not kept" in refused.json["detail"]
    assert dora.get(path).json == {"items": []}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"days": 2}, "#/days"),
        ({"days": "3"}, "#/days"),
        ({"name": ""}, "#/name"),
        ({"name": " "}, "#/name"),
        ({"name": "x" * 121}, "#/name"),
        ({"name": "Paul\0"}, "#/name"),
        ({"name": "Paul\ud800"}, "#/name"),
        ({"secret": "mine"}, "#/secret"),
    ],
)
def test_what_does_not_fit_is_pointed_at(dora, path, change, pointer):
    refused = dora.post(path, json=PAUL | change)

    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert dora.get(path).json == {"items": []}


def test_what_asks_for_a_signature_is_for_people_with_an_account(database, cast, dora, path):
    task = path.removesuffix("/partners")
    dora.post(f"{task}/complete", json={"answers": {"note": "Fine."}})
    done = dora.post(path, json=PAUL)
    (signed,) = dora.get("/api/v1/tasks").json["items"]

    refused = dora.post(f"/api/v1/tasks/{signed['task']['id']}/partners", json=PAUL)

    assert (done.status_code, done.json["detail"]) == (409, "This task is done already.")
    assert (refused.status_code, "takes an account" in refused.json["detail"]) == (409, True)


@pytest.mark.parametrize(("username", "status"), [("rob", 404), ("tess", 404), ("aude", 403)])
def test_who_may_not_do_the_task_hands_it_to_nobody(database, cast, path, username, status):
    http = client(database, cast.token(username))

    answers = [http.get(path), http.post(path, json=PAUL), http.delete(f"{path}/unknown")]

    assert [answer.status_code for answer in answers] == [status] * 3
