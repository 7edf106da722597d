"""Restricted incidents, exceptions by two, partners and deputies, in a browser."""

import re

import pytest

from engine import library
from tests.factories import SHIPPED, complete, deploy, report
from tests.journeys.conftest import REPORT

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
WINDOWS = {"desktop in the light": {}, "phone in the dark": PHONE}
FOUR_EYES = """
[[separation]]
title = "Four eyes"
tasks = ["ClassifyIncident", "DiagnoseIncident"]
"""
KIND = {"kind": "incident", "category": "network", "impact": "low", "urgency": "low"}


@pytest.fixture
def incident(database, cast, server):
    files = library.read_directory(SHIPPED)
    files["processes/itsm/bundle.toml"] += FOUR_EYES.encode()
    deploy(database, files)
    return report(
        database, cast.rob, "incident", **{**REPORT, "title": "Payroll data on the intranet"}
    )


def look(visitor):
    """Free of violations, and nothing to scroll sideways for."""
    visitor.assert_accessible()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert visitor.page.evaluate(wide) <= 0


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_a_manager_restricts_an_incident_and_another_asks_to_know(visit, incident, window):
    manager, administrator = visit("max", **window), visit("ada", **window)
    page = manager.open(f"/incidents/{incident.number}")
    page.get_by_role("link", name="Who needs to know").click()
    look(manager)
    page.get_by_label("Usernames").fill("dora\nnobody")
    page.get_by_role("button", name="Restrict it").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    look(manager)
    page.get_by_label("Usernames").fill("dora")
    page.get_by_label("Traffic Light Protocol").select_option("red")
    page.get_by_role("button", name="Restrict it").click()
    page.get_by_text("Restricted, TLP:RED").wait_for()
    look(manager)

    asking = administrator.open(f"/incidents/{incident.number}")
    asking.get_by_text(f"There is no incident {incident.number}.").wait_for()
    administrator.open("/operations").get_by_role("link", name="Exceptions").click()
    asking.get_by_label("Number of the incident").fill(incident.number)
    asking.get_by_label("Why?").fill("The works council asks.")
    asking.get_by_role("button", name="Ask for an exception").click()
    asking.get_by_text("Asked. Now somebody else must grant it.").wait_for()
    look(administrator)
    page = manager.open("/exceptions")
    look(manager)
    page.get_by_role("button", name="Grant").click()
    page.get_by_text("The exception is granted.").wait_for()

    assert administrator.open(f"/incidents/{incident.number}").get_by_text("TLP:RED").is_visible()


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_who_did_the_one_thing_asks_to_do_the_other(visit, database, cast, incident, window):
    complete(database, incident, "ClassifyIncident", cast.dora, **KIND)
    dora, manager = visit("dora", **window), visit("max", **window)
    page = dora.open("/inbox?queue=groups")
    page.get_by_role("link", name="Diagnose incident").click()
    page.get_by_text("You completed “Classify incident”: somebody else").wait_for()
    look(dora)
    page.get_by_role("link", name="Ask for an exception").click()
    look(dora)
    page.get_by_label("Why?").fill("Nobody else is on shift.")
    page.get_by_role("button", name="Ask for an exception").click()
    manager.open("/exceptions").get_by_role("button", name="Grant").click()
    manager.page.get_by_text("The exception is granted.").wait_for()

    page.reload()
    page.get_by_role("button", name="Take this task").click()

    page.get_by_text("The task is yours.").wait_for()


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_a_partner_does_one_task_by_a_link(visit, chromium, server, incident, window):
    dora = visit("dora", **window)
    page = dora.open("/inbox?queue=groups")
    page.get_by_role("button", name=re.compile("^Take")).click()
    page.get_by_role("link", name="Let a partner do it").click()
    look(dora)
    page.get_by_role("button", name="Make a link").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    page.get_by_label("Who is it for?").fill("Paul of Pumps Ltd")
    page.get_by_label("How long does the link work?").select_option("3")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#address").inner_text()
    look(dora)

    guest = chromium.new_context(**window)
    theirs = guest.new_page()
    theirs.goto(link)
    for name, value in KIND.items():
        theirs.locator(f'input[name="{name}"][value="{value}"]').check()
    theirs.get_by_role("button", name="Complete: Classify incident").click()
    theirs.get_by_role("heading", name="Thank you").wait_for()
    theirs.goto(link)

    assert theirs.get_by_text("has expired, was withdrawn, or has been used").is_visible()
    story = dora.open(f"/incidents/{incident.number}")
    assert story.get_by_text("Paul of Pumps Ltd (by a link of Dora Desk)").first.is_visible()
    guest.close()


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_a_deputy_finds_the_work_of_whoever_is_away(visit, incident, window):
    dora, tess = visit("dora", **window), visit("tess", **window)
    page = dora.open("/account")
    page.get_by_role("link", name=re.compile("^Absences")).click()
    look(dora)
    page.get_by_label("Who does your work?").fill("tess")
    page.get_by_label("From when?").fill("2026-01-01 08:00")
    page.get_by_label("Until when?").fill("never")
    page.get_by_role("button", name="Add the absence").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    look(dora)
    page.get_by_label("From when?").fill("2099-01-01 08:00")
    page.get_by_label("Until when?").fill("2099-01-31 08:00")
    page.get_by_role("button", name="Add the absence").click()
    page.get_by_text("Tess Tech does your work", exact=True).wait_for()
    look(dora)

    assert (
        tess.open("/account/absences")
        .get_by_text("You do the work of Dora Desk")
        .first.is_visible()
    )
