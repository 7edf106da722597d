"""`steadyhand duty`: what it prints, and how it exits."""

import shutil

import pytest
from click.testing import CliRunner

from engine.cli import main
from tests.engine.regimes import DUTIES

TOLD = ("--fact", "aware=2026-11-27T20:00", "--fact", "classified=2026-11-28T11:00:00+01:00")


def run(*words):
    return CliRunner().invoke(main, ["duty", *words])


def explain(*words, regime="eu-dora"):
    return run("explain", str(DUTIES), regime, *words)


def test_it_explains_each_stage_of_a_regime():
    result = explain(*TOLD, "--reporter", "other financial entity")

    assert result.exit_code == 0
    assert result.output.startswith(
        "Major ICT-related incident of a financial entity (DORA), EU\n"
        "Regulation (EU) 2022/2554 art. 17 to 20;"
    )
    assert (
        "Checked on 2026-11-23 (official text) by Steadyhand, as a sample; no legal advice.\n"
        "Days are counted by the calendar “Member State” (Europe/Berlin).\n"
        "If it cannot be met: Tell the authority"
    ) in result.output
    assert (
        "\nInitial notification (initial), 2025/301 art. 5(1)(a) and 5(2): due\n"
        "  due   Mon 2026-11-30 12:00:00+01:00\n"
        "  safe  Sat 2026-11-28 15:00:00+01:00\n"
        "  It runs from “The incident was classified as major”: Sat 2026-11-28 11:00:00+01:00.\n"
    ) in result.output
    assert (
        "\nIntermediate report (intermediate), 2025/301 art. 5(1)(b): waiting\n"
        "  It waits for the submission of “Initial notification”.\n"
    ) in result.output


def test_it_says_what_was_submitted_too_late():
    result = explain(
        "--fact", "classified=2026-03-02T10:00", "--submitted", "initial=2026-03-03T10:00"
    )

    assert "5(2): submitted, too late\n" in result.output
    assert "  due   Mon 2026-03-02 14:00:00+01:00\n" in result.output


def test_the_latest_of_several_submissions_can_be_told():
    words = [f"--submitted=intermediate=2026-03-{day}T10:00" for day in ("05", "20")]

    assert "  due   Mon 2026-04-20 24:00:00+02:00\n" in explain(*words).output


def test_another_calendar_of_the_bundle_can_be_named():
    result = explain("--fact", "aware=2026-03-02T08:00", "--calendar", "Japan", regime="eu-gdpr")

    assert "  due   Thu 2026-03-05 08:00:00+09:00\n" in result.output


def test_a_regime_that_was_not_valid_then_says_so():
    result = explain("--fact", "aware=2026-09-10T08:00", regime="eu-cra-incident")

    assert "It is valid from 2026-09-11, so not on 2026-09-10.\n" in result.output


def test_it_lists_the_regimes_and_what_starts_their_periods():
    result = run("list", str(DUTIES))

    assert result.exit_code == 0
    assert (
        "eu-gdpr: Personal data breach (GDPR), EU and EEA\n"
        "  aware: The controller became aware of the breach with a reasonable degree of certainty\n"
    ) in result.output


def test_it_prints_what_a_stage_asks_for_and_when():
    result = run("fields", str(DUTIES), "eu-dora", "initial")

    assert len(result.output.splitlines()) == 25
    assert "2.1  Incident reference code assigned by the financial entity (text)\n" in result.output
    assert "(countries), if " in result.output


def test_a_regime_without_fields_asks_for_none():
    result = run("fields", str(DUTIES), "eu-gdpr", "authority")

    assert (result.exit_code, result.output) == (0, "")


def test_the_fields_of_an_unknown_stage_are_refused():
    result = run("fields", str(DUTIES), "eu-gdpr", "first")

    assert result.exit_code == 1
    assert "The regime has no stage “first”. It has: authority, controller" in result.output


REFUSED = {
    "an unknown regime": (["eu-dorado"], 1, "The bundle has no regime “eu-dorado”. It has: au-cps"),
    "an unknown calendar": (
        ["eu-dora", "--calendar", "Mars"],
        1,
        "The bundle has no calendar “Mars”. It has: Member State, United",
    ),
    "an unknown fact": (["eu-dora", "--fact", "noticed=2026-03-02"], 2, "no start fact “noticed”"),
    "an unknown stage": (["eu-dora", "--submitted", "x=2026-03-02"], 2, "no stage “x”"),
    "an unknown reporter": (["eu-dora", "--reporter", "bank"], 2, "no kind of reporter “bank”"),
    "a fact without a moment": (
        ["eu-dora", "--fact", "aware"],
        2,
        "“aware” has no moment. Write i",
    ),
    "a fact twice": (
        ["eu-dora", "--fact", "aware=2026-03-02", "--fact", "aware=2026-03-03"],
        2,
        "“aware” is there twice. A fact has one moment.",
    ),
    "no moment": (
        ["eu-dora", "--fact", "aware=today"],
        2,
        "“today” is no moment such as 2026-11-2",
    ),
}


@pytest.mark.parametrize(("words", "code", "said"), REFUSED.values(), ids=REFUSED)
def test_what_it_cannot_explain_is_refused_with_a_sentence(words, code, said):
    result = run("explain", str(DUTIES), *words)

    assert result.exit_code == code
    assert said in result.output


def test_a_regime_that_cannot_be_read_is_refused_rather_than_left_out(tmp_path):
    folder = tmp_path / "processes" / "duties"
    shutil.copytree(DUTIES, folder)
    (folder / "eu-gdpr.toml").write_text("title = 1")

    result = run("explain", str(folder), "eu-dora")

    assert result.exit_code == 1
    assert "processes/duties/eu-gdpr.toml: Regime “eu-gdpr”: give title" in result.output
