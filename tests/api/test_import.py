"""Import over REST: files and questions come back, and nothing is kept."""

import pytest

from tests.diagrams import one_task
from tests.engine.importing import chain, drawn, node
from tests.factories import client, deploy, dump

IMPORT = "/api/v1/bundles/import"
DRAWING = drawn(*chain(node("task", "Look", "Look at it")))


@pytest.fixture
def as_(database, cast):
    deploy(database, one_task())
    return lambda username: client(database, cast.token(username))


def test_a_drawing_comes_back_as_a_bundle_with_questions(database, as_):
    http, before = as_("olga"), dump(database)

    answer = http.post(f"{IMPORT}?name=look.bpmn", data=DRAWING, content_type="application/xml")

    body = answer.get_json()
    assert (answer.status_code, body["origin"]) == (200, "drawn")
    assert "processes/look/Handling.bpmn" in body["files"]
    assert {
        "rule": "task-plain",
        "element_id": "Look",
        "element_name": "Look at it",
        "message": "A plain task says nothing about who or what does it. It became a task for a "
        "person.",
        "suggestion": "Leave it, or make it a service task with one of the operations.",
    } in body["questions"]
    assert dump(database) == before


def test_the_answer_can_be_deployed_as_it_is(as_):
    http = as_("olga")
    files = http.post(IMPORT, data=DRAWING).get_json()["files"]

    answer = http.post("/api/v1/bundles", json={"files": files})

    assert (answer.status_code, answer.get_json()["bundle_id"]) == (201, "imported")


@pytest.mark.parametrize("username", ["rob", "dora"])
def test_only_who_edits_processes_may_import(as_, username):
    assert as_(username).post(IMPORT, data=DRAWING).status_code == 403


@pytest.mark.parametrize(
    ("content", "rule"), [(b"<html/>", "not-bpmn"), (drawn(), "process-missing")]
)
def test_what_cannot_be_imported_is_refused_by_rule(as_, content, rule):
    answer = as_("olga").post(IMPORT, data=content)

    assert answer.status_code == 422
    assert [error["rule"] for error in answer.get_json()["errors"]] == [rule]


@pytest.mark.parametrize("content", [b"", b"no xml", b"\x00\xff"])
def test_what_is_no_xml_is_refused_in_words(as_, content):
    answer = as_("olga").post(IMPORT, data=content)

    assert answer.status_code == 422
    assert "not XML" in answer.get_json()["detail"]
