"""Files of incidents in a browser: added, refused, downloaded, and seen by whom they are for."""

import re

import pytest

from engine import clock
from engine.actors import Role, of_organisation
from engine.store.tables import Incident, Organisation
from tests.factories import add_person, report
from tests.files import png
from tests.journeys.conftest import REPORT

pytestmark = pytest.mark.browser

WINDOWS = {
    "desktop in the light": {"viewport": {"width": 1280, "height": 800}},
    "desktop in the dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone in the light": {"viewport": {"width": 390, "height": 844}},
    "phone in the dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
PICTURE = {"name": "screen.png", "mimeType": "image/png", "buffer": png()}
PROGRAM = {"name": "tool.exe", "mimeType": "image/png", "buffer": b"MZ\x90\0"}
NOTES = {"name": "notes.txt", "mimeType": "text/plain", "buffer": "Grüße\n".encode()}


@pytest.fixture
def incident(database, cast, server):
    return report(database, cast.rob, "incident", **{**REPORT, "title": "Mail is down"})


def look(visitor):
    """Free of violations, and nothing to scroll sideways for."""
    visitor.assert_accessible()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert visitor.page.evaluate(wide) <= 0


def choose(page, file, *, is_public=False):
    if page.get_by_text("Add a file", exact=True).first.evaluate("e => e.tagName") == "SUMMARY":
        page.get_by_text("Add a file", exact=True).first.click()
    page.locator("#field-file").set_input_files(file)
    if is_public:
        page.get_by_label("The customer may see it").check()
    page.get_by_role("button", name="Add the file").click()


def download(page, name):
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    return started.value.suggested_filename, started.value.path().read_bytes()


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_a_responder_adds_files_and_everybody_gets_them_as_they_were(
    visit, chromium, server, database, incident, window
):
    dora = visit("dora", **window)
    page = dora.open(f"/incidents/{incident.number}")
    choose(page, PROGRAM)
    page.get_by_role("heading", name="There is something to correct").wait_for()
    look(dora)
    choose(page, PICTURE, is_public=True)
    page.get_by_text("The file is added.").wait_for()
    look(dora)
    assert download(page, "screen.png") == ("screen.png", png())
    assert page.get_by_text("Dora Desk added the file “screen.png”").is_visible()

    page = dora.open("/inbox?queue=groups")
    page.get_by_role("button", name=re.compile("^Take")).click()
    choose(page, NOTES)
    page.get_by_text("The file is added.").wait_for()
    look(dora)
    page.get_by_role("link", name="Let a partner do it").click()
    page.get_by_label("Who is it for?").fill("Paul of Pumps Ltd")
    page.get_by_label("How long does the link work?").select_option("3")
    page.get_by_role("button", name="Make a link").click()
    guest = chromium.new_context(**window)
    theirs = guest.new_page()
    theirs.goto(page.locator("#address").inner_text())
    assert download(theirs, "notes.txt") == ("notes.txt", "Grüße\n".encode())
    assert theirs.get_by_text("screen.png").count() == 0
    choose(theirs, {**NOTES, "name": "reply.txt"})
    theirs.get_by_text("The file is added.").wait_for()
    guest.close()

    page = dora.open(f"/incidents/{incident.number}")
    assert page.get_by_role("link", name="reply.txt").is_visible()
    page.get_by_role("link", name="Withdraw a file").click()
    page.locator("summary", has_text="notes.txt").click()
    look(dora)
    page.get_by_role("button", name="Withdraw notes.txt").click()
    page.get_by_role("heading", name="There is something to correct").wait_for()
    look(dora)
    page.locator("#field-reason").fill("It holds a password.")
    page.get_by_role("button", name="Withdraw notes.txt").click()
    page.get_by_text("The file is withdrawn.").wait_for()
    assert page.get_by_text("notes.txt").count() == 0


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_a_customer_sees_public_files_and_adds_their_own(visit, database, cast, incident, window):
    dora = visit("dora", **window)
    for file, is_public in ((PICTURE, True), (NOTES, False)):
        choose(dora.open(f"/incidents/{incident.number}"), file, is_public=is_public)
    with database.transaction() as session:
        session.add(Organisation(id="home", name="Home", created_at=clock.now()))
        session.flush()
        session.get_one(Incident, incident.id).organisation_id = "home"
    cast.cora = add_person(database, "cora", Role.CUSTOMER, of_organisation("home"))

    cora = visit("cora", **window)
    page = cora.open(f"/incidents/{incident.number}")
    assert page.get_by_text("notes.txt").count() == 0
    choose(page, {**NOTES, "name": "mine.txt"})
    page.get_by_text("The file is added.").wait_for()
    look(cora)

    assert download(page, "screen.png") == ("screen.png", png())
    staff = dora.open(f"/incidents/{incident.number}")
    mine = staff.get_by_role("listitem").filter(has_text="mine.txt")
    assert mine.get_by_text("The customer sees it").is_visible()
