"""Signing at the doors: a task that asks for a signature takes it by REST and on its page."""

import json

import pytest
from sqlalchemy import select

from api import create_app
from engine import signatures
from engine.people import credentials, passkeys, passwords
from engine.people.ceremonies import Site
from engine.settings import Settings
from engine.store.tables import IdempotencyKey
from tests.diagrams import bundle, line, user_task
from tests.engine.authenticator import Device
from tests.factories import client, deploy, dump, open_tasks, report

OURS = {"Sec-Fetch-Site": "same-origin"}
SITE = Site("localhost", "http://localhost")
PASSWORD = "correct horse battery"  # noqa: S105 -- nobody's
ANSWERS = {"note": "Restarted it."}
MEANING = {"meaning": "approved"}
BY_PASSWORD = {**MEANING, "password": PASSWORD}


@pytest.fixture
def task(database, cast):
    deploy(database, bundle(*line(user_task("Look", signature="approved"))))
    with database.transaction() as session:
        hashed = passwords.hash_password(PASSWORD)
        passwords.set_password(session, hashed, cast.dora)
    return open_tasks(database, report(database, cast.rob), cast.dora)["Look"]


@pytest.fixture
def device(database, cast):
    device = Device(SITE)
    with database.transaction() as session:
        made = device.make(passkeys.ask_to_add(session, SITE, cast.dora))
        passkeys.add(session, made, "Key", SITE, cast.dora)
    return device


@pytest.fixture
def http(database, cast, task):
    return client(database, cast.token("dora"))


@pytest.fixture
def page(database, cast, task):
    """The page of the task, whose form is sent with the fields that are named."""
    browser = create_app(database, Settings(database.url)).test_client()
    with database.transaction() as session:
        secret = credentials.start_session(session, cast.dora)
    browser.set_cookie("steadyhand", secret)
    browser.post(f"/tasks/{task.id}/claim", headers=OURS)

    def send(path="", **fields):
        form = {"signature.meaning": "approved", **ANSWERS}
        form |= {f"signature.{name}": value for name, value in fields.items()}
        return browser.post(f"/tasks/{task.id}{path}", data=form, headers=OURS)

    send.read = lambda: browser.get(f"/tasks/{task.id}").text
    return send


def sent(http, task, signature=None, **headers):
    body = {"answers": ANSWERS} | ({"signature": signature} if signature else {})
    return http.post(f"/api/v1/tasks/{task.id}/complete", json=body, headers=headers)


def method_of(database, task):
    with database.reading() as session:
        signature = signatures.of_task(session, task.id)
    return signature and signature.method


def test_rest_says_what_is_to_be_signed_and_what_is_missing(http, task):
    read = http.get(f"/api/v1/tasks/{task.id}").get_json()
    refused = sent(http, task)

    assert read["signature_meaning"] == "approved"
    assert refused.status_code == 403
    assert "prove who you are with your password" in refused.get_json()["detail"]


def test_rest_takes_a_password(database, http, task):
    completed = sent(http, task, BY_PASSWORD)

    assert completed.status_code == 200
    assert method_of(database, task) == "password"


@pytest.mark.parametrize(
    ("signature", "status"),
    [
        ({**MEANING, "password": "wrong"}, 403),
        ({**MEANING, "code": "123456"}, 403),
        ({"meaning": "seen", "password": PASSWORD}, 403),
        ({**MEANING, "credential": {}, "at": "2026-11-23T10:00:00Z"}, 403),
        ({**MEANING, "credential": {}}, 422),
        ({**MEANING, "password": PASSWORD, "at": "2026-11-23T10:00:00Z"}, 422),
        ({**BY_PASSWORD, "code": "123456"}, 422),
        ({**MEANING, "credential": {}, "at": "2026-11-23T10:00:00"}, 422),
        (MEANING, 422),
        ({"password": PASSWORD}, 422),
    ],
)
def test_rest_refuses_what_is_no_signature(database, http, task, signature, status):
    refused = sent(http, task, signature)

    assert refused.status_code == status, refused.text
    assert refused.content_type == "application/problem+json"
    assert method_of(database, task) is None


def test_rest_asks_and_takes_a_passkey(database, http, task, device):
    asked = http.post(f"/api/v1/tasks/{task.id}/signature", json={"answers": ANSWERS}).get_json()
    signature = {**MEANING, "credential": device.sign(asked["options"]), "at": asked["at"]}

    completed = sent(http, task, signature)

    assert completed.status_code == 200, completed.text
    with database.reading() as session:
        kept = signatures.of_task(session, task.id)
    assert kept.statement == asked["statement"]
    assert signatures.check(kept.statement, kept.assertion) == []


def test_nothing_made_from_a_password_is_kept_with_an_idempotency_key(database, http, task):
    first = sent(http, task, BY_PASSWORD, **{"Idempotency-Key": "once"})
    again = sent(http, task, {**MEANING, "password": "x"}, **{"Idempotency-Key": "once"})
    other = sent(http, task, {"meaning": "seen", "password": "x"}, **{"Idempotency-Key": "once"})

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 422)
    assert again.headers["Idempotency-Replayed"] == "true"
    with database.reading() as session:
        assert len(session.scalars(select(IdempotencyKey)).all()) == 1


def test_the_page_asks_for_a_signature_and_takes_a_password(database, page, task):
    assert "Your signature" in page.read()

    completed = page(secret=PASSWORD)

    assert completed.status_code == 303
    assert method_of(database, task) == "password"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "prove who you are"),
        ({"secret": "wrong"}, "neither your password nor a code"),
        ({"secret": "123 456"}, "neither your password nor a code"),
        ({"meaning": "seen", "secret": PASSWORD}, "with the meaning “approved”"),
        ({"credential": "{}", "at": "2026-11-23T10:00:00+00:00"}, "not accepted"),
        ({"credential": "{}", "at": "yesterday"}, "prove who you are"),
    ],
)
def test_the_page_says_beside_the_field_what_is_missing(database, page, task, fields, said):
    refused = page(**fields)

    assert refused.status_code == 422
    assert 'id="error-signature.secret"' in refused.text
    assert said in refused.text
    assert "Restarted it." in refused.text
    assert PASSWORD not in refused.text
    assert method_of(database, task) is None


def test_the_page_takes_a_passkey_over_what_it_shows(database, page, task, device):
    asked = page("/signature").get_json()
    credential = json.dumps(device.sign(asked["publicKey"]))

    completed = page(credential=credential, at=asked["signature.at"])

    assert completed.status_code == 303
    with database.reading() as session:
        kept = signatures.of_task(session, task.id)
    assert signatures.check(kept.statement, kept.assertion) == []


def test_the_story_of_the_incident_tells_who_signed(database, http, page, task):
    page(secret=PASSWORD)

    story = http.get(f"/tasks/{task.id}").text

    assert "Dora Desk signed “Do Look”: approved" in story


def test_a_refused_signature_changes_nothing_but_the_count(database, http, task):
    before = dump(database)

    sent(http, task, {**MEANING, "code": "123456"})

    after = dump(database)
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"throttle", "security_event"}
