"""The linter on files, manifests and forms: each bundle breaks one rule, and nothing else."""

import pytest

from tests.diagrams import form, one_task, radio, table, text
from tests.engine.linting import errors_in, named, warnings_in


def asks(*fields):
    return one_task(forms={"other": form("other", *fields)})


def one_field(**component):
    return asks({"type": "textfield", "key": "a", "label": "A", **component})


def replaced(path, content):
    return {**one_task(), path: content}


def started(manifest):
    return replaced("processes/small/bundle.toml", f'id = "small"\n{manifest}'.encode())


def reported_with(*fields):
    return one_task(forms={"report": form("report", *fields)})


def undocumented():
    path = "processes/small/small.bpmn"
    return replaced(path, one_task()[path].replace(b"For a test.", b" "))


ASKED_AT_NO_STAGE = b"""
source = "Annex"
[[field]]
id = "1"
name = "Name"
type = "text"
stages = ["first"]
"""

CASES = [
    ("bundle-id-missing", "", {k: v for k, v in one_task().items() if not k.endswith(".toml")}),
    ("start-unknown", "large", started('[[start]]\nprocess = "large"\nform = "report"')),
    ("start-unknown", "small", started('[[start]]\nprocess = "small"\nform = "nowhere"')),
    ("start-title-missing", "small", reported_with(text("title"))),
    ("start-title-missing", "small", reported_with(text("heading", required=True))),
    ("separation-unknown", "B", started('[[separation]]\ntitle = "T"\ntasks = ["Look", "B"]')),
    ("file-invalid", "", started('[[separation]]\ntitle = "T"')),
    ("form-type-unsupported", "a", one_field(type="filepicker")),
    ("form-type-unsupported", "a", one_field(type=["textfield"])),
    ("form-key-invalid", "not one word", one_field(key="not one word")),
    ("form-key-invalid", "No", asks({"type": "textfield", "key": None, "id": "No"})),
    ("form-options-missing", "a", asks(radio("a"))),
    ("form-options-missing", "a", one_field(type="select", values=["one", "two"])),
    ("form-rule-unsupported", "a", one_field(validate={"pattern": "x+"})),
    ("form-rule-unsupported", "a", one_field(conditional={"hide": "=true"})),
    ("form-rule-invalid", "a", one_field(validate=["required"])),
    ("form-rule-invalid", "a", one_field(validate={"maxLength": "10"})),
    ("form-key-double", "a", asks(text("a"), text("a"))),
    ("file-invalid", "", replaced("processes/small/readme.txt", b"hello")),
    ("file-invalid", "", replaced("processes/other/bundle.toml", b"id = ")),
    ("file-invalid", "", replaced("processes/other/bundle.toml", b"a = " + b"[" * 9_999)),
    ("file-invalid", "", replaced("processes/other/bundle.toml", b'id = "small"')),
    ("file-invalid", "", replaced("processes/small/other.bpmn", b"<html/>")),
    (
        "file-invalid",
        "",
        replaced("processes/small/other.bpmn", one_task()["processes/small/small.bpmn"]),
    ),
    (
        "file-invalid",
        "",
        one_task(decisions=dict.fromkeys("ab", table("size", "size", ("1", "2")))),
    ),
    ("file-invalid", "", replaced("forms/small/other.json", b"[" * 99_999)),
    ("file-invalid", "", replaced("processes/small/other.json", b"{}")),
    ("scenario-invalid", "", replaced("processes/small/tests/one.json", b"{}")),
    ("scenario-invalid", "", replaced("processes/small/tests/one.json", b"[" * 99_999)),
    ("file-invalid", "", replaced("forms/other/note.json", form("note", text("note")))),
    (
        "file-invalid",
        "",
        replaced("processes/a/small.bpmn", one_task()["processes/small/small.bpmn"]),
    ),
    ("stage-unknown", "1", replaced("processes/small/law.fields.toml", ASKED_AT_NO_STAGE)),
    ("decision-invalid", "Table", one_task(decisions={"size": table("size", "two words")})),
]

WARNINGS = [("process-undocumented", "small", undocumented())]


@pytest.mark.parametrize(("rule", "element_id", "files"), CASES, ids=named(CASES))
def test_a_broken_bundle_has_exactly_the_error_that_names_the_element(rule, element_id, files):
    assert errors_in(files) == {(rule, element_id)}


@pytest.mark.parametrize(("rule", "element_id", "files"), WARNINGS, ids=named(WARNINGS))
def test_what_is_likely_forgotten_is_a_warning(rule, element_id, files):
    assert errors_in(files) == set()
    assert warnings_in(files) == {(rule, element_id)}
