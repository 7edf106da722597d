"""Pages: who sees what, what a form says back, and that no page can be tricked into a change."""

import html
import re

import pytest

from api import create_app
from api.web.inbox import PAGE
from engine import library, tasks
from engine.settings import Settings
from tests import diagrams as d
from tests.factories import complete, deploy, open_tasks, report

OURS = {"Sec-Fetch-Site": "same-origin"}
PHRASE = "seven quiet herons"


class Browser:
    """What a person does with pages: open, send a form, follow where it leads."""

    def __init__(self, app):
        self.client = app.test_client()

    def open(self, path):
        return self.client.get(path, follow_redirects=True)

    def send(self, path, headers=OURS, **form):
        return self.client.post(path, data=form, headers=headers)

    def set_password(self, phrase):
        return self.send("/password", password=phrase, again=phrase)

    def sign_in(self, username, phrase, **form):
        return self.send("/sign-in", username=username, password=phrase, **form)


@pytest.fixture
def app(database, cast):
    deploy(database, d.one_task())
    return create_app(database, Settings(database.url))


@pytest.fixture
def browse(app, cast):
    """A browser in which somebody has signed in by a link."""

    def sign_in(username):
        browser = Browser(app)
        browser.send(f"/sign-in/{cast.link(username)}")
        return browser

    return sign_in


@pytest.fixture
def task(database, app, cast):
    incident = report(database, cast.rob)
    return open_tasks(database, incident, cast.dora)["Look"]


def test_a_link_signs_in_once_and_only_when_its_button_is_pressed(app, cast):
    link = f"/sign-in/{cast.link('dora')}"
    preview, first, second = Browser(app), Browser(app), Browser(app)

    preview.open(link)
    used = first.send(link)
    again = second.send(link)

    assert used.status_code == 303
    assert "Dora Desk" in first.open("/").text
    assert again.status_code == 403
    assert "used or has expired" in again.text


def test_a_wrong_password_is_said_beside_the_field_and_keeps_the_username(app, browse):
    browse("dora").set_password(PHRASE)

    refused = Browser(app).sign_in("dora", "wrong")
    welcome = Browser(app).sign_in("dora", PHRASE)

    assert refused.status_code == 422
    assert "do not belong together" in refused.text
    assert 'value="dora"' in refused.text
    assert welcome.status_code == 303


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/incidents?show=all", "/incidents?show=all"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/sign-out", "/"),
    ],
)
def test_signing_in_leads_only_to_pages_of_ours(app, browse, wanted, reached):
    browse("dora").set_password(PHRASE)

    answer = Browser(app).sign_in("dora", PHRASE, next=wanted)

    assert answer.headers["Location"] == reached


def test_a_short_password_is_refused_with_the_reason(browse):
    answer = browse("dora").set_password("short")

    assert answer.status_code == 422
    assert "Use at least 15 characters" in answer.text


def test_a_form_with_an_error_keeps_the_input_and_links_the_error_to_its_field(browse):
    answer = browse("rob").send("/report?process=small", title="", description="Since nine.")

    assert answer.status_code == 422
    assert "<title>Error: Report an incident" in answer.text
    assert 'href="#field-title"' in answer.text
    assert 'aria-describedby="error-title"' in answer.text
    assert 'value="Since nine."' in answer.text


def test_a_report_is_confirmed_with_its_number_and_what_happens_next(browse):
    reporter = browse("rob")

    sent = reporter.send("/report?process=small", title="Printer jams")
    receipt = reporter.open(sent.headers["Location"])

    assert re.search(r"INC-\d{4}-000001", receipt.text)
    assert "Service Desk" in receipt.text


def test_a_reporter_sees_their_own_incidents_and_no_others(database, cast, browse, task):
    other = report(database, cast.dora, title="Not yours")

    listed = browse("rob").open("/incidents").text
    answer = browse("rob").open(f"/incidents/{other.number}")

    assert "Mail is down" in listed
    assert "Not yours" not in listed
    assert answer.status_code == 404


def test_a_reporter_does_not_read_what_the_workers_answered(database, cast, browse):
    incident = report(database, cast.rob)
    complete(database, incident, "Look", cast.dora, note="He is always like that.")

    for_rob = browse("rob").open(f"/incidents/{incident.number}").text
    for_dora = browse("dora").open(f"/incidents/{incident.number}").text

    assert "always like that" in for_dora
    assert "always like that" not in for_rob


def test_a_task_is_taken_and_completed_from_its_page(browse, task):
    responder = browse("dora")

    before = responder.open(f"/tasks/{task.id}").text
    responder.send(f"/tasks/{task.id}/claim")
    during = responder.open(f"/tasks/{task.id}").text
    done = responder.send(f"/tasks/{task.id}", note="Looked at it.")

    assert "Take this task" in before
    assert '<fieldset class="bare" disabled>' in before
    assert "Take this task" not in during
    assert done.status_code == 303
    assert "Looked at it." in responder.open(f"/tasks/{task.id}").text


