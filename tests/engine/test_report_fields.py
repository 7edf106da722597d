"""The fields of a report: which stage asks for which, and what is still missing."""

import pytest

from engine import library
from engine.duties import fields
from engine.errors import InvalidDocument
from tests.diagrams import bundle, line, user_task
from tests.engine.calendars import written
from tests.engine.regimes import shipped
from tests.engine.test_regimes import HEAD, HOURS

FIELD = '[[field]]\nid = "1"\nname = "Name"\ntype = "text"\nstages = ["warning"]\n'
SOURCE = 'source = "Annex"\n'
DORA = shipped().report_fields["processes/duties/eu-dora.fields.toml"]
NONE = frozenset()


@pytest.mark.parametrize(
    ("stage", "count"), [("initial", 25), ("intermediate", 60), ("update", 60), ("final", 76)]
)
def test_the_stages_of_dora_ask_for_as_many_fields_as_annex_two_has(stage, count):
    assert len(fields.missing(DORA, stage, {}, NONE)) == count


def test_what_was_answered_is_not_missing_and_no_and_zero_are_answers():
    answers = {"3.8": False, "3.4": 0, "3.22": " ", "3.23": [], "3.2": "2026-03-02T08:00:00"}

    before = ids(fields.missing(DORA, "intermediate", {}, NONE))
    after = ids(fields.missing(DORA, "intermediate", answers, NONE))

    assert [field for field in before if field not in after] == ["3.2", "3.4", "3.8"]


def test_a_field_with_a_condition_is_missing_until_its_condition_is_said_not_to_be_met():
    before = ids(fields.missing(DORA, "initial", {}, NONE))
    after = ids(fields.missing(DORA, "initial", {}, {"2.6", "2.8", "2.1"}))

    # 2.1 has no condition: it is asked for whatever was said.
    assert [field for field in before if field not in after] == ["2.6", "2.8"]


def test_the_choices_of_a_field_are_those_of_the_law():
    (found,) = (field for field in DORA if field.id == "3.20")

    assert found.type is fields.Type.CHOICES
    assert found.choices == ("availability", "authenticity", "integrity", "confidentiality")
    assert found.condition.endswith(" criterion is met")


MISTAKES = {
    "no TOML": ("=", "This is not TOML"),
    "no source": (FIELD, "Fields: give source"),
    "an unknown key": (SOURCE + "colour = 1\n" + FIELD, "Fields: “colour” means nothing here"),
    "one table": (SOURCE + FIELD.replace("[[field]]", "[field]"), "Write each field as"),
    "no id": (SOURCE + FIELD.replace('id = "1"\n', ""), "Field: give id"),
    "an id twice": (SOURCE + FIELD * 2, "Two fields are called “1”"),
    "an unknown key of a field": (SOURCE + FIELD + "colour = 1", "“1”: “colour” means nothing"),
    "an unknown type": (SOURCE + FIELD.replace('"text"', '"number"'), "type cannot be 'number'"),
    "choices of a text": (SOURCE + FIELD + 'choices = ["a"]', "a choice has choices"),
    "a choice of nothing": (SOURCE + FIELD.replace('"text"', '"choice"'), "a choice has choices"),
    "no stage": (SOURCE + FIELD.replace('["warning"]', "[]"), "list the stages that ask for it"),
}


@pytest.mark.parametrize(("said", "answer"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_fields_is_refused_with_what_to_do(said, answer):
    with pytest.raises(InvalidDocument, match=answer):
        fields.read(said.encode())


@pytest.mark.parametrize(
    ("regime", "asked", "found"),
    [
        ("breach", "warning", []),
        ("breach", "report", ["stage-unknown"]),
        ("other", "warning", ["stage-unknown"]),
    ],
)
def test_a_field_of_a_stage_that_its_regime_does_not_have_is_found(regime, asked, found):
    files = bundle(*line(user_task("Look")), rules=written()) | {
        "processes/small/breach.toml": (HEAD + HOURS).encode(),
        f"processes/small/{regime}.fields.toml": (SOURCE + FIELD)
        .replace("warning", asked)
        .encode(),
    }

    assert [f.rule for f in library.check(files) if f.is_error] == found


def ids(missing):
    return [field.id for field in missing]
