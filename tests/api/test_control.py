"""REST and pages with which a process is taken in hand."""

from datetime import UTC, datetime

import pytest

from engine import instances
from engine.store.tables import InstanceStatus, ProcessInstance
from tests.diagrams import activity, bundle, line, multi_instance, user_task
from tests.factories import client, complete, deploy, dump, open_tasks, report
from tests.hands import Hand, timed

WHY = {"reason": "The supplier asked us to wait."}
OVER_NOTE = activity("manualTask", "Each", multi_instance(loopDataInputRef="note", item="one"))


@pytest.fixture
def as_(database, cast):
    """The API as a person, by first name."""
    deploy(database, bundle(*line(user_task("Look"), user_task("Fix"), OVER_NOTE)))
    return lambda username: client(database, cast.token(username))


@pytest.fixture
def incident(database, cast, as_):
    return report(database, cast.dora)


@pytest.fixture
def failed(database, cast, incident):
    """The same incident after a step that could not finish."""
    complete(database, incident, "Look", cast.dora, note="x")
    complete(database, incident, "Fix", cast.dora, note="no list")
    return incident


def path(incident, act=""):
    return f"/api/v1/incidents/{incident.number}/process{'/' if act else ''}{act}"


def status(database):
    with database.reading() as session:
        return session.query(ProcessInstance).one().status


def test_a_process_tells_where_it_stands_and_where_it_can_go(as_, incident):
    answer = as_("aude").get(path(incident))

    seen = answer.get_json()
    (token,) = seen["tokens"]
    assert (seen["status"], seen["process_id"], seen["process_version"]) == ("running", "small", 1)
    assert (token["element_id"], token["waits_for"], token["kind"]) == ("Look", "task", "userTask")
    assert {"Look", "Fix", "Each"} <= set(token["targets"])
    assert answer.headers["ETag"] == f'"{seen["version"]}"'


def test_a_process_is_put_on_hold_and_let_go_again(database, as_, incident):
    http = as_("max")

    held = http.post(path(incident, "suspend"), json=WHY)
    resumed = http.post(path(incident, "resume"), json=WHY)

    assert held.get_json()["status"] == "suspended"
    assert resumed.get_json()["status"] == "running"
    assert held.headers["ETag"] != resumed.headers["ETag"]


def test_the_worklist_tells_which_tasks_are_on_hold(as_, browse, incident):
    http, worklist = as_("max"), f"/api/v1/tasks?incident={incident.id}"
    before = [item["is_on_hold"] for item in http.get(worklist).get_json()["items"]]

    http.post(path(incident, "suspend"), json=WHY)

    during = [item["is_on_hold"] for item in http.get(worklist).get_json()["items"]]
    assert before
    assert (set(before), set(during)) == ({False}, {True})
    assert "On hold" in browse("max").open("/inbox?queue=all").text


def test_a_cancelled_process_has_nothing_that_waits(database, cast, as_, incident):
    answer = as_("ada").post(path(incident, "cancel"), json=WHY)

    assert answer.get_json()["tokens"] == []
    assert status(database) is InstanceStatus.CANCELLED
    assert open_tasks(database, incident, cast.max) == {}


@pytest.mark.parametrize("act", ["suspend", "cancel"])
def test_a_change_of_a_process_that_has_gone_on_is_refused(act, database, as_, incident):
    http = as_("max")
    before = dump(database)

    answer = http.post(path(incident, act), json=WHY, headers={"If-Match": '"99"'})

    assert answer.status_code == 412
    assert dump(database) == before


def test_a_failed_step_is_tried_again_with_a_correction(database, as_, failed):
    http = as_("max")
    (step,) = http.get(path(failed)).get_json()["failures"]

    body = {**WHY, "token": step["token_id"], "corrections": {"note": ["a"]}}
    answer = http.post(path(failed, "retry"), json=body)

    assert (step["element_id"], step["reads"]) == ("Each", {"note": "no list"})
    assert answer.get_json()["status"] == "running"
    assert answer.get_json()["failures"] == []


