"""A person adds an app that shows codes and signs in with password and code, in a browser."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from engine.people import passwords, throttle

pytestmark = pytest.mark.browser

PASSWORD = "seven quiet herons"  # noqa: S105 -- of a test
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
WINDOWS = {"desktop in the light": {}, "phone in the dark": PHONE}


@pytest.fixture(autouse=True)
def password(database, cast):
    hashed = passwords.hash_password(PASSWORD)
    with database.transaction() as session:
        passwords.set_password(session, hashed, cast.dora)


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_a_person_adds_an_app_and_signs_in_with_password_and_code(visit, window):
    person = visit("dora", **window)
    key, recovery = _add_app(person)

    _sign_in(person)
    page = person.page
    page.get_by_role("heading", name="Your code").wait_for()
    _look(person)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("not right, or it was used before").first.wait_for()
    _look(person)
    page.get_by_label("Code").fill(_code(key, steps=1))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox").wait_for()

    _sign_in(person)
    page.get_by_label("Code").fill(recovery[0])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox").wait_for()
    person.open("/account/second-factor")
    assert page.get_by_text("9 of 10 are left").is_visible()


def test_an_app_is_removed_and_recovery_codes_are_made_with_the_password(visit):
    person = visit("dora")
    _, old = _add_app(person)
    page = person.open("/account/second-factor")

    page.locator("summary", has_text="Make new recovery codes").click()
    _look(person)
    page.get_by_role("button", name="Make ten new codes").click()
    page.get_by_text("neither your password nor a code").first.wait_for()
    _look(person)
    page.get_by_label("Your password, or a code").locator("visible=true").fill(PASSWORD)
    page.get_by_role("button", name="Make ten new codes").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    assert not set(_codes(page)) & set(old)

    page.get_by_role("link", name="I have kept them").click()
    page.locator("summary", has_text="Remove").click()
    _look(person)
    page.get_by_label("Your password, or a code").locator("visible=true").fill(PASSWORD)
    page.get_by_role("button", name="Remove “My phone”").click()
    page.get_by_text("No app yet").wait_for()
    _look(person)


def test_who_tried_too_often_reads_when_to_try_again(visit, database):
    person = visit("dora")
    with database.transaction() as session:
        for _ in range(5):
            throttle.count(session, throttle.person("dora"))

    _sign_in(person)

    person.page.get_by_text(re.compile(r"Try again after \d\d:\d\d:\d\d UTC")).wait_for()
    _look(person)


def _add_app(person):
    """Its key, read from the page as somebody would, and the recovery codes."""
    page = person.open("/password")
    page.get_by_role("link", name="Ask for a code as well").click()
    _look(person)
    page.get_by_role("link", name="Add an app").click()
    _look(person)
    assert page.get_by_alt_text("QR code").evaluate("image => image.naturalWidth") > 0
    key = page.locator("main code").inner_text().replace(" ", "")
    page.get_by_label("Name of the app").fill("My phone")
    page.get_by_label("Code", exact=True).fill(_code(key))
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Add the app").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    _look(person)
    return key, _codes(page)


def _codes(page):
    return page.locator("main ul code").all_inner_texts()


def _sign_in(person):
    page = person.page
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    _look(person)
    page.get_by_label("Username").fill("dora")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def _code(key, steps=0):
    return pyotp.TOTP(key).at(datetime.now(UTC) + steps * timedelta(seconds=30))


def _look(person):
    """Free of violations, and no wider than the window."""
    person.assert_accessible()
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
