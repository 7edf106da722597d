"""An owner brings a diagram of another tool: reads what it asks, and keeps it, in a browser."""

import pytest

from tests.engine.importing import CAMUNDA_7, chain, drawn, node

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
PAY = node("serviceTask", "Pay", "Pay the supplier", **{"camunda:class": "com.example.Pay"})
ASK = node("userTask", "Ask", "Ask the boss", **{"camunda:candidateGroups": "bosses"})
ORDER = {
    "name": "order.bpmn",
    "mimeType": "application/octet-stream",
    "buffer": drawn(*chain(ASK, PAY), more=CAMUNDA_7),
}


def test_an_owner_imports_a_camunda_diagram_reads_its_questions_and_keeps_it(visit):
    owner = visit("olga")
    page = owner.open("/processes")
    page.get_by_role("link", name="Import a diagram").click()
    owner.assert_accessible()

    _choose(page, ORDER)
    owner.assert_accessible()
    asked = page.locator("[data-element=Pay]").inner_text()
    page.get_by_role("button", name="Deploy version 1").click()
    page.get_by_text("is in the library").wait_for()
    owner.assert_accessible()
    page.get_by_role("link", name="Pay the supplier").click()

    assert "Camunda 7" not in page.title()
    assert "Until it is connected, a person does it" in asked
    assert page.url.endswith("/processes/Handling/versions/1#element-Pay")
    assert page.locator("#element-Pay").is_visible()


def test_files_and_questions_are_downloaded(visit):
    page = visit("olga").open("/import")
    _choose(page, ORDER)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download files and questions").click()

    assert download.value.suggested_filename == "order.zip"


def test_what_is_wrong_with_a_file_is_said_and_another_one_chosen_by_keyboard(visit):
    owner = visit("olga", **PHONE)
    page = owner.open("/import")
    page.get_by_label("Which file?").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Choose a file first").first.wait_for()
    owner.assert_accessible()

    _choose(page, {**ORDER, "buffer": b"x" * 5_000_000})
    page.get_by_text("larger than 1 MB").first.wait_for()
    _choose(page, ORDER)
    page.get_by_role("heading", name="Import of order.bpmn").wait_for()

    owner.assert_accessible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    page.get_by_label("Name of the new bundle").fill("itsm")
    page.keyboard.press("Enter")
    page.get_by_text("There is a bundle “itsm” already.").first.wait_for()
    owner.assert_accessible()


def _choose(page, file):
    page.get_by_label("Which file?").set_input_files([file])
    page.get_by_role("button", name="Read the diagram").press("Enter")
