"""What is replayed or forged on the way back from a provider is refused."""

import base64
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from engine.store.tables import Credential, SecurityEvent
from tests import openid
from tests.api.provider.browser import (
    COOKIE,
    START,
    Browser,
    link_to,
    rows,
)


def test_a_callback_counts_once(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))
    back = provider.authorize(browser.begin(), "dora-there")
    kept = browser.kept
    browser.come_back(back)
    sessions = rows(database, Credential)

    again = browser.come_back(back)
    browser.client.set_cookie(COOKIE, kept)
    with_its_cookie = browser.come_back(back)

    assert (again.status_code, with_its_cookie.status_code) == (400, 400)
    assert "Start again" in again.text
    assert "Start again" in with_its_cookie.text
    assert rows(database, Credential) == sessions


def test_it_counts_once_even_if_the_provider_gives_the_code_out_again(
    serve, crooked, database, cast
):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    kept = browser.kept
    first = browser.come_back(back)

    browser.client.set_cookie(COOKIE, kept)
    second = browser.come_back(back)

    assert (first.status_code, second.status_code) == (303, 400)
    assert crooked.got.count("/token") == 2


def test_a_callback_in_another_browser_is_refused(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    app = serve(provider.issuer)
    mine, theirs = Browser(app), Browser(app)
    back = provider.authorize(mine.begin(), "dora-there")
    theirs.begin()

    answer = theirs.come_back(back)

    assert answer.status_code == 400
    assert theirs.client.get_cookie("steadyhand") is None


@pytest.mark.parametrize(
    "query",
    ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied", "?code=%00&state=%ff"],
)
def test_a_forged_callback_is_refused_with_a_page_and_reaches_nobody(serve, crooked, query):
    browser = Browser(serve(crooked.issuer))
    browser.begin()

    answer = browser.client.get(f"{START}/callback{query}")

    assert answer.status_code == 400
    assert "Start again" in answer.text
    assert "/token" not in crooked.got


@pytest.mark.parametrize(
    "kept",
    ["", "x", "e30", "W10", "bnVsbA", "é", base64.b64encode(b'{"began_at": 1e999}').decode()],
)
def test_a_forged_cookie_is_refused(serve, crooked, kept):
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    browser.client.set_cookie(COOKIE, kept)

    answer = browser.come_back(back)

    assert answer.status_code == 400
    assert "/token" not in crooked.got


def test_nobody_changes_what_the_cookie_holds(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    held = json.loads(base64.urlsafe_b64decode(browser.kept + "=="))
    changed = json.dumps({**held, "next_path": "//evil.test"}).encode()
    browser.client.set_cookie(COOKIE, base64.urlsafe_b64encode(changed).decode().rstrip("="))

    answer = browser.come_back(back)

    assert answer.status_code == 400


def test_a_sign_in_that_took_too_long_is_refused(serve, provider, time_travel):
    browser = Browser(serve(provider.issuer))
    back = provider.authorize(browser.begin(), "ann")
    kept = browser.kept
    time_travel(timedelta(minutes=11))
    browser.client.set_cookie(COOKIE, kept)

    answer = browser.come_back(back)

    assert answer.status_code == 400
    assert "took too long" in answer.text


def test_an_answer_of_another_provider_is_refused(serve, provider):
    browser = Browser(serve(provider.issuer))

    back = provider.authorize(browser.begin(), "ann")
    answer = browser.come_back(f"{back}&iss=https://other.test")

    assert answer.status_code == 400


def test_what_is_refused_stands_in_the_security_log(serve, crooked, database):
    Browser(serve(crooked.issuer)).client.get(f"{START}/callback?code=guessed&state=guessed")

    with database.reading() as session:
        entry = session.query(SecurityEvent).one()
    assert entry.route == "/sign-in-with/openid/callback"
    assert "did not begin in this browser" in entry.detail
    assert "guessed" not in entry.detail


def test_who_does_not_consent_is_told_so(serve, provider):
    browser = Browser(serve(provider.issuer))
    address = browser.begin()
    state = dict(parse_qsl(urlsplit(address).query))["state"]

    answer = browser.client.get(f"{START}/callback?error=access_denied&state={state}")

    assert answer.status_code == 403
    assert "Acme did not let you in" in answer.text


LIES = {
    "of another issuer": {"claims": {"iss": "https://other.test"}},
    "without an issuer": {"claims": {"iss": None}},
    "for another client": {"claims": {"aud": "somebody else"}},
    "for another, on our behalf": {"claims": {"aud": "else", "azp": openid.CLIENT_ID}},
    "for many clients": {"claims": {"aud": [openid.CLIENT_ID, "else"], "azp": "else"}},
    "without an audience": {"claims": {"aud": None}},
    "that has expired": {"claims": {"exp": 1_700_000_000}},
    "that never expires": {"claims": {"exp": None}},
    "of another sign-in": {"claims": {"nonce": "another"}},
    "without a nonce": {"claims": {"nonce": None}},
    "of nobody": {"claims": {"sub": None}},
    "of an empty subject": {"claims": {"sub": ""}},
    "of a number": {"claims": {"sub": 7}},
    "of a subject with a NUL": {"claims": {"sub": "ann\0"}},
    "of a subject without end": {"claims": {"sub": "x" * 300}},
    "for another access token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "with a shared secret": {"key": openid.shared(), "algorithm": "HS256"},
    "of no key that is known": {"forged": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjcifQ.e30.AAAA"},
    "of no signature": {"forged": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."},
    "of nothing": {"forged": "x"},
    "with odd claims": {"claims": {"amr": "x", "azp": [], "iat": {}}},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_id_token_is_refused(serve, crooked, database, cast, lie):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    for name, value in lie.items():
        setattr(crooked, name, value)

    answer = browser.come_back(back)

    assert answer.status_code == 400, answer.text
    assert "Start again" in answer.text
    assert browser.client.get_cookie("steadyhand") is None


def test_a_token_signed_with_another_key_of_the_same_name_is_refused(
    serve, crooked, database, cast
):
    link_to(database, cast.dora, crooked.issuer, "ann")
    app = serve(crooked.issuer)
    first, second = Browser(app), Browser(app)
    first.come_back(crooked.authorize(first.begin()))
    crooked.key = openid.RSAKey.generate_key(2048, {"kid": "1"})

    answer = second.come_back(crooked.authorize(second.begin(), "another"))

    assert answer.status_code == 400


def test_elliptic_signatures_are_good_as_well(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    crooked.key, crooked.algorithm = openid.elliptic(), "ES256"
    browser = Browser(serve(crooked.issuer))

    answer = browser.come_back(crooked.authorize(browser.begin()))

    assert answer.status_code == 303


def test_the_code_goes_with_the_verifier_of_its_challenge(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))

    browser.come_back(crooked.authorize(browser.begin()))

    (form,) = crooked.got_forms
    challenge = challenge_of(form["code_verifier"][0])
    assert challenge == crooked.asked["a code"]["code_challenge"]


def challenge_of(verifier):
    """RFC 7636 §4.2, by hand."""
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")
