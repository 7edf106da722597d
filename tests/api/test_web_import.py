"""The pages that import a diagram: what it is, what it asks, and what becomes of it."""

import html
import io
import re
import zipfile
import zlib
from base64 import urlsafe_b64encode

import pytest

from engine import library
from tests.diagrams import one_task
from tests.engine.importing import CAMUNDA_7, CAMUNDA_8, chain, drawn, node
from tests.factories import ROOT, client, deploy, dump

OURS = {"Sec-Fetch-Site": "same-origin"}
LOOK = chain(node("task", "Look", "Look at it"))
DRAWING = drawn(*LOOK)
BY_A_CLASS = {"camunda:class": "com.example.Pay"}
OF_CAMUNDA_7 = drawn(*chain(node("serviceTask", "Pay", **BY_A_CLASS)), more=CAMUNDA_7)
OF_CAMUNDA_8 = drawn(*LOOK, more=CAMUNDA_8)
LONG = drawn(*LOOK, f"<!-- {'x' * 900_000} -->")
CUT, BOMB = (
    urlsafe_b64encode(zlib.compress(content)).decode()[:cut]
    for content, cut in ((DRAWING, 100), (b"x" * 2_000_000, None))
)
SHIPPED = (ROOT / "processes" / "itsm" / "incident.bpmn").read_bytes()


@pytest.fixture
def as_(database, cast):
    """The pages as a person, by first name."""
    deploy(database, one_task())
    return lambda username: client(database, cast.token(username))


def upload(http, content, name="look.bpmn", headers=OURS):
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    body = b"--part\r\n%s\r\n\r\n%s\r\n--part--\r\n" % (head.encode(), content)
    kind = "multipart/form-data; boundary=part"
    return http.post("/import", data=body, content_type=kind, headers=headers)


def go_on(http, page, act="deploy", **changed):
    """Send the form that keeps what was imported."""
    fields = dict(re.findall(r'name="(filename|content|name)"[^>]* value="([^"]*)"', page.text))
    sent = {key: html.unescape(value) for key, value in fields.items()} | changed
    return http.post(f"/import/{act}", data=sent, headers=OURS)


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        (DRAWING, "None: it was drawn for people"),
        (OF_CAMUNDA_7, "Camunda 7"),
        (OF_CAMUNDA_8, "Camunda 8"),
        (SHIPPED, "<dd>Steadyhand"),
        (LONG, "None: it was drawn for people"),
    ],
)
def test_a_diagram_is_answered_with_its_dialect_and_nothing_is_kept(
    content, dialect, database, as_
):
    http = as_("olga")
    before = dump(database)

    answer = upload(http, content)

    assert answer.status_code == 200
    assert dialect in answer.text
    assert dump(database) == before


def test_questions_stand_with_their_element_and_say_what_to_decide(as_):
    page = upload(as_("olga"), DRAWING).text

    (group,) = re.findall(r'<tbody data-element="Look">(.*?)</tbody>', page, re.DOTALL)
    assert "Look at it" in group
    assert "Task for a person" in group
    assert "A plain task says nothing about who or what does it." in group
    assert "Leave it, or make it a service task with one of the operations." in group


@pytest.mark.parametrize("username", ["rob", "dora", "max", "aude", "ada"])
@pytest.mark.parametrize("act", ["", "/deploy", "/files"])
def test_only_process_owners_import(username, act, database, as_):
    http, page = as_(username), upload(as_("olga"), DRAWING)
    before = dump(database)

    answers = [http.get("/import"), upload(http, DRAWING)]
    answers += [go_on(http, page, "deploy"), go_on(http, page, "files")] if act else []

    assert {answer.status_code for answer in answers} == {403}
    assert dump(database) == before


@pytest.mark.parametrize(("username", "links"), [("olga", 1), ("aude", 0)])
def test_the_library_leads_to_the_import_for_owners(username, links, as_):
    assert as_(username).get("/processes").text.count('href="/import"') == links


