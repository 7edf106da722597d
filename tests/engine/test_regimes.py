"""The file of a regime: what it may say, each mistake by a sentence, and the ones that we ship."""

from datetime import date

import pytest

from engine import bundles, duties, library
from engine.duties import Evidence
from engine.errors import InvalidDocument
from tests.diagrams import bundle, line, user_task
from tests.engine.calendars import written
from tests.engine.regimes import DUTIES, shipped
from tests.factories import ROOT

HEAD = """
title = "Breach"
jurisdiction = "EU"
source = "Regulation 1"
checked_on = 2026-11-23
checked_by = "Counsel"
evidence = "official text"
applies_to = "Everybody"
recipient = "The authority"
calendar = "office"
reporters = ["bank", "insurer"]
[facts]
aware = "It is known."
[[stage]]
id = "warning"
title = "Warning"
source = "art. 1"
"""
HOURS = 'from = "aware"\nperiod = "24 hours"\n'
DAYS = 'from = "aware"\nperiod = "14 days"\n'
MOVES = 'day_off = "noon of the next working day"\n'
CAP = '[stage.cap]\nfrom = "aware"\nperiod = "24 hours"\nsource = "art. 2"\n'


def second(lines, stage_id="report"):
    return f'{HOURS}[[stage]]\nid = "{stage_id}"\ntitle = "Report"\nsource = "art. 2"\n{lines}'


def without(key):
    return "\n".join(each for each in HEAD.splitlines() if not each.startswith(key)) + "\n" + HOURS


def instead(old, new):
    assert old in HEAD
    return HEAD.replace(old, new) + HOURS


MISTAKES = {
    "no TOML": ("=", "This is not TOML"),
    "no title": (without("title"), "Regime “breach”: give title, a text which people"),
    "no source": (without("source"), "give source"),
    "an empty title": (instead('"Breach"', '" "'), "give title"),
    "an unknown key": (instead("jurisdiction", 'colour = "red"\njurisdiction'), "“colour” means n"),
    "no date of the check": (without("checked_on"), "give checked_on, a date such as 2026-12-24"),
    "a date in quotes": (instead("2026-11-23", '"2026-11-23"'), "without quotes"),
    "a date with a time": (instead("2026-11-23", "2026-11-23T10:00:00"), "give checked_on, a date"),
    "a validity in quotes": (
        instead("[facts]", 'valid_from = "2026"\n[facts]'),
        "give valid_from, a date",
    ),
    "no evidence": (without("evidence"), "evidence cannot be None. It may be “official text”"),
    "other evidence": (instead("official text", "hearsay"), "evidence cannot be 'hearsay'"),
    "no calendar": (without("calendar"), "give calendar"),
    "reporters as text": (instead('["bank", "insurer"]', '"bank"'), "reporters is a list of words"),
    "a reporter twice": (instead('"insurer"', '"bank"'), "reporters has a word twice"),
    "no facts": (
        HEAD.replace('[facts]\naware = "It is known."', "") + HOURS,
        r"list under \[facts\] what starts its periods",
    ),
    "a fact in other letters": (instead("aware =", "Aware ="), "name the fact “Aware” in a-z"),
    "a fact without a sentence": (instead('"It is known."', "1"), "facts: give aware, a text"),
    "no stage": (HEAD[: HEAD.index("[[stage]]")], r"write each stage as \[\[stage\]\] with id"),
    "one table of a stage": (instead("[[stage]]", "[stage]"), r"write each stage as \[\[stage\]\]"),
    "a stage without an id": (instead('id = "warning"\n', ""), "give id"),
    "a stage without a source": (
        HEAD.replace('source = "art. 1"', "") + HOURS,
        "“warning”: give s",
    ),
    "an unknown key of a stage": (HEAD + HOURS + "due = 1", "stage “warning”: “due” means nothing"),
    "two stages of one id": (HEAD + second(HOURS, "warning"), "two stages are called “warning”"),
    "no start": (HEAD + 'period = "24 hours"', "it cannot run from None. Name a fact .aware., or"),
    "an empty list of starts": (HEAD + 'from = []\nperiod = "24 hours"', "say from what it runs"),
    "an unknown fact": (HEAD + HOURS.replace("aware", "noticed"), "cannot run from 'noticed'"),
    "its own submission": (
        HEAD + HOURS.replace("aware", "submission of warning"),
        "cannot run from 'submission of warning'",
    ),
    "a stage below": (
        HEAD + HOURS.replace("aware", "submission of report") + second(HOURS).removeprefix(HOURS),
        "and a stage above it",
    ),
    "an unknown condition": (HEAD + HOURS + 'after = "noticed"', "cannot run from 'noticed'"),
    "no period": (HEAD + 'from = "aware"', "give either a period, as in '72 hours', or promptness"),
    "both": (HEAD + HOURS + 'promptness = "at once"', "give either a period"),
    "a period in words": (HEAD + HOURS.replace("24 hours", "one day"), "'one day' is no period"),
    "a period in ISO 8601": (HEAD + HOURS.replace("24 hours", "PT24H"), "'PT24H' is no period"),
    "a period as number": (HEAD + HOURS.replace('"24 hours"', "24"), "24 is no period"),
    "no time at all": (HEAD + HOURS.replace("24", "0"), "'0 hours' is no period"),
    "days without a word of days off": (HEAD + DAYS, "say where it goes when it ends on a day off"),
    "another word of days off": (HEAD + DAYS + 'day_off = "moves"', "day_off cannot be 'moves'"),
    "working days that end on a day off": (
        HEAD + DAYS.replace("days", "working days") + MOVES,
        "it never ends on a day off",
    ),
    "a day off of no period": (
        HEAD + 'from = "aware"\npromptness = "at once"\n' + MOVES,
        "it never ends on a day off",
    ),
    "a rule that moves for nobody": (
        HEAD + HOURS + 'day_off_only_for = ["bank"]',
        "it moves for nobody. Leave day_off_only_for out",
    ),
    "a relief of an unknown reporter": (
        HEAD + HOURS + MOVES + 'day_off_only_for = ["fund"]',
        "day_off_only_for cannot be 'fund'. It may be “bank”, “insurer”",
    ),
    "an unknown reporter": (HEAD + HOURS + 'only_for = ["fund"]', "only_for cannot be 'fund'"),
    "an end of the day as text": (
        HEAD + DAYS + MOVES + 'day_ends = "17:30"',
        "day_ends is a time such as 17:30:00, without quotes",
    ),
    "an end of the day of hours": (HEAD + HOURS + "day_ends = 17:30:00", "Leave day_ends out"),
    "a cap as text": (HEAD + HOURS + 'cap = "24 hours"', r"cap: write it as \[stage.cap\] with"),
    "a cap without a source": (HEAD + HOURS + CAP.replace("source", "#"), "cap: give source"),
    "a cap without a period": (HEAD + HOURS + CAP.replace("period", "#"), "cap: None is no period"),
    "an unknown key of a cap": (HEAD + HOURS + CAP + "days = 1", "cap: “days” means nothing here"),
    "the place of nothing": (
        HEAD + second(HOURS + 'replaces = "first"'),
        "above is called “first”",
    ),
}


