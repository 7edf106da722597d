"""A manager takes a process in hand, an owner moves incidents: in a browser, free of violations."""

import re

import pytest

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


def test_a_manager_holds_the_process_moves_it_and_cancels_the_incident(visit):
    number = visit("rob").report("A drill that nobody announced")
    manager = visit("max")
    page = manager.open(f"/incidents/{number}")
    page.get_by_role("link", name="Process of this incident").click()
    manager.assert_accessible()

    _confirm(manager, "Put the process on hold", "The supplier asked us to wait.")
    manager.assert_accessible()
    assert page.get_by_text("The process is on hold.").first.is_visible()
    _confirm(manager, "Let the process go on", "They are back.")
    _move(manager)
    _confirm(manager, "Cancel the incident", "It was a drill.")

    page = manager.open(f"/incidents/{number}")
    manager.assert_accessible()
    assert page.locator(".event--deviation").count() == 4
    assert page.get_by_text("It was a drill.").is_visible()


def test_the_process_page_works_on_a_phone_in_the_dark(visit):
    number = visit("rob").report("Mail is slow")
    manager = visit("max", **PHONE)

    page = manager.open(f"/incidents/{number}/process")
    manager.assert_accessible()
    width = page.evaluate("document.documentElement.scrollWidth")
    page.get_by_role("link", name="Cancel the incident").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel the incident").click()

    manager.assert_accessible()
    assert width <= PHONE["viewport"]["width"]
    assert page.title().startswith("Error:")


def test_an_owner_moves_incidents_to_the_next_version(visit):
    number = visit("rob").report("Before the change")
    owner = visit("olga")
    _deploy_a_second_version(owner)

    page = owner.open("/processes/incident")
    page.get_by_role("link", name="Move its incidents").click()
    owner.assert_accessible()
    page.get_by_label("Why?").fill("The new version closes a gap.")
    page.get_by_role("button", name="Move the incidents").click()

    owner.assert_accessible()
    assert page.get_by_role("heading", name="1 of 1 moved to version 2").is_visible()
    assert page.get_by_role("link", name=number).is_visible()


def _confirm(manager, name, reason):
    page = manager.page
    page.get_by_role("link", name=name).click()
    manager.assert_accessible()
    page.get_by_label("Why?").fill(reason)
    page.get_by_role("button", name=name).click()
    page.get_by_role("heading", name=re.compile("Process of")).wait_for()


def _move(manager):
    page = manager.page
    page.get_by_label("What ends?").select_option(label="Classify incident")
    page.get_by_label("What starts instead?").select_option(label="Classify incident")
    page.get_by_role("button", name="Show what would happen").click()
    page.get_by_role("heading", name="This begins").wait_for()
    manager.assert_accessible()
    page.get_by_label("Why?").fill("It has to be classified anew.")
    page.get_by_role("button", name="Start “Classify incident” instead").click()
    page.get_by_role("heading", name=re.compile("Process of")).wait_for()


def _deploy_a_second_version(owner):
    """The owner saves the newest diagram with another due time and deploys it."""
    path = "/api/v1/bundles/itsm/draft/processes/itsm/incident.bpmn"
    changed = owner.page.evaluate(
        """async (path) => {
            const read = await fetch(path);
            const text = (await read.text()).replace('PT15M', 'PT10M');
            const headers = {'If-Match': read.headers.get('ETag')};
            const saved = await fetch(path, {method: 'PUT', body: text, headers});
            const deployed = await fetch('/processes/incident/draft/deploy', {
              method: 'POST',
              body: new URLSearchParams({note: 'Sooner'}),
            });
            return [saved.status, deployed.status];
        }""",
        path,
    )
    assert changed == [200, 200]
