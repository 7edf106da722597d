"""The pages of passkeys: what a browser gets to ask for, and what is refused to whom."""

import json

import pytest

from api import create_app
from engine.history import Event
from engine.people import credentials, passkeys
from engine.people.ceremonies import Site
from engine.people.credentials import FRESH
from engine.settings import Settings
from tests.engine.authenticator import Device
from tests.factories import entries

OURS = {"Sec-Fetch-Site": "same-origin"}
SITE = Site("localhost", "http://localhost")
ACCOUNT, SIGN_IN = "/account/passkeys", "/sign-in/passkey"


@pytest.fixture
def app(database, cast):
    return create_app(database, Settings(database.url))


@pytest.fixture
def browse(database, app, cast):
    """A browser, in which somebody has just signed in."""

    def browser(username=None):
        http = app.test_client()
        if username:
            with database.transaction() as session:
                secret = credentials.start_session(session, getattr(cast, username))
            http.set_cookie("steadyhand", secret)
        return http

    return browser


def send(http, path, **form):
    return http.post(path, data=form, headers=OURS)


def add(http, device, label="Blue key"):
    options = send(http, f"{ACCOUNT}/options").get_json()["publicKey"]
    return send(http, ACCOUNT, label=label, credential=json.dumps(device.make(options)))


def sign_in(http, device, **form):
    options = send(http, f"{SIGN_IN}/options").get_json()["publicKey"]
    return send(http, SIGN_IN, credential=json.dumps(device.sign(options)), **form)


def test_a_passkey_is_added_on_the_page_and_signs_in_where_one_was_going(browse):
    http, device = browse("dora"), Device(SITE)
    added = add(http, device)
    page = http.get(added.location).text

    stranger = browse()
    welcome = sign_in(stranger, device, next="/account/passkeys")

    assert "Blue key" in page
    assert "The passkey is added" in page
    assert (welcome.status_code, welcome.location) == (303, "/account/passkeys")
    assert "Dora Desk" in stranger.get(ACCOUNT).text


def test_a_passkey_leads_nowhere_else(browse):
    device = Device(SITE)
    add(browse("dora"), device)

    welcome = sign_in(browse(), device, next="https://evil.test/")

    assert welcome.location == "/"


def test_a_passkey_is_renamed_and_removed(database, cast, browse):
    http = browse("dora")
    add(http, Device(SITE))
    with database.reading() as session:
        (passkey,) = passkeys.of(session, cast.dora.id)
    path = f"{ACCOUNT}/{passkey.id}"

    unnamed = send(http, f"{path}/rename", **{f"label.{passkey.id}": " "})
    renamed = send(http, f"{path}/rename", **{f"label.{passkey.id}": "Old key"})
    page = http.get(renamed.location).text
    removed = send(http, f"{path}/remove")

    assert unnamed.status_code == 422
    assert "Give the passkey a name" in unnamed.text
    assert "Old key" in page
    assert "The passkey is gone" in http.get(removed.location).text


def test_a_name_that_is_missing_is_said_beside_the_field(browse):
    refused = add(browse("dora"), Device(SITE), label="")

    assert refused.status_code == 422
    assert 'id="error-label"' in refused.text


def test_passkeys_change_only_right_after_a_sign_in(database, cast, browse, time_travel):
    http, device = browse("dora"), Device(SITE)
    add(http, device)
    with database.reading() as session:
        (passkey,) = passkeys.of(session, cast.dora.id)

    time_travel(FRESH * 1.1)

    assert "Sign in again" in http.get(ACCOUNT).text
    assert send(http, f"{ACCOUNT}/options").status_code == 403
    assert send(http, ACCOUNT, label="Key", credential="{}").status_code == 403
    assert send(http, f"{ACCOUNT}/{passkey.id}/remove").status_code == 403
    sign_in(http, device)
    assert send(http, f"{ACCOUNT}/{passkey.id}/remove").status_code == 303


def test_an_api_token_adds_no_passkey(app, cast):
    http = app.test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {cast.token('dora')}"

    assert send(http, f"{ACCOUNT}/options").status_code == 403


@pytest.mark.parametrize("sent", ["", "{", "[]", "null", "{}", '{"response": 1}', "[" * 100_000])
def test_what_is_no_response_of_a_passkey_is_refused(browse, sent):
    refused = send(browse(), SIGN_IN, credential=sent)

    assert refused.status_code == 403
    assert "not accepted" in refused.text
    assert "Set-Cookie" not in refused.headers


def test_a_copied_passkey_is_refused_and_told_even_though_its_request_is_undone(
    database, cast, browse
):
    device = Device(SITE)
    add(browse("dora"), device)
    sign_in(browse(), device)
    device.counter -= 1

    refused = sign_in(browse(), device)

    assert refused.status_code == 403
    assert "Set-Cookie" not in refused.headers
    (entry,) = entries(database, cast.dora.id, Event.AUTHENTICATOR_SUSPECTED)
    assert entry.detail["label"] == "Blue key"


def test_a_passkey_ends_the_session_that_the_browser_brought_along(database, cast, browse):
    http, device = browse("dora"), Device(SITE)
    add(http, device)
    before = http.get_cookie("steadyhand").value

    sign_in(http, device)

    after = http.get_cookie("steadyhand").value
    assert after != before
    with database.reading() as session:
        kind = credentials.CredentialKind.SESSION
        assert credentials.find_actor(session, kind, before) is None
        assert credentials.find_actor(session, kind, after).id == cast.dora.id


def test_over_https_a_passkey_of_the_same_name_over_http_is_refused(browse, database, cast):
    http = create_app(database, Settings(database.url, is_secure=True)).test_client()
    device = Device(SITE)
    add(browse("dora"), device)

    options = http.post(f"{SIGN_IN}/options", headers=OURS, base_url="https://localhost")
    statuses = []
    for origin in ("http://localhost", "https://localhost"):
        device.site = Site("localhost", origin)
        form = {"credential": json.dumps(device.sign(options.get_json()["publicKey"]))}
        sent = http.post(SIGN_IN, data=form, headers=OURS, base_url="https://localhost")
        statuses.append(sent.status_code)

    assert statuses == [403, 303]


@pytest.mark.parametrize(("host", "is_told"), [("127.0.0.1", True), ("localhost", False)])
def test_a_page_without_a_name_says_that_it_needs_one(browse, host, is_told):
    http = browse("dora")
    http.set_cookie("steadyhand", http.get_cookie("steadyhand").value, domain=host)

    page = http.get(ACCOUNT, base_url=f"http://{host}:8000")

    assert ("Open Steadyhand by its name" in page.text) is is_told