@pytest.mark.parametrize(
    ("content", "name", "problem", "advice"),
    [
        (b"", "", "Choose a file first", "with the ending .bpmn"),
        (b"", "empty.bpmn", "This is not XML", "Save it in your modeler as BPMN 2.0"),
        (b"no xml", "text.bpmn", "This is not XML", "Save it in your modeler as BPMN 2.0"),
        (b"\x89PNG\r\n\x00", "picture.png", "not XML", "Save it in your modeler as BPMN 2.0"),
        (b"<html/>", "page.bpmn", "not BPMN 2.0", "Save it in your modeler as BPMN 2.0"),
        (drawn(), "blank.bpmn", "no process with elements", "Draw at least one step"),
        (b"<a>" + b"x" * 1_100_000, "big.bpmn", "larger than 1 MB", "split the diagram"),
        (b"<!DOCTYPE x><x/>", "old.bpmn", "DOCTYPE is not accepted", "remove it"),
    ],
)
def test_what_cannot_be_imported_is_said_beside_the_field_with_what_to_do(
    content, name, problem, advice, as_
):
    answer = upload(as_("olga"), content, name)

    (error,) = re.findall(r'<p class="error" id="error-file">(.*?)</p>', answer.text)
    assert answer.status_code == 422
    assert problem in error
    assert advice in error
    assert 'href="#field-file"' in answer.text


def test_an_import_becomes_version_1_and_its_questions_lead_to_the_elements(database, cast, as_):
    http = as_("olga")
    page = upload(http, DRAWING)

    answer = go_on(http, page)

    with database.reading() as session:
        (edition,) = library.editions(session, "Handling", cast.olga)
    link = "/processes/Handling/versions/1#element-Look"
    assert answer.status_code == 200
    assert f'href="{link}"' in answer.text
    assert (edition.deployment.bundle_id, edition.deployment.version) == ("look", 1)
    assert edition.deployment.note == "Imported from look.bpmn"
    assert 'id="element-Look"' in http.get(link).text
    assert http.get("/processes/Handling/draft").status_code == 200


def test_to_deploy_the_same_import_again_changes_nothing(database, as_):
    http = as_("olga")
    page = upload(http, DRAWING)
    go_on(http, page)
    before = dump(database)

    again = go_on(http, page)

    assert again.status_code == 200
    assert dump(database) == before


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("small", "There is a bundle “small” already. Choose another name."),
        ("", "This is needed"),
        ("x" * 61, "Use at most 60 characters"),
    ],
)
@pytest.mark.parametrize("act", ["deploy"])
def test_a_name_that_cannot_be_taken_is_said_beside_its_field(name, act, problem, database, as_):
    http = as_("olga")
    page, before = upload(http, DRAWING), dump(database)

    answer = go_on(http, page, act, name=name)

    assert answer.status_code == 422
    assert "<title>Error: Import of look.bpmn" in answer.text
    assert problem in re.findall(r'id="error-name">(.*?)</p>', answer.text)[0]
    assert f'name="name" type="text" value="{name}"' in answer.text
    assert dump(database) == before


def test_a_process_that_another_bundle_has_is_not_replaced(database, as_):
    http = as_("olga")
    go_on(http, upload(http, DRAWING))
    before = dump(database)

    answer = go_on(http, upload(http, OF_CAMUNDA_7), name="another")

    assert answer.status_code == 422
    assert "Another bundle has a process “Handling”." in answer.text
    assert dump(database) == before


def test_another_name_is_the_name_of_the_bundle(database, cast, as_):
    http = as_("olga")

    go_on(http, upload(http, DRAWING), name="Prüfung der Lage")

    with database.reading() as session:
        (edition,) = library.editions(session, "Handling", cast.olga)
    assert edition.deployment.bundle_id == "prufung-der-lage"


def test_files_and_questions_come_as_one_archive_that_passes_the_checks(as_):
    http = as_("olga")

    answer = go_on(http, upload(http, OF_CAMUNDA_7), "files")

    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    files = {name: archive.read(name) for name in archive.namelist()}
    questions = files.pop("questions.txt").decode()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="look.zip"'
    assert [f for f in library.check(files) if f.is_error] == []
    assert "Pay (Pay)" in questions


@pytest.mark.parametrize("content", ["", "no base64!", "eJw=", CUT, BOMB, None], ids=repr)
@pytest.mark.parametrize("act", ["deploy", "files"])
def test_a_file_that_does_not_come_along_is_asked_for_again(content, act, database, as_):
    http = as_("olga")
    before = dump(database)
    form = {"filename": "look.bpmn", "name": "look"} | ({"content": content} if content else {})

    answer = http.post(f"/import/{act}", data=form, headers=OURS)

    assert answer.status_code == 400
    assert dump(database) == before


def test_what_the_file_calls_itself_is_shown_as_text(as_):
    name = "<script>alert(1)</script>"
    odd = drawn(*chain(node("task", "Look", "&lt;script&gt;alert(1)&lt;/script&gt;")))

    answer = upload(as_("olga"), odd, f"{name}.bpmn")

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_an_upload_from_another_site_is_refused(as_):
    answer = upload(as_("olga"), DRAWING, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
