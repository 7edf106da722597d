"""What a responder has typed into a task outlives a look elsewhere, and is nobody else's."""

import re

import pytest

from tests.factories import report
from tests.files import png
from tests.journeys.conftest import REPORT

pytestmark = pytest.mark.browser

PICTURE = {"name": "screen.png", "mimeType": "image/png", "buffer": png()}
PHONE = {"viewport": {"width": 390, "height": 844}}
WHY = "The whole building is down."
ABOUT = "Network, Wi-Fi or remote access"


def take(visitor):
    page = visitor.open("/inbox?queue=groups")
    page.get_by_role("button", name=re.compile("^Take")).click()
    page.get_by_role("heading", name="What to do").wait_for()
    return page


def typed(page):
    why = page.get_by_label("Why do you think so").input_value()
    return why, page.get_by_label(ABOUT).is_checked()


def fill(page):
    page.locator("[data-island=answers][data-ready]").wait_for(state="attached")
    page.get_by_label(ABOUT).check()
    page.get_by_label("Why do you think so").fill(WHY)


@pytest.fixture
def incident(database, cast, server):
    return report(database, cast.rob, "incident", **{**REPORT, "title": "Mail is down"})


def test_answers_are_there_again_after_a_file_was_added(visit, incident):
    dora = visit("dora", **PHONE)
    page = take(dora)
    fill(page)

    page.get_by_text("Add a file", exact=True).first.click()
    page.locator("#field-file").set_input_files(PICTURE)
    page.get_by_role("button", name="Add the file").click()
    page.get_by_text("What you had typed is filled in again.").wait_for()

    assert typed(page) == (WHY, True)
    dora.assert_accessible()


def test_answers_outlive_a_session_and_go_with_a_sign_out(visit, incident, cast):
    dora = visit("dora")
    page = take(dora)
    fill(page)
    task = page.url
    page.context.clear_cookies()

    page.get_by_role("button", name=re.compile("^Complete")).click()
    page.wait_for_url("**/sign-in*")
    dora.sign_in(cast.link("dora"))
    page.goto(task)
    page.get_by_text("What you had typed is filled in again.").wait_for()
    assert typed(page) == (WHY, True)

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    assert page.evaluate("sessionStorage.length") == 0


def test_what_was_sent_and_refused_stays_as_it_was_sent(visit, incident):
    dora = visit("dora")
    page = take(dora)
    fill(page)

    page.get_by_role("button", name=re.compile("^Complete")).click()
    page.get_by_role("heading", name="There is something to correct").wait_for()

    assert typed(page) == (WHY, True)
    assert page.get_by_text("What you had typed is filled in again.").is_hidden()
