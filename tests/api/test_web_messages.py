"""The page of messages: who sees it, what it says of each, and how one is given up."""

import html
import re

import pytest

from api.web import messages as page_of_messages
from engine.instances import messages
from engine.store.tables import Message
from tests.diagrams import bundle, caught, line, user_task
from tests.factories import client, deploy, dump, entries, report

OURS = {"Sec-Fetch-Site": "same-origin"}
READERS = ["max", "aude", "ada"]


@pytest.fixture
def as_(database, cast):
    """The pages as a person, by first name."""
    wait = caught("Wait", "message", "paid", correlationKey="incident.service", variable="receipt")
    deploy(database, bundle(*line(wait, user_task("Look"))))
    return lambda username: client(database, cast.token(username))


@pytest.fixture
def send(database, cast, as_):
    """Send a message and return its id."""

    def sent(name, key="", payload=None, incident=None):
        with database.transaction() as session:
            tracked = messages.send(session, name, key, payload, cast.dora, incident=incident)
            return tracked.message.id

    return sent


def discard(http, message_id, reason):
    """Send the form that stands beside the message."""
    form = {f"reason.{message_id}": reason}
    return http.post(f"/messages/{message_id}/discard", data=form, headers=OURS)


@pytest.mark.parametrize("username", READERS)
def test_a_waiting_message_says_for_whom_from_whom_and_why_it_waits(username, as_, send):
    send("paid", "Mail", {"amount": 7})

    page = as_(username).get("/messages").text

    assert "Key “Mail”" in page
    assert "by Dora Desk" in page
    assert "No process waits for “paid” with the key “Mail” yet." in page
    assert "Amount: 7" in page


@pytest.mark.parametrize("username", ["dora", "olga", "rob"])
def test_messages_are_neither_shown_nor_linked_to_others(username, as_):
    http = as_(username)

    assert http.get("/messages").status_code == 403
    assert 'href="/messages"' not in http.get("/incidents").text


@pytest.mark.parametrize("username", READERS)
def test_those_who_may_read_messages_find_them_in_the_navigation(username, as_):
    assert 'href="/messages"' in as_(username).get("/incidents").text


def test_what_went_wrong_stands_above_what_was_sent_later(database, as_, send):
    first, second, third = (send(name) for name in ("first", "second", "third"))
    with database.transaction() as session:
        session.get_one(Message, second).problem = "The snapshot is broken."
        session.get_one(Message, second).attempts = 2

    page = as_("max").get("/messages").text

    assert re.findall(r'id="message-([^"]+)"', page) == [second, third, first]
    assert "Delivery failed and will be tried again: The snapshot is broken." in page
    assert "Tried 2 times" in page


def test_a_discarded_message_moves_to_its_own_list_and_the_reason_to_the_history(
    database, as_, send
):
    http, message_id = as_("max"), send("paid", "Mail")

    answer = discard(http, message_id, "Sent twice.")

    said = http.get(answer.headers["Location"]).text
    assert answer.status_code == 303
    assert "The message is discarded" in said
    assert "No message waits." in said
    assert "Given up" in http.get("/messages?status=discarded").text
    assert entries(database, message_id)[-1].detail["reason"] == "Sent twice."


def test_a_delivered_message_leads_to_the_incident_that_took_it(database, cast, as_, send):
    incident = report(database, cast.dora, service="Shop")
    send("paid", "Shop")

    page = as_("aude").get("/messages?status=delivered").text

    assert f'href="/incidents/{incident.id}"' in page


def test_a_message_for_one_incident_leads_to_it(database, cast, as_, send):
    incident = report(database, cast.dora, service="Shop")
    send("refund", incident=incident.number)

    page = as_("aude").get("/messages").text

    assert f'href="/incidents/{incident.id}"' in page


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("", "Say why, in a sentence."),
        ("  ", "Say why, in a sentence."),
        ("x" * 2_001, "Use at most 2,000 characters"),
        ("a\x00b", "Remove the control characters."),
    ],
)
def test_without_a_proper_reason_the_error_stands_beside_its_own_field(
    reason, problem, database, as_, send
):
    http, message_id = as_("max"), send("paid")
    send("refund")
    before = dump(database)

    answer = discard(http, message_id, reason)

    assert answer.status_code == 422
    assert "<title>Error: Messages" in answer.text
    assert f'href="#field-reason.{message_id}"' in answer.text
    assert f'aria-describedby="hint-reason.{message_id} error-reason.{message_id}"' in answer.text
    assert answer.text.count(problem) == 2  # in the summary and beside the field
    assert answer.text.count('<details class="discard" open>') == 1
    assert dump(database) == before


@pytest.mark.parametrize("username", ["aude", "dora", "olga", "rob"])
def test_who_may_not_discard_is_refused(username, database, as_, send):
    http, message_id = as_(username), send("paid")
    before = dump(database)

    answer = discard(http, message_id, "No.")

    assert answer.status_code == 403
    assert dump(database) == before


@pytest.mark.parametrize(("username", "forms"), [("max", 1), ("ada", 1), ("aude", 0)])
def test_only_who_may_discard_sees_the_form(username, forms, as_, send):
    send("paid")

    page = as_(username).get("/messages").text

    assert page.count("/discard") == forms


def test_a_message_that_waits_no_longer_cannot_be_discarded_again(as_, send):
    http, message_id = as_("ada"), send("paid")
    discard(http, message_id, "Sent twice.")

    assert discard(http, message_id, "Again.").status_code == 409
    assert discard(http, "unknown", "Again.").status_code == 404


def test_a_form_from_another_site_discards_nothing(as_, send):
    http, message_id = as_("max"), send("paid")

    answer = http.post(f"/messages/{message_id}/discard", data={f"reason.{message_id}": "No."})

    assert answer.status_code == 403
    assert "“paid”" in http.get("/messages").text


def test_a_long_list_goes_on_behind_more_and_shows_each_once(monkeypatch, as_, send):
    monkeypatch.setattr(page_of_messages, "PAGE", 2)
    sent = {send(f"number{n}") for n in range(3)}
    http = as_("max")

    first = http.get("/messages").text
    more = html.unescape(re.search(r'href="([^"]+)">More', first)[1])
    second = http.get(more).text

    shown = [re.findall(r'id="message-([^"]+)"', page) for page in (first, second)]
    assert [len(ids) for ids in shown] == [2, 1]
    assert {message_id for ids in shown for message_id in ids} == sent
    assert ">More" not in second


@pytest.mark.parametrize("status", ["waiting", "delivered", "discarded", "nonsense"])
def test_an_empty_list_says_what_would_be_there(status, as_):
    page = as_("max").get(f"/messages?status={status}")

    assert page.status_code == 200
    assert "would stand here" in page.text


def test_what_a_message_carries_is_shown_as_text(as_, send):
    send("<b>paid</b>", "<i>", {"<script>": "<script>alert(1)</script>"})

    page = as_("max").get("/messages").text

    assert "<script>alert" not in page
    assert "<b>paid" not in page
    assert "Key “&lt;i&gt;”" in page
