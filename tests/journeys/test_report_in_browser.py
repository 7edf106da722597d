"""From the report page to the audit trace in a real browser, every page free of axe violations."""

import os
import re
from pathlib import Path

import pytest

from tests.journeys.story import STEPS, TRACE

pytestmark = pytest.mark.browser

TITLE = "Dealers cannot sign in to the portal"


def test_a_report_is_taken_to_closed_and_audited(visit):
    number = _report(visit("rob"))
    for username, element_id, answers in STEPS:
        _do_next_task(visit(username), number, element_id, answers)

    auditor = visit("aude")
    page = auditor.open(f"/incidents/{number}")
    auditor.assert_accessible()
    assert page.get_by_text("Closed", exact=True).first.is_visible()
    page.get_by_role("link", name=re.compile("audit trace", re.IGNORECASE)).first.click()
    page.locator("[data-island=viewer][data-ready]").wait_for()
    auditor.assert_accessible()
    _keep_picture(page, "audit")

    rows = page.locator("table.audit tbody tr").all()
    told = [row.locator("code").first.inner_text() for row in rows]
    assert told == [event for event, _, _ in TRACE]


def test_a_form_with_a_mistake_keeps_what_was_typed_and_says_what_to_do(visit):
    reporter = visit("rob")
    page = reporter.open("/report")
    reporter.fill({"description": "Something is wrong."})

    page.get_by_role("button", name=re.compile("report", re.IGNORECASE)).last.click()

    summary = page.locator(".error-summary")
    assert summary.is_visible()
    assert page.title().startswith("Error:")
    assert page.locator('[name="description"]').input_value() == "Something is wrong."
    reporter.assert_accessible()


def test_the_inbox_works_on_a_phone_in_the_dark(visit):
    _report(visit("rob"))

    responder = visit("dora", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = responder.open("/inbox?queue=groups")

    responder.assert_accessible()
    assert page.get_by_text(TITLE).first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _report(reporter):
    reporter.open("/report")
    reporter.assert_accessible()
    number = reporter.report(TITLE)
    reporter.assert_accessible()
    return number


def _do_next_task(responder, number, element_id, answers):
    page = responder.open("/inbox?queue=groups")
    responder.assert_accessible()
    row = page.get_by_role("row").filter(has_text=number)
    row.get_by_role("link", name=re.compile(number)).first.click()
    assert page.get_by_role("button", name="Take this task").is_visible()
    page.get_by_role("button", name="Take this task").click()
    page.locator("[data-island=viewer][data-ready]").wait_for()
    responder.assert_accessible()
    if element_id == "RestoreService":
        _keep_picture(page, "task")
    responder.fill(answers)
    page.get_by_role("button", name=re.compile("^Complete")).click()
    responder.assert_accessible()


def _keep_picture(page, name):
    """Keep a picture for the README, where a folder for them is named."""
    folder = os.environ.get("STEADYHAND_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
