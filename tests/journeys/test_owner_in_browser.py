"""The process owner changes a diagram in the modeler, checks it, and deploys the next version."""

import pytest

pytestmark = pytest.mark.browser

DRAFT = "/processes/incident/draft"


def test_the_owner_deploys_a_changed_diagram_and_only_the_next_incident_runs_it(visit):
    old = visit("rob").report("Before the change")
    owner = visit("olga", viewport={"width": 1400, "height": 1000})
    page = _open_modeler(owner)

    _set_due(page, "ClassifyIncident", "PT10M")
    _save(page)
    page.get_by_label("What did you change, and why?").fill("Classify within ten minutes")
    page.get_by_role("button", name="Deploy version 2").click()

    page.get_by_text("Classify within ten minutes").first.wait_for()
    owner.assert_accessible()
    version = owner.open("/processes/incident/versions/2")
    version.locator("[data-island=viewer][data-ready]").wait_for()
    owner.assert_accessible()
    assert "10 min" in version.locator("#element-ClassifyIncident").inner_text()
    new = visit("rob").report("After the change")
    assert _process_of(visit("aude"), old) == "Incident handling and resolution, version 1"
    assert _process_of(visit("aude"), new) == "Incident handling and resolution, version 2"


def test_a_diagram_that_cannot_run_is_refused_by_name_and_the_draft_is_kept(visit):
    owner = visit("olga", viewport={"width": 1400, "height": 1000})
    page = _open_modeler(owner)

    _set_due(page, "ClassifyIncident", "soon")
    _save(page)
    page.get_by_role("button", name="Deploy version 2").click()

    summary = page.locator(".error-summary")
    summary.wait_for()
    assert "Classify incident" in summary.inner_text()
    assert "ISO 8601" in summary.inner_text()
    owner.assert_accessible()
    page.locator("[data-island=modeler][data-ready]").wait_for()
    _select(page, "ClassifyIncident")
    assert page.get_by_label("Due after").input_value() == "soon"


def test_the_library_shows_versions_decisions_and_forms(visit):
    auditor = visit("aude")

    auditor.open("/processes")
    auditor.assert_accessible()
    auditor.open("/processes/incident")
    auditor.assert_accessible()
    page = auditor.open("/processes/incident/versions/1")
    page.locator("[data-island=viewer][data-ready]").wait_for()

    auditor.assert_accessible()
    assert page.get_by_text("HighImpactHighUrgency").first.is_visible()
    page.locator("#form-classify-incident summary").click()
    assert page.get_by_text("What is it?").first.is_visible()


def _open_modeler(owner):
    page = owner.open(DRAFT)
    page.locator("[data-island=modeler][data-ready]").wait_for()
    owner.assert_accessible()
    return page


def _process_of(auditor, number):
    page = auditor.open(f"/incidents/{number}/audit")
    return page.locator("dl.facts a").first.inner_text()


def _select(page, element_id):
    page.locator(f"[data-element-id={element_id}] > .djs-hit").first.click()
    page.get_by_label("Due after").wait_for()


def _set_due(page, element_id, duration):
    _select(page, element_id)
    page.get_by_label("Due after").fill(duration)
    page.get_by_label("Due after").press("Tab")


def _save(page):
    page.get_by_role("button", name="Save draft").click()
    page.locator(".modeler-status").get_by_text("aved").wait_for()
    assert page.get_by_text("No draft yet").count() == 0
