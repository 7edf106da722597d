"""An auditor downloads a signature in a browser, and checks it without the server."""

import pytest
from click.testing import CliRunner

from engine import library, tasks
from engine.cli import main
from engine.people import passkeys
from engine.signatures import ByPasskey
from tests.engine.authenticator import SITE, Device
from tests.factories import SHIPPED, deploy, open_tasks, report
from tests.journeys.conftest import REPORT

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
WINDOWS = {"desktop in the light": {}, "phone in the dark": PHONE}
DIAGRAM = "processes/itsm/incident.bpmn"
FORM = '<spiffworkflow:property name="formKey" value="classify-incident" />'
SIGNED = '<spiffworkflow:property name="signatureMeaning" value="checked" />'
ANSWERS = {"kind": "incident", "category": "application", "impact": "low", "urgency": "low"}


@pytest.fixture
def incident(database, cast, server):
    """Dora has signed its first task with her passkey."""
    files = library.read_directory(SHIPPED)
    drawing = files[DIAGRAM].replace(FORM.encode(), (FORM + SIGNED).encode())
    deploy(database, {**files, DIAGRAM: drawing})
    incident, device = report(database, cast.rob, "incident", **REPORT), Device()
    task = open_tasks(database, incident, cast.dora)["ClassifyIncident"]
    with database.transaction() as session:
        made = device.make(passkeys.ask_to_add(session, SITE, cast.dora))
        passkeys.add(session, made, "Key", SITE, cast.dora)
        asked = tasks.ask_to_sign(session, task.id, ANSWERS, SITE, cast.dora)
        signing = ByPasskey("checked", device.sign(asked.options), asked.at, SITE)
        tasks.complete(session, task.id, ANSWERS, cast.dora, None, signing)
    return incident


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_an_auditor_downloads_a_signature_that_checks_itself(visit, incident, window):
    aude = visit("aude", **window)
    page = aude.open(f"/incidents/{incident.number}")
    aude.assert_accessible()

    page.get_by_role("link", name="Signatures").click()
    page.get_by_role("heading", name=f"Signatures of {incident.number}").wait_for()
    aude.assert_accessible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the signature").click()

    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    checked = CliRunner().invoke(main, ["signature", "check", str(download.value.path())])
    assert page.evaluate(wide) <= 0
    assert download.value.suggested_filename.startswith(incident.number)
    assert (checked.exit_code, "The signature is good" in checked.output) == (0, True)