@pytest.mark.parametrize("path", ["/inbox?queue=groups", "/incidents"])
def test_a_long_list_goes_on_behind_more_and_shows_each_once(database, cast, browse, path):
    numbers = {report(database, cast.rob).number for _ in range(PAGE + 1)}
    responder = browse("dora")

    first = responder.open(path).text
    more = re.search(r'href="([^"]+)">More<', first)
    second = responder.open(html.unescape(more[1])).text

    assert _numbers(first) | _numbers(second) == numbers
    assert len(_numbers(second)) == 1
    assert ">More<" not in second


def test_an_auditor_reads_a_task_and_cannot_take_it(browse, task):
    auditor = browse("aude")

    page = auditor.open(f"/tasks/{task.id}")
    taken = auditor.send(f"/tasks/{task.id}/claim")

    assert "Take this task" not in page.text
    assert "It is for the group “Service Desk”" in page.text
    assert taken.status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}]
)
def test_a_form_sent_from_another_site_changes_nothing(browse, task, headers):
    answer = browse("dora").send(f"/tasks/{task.id}/claim", headers=headers)

    assert answer.status_code == 403
    assert "Take this task" in browse("dora").open(f"/tasks/{task.id}").text


def test_a_correction_over_somebody_elses_is_refused(database, cast, browse):
    incident = report(database, cast.rob, title="Mial is down")
    path = f"/incidents/{incident.number}"
    responder = browse("dora")

    first = responder.send(f"{path}/correct", title="Mail is down", version=incident.version)
    second = responder.send(f"{path}/correct", title="Mail is slow", version=incident.version)

    assert first.status_code == 303
    assert second.status_code == 412
    assert "Mail is down" in responder.open(path).text


def test_the_audit_trace_shows_every_entry_to_those_who_may_read_it(database, cast, browse):
    incident = report(database, cast.rob)
    complete(database, incident, "Look", cast.dora, note="Looked.")

    trace = browse("aude").open(f"/incidents/{incident.number}/audit")
    refused = browse("dora").open(f"/incidents/{incident.number}/audit")

    assert [f'id="entry-{n}"' in trace.text for n in range(1, 5)] == [True] * 4
    assert "task:completed" in trace.text
    assert refused.status_code == 403


@pytest.mark.parametrize(("username", "may"), [("dora", True), ("olga", False), ("aude", False)])
def test_the_page_of_a_process_leads_to_a_report_for_those_who_may(username, may, browse):
    page = browse(username).open("/processes/small").text

    assert ('href="/report?process=small"' in page) is may


def test_the_page_of_a_process_draws_how_an_incident_is_handled_now(browse):
    page = browse("aude").open("/processes/small").text

    assert "/api/v1/processes/small/versions/1/diagram" in page
    assert 'href="/processes/small/versions/1#elements"' in page


def test_the_process_owner_deploys_a_draft(database, cast, browse):
    _save_draft(database, cast, d.user_task("Look", due_in="PT1H"))

    answer = browse("olga").send("/processes/small/draft/deploy", note="Due in an hour")
    page = browse("aude").open("/processes/small/versions/2")

    assert answer.status_code == 303
    assert "due after 1 h" in page.text
    assert "Due in an hour" in page.text


def test_a_refused_draft_is_kept_and_each_finding_names_its_element(database, cast, browse):
    _save_draft(database, cast, d.user_task("Look", form="nowhere"))
    owner = browse("olga")

    answer = owner.send("/processes/small/draft/deploy", note="Broken")

    assert answer.status_code == 422
    assert "Not deployed" in answer.text
    assert "<strong>Do Look</strong>" in answer.text
    assert 'value="Broken"' in answer.text
    assert "Draft of version 2" in owner.open("/processes/small/draft").text


@pytest.mark.parametrize("username", [None, "dora"])
def test_an_unknown_page_says_so_inside_the_frame(app, browse, username):
    browser = browse(username) if username else Browser(app)

    answer = browser.open("/nowhere")

    assert answer.status_code == 404
    assert "This page does not exist" in answer.text
    assert ("Sign out" in answer.text) is (username is not None)


def test_what_people_typed_is_shown_as_text(database, cast, browse):
    incident = report(database, cast.rob, title="<script>alert(1)</script>")

    page = browse("dora").open(f"/incidents/{incident.number}").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def _numbers(page):
    return set(re.findall(r"INC-\d{4}-\d{6}", page))


def _save_draft(database, cast, user_task):
    """The one-task process with another task in it, saved as the draft of version 2."""
    changed = d.process(
        d.start(), user_task, d.end(), d.flow("Reported", "Look"), d.flow("Look", "Done")
    )
    path = "processes/small/small.bpmn"
    with database.transaction() as session:
        library.save_draft(session, "small", path, changed, 0, cast.olga)


def test_what_was_typed_survives_a_lost_race(browse, database, task, cast):
    browser = browse("dora")
    with database.transaction() as session:
        tasks.complete(session, task.id, {"note": "I was first"}, cast.dora)

    refused = browser.send(f"/tasks/{task.id}", version=task.version, note="A long finding")

    assert refused.status_code == 409
    assert "A long finding" in refused.text
    assert "Not saved" in refused.text
