"""Messages over REST: sent, delivered or listed, and given up."""

import pytest

from tests.diagrams import bundle, caught, line, user_task
from tests.factories import client, deploy, dump, entries, open_tasks, report

MESSAGES = "/api/v1/messages"


@pytest.fixture
def as_(database, cast):
    """The API as a person, by first name."""
    wait = caught("Wait", "message", "paid", correlationKey="incident.service", variable="receipt")
    deploy(database, bundle(*line(wait, user_task("Look"))))
    return lambda username: client(database, cast.token(username))


def nested(levels):
    return [nested(levels - 1)] if levels else 7


@pytest.fixture
def incident(database, cast, as_):
    return report(database, cast.dora, service="Shop")


def test_a_message_that_is_awaited_is_delivered_at_once(database, cast, as_, incident):
    body = {"name": "paid", "key": "Shop", "payload": {"amount": 7}, "incident": incident.number}

    answer = as_("dora").post(MESSAGES, json=body)

    assert answer.status_code == 201
    sent = answer.get_json()
    assert sent["waits_because"] == ""
    message = sent["message"]
    assert (message["status"], message["receiver_id"]) == ("delivered", incident.id)
    assert (message["payload"], message["sent_by"]) == ({"amount": 7}, "Dora Desk")
    assert list(open_tasks(database, incident, cast.dora)) == ["Look"]


def test_a_message_that_nobody_takes_is_listed_until_it_is_discarded(database, as_, incident):
    dora, http = as_("dora"), as_("max")
    sent = dora.post(MESSAGES, json={"name": "paid", "key": "Mail"}).get_json()["message"]

    (listed,) = http.get(MESSAGES).get_json()["items"]
    discarded = http.post(f"{MESSAGES}/{sent['id']}/discard", json={"reason": "Sent twice."})

    assert listed["message"] == sent
    assert listed["waits_because"] == "No process waits for “paid” with the key “Mail” yet."
    assert listed["waited_seconds"] in range(60)
    assert discarded.get_json()["message"]["status"] == "discarded"
    assert http.get(MESSAGES).get_json()["items"] == []
    (kept,) = http.get(f"{MESSAGES}?status=discarded").get_json()["items"]
    assert kept == discarded.get_json()
    assert [e.event for e in entries(database, sent["id"])] == ["message:sent", "message:discarded"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/name"),
        ({"name": ""}, "#/name"),
        ({"name": "x" * 201}, "#/name"),
        ({"name": "a\x00b"}, "#/name"),
        ({"name": "paid", "key": "x" * 201}, "#/key"),
        ({"name": "paid", "key": None}, "#/key"),
        ({"name": "paid", "key": 7}, "#/key"),
        ({"name": "paid", "incident": ""}, "#/incident"),
        ({"name": "paid", "incident": "a\x00b"}, "#/incident"),
        ({"name": "paid", "payload": "x" * 65_536}, "#/payload"),
        ({"name": "paid", "payload": "\ud800"}, "#/payload"),
        ({"name": "paid", "payload": nested(33)}, "#/payload"),
        ({"name": "paid", "colour": 1}, "#/colour"),
    ],
)
def test_a_message_that_does_not_fit_points_at_the_field(body, pointer, database, as_):
    http = as_("dora")
    before = dump(database)

    answer = http.post(MESSAGES, json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert dump(database) == before


@pytest.mark.parametrize("reason", [None, "", "  ", "x" * 2_001, "a\x00b", 7])
def test_a_message_is_not_discarded_without_a_reason(reason, database, as_):
    http = as_("max")
    sent = http.post(MESSAGES, json={"name": "paid"}).get_json()["message"]
    before = dump(database)

    answer = http.post(f"{MESSAGES}/{sent['id']}/discard", json={"reason": reason})

    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.get_json()["errors"]} == {"#/reason"}
    assert dump(database) == before


@pytest.mark.parametrize(
    ("username", "method", "path", "body", "status"),
    [
        ("rob", "post", "", {"name": "paid"}, 403),
        ("aude", "post", "", {"name": "paid"}, 403),
        ("olga", "post", "", {"name": "paid"}, 403),
        ("dora", "post", "", {"name": "paid", "incident": "INC-1999-000001"}, 404),
        ("dora", "get", "", None, 403),
        ("rob", "get", "", None, 403),
        ("dora", "post", "/x/discard", {"reason": "No."}, 403),
        ("aude", "post", "/x/discard", {"reason": "No."}, 403),
        ("max", "post", "/x/discard", {"reason": "No."}, 404),
        ("max", "get", "?status=lost", None, 422),
    ],
)
def test_what_may_not_be_done_is_refused_and_changes_nothing(
    username, method, path, body, status, database, as_
):
    http = as_(username)
    before = dump(database)

    answer = http.open(f"{MESSAGES}{path}", method=method, json=body)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert dump(database) == before


def test_pages_give_each_message_once_the_oldest_first(as_):
    http = as_("max")
    sent = [
        http.post(MESSAGES, json={"name": f"{n}"}).get_json()["message"]["id"] for n in range(5)
    ]

    pages, query = [], {"limit": 2}
    while query.get("cursor", "first"):
        page = http.get(MESSAGES, query_string=query).get_json()
        pages += [item["message"]["id"] for item in page["items"]]
        query = {"limit": 2, "cursor": page["next_cursor"]}

    assert pages == sent


@pytest.mark.parametrize(
    "query", [{"cursor": "x"}, {"cursor": "WzFd"}, {"limit": 0}, {"limit": 201}, {"stauts": "x"}]
)
def test_a_query_that_does_not_fit_points_at_its_part(query, as_):
    answer = as_("max").get(MESSAGES, query_string=query)

    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.get_json()["errors"]] == [f"query/{next(iter(query))}"]


def test_a_delivered_message_cannot_be_discarded(as_, incident):
    http = as_("max")
    sent = http.post(MESSAGES, json={"name": "paid", "key": "Shop"}).get_json()["message"]

    answer = http.post(f"{MESSAGES}/{sent['id']}/discard", json={"reason": "Too late."})

    assert answer.status_code == 409
    assert answer.get_json()["detail"] == "This message is already delivered."
