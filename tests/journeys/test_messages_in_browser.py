"""A manager looks at messages that wait and gives one up, in a browser, free of violations."""

import pytest

from engine.instances import messages

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


@pytest.fixture
def waiting(database, cast):
    """Two messages for which no process waits."""
    with database.transaction() as session:
        messages.send(session, "part arrived", "Order 7", {"pieces": 3}, cast.dora)
        messages.send(session, "supplier answered", "", None, cast.dora)


def test_a_manager_discards_a_message_with_a_reason(visit, waiting):
    manager = visit("max")
    page = manager.open("/")
    page.get_by_role("link", name="Messages").click()
    page.get_by_role("heading", name="Messages").wait_for()
    manager.assert_accessible()

    row = page.get_by_role("row", name="part arrived")
    row.locator("summary", has_text="Discard").click()
    manager.assert_accessible()
    row.get_by_role("button", name="Discard “part arrived” for good").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    manager.assert_accessible()
    page.get_by_label("Why?").locator("visible=true").fill("It was sent twice.")
    page.get_by_role("button", name="Discard “part arrived” for good").click()
    page.get_by_text("The message is discarded").wait_for()

    manager.assert_accessible()
    assert page.get_by_text("supplier answered").first.is_visible()
    assert page.get_by_text("part arrived").count() == 0
    page.get_by_role("link", name="Discarded").click()
    page.get_by_text("part arrived").first.wait_for()
    manager.assert_accessible()


def test_messages_are_read_and_discarded_on_a_phone_in_the_dark_by_keyboard(visit, waiting):
    manager = visit("max", **PHONE)
    page = manager.open("/messages")
    summary = page.locator("summary", has_text="Discard").first

    summary.focus()
    page.keyboard.press("Enter")
    manager.assert_accessible()
    page.keyboard.press("Tab")
    page.keyboard.type("Nobody needs it.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("The message is discarded").wait_for()

    manager.assert_accessible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
