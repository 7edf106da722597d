"""REST: what goes wrong is said clearly, points at the field and changes nothing."""

import base64
import json

import pytest
from openapi_spec_validator import validate

from tests.diagrams import bundle, line, one_task, user_task
from tests.factories import client, deploy, dump, open_tasks, report

DRAFT = "/api/v1/bundles/small/draft/processes/small/small.bpmn"
GOOD = one_task()["processes/small/small.bpmn"].decode()
NOTE = {"answers": {"note": "Restarted it."}}
FIVE_MB = 5_000_000


@pytest.fixture
def as_(database, cast):
    """The API as a person, by first name."""
    deploy(database, one_task())
    return lambda username: client(database, cast.token(username))


@pytest.fixture
def incident(database, cast, as_):
    return report(database, cast.rob)


@pytest.fixture
def task(database, cast, incident):
    return open_tasks(database, incident, cast.dora)["Look"]


def problem(answer, status):
    """The body of a problem, which is one (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert (body["status"], body["type"]) == (status, "about:blank")
    assert body["title"]
    assert body["detail"]
    return body


def pointers(answer, status=422):
    return [error["pointer"] for error in problem(answer, status)["errors"]]


def files(content):
    return {path: text.decode() for path, text in content.items()}


def path_of(task, move):
    return f"/api/v1/tasks/{task.id}/{move}"


# Bodies: method, path, what is sent, and what the answer points at.
REPORTS, BUNDLES = "/api/v1/incidents", "/api/v1/bundles"


@pytest.mark.parametrize(
    ("username", "path", "body", "pointer"),
    [
        ("dora", REPORTS, {}, "#/answers"),
        ("dora", REPORTS, {"answers": []}, "#/answers"),
        ("dora", REPORTS, {"answers": "title"}, "#/answers"),
        ("dora", REPORTS, {"answers": None}, "#/answers"),
        ("dora", REPORTS, {"answers": {}, "colour": 1}, "#/colour"),
        ("dora", REPORTS, {"answers": {}, "a/b~c": 1}, "#/a~1b~0c"),
        ("dora", REPORTS, {"answers": {}, "process": 7}, "#/process"),
        ("dora", REPORTS, {"answers": {}, "process": ""}, "#/process"),
        ("dora", REPORTS, {"answers": {}, "process": "small"}, "#/answers/title"),
        (
            "dora",
            REPORTS,
            {"answers": {"title": "Mail", "a/b": 1}, "process": "small"},
            "#/answers/a~1b",
        ),
        (
            "dora",
            REPORTS,
            {"answers": {"title": "Mail\ud800"}, "process": "small"},
            "#/answers/title",
        ),
        ("dora", REPORTS, [], "#"),
        ("dora", REPORTS, "title", "#"),
        ("olga", BUNDLES, {"files": {}}, "#/files"),
        ("olga", BUNDLES, {"files": {"a.bpmn": 7}}, "#/files/a.bpmn/value"),
        ("olga", BUNDLES, {"files": {"a.bpmn": "\ud800"}}, "#/files/a.bpmn/value"),
        ("olga", BUNDLES, {"files": {"": "x"}}, "#/files//key"),
        ("olga", BUNDLES, {"files": {"a": "b"}, "note": "x" * 501}, "#/note"),
        ("olga", f"{BUNDLES}/small/draft", {"note": 7}, "#/note"),
    ],
)
def test_a_body_that_does_not_fit_points_at_the_field(username, path, body, pointer, database, as_):
    http = as_(username)
    before = dump(database)

    answer = http.post(path, json=body)

    assert pointers(answer) == [pointer]
    assert dump(database) == before


@pytest.mark.parametrize(
    "body", ["{", "", "null", "{'a': 1}", '{"a": 1', "\x00", "[" * 99_999, "\ud800"]
)
@pytest.mark.parametrize(("username", "path"), [("dora", REPORTS), ("olga", BUNDLES)])
def test_a_body_that_is_no_json_is_refused(username, path, body, database, as_):
    http = as_(username)
    before = dump(database)

    answer = http.post(
        path, data=body.encode(errors="surrogatepass"), content_type="application/json"
    )

    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code)
    assert dump(database) == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/answers"),
        ({"answers": 7}, "#/answers"),
        ({"answers": {}}, "#/answers/note"),
        ({"answers": {"note": 7}}, "#/answers/note"),
        ({"answers": {"note": "x", "other": 1}}, "#/answers/other"),
        ({"answers": {"note": "a\x00b"}}, "#/answers/note"),
        ({"answers": {"note": "x"}, "task": "other"}, "#/task"),
    ],
)
def test_answers_that_do_not_fit_point_at_the_field(body, pointer, database, as_, task):
    http = as_("dora")
    before = dump(database)

    answer = http.post(path_of(task, "complete"), json=body)

    assert pointers(answer) == [pointer]
    assert dump(database) == before


@pytest.mark.parametrize("move", ["claim", "release", "complete"])
@pytest.mark.parametrize(
    ("username", "status"),
    [("tess", 404), ("rob", 404), ("aude", 403), ("olga", 403), ("ada", 403), ("max", 403)],
)
def test_who_is_not_in_the_group_works_on_no_task(username, status, move, database, as_, task):
    http = as_(username)
    before = dump(database)

    problem(http.post(path_of(task, move), json=NOTE), status)

    assert dump(database) == before


@pytest.mark.parametrize("move", ["claim", "release", "complete"])
def test_a_completed_task_is_a_conflict(move, database, as_, task):
    http = as_("dora")
    assert http.post(path_of(task, "complete"), json=NOTE).status_code == 200
    before = dump(database)

    said = problem(http.post(path_of(task, move), json=NOTE), 409)

    assert said["detail"] == "This task is already completed."
    assert dump(database) == before


@pytest.mark.parametrize("tag", ['"7"', '"x"', '"-1"', 'W/"1"', '"' + "9" * 30 + '"', "¹"])
@pytest.mark.parametrize("move", ["claim", "release", "complete"])
def test_a_version_that_is_not_the_current_one_is_refused(move, tag, database, as_, task):
    http = as_("dora")
    before = dump(database)

    answer = http.post(path_of(task, move), json=NOTE, headers={"If-Match": tag})

    problem(answer, 412)
    assert dump(database) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 428), ({"If-Match": '"99"'}, 412), ({"If-Match": 'W/"1"'}, 412)],
)
@pytest.mark.parametrize("thing", ["incident", "draft"])
def test_a_change_says_which_version_it_is_about(thing, headers, status, database, as_, incident):
    incidents, drafts = as_("dora"), as_("olga")
    before = dump(database)

    if thing == "incident":
        path = f"{REPORTS}/{incident.id}"
        answer = incidents.patch(path, json={"title": "Other"}, headers=headers)
    else:
        answer = drafts.put(DRAFT, data=GOOD, headers=headers)

    problem(answer, status)
    assert dump(database) == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": ""}, "#/title"),
        ({"title": "x" * 201}, "#/title"),
        ({"title": None}, "#/title"),
        ({"title": "a\ud800"}, "#/title"),
        ({"description": "a\x00b"}, "#/description"),
        ({"status": "closed"}, "#/status"),
        ({"version": 9}, "#/version"),
    ],
)
def test_a_correction_that_does_not_fit_points_at_the_field(body, pointer, database, as_, incident):
    http = as_("dora")
    before = dump(database)

    answer = http.patch(f"{REPORTS}/{incident.id}", json=body, headers=tag(incident.version))

    assert pointers(answer) == [pointer]
    assert dump(database) == before


def test_a_report_opens_an_incident_under_its_number(as_):
    http = as_("rob")
    answer = http.post(REPORTS, json={"answers": {"title": "Mail"}, "process": "small"})

    assert answer.status_code == 201
    read = http.get(f"{REPORTS}/{answer.get_json()['number']}")
    assert read.get_json() == answer.get_json()
    assert read.headers["ETag"] == answer.headers["ETag"]


def test_a_diagram_is_read_byte_for_byte_as_it_was_deployed(as_):
    http = as_("aude")
    (shelf,) = http.get("/api/v1/processes").get_json()
    version = shelf["definition"]["version"]

    diagram = http.get(f"/api/v1/processes/small/versions/{version}/diagram")

    assert diagram.data == GOOD.encode()
    assert diagram.content_type.startswith("application/xml")


def test_checking_a_draft_says_what_is_wrong_and_keeps_nothing(database, as_):
    http = as_("olga")
    before = dump(database)

    answer = http.post(DRAFT.replace("/draft/", "/check/"), data=GOOD.replace("formKey", "form"))

    assert [finding["rule"] for finding in answer.get_json()["findings"]] == ["form-missing"]
    assert dump(database) == before


def test_a_tag_changes_with_the_version(as_, incident, task):
    http = as_("dora")
    path = f"{REPORTS}/{incident.number}"

    first = http.get(path).headers["ETag"]
    second = http.patch(path, json={"title": "Slow"}, headers={"If-Match": first}).headers["ETag"]

    assert first != second
    assert http.get(path).headers["ETag"] == second
    assert http.patch(path, json={"title": "x"}, headers={"If-Match": first}).status_code == 412


def test_a_tag_of_a_task_changes_with_each_move(as_, task):
    http = as_("dora")

    read = http.get(f"/api/v1/tasks/{task.id}").headers["ETag"]
    moves = [http.post(path_of(task, move), json=NOTE) for move in ("claim", "release", "complete")]

    tags = [read, *(answer.headers["ETag"] for answer in moves)]
    assert len(set(tags)) == 4


def test_a_draft_is_kept_under_the_tag_that_its_save_gives_out(as_):
    http = as_("olga")
    read = http.get(DRAFT).headers["ETag"]

    saved = http.put(DRAFT, data=GOOD, headers={"If-Match": read})

    assert saved.get_json() == {"etag": saved.headers["ETag"], "findings": []}
    assert http.get(DRAFT).headers["ETag"] == saved.headers["ETag"]


@pytest.mark.parametrize(
    "content",
    [
        "<html/>",
        "no XML",
        "",
        f'<!DOCTYPE a SYSTEM "file:///etc/passwd">{GOOD[GOOD.index("<bpmn:") :]}',
        "<a>" * 9_999,
    ],
    ids=["other XML", "no XML", "nothing", "DOCTYPE", "deep"],
)
def test_a_draft_that_cannot_be_read_is_refused_with_its_file(content, database, as_):
    http = as_("olga")
    before = dump(database)

    said = problem(http.put(DRAFT, data=content, headers=tag(0)), 422)

    (finding,) = said["errors"]
    assert (finding["rule"], finding["path"]) == ("file-invalid", "processes/small/small.bpmn")
    assert dump(database) == before


def test_a_refused_bundle_names_rule_element_and_its_name(database, as_):
    gateway = '<bpmn:complexGateway id="Enough" name="Are there enough?"/>'
    http, broken = as_("olga"), bundle(*line(user_task("Look"), gateway))
    before = dump(database)

    said = problem(http.post(BUNDLES, json={"files": files(broken)}), 422)

    (finding,) = said["errors"]
    assert finding == {
        "rule": "element-unsupported",
        "path": "processes/small/small.bpmn",
        "element_id": "Enough",
        "element_name": "Are there enough?",
        "message": finding["message"],
        "severity": "error",
        "line": finding["line"],
    }
    assert "complexGateway" in finding["message"]
    assert dump(database) == before


def test_a_good_bundle_is_the_next_version(as_):
    two = bundle(*line(user_task("Look"), user_task("Check")))

    answer = as_("olga").post(BUNDLES, json={"files": files(two), "note": "Second look"})

    assert answer.status_code == 201
    assert (answer.get_json()["version"], answer.get_json()["note"]) == (2, "Second look")


@pytest.mark.parametrize(
    ("username", "method", "path"),
    [
        ("dora", "post", REPORTS),
        ("olga", "post", BUNDLES),
        ("olga", "put", DRAFT),
        ("olga", "post", "/api/v1/bundles/small/check/processes/small/small.bpmn"),
    ],
)
def test_a_body_of_five_megabytes_is_too_large(username, method, path, database, as_):
    http = as_(username)
    before = dump(database)
    body = json.dumps({"answers": {"title": "x" * FIVE_MB}})

    answer = http.open(
        path, method=method, data=body, content_type="application/json", headers=tag(0)
    )

    problem(answer, 413)
    assert dump(database) == before


def cursor(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BAD_CURSORS = [
    *("x", "%", "", "e30", "ü" * 9),
    *map(cursor, ["{}", "7", "null", "[]", '["a", "b", "c"]', "[1, 2]", "[null, null]"]),
    *map(cursor, ["[true]", f"[{10**30}]", "[-1e400]", '["\\ud800", "\\ud800"]', "[" * 999]),
    *map(cursor, ['[["a"], "b"]', "[" * 9_999]),
]
LISTS = [("dora", REPORTS), ("dora", "/api/v1/tasks"), ("aude", "{}/history")]


@pytest.mark.parametrize(("username", "path"), LISTS, ids=["incidents", "tasks", "history"])
def test_a_cursor_that_was_not_given_out_is_refused(username, path, as_, incident):
    http, path = as_(username), path.format(f"{REPORTS}/{incident.id}")

    for text in BAD_CURSORS:
        answer = http.get(path, query_string={"cursor": text})

        assert pointers(answer) == ["query/cursor"], text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "yesterday", ""])
def test_a_cursor_of_tasks_with_no_moment_is_refused(moment, as_):
    text = cursor(json.dumps([moment, "a"]))

    answer = as_("dora").get("/api/v1/tasks", query_string={"cursor": text})

    assert pointers(answer) == ["query/cursor"]


@pytest.mark.parametrize(("username", "path"), LISTS, ids=["incidents", "tasks", "history"])
@pytest.mark.parametrize(
    ("name", "value"), [("limit", "0"), ("limit", "201"), ("limit", "x"), ("limit", "")]
)
def test_a_query_that_does_not_fit_points_at_its_part(name, value, username, path, as_, incident):
    path = path.format(f"{REPORTS}/{incident.id}")

    answer = as_(username).get(path, query_string={name: value})

    assert pointers(answer) == [f"query/{name}"]


@pytest.mark.parametrize(("username", "path"), LISTS, ids=["incidents", "tasks", "history"])
def test_pages_give_each_item_once(username, path, database, cast, as_, incident):
    for _ in range(4):
        report(database, cast.rob)
    http, path = as_(username), path.format(f"{REPORTS}/{incident.id}")
    everything = http.get(path).get_json()["items"]

    pages, query = [], {"limit": 2}
    while query.get("cursor", "first"):
        page = http.get(path, query_string=query).get_json()
        pages += page["items"]
        query = {"limit": 2, "cursor": page["next_cursor"]}

    assert pages == everything
    assert len(everything) > 3


BODIES = {
    "/api/v1/tasks/no-such-task/complete": NOTE,
    REPORTS: {"answers": {"title": "Mail"}, "process": "nowhere"},
}


@pytest.mark.parametrize(
    ("username", "method", "path"),
    [
        ("dora", "get", f"{REPORTS}/INC-1999-000001"),
        ("dora", "post", REPORTS),
        ("dora", "patch", f"{REPORTS}/no-such-incident"),
        ("aude", "get", f"{REPORTS}/no-such-incident/history"),
        ("dora", "get", "/api/v1/tasks/no-such-task"),
        ("dora", "post", "/api/v1/tasks/no-such-task/claim"),
        ("dora", "post", "/api/v1/tasks/no-such-task/complete"),
        ("aude", "get", "/api/v1/processes/nowhere/versions"),
        ("aude", "get", f"/api/v1/processes/small/versions/{9**40}/diagram"),
        ("olga", "get", "/api/v1/bundles/nowhere/draft/a.bpmn"),
        ("olga", "get", "/api/v1/bundles/small/draft/../../etc/passwd"),
        ("olga", "put", "/api/v1/bundles/small/draft/processes/small/new.bpmn"),
        ("olga", "delete", "/api/v1/bundles/small/draft"),
        ("dora", "get", "/api/v1/nothing"),
    ],
)
def test_what_does_not_exist_is_not_found(username, method, path, database, as_):
    http = as_(username)
    before = dump(database)

    answer = http.open(path, method=method, json=BODIES.get(path, {}), headers=tag(1))
    problem(answer, 404)

    assert dump(database) == before


def test_a_method_that_does_not_exist_is_a_problem_too(as_):
    problem(as_("dora").delete(REPORTS), 405)


SOON, LATER = "2030-01-01T00:00:00Z", "2030-01-08T00:00:00Z"
ALL_WITH_TOKEN = [
    ("post", "/api/v1/bundles/import", {"name": "drawn", "content": "<a/>"}),
    ("get", REPORTS, None),
    ("post", REPORTS, {"answers": {"title": "Mail"}, "process": "small"}),
    ("get", f"{REPORTS}/x", None),
    ("patch", f"{REPORTS}/x", {"title": "x"}),
    ("get", f"{REPORTS}/x/history", None),
    ("get", f"{REPORTS}/x/process", None),
    ("post", f"{REPORTS}/x/process/suspend", {"reason": "Wait."}),
    ("post", f"{REPORTS}/x/process/resume", {"reason": "Wait no more."}),
    ("post", f"{REPORTS}/x/process/cancel", {"reason": "A drill."}),
    ("post", f"{REPORTS}/x/process/retry", {"reason": "Mended.", "token": "x"}),
    ("post", f"{REPORTS}/x/process/move", {"withdraw": ["x"], "start": ["Look"], "reason": "So."}),
    ("post", f"{REPORTS}/x/process/timers/x", {"due_at": "2030-01-01T00:00:00Z", "reason": "So."}),
    ("get", f"{REPORTS}/x/service-clocks", None),
    ("get", f"{REPORTS}/x/relations", None),
    ("post", f"{REPORTS}/x/relations", {"side": "child_of", "number": "INC-2026-000001"}),
    ("post", f"{REPORTS}/x/relations/x/withdraw", {"reason": "Another cause."}),
    ("get", f"{REPORTS}/x/references", None),
    ("post", f"{REPORTS}/x/references", {"kind": "asset", "system": "CMDB", "reference": "7"}),
    ("post", f"{REPORTS}/x/references/x/withdraw", {"reason": "Another one."}),
    ("get", f"{REPORTS}/x/participants", None),
    ("post", f"{REPORTS}/x/roles/commander/take-over", None),
    ("post", f"{REPORTS}/x/roles/commander/hand-over", {"to": "max"}),
    ("post", f"{REPORTS}/x/roles/commander/renounce", None),
    ("post", f"{REPORTS}/x/watch", None),
    ("post", f"{REPORTS}/x/unwatch", None),
    ("post", f"{REPORTS}/x/watchers", {"watcher": "max"}),
    ("delete", f"{REPORTS}/x/watchers/x", None),
    ("post", f"{REPORTS}/x/duplicate", {"number": "INC-2026-000001", "reason": "The same."}),
    ("get", "/api/v1/operations", None),
    ("get", "/api/v1/security-events", None),
    ("post", "/api/v1/operations/dead-letters/1/retry", {"reason": "It is back."}),
    ("post", "/api/v1/processes/small/versions/1/migrate", {"to": 2, "reason": "Better."}),
    ("get", "/api/v1/tasks", None),
    ("get", "/api/v1/tasks/x", None),
    ("post", "/api/v1/tasks/x/claim", None),
    ("post", "/api/v1/tasks/x/release", None),
    ("post", "/api/v1/tasks/x/complete", NOTE),
    ("get", "/api/v1/messages", None),
    ("post", "/api/v1/messages", {"name": "paid"}),
    ("post", "/api/v1/messages/x/discard", {"reason": "Sent twice."}),
    ("get", "/api/v1/processes", None),
    ("get", "/api/v1/processes/small/versions", None),
    ("get", "/api/v1/processes/small/versions/1/diagram", None),
    ("post", BUNDLES, {"files": {"a.bpmn": "x"}}),
    ("get", DRAFT, None),
    ("put", DRAFT, {}),
    ("post", "/api/v1/bundles/small/check/a.bpmn", {}),
    ("post", "/api/v1/bundles/small/draft", {}),
    ("delete", "/api/v1/bundles/small/draft", None),
    ("get", "/api/v1/people", None),
    ("post", "/api/v1/people", {"username": "nina", "name": "Nina"}),
    ("get", "/api/v1/people/x", None),
    ("put", "/api/v1/people/x", {"name": "Nina", "organisation": None}),
    ("put", "/api/v1/people/x/grants", {"grants": []}),
    ("post", "/api/v1/people/x/deactivate", None),
    ("post", "/api/v1/people/x/activate", None),
    ("post", "/api/v1/people/x/link", None),
    ("get", "/api/v1/people/x/sessions", None),
    ("delete", "/api/v1/people/x/sessions", None),
    ("delete", "/api/v1/people/x/sessions/x", None),
    ("get", "/api/v1/people/x/tokens", None),
    ("post", "/api/v1/people/x/tokens", {"label": "x", "scope": "read", "days": 30}),
    ("delete", "/api/v1/people/x/tokens/x", None),
    ("get", "/api/v1/organisations", None),
    ("post", "/api/v1/organisations", {"name": "North"}),
    ("get", "/api/v1/organisations/x", None),
    ("patch", "/api/v1/organisations/x", {"name": "North"}),
    ("get", "/api/v1/sessions", None),
    ("delete", "/api/v1/sessions/x", None),
    ("get", "/api/v1/tokens", None),
    ("post", "/api/v1/tokens", {"label": "x", "scope": "read", "days": 30}),
    ("delete", "/api/v1/tokens/x", None),
    ("put", "/api/v1/incidents/x/restriction", {"readers": []}),
    ("delete", "/api/v1/incidents/x/restriction", None),
    ("post", "/api/v1/tasks/x/signature", NOTE),
    ("post", "/api/v1/tasks/x/delegate", {"to": "dora", "reason": "Off."}),
    ("get", "/api/v1/absences", None),
    ("post", "/api/v1/absences", {"deputy": "tess", "starts_at": SOON, "ends_at": LATER}),
    ("delete", "/api/v1/absences/x", None),
    ("get", "/api/v1/exceptions", None),
    ("post", "/api/v1/exceptions", {"number": "x", "reason": "So."}),
    ("post", "/api/v1/exceptions/x/grant", None),
    ("post", "/api/v1/tasks/x/exception", {"reason": "So."}),
    ("get", "/api/v1/tasks/x/partners", None),
    ("post", "/api/v1/tasks/x/partners", {"name": "Paul", "days": 3}),
    ("delete", "/api/v1/tasks/x/partners/x", None),
    ("get", f"{REPORTS}/x/signatures", None),
    ("get", f"{REPORTS}/x/signatures/x", None),
    ("get", f"{REPORTS}/x/attachments", None),
    ("post", f"{REPORTS}/x/attachments", {}),
    ("get", f"{REPORTS}/x/attachments/x/content", None),
    ("post", f"{REPORTS}/x/attachments/x/withdraw", {"reason": "So."}),
]


@pytest.mark.parametrize(("method", "path", "body"), ALL_WITH_TOKEN)
def test_without_a_good_token_nobody_comes_in(method, path, body, database, as_):
    before = dump(database)

    for authorization in ("", "Bearer", "Bearer guess", "Basic ZG9yYTp4", "Bearer \xe9"):
        headers = {**tag(1), "Authorization": authorization}
        answer = client(database).open(path, method=method, json=body, headers=headers)
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    assert dump(database) == before


def test_every_operation_of_the_document_is_tried_without_a_token(as_):
    tried = {(method, path) for method, path, _ in ALL_WITH_TOKEN}

    document = as_("aude").get("/api/docs/openapi.json").get_json()

    offered = sum(len(path.keys() - {"parameters"}) for path in document["paths"].values())
    assert offered == len(tried)


@pytest.mark.parametrize("username", ["aude", "rob"])
def test_an_auditor_and_a_reporter_change_nothing_but_what_they_report(
    username, database, as_, incident, task
):
    http = as_(username)
    before = dump(database)
    change, two = tag(incident.version), files(bundle(*line(user_task("A"), user_task("B"))))

    answers = [
        *(http.post(path_of(task, move), json=NOTE) for move in ("claim", "release", "complete")),
        http.patch(f"{REPORTS}/{incident.id}", json={"title": "Mine"}, headers=change),
        http.post(BUNDLES, json={"files": two}),
        http.put(DRAFT, data=GOOD, headers=tag(0)),
        http.post("/api/v1/bundles/small/draft", json={}),
        *(
            http.post(f"{REPORTS}/{incident.id}/process/{act}", json={"reason": "Mine."})
            for act in ("suspend", "resume", "cancel", "retry")
        ),
        http.delete("/api/v1/bundles/small/draft"),
    ]

    assert {answer.status_code for answer in answers} <= {403, 404}
    assert dump(database) == before


def test_the_document_is_valid_openapi_3_1(as_):
    document = as_("aude").get("/api/docs/openapi.json").get_json()

    validate(document)

    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_operation_of_the_document_says_what_it_does(as_):
    document = as_("aude").get("/api/docs/openapi.json").get_json()

    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]

    assert all(operation["summary"].endswith((".", ";")) for operation in operations)
    assert {"application/problem+json"} == {
        kind
        for name, answer in document["components"]["responses"].items()
        for kind in answer.get("content", {})
    }


def tag(version):
    return {"If-Match": f'"{version}"'}


def test_a_misspelt_filter_is_refused_and_not_ignored(as_):
    answer = as_("dora").get("/api/v1/incidents?stauts=closed")

    assert pointers(answer) == ["query/stauts"]
