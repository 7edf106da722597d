"""Administrators and people look after who comes in, in a browser, free of violations."""

import re

import pytest

from engine.people import credentials

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
WINDOWS = {"desktop in the light": {}, "phone in the dark": PHONE}


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_an_administrator_adds_a_dealer_whose_administrator_adds_a_colleague(
    visit, chromium, server, window
):
    ours = visit("ada", **window)
    page = ours.open("/people")
    page.get_by_role("link", name="Organisations").click()
    _look(ours)
    page.get_by_label("Name").fill("Dealer North")
    page.get_by_role("button", name="Add the organisation").click()
    page.get_by_text("Now add its people").wait_for()
    _look(ours)
    link = _add(ours, "nora", "Nora North", "Customer administrator: the same")

    guest = chromium.new_context(base_url=server.url, **window)
    theirs = guest.new_page()
    theirs.goto(link)
    theirs.get_by_role("button", name="Sign in").click()
    theirs.get_by_role("link", name="People", exact=True).click()
    theirs.get_by_role("link", name="Nora North").first.wait_for()
    theirs.get_by_role("link", name="Add somebody").click()
    theirs.get_by_label("Username").fill("nils")
    theirs.get_by_label("Name", exact=True).fill("Nils North")
    theirs.get_by_role("button", name="Add").click()
    theirs.get_by_role("link", name="I have copied it").click()

    assert theirs.get_by_role("heading", name="Nils North").is_visible()
    assert theirs.get_by_text("Dora Desk").count() == 0
    guest.close()


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_an_administrator_gives_a_role_and_locks_somebody_out(visit, window):
    ours = visit("ada", **window)
    page = ours.open("/people")
    _look(ours)
    page.get_by_label("Search by a part").fill("desk")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Dora Desk").click()
    _look(ours)
    page.locator("summary", has_text="Give a role").click()
    _look(ours)
    page.get_by_role("button", name="Give the role").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    _look(ours)
    page.get_by_label("Incident manager: the same").check()
    page.get_by_role("button", name="Give the role").click()
    page.get_by_text("The role is given.").wait_for()
    page.get_by_role("button", name="Take away Responder in Service Desk").click()
    page.get_by_text("The role is taken away.").wait_for()
    page.locator("summary", has_text="Lock Dora Desk out").click()
    _look(ours)
    page.get_by_role("button", name="Lock Dora Desk out").click()

    page.get_by_text("Locked out, with all sessions and tokens.").wait_for()
    _look(ours)
    assert page.get_by_role("button", name="Let Dora Desk in again").is_visible()


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_somebody_ends_another_session_and_makes_a_token(visit, database, cast, window):
    with database.transaction() as session:
        credentials.start_session(session, cast.dora, label="Safari on iPhone")
    dora = visit("dora", **window)
    page = dora.open("/")
    page.get_by_role("link", name="Dora Desk").click()
    _look(dora)
    assert page.get_by_text(re.compile(r"Chrome on Linux")).first.is_visible()

    page.get_by_role("button", name=re.compile("End Safari on iPhone")).click()
    page.get_by_text("The session is ended.").wait_for()
    page.locator("summary", has_text="Make an API token").click()
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    _look(dora)
    page.get_by_label("What is it for?").fill("Nightly export")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("heading", name="The API token “Nightly export”").wait_for()
    _look(dora)
    page.get_by_role("link", name="I have copied it").click()

    _look(dora)
    page.get_by_role("button", name=re.compile("Revoke “Nightly export”")).click()
    page.get_by_text("The token is revoked.").wait_for()


def _add(visitor, username, name, role):
    """Add somebody and return the link that is shown."""
    page = visitor.page
    page.get_by_role("link", name="Add somebody").click()
    _look(visitor)
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    _look(visitor)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label(role).check()
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="The sign-in link").wait_for()
    _look(visitor)
    return page.locator("code").inner_text()


def _look(visitor):
    """Free of violations, and no wider than the window."""
    visitor.assert_accessible()
    page = visitor.page
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
