"""People come in by an OpenID Connect provider in a browser, and link what it knows of them."""

import json
import re

import pytest

from engine import library
from engine.people import accounts
from tests import openid
from tests.journeys.conftest import Visitor
from tests.server import Server

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
ELSEWHERE = re.compile(r"^https?://(?!127\.0\.0\.1)")
WIDE = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def provider():
    with openid.Provider() as provider:
        provider.knows("ann", name="Ann Archer", preferred_username="ann", groups=["desk"])
        provider.knows("tess-there", name="Tess", preferred_username="tess")
        yield provider


@pytest.fixture
def server(tmp_path, database, provider):
    """Of an installation with that provider."""
    with database.transaction() as session:
        library.load_shipped(session)
    server = Server(
        tmp_path,
        database.url,
        STEADYHAND_OIDC_ISSUER=provider.issuer,
        STEADYHAND_OIDC_CLIENT_ID=openid.CLIENT_ID,
        STEADYHAND_OIDC_CLIENT_SECRET=openid.CLIENT_SECRET,
        STEADYHAND_OIDC_NAME="Acme",
        STEADYHAND_OIDC_ADDS_PEOPLE="1",
        STEADYHAND_OIDC_GROUPS=json.dumps({"desk": "responder:Service Desk"}),
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def chromium(chromium):
    """The provider's own page takes its styles from elsewhere, where a test does not go."""
    browser, make = chromium, chromium.new_context

    def new_context(**options):
        context = make(**options)
        context.route(ELSEWHERE, lambda route: route.fulfill(body=""))
        return context

    browser.new_context = new_context
    yield browser
    browser.new_context = make


@pytest.fixture
def somebody(chromium, server):
    """A window in which nobody has signed in yet."""
    made = []

    def open_window(**window):
        made.append(Visitor(chromium, server, window))
        return made[-1]

    yield open_window
    troubles = [trouble for visitor in made for trouble in visitor.troubles]
    for visitor in made:
        visitor.close()
    assert troubles == []


def sign_in_there(page, subject):
    """On the provider's own page."""
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()


@pytest.mark.parametrize("window", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_newcomer_comes_in_by_the_provider_and_works_in_their_group(
    somebody, database, cast, window
):
    visitor = somebody(**window)
    page = visitor.open("/inbox")
    visitor.assert_accessible()

    page.get_by_role("link", name="Sign in with Acme").click()
    sign_in_there(page, "ann")
    page.wait_for_url("**/inbox*")

    visitor.assert_accessible()
    with database.reading() as session:
        person = accounts.get(session, "ann")
        assert [tuple(grant) for grant in accounts.grants(session, person.id)] == [
            ("responder", "Service Desk")
        ]


def test_a_person_links_an_identity_and_comes_back_by_it(visit, somebody, cast):
    tess = visit("tess", **PHONE)
    page = tess.open("/account/identities")
    tess.assert_accessible()

    page.get_by_role("button", name="Link my identity at Acme").click()
    page.wait_for_url(re.compile("/oauth2/authorize"))
    sign_in_there(page, "tess-there")
    page.get_by_text("Your identity is linked").wait_for()
    tess.assert_accessible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]

    later = somebody()
    later.open("/sign-in").get_by_role("link", name="Sign in with Acme").click()
    sign_in_there(later.page, "tess-there")
    later.page.wait_for_url("**/inbox*")
    assert later.page.get_by_text("Tess Tech").first.is_visible()


def test_going_back_to_an_answer_of_the_provider_says_to_start_again(somebody):
    visitor = somebody()
    page = visitor.open("/sign-in")
    answers = []
    page.on("request", lambda sent: answers.append(sent.url) if "/callback?" in sent.url else None)
    page.get_by_role("link", name="Sign in with Acme").click()
    sign_in_there(page, "ann")
    page.wait_for_url("**/inbox*")

    visitor.open(answers[0])

    page.get_by_role("heading", name="Start again").wait_for()
    visitor.assert_accessible()


def test_a_provider_that_is_away_is_told_on_the_sign_in_page(somebody, provider):
    visitor = somebody(**PHONE)
    provider.__exit__()
    page = visitor.open("/sign-in")

    page.get_by_role("link", name="Sign in with Acme").click()

    page.get_by_text("Acme does not answer just now").wait_for()
    assert page.get_by_label("Password").is_visible()
    visitor.assert_accessible()