def test_what_broke_as_a_whole_is_taken_up_without_a_token(database, as_, incident):
    with database.transaction() as session:
        instances.fail(session, session.query(ProcessInstance).one().id, "RuntimeError: broken")

    answer = as_("max").post(path(incident, "retry"), json=WHY)

    assert answer.get_json()["status"] == "running"


def test_a_preview_of_a_move_changes_nothing(database, as_, incident):
    http = as_("max")
    (token,) = http.get(path(incident)).get_json()["tokens"]
    before = dump(database)

    body = {"withdraw": [token["id"]], "start": ["Fix"], "preview": True}
    answer = http.post(path(incident, "move"), json=body)

    told = answer.get_json()
    assert [wait["element_id"] for wait in told["vanishes"]] == ["Look"]
    assert [wait["element_id"] for wait in told["opens"]] == ["Fix"]
    assert dump(database) == before


def test_a_move_goes_back_to_a_step_that_finished(database, cast, as_, incident):
    complete(database, incident, "Look", cast.dora, note="x")
    http = as_("max")
    (back,) = http.get(path(incident)).get_json()["returns"]

    body = {**WHY, "withdraw": back["from_tokens"], "start": [back["element_id"]]}
    answer = http.post(path(incident, "move"), json=body)

    assert answer.status_code == 200
    assert list(open_tasks(database, incident, cast.max)) == ["Look"]


