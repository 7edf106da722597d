"""A passkey in a browser, by Chromium's virtual authenticator: it signs in, and it signs tasks."""

import pytest

from engine import library, signatures
from tests.factories import SHIPPED, deploy, open_tasks, report
from tests.journeys.conftest import REPORT

pytestmark = pytest.mark.browser

DIAGRAM = "processes/itsm/incident.bpmn"
FORM = '<spiffworkflow:property name="formKey" value="classify-incident" />'
SIGNED = '<spiffworkflow:property name="signatureMeaning" value="checked" />'
ANSWERS = {"kind": "incident", "category": "application", "impact": "low", "urgency": "low"}
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest.fixture
def named(server):
    """The server by a name, as passkeys need one."""
    server.url = f"http://localhost:{server.port}"


@pytest.fixture
def holder(named, visit):
    """Signs somebody in, with a device that can hold passkeys and press its own button."""

    def sign_in(username, **window):
        visitor = visit(username, **window)
        visitor.devtools = visitor.page.context.new_cdp_session(visitor.page)
        visitor.devtools.send("WebAuthn.enable")
        made = visitor.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        visitor.device = made["authenticatorId"]
        return visitor

    return sign_in


def test_a_passkey_is_added_signs_in_and_is_removed(holder):
    dora = holder("dora")
    _add(dora, "Laptop")
    dora.assert_accessible()

    dora.page.get_by_role("button", name="Sign out").click()
    dora.assert_accessible()
    dora.page.get_by_role("button", name="Sign in with a passkey").click()
    dora.page.get_by_text("Dora Desk").wait_for()
    page = dora.open("/account/passkeys")
    page.get_by_text("Rename Laptop").click()
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="Remove Old laptop").click()

    page.get_by_text("The passkey is gone.").wait_for()
    assert page.get_by_text("You have none yet.").is_visible()


def test_what_goes_wrong_is_said_beside_the_button_on_a_phone_in_the_dark(holder):
    dora = holder("dora", **PHONE)
    page = _add(dora, "Phone")
    page.get_by_label("What do you call it?").fill("Phone again")
    page.get_by_role("button", name="Add a passkey").click()

    page.get_by_text("This device has a passkey for you here already.").wait_for()

    dora.assert_accessible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["viewport"]["width"]


def test_somebody_who_is_not_verified_does_not_come_in(holder):
    dora = holder("dora")
    page = _add(dora, "Laptop")
    page.get_by_role("button", name="Sign out").click()
    dora.devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": dora.device, "isUserVerified": False}
    )

    page.get_by_role("button", name="Sign in with a passkey").click()

    page.get_by_text("Nothing was done").wait_for()
    assert page.get_by_role("heading", name="Sign in").is_visible()


@pytest.fixture
def task(server, database, cast):
    """A task that asks for a signature in a newer version of the process."""
    files = library.read_directory(SHIPPED)
    drawing = files[DIAGRAM].decode()
    assert drawing.count(FORM) == 1
    deploy(database, {**files, DIAGRAM: drawing.replace(FORM, FORM + SIGNED).encode()})
    incident = report(database, cast.rob, "incident", **REPORT)
    return open_tasks(database, incident, cast.dora)["ClassifyIncident"]


def test_a_passkey_signs_what_the_page_shows(holder, database, task):
    dora = holder("dora")
    _add(dora, "Laptop")
    page = dora.open(f"/tasks/{task.id}")
    page.get_by_role("button", name="Take this task").click()
    dora.assert_accessible()

    page.get_by_role("button", name="Sign with a passkey").click()
    page.get_by_text("There is something to correct").wait_for()
    dora.assert_accessible()
    dora.fill(ANSWERS)
    page.get_by_role("button", name="Sign with a passkey").click()

    page.get_by_text("Dora Desk signed “Classify incident”: checked").wait_for()
    with database.reading() as session:
        kept = signatures.of_task(session, task.id)
    assert kept.method == "passkey"
    assert signatures.check(kept.statement, kept.assertion) == []


def _add(visitor, label):
    page = visitor.open("/account/passkeys")
    page.get_by_label("What do you call it?").fill(label)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("The passkey is added.").wait_for()
    return page
