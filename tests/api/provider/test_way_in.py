"""Sign in by an OpenID Connect provider: the way there and back."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from api import create_app
from engine.settings import Settings
from tests import openid
from tests.api.provider.browser import (
    START,
    Browser,
    link_to,
    signed_in,
)
from tests.server import free_port


def test_whoever_is_linked_signs_in_by_the_provider(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))

    back = provider.authorize(browser.begin(), "dora-there")
    answer = browser.come_back(back)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Dora Desk" in browser.client.get("/", follow_redirects=True).text
    assert browser.kept is None


def test_the_request_asks_for_a_code_with_pkce_state_and_nonce(serve, provider):
    browser = Browser(serve(provider.issuer))

    answer = browser.client.get(START)
    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len({query["state"], query["nonce"], query["code_challenge"]}) == 3
    assert all(len(query[name]) == 43 for name in ("state", "nonce", "code_challenge"))
    assert query["redirect_uri"] == "http://localhost/sign-in-with/openid/callback"
    assert not {query["state"], query["nonce"]} & set(browser.kept)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=600"} <= set(cookie.split("; "))


def test_over_https_the_cookie_is_bound_to_the_host_and_the_way_back_is_https(
    provider, database, cast
):
    settings = Settings(database.url, is_secure=True, openid=openid.settings(provider.issuer))
    answer = create_app(database, settings).test_client().get(START)

    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert query["redirect_uri"].startswith("https://localhost/")
    assert answer.headers["Set-Cookie"].startswith("__Host-steadyhand-openid=")
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_a_person_lands_where_they_were_going(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))

    address = browser.begin(f"{START}?next=/incidents?status%3Dnew")
    answer = browser.come_back(provider.authorize(address, "dora-there"))

    assert answer.headers["Location"] == "/incidents?status=new"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.test", "https://evil.test/", "/\\evil.test", "evil", "/" + "x" * 600]
)
def test_nobody_is_sent_to_another_site(serve, provider, database, cast, elsewhere):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))

    address = browser.client.get(START, query_string={"next": elsewhere}).headers["Location"]
    answer = browser.come_back(provider.authorize(address, "dora-there"))

    assert answer.headers["Location"] == "/"


def test_the_session_that_the_browser_had_ends(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = signed_in(serve(provider.issuer), cast, "dora")
    before = browser.client.get_cookie("steadyhand").value

    browser.come_back(provider.authorize(browser.begin(), "dora-there"))

    after = browser.client.get_cookie("steadyhand").value
    assert after != before
    browser.client.set_cookie("steadyhand", before)
    assert browser.client.get("/password").status_code == 302


def test_the_button_stands_on_the_sign_in_page_where_there_is_a_provider(serve, database, cast):
    without = create_app(database, Settings(database.url)).test_client()
    with_one = serve(f"http://127.0.0.1:{free_port()}").test_client()

    assert START not in without.get("/sign-in").text
    assert 'href="/sign-in-with/openid"' in with_one.get("/sign-in").text
    assert "Sign in with Acme" in with_one.get("/sign-in").text
    assert without.get(START).status_code == 404