@pytest.mark.parametrize(("said", "answer"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_regime_is_refused_with_what_to_do(said, answer):
    with pytest.raises(InvalidDocument, match=answer):
        duties.read(said.encode(), "breach")


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(InvalidDocument, match="This is not TOML"):
        duties.read(b"\xff", "breach")


def test_a_regime_is_called_like_its_file():
    assert duties.read((HEAD + HOURS).encode(), "breach-2026").id == "breach-2026"
    with pytest.raises(InvalidDocument, match="in lower-case letters, digits and -"):
        duties.read((HEAD + HOURS).encode(), "Breach 2026")


@pytest.mark.parametrize(
    ("validity", "outside", "said"),
    [
        ("valid_from = 2026-01-01", "2025-12-31", "It is valid from 2026-01-01, so not on 2025"),
        ("valid_until = 2026-12-31", "2027-01-01", "It is valid until 2026-12-31, so not on 2027"),
    ],
)
def test_outside_its_validity_a_regime_says_so(validity, outside, said):
    regime = duties.read(instead("[facts]", f"{validity}\n[facts]").encode(), "breach")

    checked = "Checked on 2026-11-23 (official text) by Counsel."
    assert regime.caveats(date(2026, 6, 1)) == [checked]
    assert regime.caveats(date.fromisoformat(outside))[1].startswith(said)


# In a bundle


def with_regime(said, calendars=None):
    files = bundle(*line(user_task("Look")), rules=written() if calendars is None else calendars)
    return files | {"processes/small/breach.toml": said.encode()}


def test_a_bundle_holds_regimes_beside_its_processes():
    files = with_regime(HEAD + HOURS)

    assert [f for f in library.check(files) if f.is_error] == []
    assert bundles.read(files).regimes["processes/small/breach.toml"].title == "Breach"


def test_a_mistake_in_a_regime_is_a_finding_about_its_file():
    (found,) = [f for f in library.check(with_regime(HEAD)) if f.is_error]

    assert (found.rule, found.path) == ("file-invalid", "processes/small/breach.toml")


def test_a_regime_by_a_calendar_that_the_bundle_does_not_have_is_found():
    (found,) = [f for f in library.check(with_regime(HEAD + HOURS, "")) if f.is_error]

    assert (found.rule, found.element_id) == ("calendar-unknown", "breach")
    assert found.message == (
        "There is no calendar “office” in bundle.toml. Add it, or name another one."
    )


def test_the_regime_in_the_handbook_is_one():
    handbook = (ROOT / "processes" / "README.md").read_text(encoding="utf-8")
    (sample,) = (each for each in handbook.split("```") if each.startswith("toml\ntitle ="))

    regime = duties.read(sample.removeprefix("toml\n").encode(), "eu-dora")

    assert [stage.id for stage in regime.stages] == ["initial", "final"]


# Those that we ship


def test_the_shipped_regimes_have_no_findings():
    assert library.check(library.read_directory(DUTIES)) == []


@pytest.mark.parametrize("regime", shipped().regimes.values(), ids=lambda each: each.id)
def test_a_shipped_regime_is_a_sample_with_its_sources(regime):
    assert regime.checked_by == "Steadyhand, as a sample; no legal advice"
    assert all(stage.source for stage in regime.stages)
    assert regime.url or regime.evidence is not Evidence.OFFICIAL
    assert regime.url == "" or regime.url.startswith("https://")


@pytest.mark.parametrize("regime", shipped().regimes.values(), ids=lambda each: each.id)
def test_each_fact_and_each_kind_of_reporter_of_a_shipped_regime_is_of_use(regime):
    anchors = [anchor for stage in regime.stages for anchor in (*stage.anchors, stage.after)]
    anchors += [stage.cap.anchor for stage in regime.stages if stage.cap]
    told_between = any(
        stage.only_for or stage.day_off_only_for or (stage.cap and stage.cap.only_for)
        for stage in regime.stages
    )

    assert set(regime.facts) <= {anchor.name for anchor in anchors if anchor}
    assert bool(regime.reporters) == told_between
