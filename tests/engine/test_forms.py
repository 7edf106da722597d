"""Forms: which answers are right, and what a browser sends as which type."""

import pytest

from engine import forms
from engine.errors import InvalidAnswers
from tests.diagrams import form, radio, text


def reading(*fields):
    return forms.read(form("note", *fields), "forms/small/note.json")


def field(kind, **component):
    return {"type": kind, "key": "a", "label": "A", **component}


def check(component, value):
    return forms.check(reading(component), {"a": value})["a"]


NUMBER = field("number", validate={"min": 1, "max": 5})
TEXT = text("a", minLength=2, maxLength=5)
MUST = {"required": True}


@pytest.mark.parametrize(
    ("component", "value", "expected"),
    [
        (TEXT, "ab", "ab"),
        (TEXT, "äöüßé", "äöüßé"),
        (text("a"), "two\nlines\tand a tab", "two\nlines\tand a tab"),
        (text("a"), "", None),
        (text("a"), None, None),
        (NUMBER, 1, 1),
        (NUMBER, 4.5, 4.5),
        (NUMBER, 5, 5),
        (field("number"), 10**400, 10**400),
        (field("checkbox"), False, False),
        (field("checkbox", validate=MUST), True, True),
        (radio("a", "yes", "no"), "no", "no"),
        (field("select", values=[{"value": 1, "label": "one"}]), "1", "1"),
    ],
)
def test_an_answer_that_fits_is_kept(component, value, expected):
    assert check(component, value) == expected


@pytest.mark.parametrize(
    ("component", "value", "message"),
    [
        (text("a", required=True), "", "This is needed"),
        (text("a", required=True), None, "This is needed"),
        (radio("a", "yes") | {"validate": MUST}, None, "Choose one."),
        (TEXT, "a", "Use at least 2 characters."),
        (TEXT, "abcdef", "Use at most 5 characters; these are 6."),
        (text("a"), "x" * 1_001, "Use at most 1000 characters"),
        (field("textarea"), "x" * 20_001, "Use at most 20000 characters"),
        (text("a"), "a\x00b", "Remove the control characters."),
        (text("a"), "a\ud800b", "Remove the control characters."),
        (text("a"), 7, "Enter text."),
        (text("a"), ["a"], "Enter text."),
        (NUMBER, 0, "Enter a number not below 1."),
        (NUMBER, 6, "Enter a number not above 5."),
        (NUMBER, "3", "Enter a number."),
        (NUMBER, True, "Enter a number."),
        (field("number"), float("nan"), "Enter a number."),
        (field("number"), float("inf"), "Enter a number."),
        (field("checkbox"), "yes", "This is true or false."),
        (field("checkbox"), 1, "This is true or false."),
        (field("checkbox", validate=MUST), False, "Tick this to go on."),
        (radio("a", "yes", "no"), "maybe", "Choose one of: yes, no."),
        (radio("a", "yes", "no"), ["yes"], "Choose one of: yes, no."),
    ],
)
def test_an_answer_that_does_not_fit_says_what_would(component, value, message):
    with pytest.raises(InvalidAnswers) as refusal:
        check(component, value)

    assert refusal.value.errors["a"].startswith(message)


def test_every_wrong_answer_is_named_and_a_field_that_does_not_exist_too():
    both = reading(text("a", required=True), text("b", maxLength=1), text("c"))

    with pytest.raises(InvalidAnswers) as refusal:
        forms.check(both, {"b": "xx", "other": "x"})

    assert refusal.value.errors.keys() == {"a", "b", "other"}


def test_what_was_left_out_is_none():
    assert forms.check(reading(text("a"), NUMBER | {"key": "b"}), {}) == {"a": None, "b": None}


def test_what_is_only_to_be_read_is_not_asked():
    shown = reading({"type": "text", "text": "Read me."}, {"type": "separator"}, text("a"))

    assert [asked.key for asked in shown.inputs] == ["a"]
    assert shown.fields[0].text == "Read me."


@pytest.mark.parametrize(
    ("component", "sent", "expected"),
    [
        (text("a"), {"a": " two\r\nlines "}, "two\nlines"),
        (text("a"), {"a": "  "}, None),
        (text("a"), {}, None),
        (field("checkbox"), {"a": "on"}, True),
        (field("checkbox"), {}, False),
        (field("number"), {"a": "3"}, 3),
        (field("number"), {"a": "3.5"}, 3.5),
        (field("number"), {"a": "three"}, "three"),
        (field("number"), {"a": ""}, None),
        (radio("a", "yes"), {"a": "yes"}, "yes"),
    ],
)
def test_what_a_browser_sends_becomes_the_type_that_is_asked_for(component, sent, expected):
    value = forms.from_text(reading(component), sent)["a"]

    assert value == expected
    assert type(value) is type(expected)