@pytest.mark.parametrize(
    ("act", "body", "pointer"),
    [
        ("suspend", {}, "#/reason"),
        ("suspend", {"reason": ""}, "#/reason"),
        ("suspend", {"reason": " "}, "#/reason"),
        ("suspend", {"reason": "x" * 2_001}, "#/reason"),
        ("suspend", {"reason": "a\x00b"}, "#/reason"),
        ("retry", {**WHY, "corrections": []}, "#/corrections"),
        ("retry", {**WHY, "corrections": {"note": 1}}, "#/token"),
        ("retry", {**WHY, "token": "{token}", "corrections": {"other": 1}}, "#/corrections/other"),
        ("move", {**WHY, "withdraw": [], "start": []}, "#/start"),
        ("move", {**WHY, "withdraw": ["{token}"], "start": []}, "#/withdraw"),
        ("move", {**WHY, "withdraw": ["{token}"], "start": ["Nothing"]}, "#/start"),
        ("move", {"withdraw": ["{token}"], "start": ["Fix"]}, "#/reason"),
    ],
)
def test_a_body_that_does_not_fit_points_at_the_field(act, body, pointer, database, as_, failed):
    http = as_("max")
    token = next(t["id"] for t in http.get(path(failed)).get_json()["tokens"] if t["failure"])
    body = {k: [token] if v == ["{token}"] else v for k, v in body.items()}
    body |= {"token": token} if body.get("token") else {}
    before = dump(database)

    answer = http.post(path(failed, act), json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert dump(database) == before


def migrate(http, version=1, **body):
    return http.post(f"/api/v1/processes/small/versions/{version}/migrate", json=body)


@pytest.fixture
def twenty(database, cast, as_):
    """Twenty incidents, one of them on a task that the second version lost."""
    found = [report(database, cast.dora) for _ in range(20)]
    complete(database, found[7], "Look", cast.dora, note="x")
    deploy(database, bundle(*line(user_task("Look"), user_task("Mend"))))
    return found


def test_of_twenty_incidents_only_the_one_that_cannot_move_stays(as_, twenty):
    answer = migrate(as_("olga"), to=2, reason="Closes a gap.")

    outcomes = answer.get_json()["outcomes"]
    assert len(outcomes) == 20
    (stayed,) = [outcome for outcome in outcomes if not outcome["is_moved"]]
    assert stayed["incident_number"] == twenty[7].number
    assert "Do Fix" in stayed["problem"]
    assert "no such element" in stayed["problem"]


def test_a_preview_of_a_migration_tells_the_same_and_changes_nothing(database, as_, twenty):
    http = as_("olga")
    before = dump(database)

    previewed = migrate(http, to=2, preview=True)

    unchanged = dump(database) == before
    done = migrate(http, to=2, reason="Closes a gap.")
    assert unchanged
    assert previewed.get_json()["outcomes"] == done.get_json()["outcomes"]
    assert previewed.get_json()["elements"] == done.get_json()["elements"]


def test_some_incidents_move_with_a_mapping(database, cast, as_, twenty):
    http, chosen = as_("olga"), [twenty[7].number, twenty[8].id]

    body = {"to": 2, "incidents": chosen, "mapping": {"Fix": "Mend"}, "reason": "Renamed."}
    answer = migrate(http, **body)

    assert [outcome["is_moved"] for outcome in answer.get_json()["outcomes"]] == [True, True]
    assert list(open_tasks(database, twenty[7], cast.dora)) == ["Mend"]
    assert len(migrate(http, to=2, preview=True).get_json()["outcomes"]) == 18


@pytest.mark.parametrize(
    ("username", "body", "status", "pointer"),
    [
        ("olga", {"to": 2}, 422, "#/reason"),
        ("olga", {"to": 2, "reason": " "}, 422, "#/reason"),
        ("olga", {"to": 1, "reason": "So."}, 422, "#/to"),
        ("olga", {"to": "x", "reason": "So."}, 422, "#/to"),
        ("olga", {"to": 2, "reason": "So.", "mapping": {"Fix": "None"}}, 422, "#/mapping"),
        ("olga", {"to": 9, "reason": "So."}, 404, None),
        ("olga", {"to": 2, "reason": "So.", "incidents": ["INC-1"]}, 404, None),
        ("max", {"to": 2, "reason": "So."}, 403, None),
        ("rob", {"to": 2, "reason": "So."}, 403, None),
    ],
)
def test_a_migration_that_does_not_fit_is_refused(
    username, body, status, pointer, database, as_, twenty
):
    http = as_(username)
    before = dump(database)

    answer = migrate(http, **body)

    assert answer.status_code == status
    assert [e["pointer"] for e in answer.get_json().get("errors", [])] == [pointer] * bool(pointer)
    assert dump(database) == before


def test_each_entry_of_the_history_names_the_version_that_it_is_about(as_, twenty):
    migrate(as_("olga"), to=2, incidents=[twenty[0].number], reason="Closes a gap.")

    entries = as_("aude").get(f"/api/v1/incidents/{twenty[0].number}/history").get_json()["items"]

    versions = {entry["event"]: entry.get("process_version") for entry in entries}
    assert versions["task:opened"] == 1
    assert versions["process:migrated"] == 2


# Pages


class Browser:
    """What a person does with pages: open, send a form."""

    def __init__(self, http):
        self._http = http

    def open(self, path):
        return self._http.get(path, follow_redirects=True)

    def send(self, path, **form):
        return self._http.post(path, data=form, headers={"Sec-Fetch-Site": "same-origin"})


@pytest.fixture
def browse(database, cast, as_):
    def sign_in(username):
        http = client(database)
        browser = Browser(http)
        browser.send(f"/sign-in/{cast.link(username)}")
        return browser

    return sign_in


def page_of(incident, act=""):
    return f"/incidents/{incident.number}/process{'/' if act else ''}{act}"


@pytest.mark.parametrize(
    ("username", "status", "may"),
    [("max", 200, True), ("ada", 200, True), ("aude", 200, False), ("dora", 403, False)],
)
def test_who_oversees_sees_the_process_and_who_controls_it_sees_how(
    username, status, may, browse, incident
):
    answer = browse(username).open(page_of(incident))

    assert answer.status_code == status
    assert ("Put the process on hold" in answer.text) is may


def test_a_process_on_hold_says_so_on_every_page_about_it(browse, cast, incident, database):
    manager, task = browse("max"), open_tasks(database, incident, cast.dora)["Look"]

    manager.send(page_of(incident, "hold"), reason="The supplier asked us to wait.")

    for path in (f"/incidents/{incident.number}", f"/tasks/{task.id}", page_of(incident)):
        assert "process is on hold" in manager.open(path).text
    assert "The supplier asked us to wait." in manager.open(f"/incidents/{incident.number}").text
    assert "Deviation" in manager.open(f"/incidents/{incident.number}/audit").text


@pytest.mark.parametrize("act", ["hold", "cancel"])
def test_a_page_asks_for_the_reason_that_was_left_out(act, browse, incident):
    answer = browse("max").send(page_of(incident, act), reason=" ")

    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert "Say why, in a sentence." in answer.text


def test_a_failed_step_is_tried_again_from_its_page(browse, failed, database, as_):
    manager = browse("max")
    (step,) = as_("max").get(path(failed)).get_json()["failures"]
    page = page_of(failed, f"retry/{step['token_id']}")
    before = {"before.note": '"no list"'}

    asked = manager.open(page)
    wrong = manager.send(page, reason="So.", **{"variable.note": "no list", **before})
    right = manager.send(page, reason="So.", **{"variable.note": '["a"]', **before})

    assert asked.text.count('value="&#34;no list&#34;"') == 2
    assert wrong.status_code == 422
    assert "list in brackets" in wrong.text
    assert right.status_code == 303
    assert status(database) is InstanceStatus.RUNNING


def test_a_move_is_shown_before_it_is_done(browse, incident, database, cast, as_):
    manager = browse("max")
    (token,) = as_("max").get(path(incident)).get_json()["tokens"]

    shown = manager.open(page_of(incident, f"move?withdraw={token['id']}&start=Fix"))
    waits = list(open_tasks(database, incident, cast.max))
    form = {"withdraw": token["id"], "start": "Fix", "reason": "It was looked at already."}
    done = manager.send(page_of(incident, "move"), **form)

    assert "This ends" in shown.text
    assert waits == ["Look"]
    assert done.status_code == 303
    assert list(open_tasks(database, incident, cast.max)) == ["Fix"]


def test_a_move_that_makes_no_sense_is_said_where_it_was_chosen(browse, incident, as_):
    (token,) = as_("max").get(path(incident)).get_json()["tokens"]

    answer = browse("max").open(page_of(incident, f"move?withdraw={token['id']}&start=Nothing"))

    assert answer.status_code == 422
    assert "has no element “Nothing”" in answer.text
    assert 'href="#field-start"' in answer.text


def test_an_owner_moves_incidents_on_a_page(browse, twenty, database):
    owner, page = browse("olga"), "/processes/small/versions/1/migrate"

    planned = owner.open(page)
    mapped = owner.open(f"{page}?to=2&map.Fix=Mend")
    form = {"incident": twenty[7].id, "to": "2", "map.Fix": "Mend"}
    without = owner.send(page, **form)
    done = owner.send(page, **form, reason="Renamed.")

    assert "no such element" in planned.text
    assert "These stay where they are" not in mapped.text
    assert without.status_code == 422
    assert "1 of 1 moved to version 2" in done.text


def test_only_who_may_migrate_sees_the_page(browse, twenty):
    assert browse("max").open("/processes/small/versions/1/migrate").status_code == 403
    assert "Move its incidents" in browse("ada").open("/processes/small").text
    assert "Move its incidents" not in browse("aude").open("/processes/small").text


def test_a_timer_is_moved_on_its_page(database, browse, cast, as_):
    held = Hand(database, cast, bundle(*timed()))
    manager, page = browse("max"), page_of(held.incident, f"timers/{held.token('Late')}")
    asked = manager.open(page)
    why = {"reason": "The supplier asked for time."}

    moved = manager.send(page, due_at="2030-01-31 10:00", **why)
    wrong = manager.send(page, due_at="tomorrow", **why)

    assert "Move the timer" in asked.text
    assert moved.status_code == 303
    assert held.sees().instance.next_due_at == datetime(2030, 1, 31, 10, tzinfo=UTC)
    assert wrong.status_code == 422
    assert "such as 2026-01-31 10:00" in wrong.text
    assert "tomorrow" in wrong.text  # what was entered stays


def test_a_task_has_no_page_to_move_its_timer(database, browse, cast, as_):
    held = Hand(database, cast, bundle(*timed()))

    answer = browse("max").open(page_of(held.incident, f"timers/{held.token('Look')}"))

    assert answer.status_code == 409
