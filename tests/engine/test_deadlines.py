"""Deadlines of the shipped regimes, against dates that were reckoned by hand from the law.

Times without an offset are those of the recipient: Berlin for the EU, New York for the US. Easter
Sunday of 2026 is 5 April; the clocks go forward on 29 March and back on 25 October.
"""

from datetime import UTC, datetime

import pytest

from engine import duties
from engine.duties import Kind, Known, State
from tests.engine.calendars import calendar
from tests.engine.regimes import deadline, known, regime, shipped

BANK, OTHER = "credit institution", "other financial entity"
EASTER = "classified=2026-04-03T09:00"

# What it shows: regime, stage, facts, submissions, reporter; due, and safe where it is another.
DORA = {
    "4 hours after the classification, long before a day after awareness": (
        ("eu-dora", "initial", "aware=2026-03-02T08:00 classified=2026-03-02T10:00"),
        ("2026-03-02T14:00+01:00",),
    ),
    "the cap: classified 22 hours after awareness leaves 2 hours, not 4": (
        ("eu-dora", "initial", "aware=2026-03-02T08:00 classified=2026-03-03T06:00"),
        ("2026-03-03T08:00+01:00",),
    ),
    "classified at the very end of the cap leaves nothing": (
        ("eu-dora", "initial", "aware=2026-03-02T08:00 classified=2026-03-03T08:00"),
        ("2026-03-03T08:00+01:00",),
    ),
    "classified later than a day after awareness: 4 hours again, art. 5(2)": (
        ("eu-dora", "initial", "aware=2026-03-02T08:00 classified=2026-03-03T08:00:01"),
        ("2026-03-03T12:00:01+01:00",),
    ),
    "the cap counts hours: over the change to summer time it is a day later plus an hour": (
        ("eu-dora", "initial", "aware=2026-03-28T22:00 classified=2026-03-29T22:30", "", BANK),
        ("2026-03-29T23:00+02:00",),
    ),
    "a Saturday moves to Monday noon": (
        ("eu-dora", "initial", "classified=2026-03-07T11:00", "", OTHER),
        ("2026-03-09T12:00+01:00", "2026-03-07T15:00+01:00"),
    ),
    "a Saturday does not move for a credit institution": (
        ("eu-dora", "initial", "classified=2026-03-07T11:00", "", BANK),
        ("2026-03-07T15:00+01:00",),
    ),
    "a Saturday does not move for somebody of whom nothing is known": (
        ("eu-dora", "initial", "classified=2026-03-07T11:00"),
        ("2026-03-07T15:00+01:00",),
    ),
    "Good Friday, Saturday, Sunday, Easter Monday: Tuesday noon": (
        ("eu-dora", "initial", EASTER, "", OTHER),
        ("2026-04-07T12:00+02:00", "2026-04-03T13:00+02:00"),
    ),
    "hours that end at midnight of Friday ended on Friday": (
        ("eu-dora", "initial", "classified=2026-03-06T20:00", "", OTHER),
        ("2026-03-07T00:00+01:00",),
    ),
    "hours that end at midnight of Sunday ended on Sunday": (
        ("eu-dora", "initial", "classified=2026-03-08T20:00", "", OTHER),
        ("2026-03-09T12:00+01:00", "2026-03-09T00:00+01:00"),
    ),
    "the intermediate report runs from the submission, whenever it was classified": (
        ("eu-dora", "intermediate", "classified=2026-03-02T10:00", "initial=2026-03-02T13:00"),
        ("2026-03-05T13:00+01:00",),
    ),
    "72 hours over the change to summer time": (
        ("eu-dora", "intermediate", "", "initial=2026-03-27T10:00"),
        ("2026-03-30T11:00+02:00",),
    ),
    "72 hours over the change to winter time": (
        ("eu-dora", "intermediate", "", "initial=2026-10-23T10:00"),
        ("2026-10-26T09:00+01:00",),
    ),
    "the intermediate report of a Sunday, for another entity": (
        ("eu-dora", "intermediate", "", "initial=2026-03-05T10:00", OTHER),
        ("2026-03-09T12:00+01:00", "2026-03-08T10:00+01:00"),
    ),
    "the intermediate report of a Sunday, for a credit institution": (
        ("eu-dora", "intermediate", "", "initial=2026-03-05T10:00", BANK),
        ("2026-03-08T10:00+01:00",),
    ),
    "a month from 31 January ends on 28 February, a Saturday: Monday noon": (
        ("eu-dora", "final", "", "intermediate=2026-01-31T10:00", OTHER),
        ("2026-03-02T12:00+01:00", "2026-02-28T10:00+01:00"),
    ),
    "a month from 31 January of a leap year": (
        ("eu-dora", "final", "", "intermediate=2028-01-31T10:00"),
        ("2028-03-01T00:00+01:00", "2028-02-29T10:00+01:00"),
    ),
    "a month from 31 December ends in the next year, on a Sunday": (
        ("eu-dora", "final", "", "intermediate=2026-12-31T10:00"),
        ("2027-02-01T12:00+01:00", "2027-01-31T10:00+01:00"),
    ),
    "the final report moves for a credit institution too: Easter Sunday": (
        ("eu-dora", "final", "", "intermediate=2026-03-05T10:00", BANK),
        ("2026-04-07T12:00+02:00", "2026-04-05T10:00+02:00"),
    ),
    "the month begins again with the latest intermediate report": (
        ("eu-dora", "final", "", "intermediate=2026-03-05T13:00 intermediate=2026-03-20T09:00"),
        ("2026-04-21T00:00+02:00", "2026-04-20T09:00+02:00"),
    ),
    "the month begins again with an updated report": (
        ("eu-dora", "final", "", "update=2026-03-20T09:00 intermediate=2026-03-05T13:00"),
        ("2026-04-21T00:00+02:00", "2026-04-20T09:00+02:00"),
    ),
}
NIS2 = {
    "24 hours from Good Friday end on a Saturday and stay": (
        ("eu-nis2", "early-warning", "aware=2026-04-03T18:00"),
        ("2026-04-04T18:00+02:00",),
    ),
    "72 hours from Good Friday end on Easter Monday and stay": (
        ("eu-nis2", "notification", "aware=2026-04-03T18:00", "", "other entity"),
        ("2026-04-06T18:00+02:00",),
    ),
    "24 hours over the change to winter time": (
        ("eu-nis2", "early-warning", "aware=2026-10-24T12:00"),
        ("2026-10-25T11:00+01:00",),
    ),
    "awareness in the second of two equal hours": (
        ("eu-nis2", "early-warning", "aware=2026-10-25T02:30+01:00"),
        ("2026-10-26T02:30+01:00",),
    ),
    "a trust service provider notifies in 24 hours": (
        ("eu-nis2", "notification", "aware=2026-03-02T08:00", "", "trust service provider"),
        ("2026-03-03T08:00+01:00",),
    ),
    "whoever may be a trust service provider does too": (
        ("eu-nis2", "notification", "aware=2026-03-02T08:00"),
        ("2026-03-03T08:00+01:00",),
    ),
    "a month from 31 January ends on a Saturday: the end of Monday": (
        ("eu-nis2", "final", "aware=2026-01-29T10:00", "notification=2026-01-31T10:00"),
        ("2026-03-03T00:00+01:00", "2026-02-28T10:00+01:00"),
    ),
    "Christmas Day, the second one, Sunday: the end of Monday": (
        ("eu-nis2", "final", "", "notification=2026-11-25T10:00"),
        ("2026-12-29T00:00+01:00", "2026-12-25T10:00+01:00"),
    ),
    "the month runs from the first notification, not from one that corrects it": (
        ("eu-nis2", "final", "", "notification=2026-03-10T10:00 notification=2026-03-12T10:00"),
        ("2026-04-11T00:00+02:00", "2026-04-10T10:00+02:00"),
    ),
    "the date is that at the recipient: 23:30 in UTC is the next day in Berlin": (
        ("eu-nis2", "final", "", "notification=2026-05-29T23:30+00:00"),
        ("2026-07-01T00:00+02:00", "2026-06-30T01:30+02:00"),
    ),
    "a month into the hour that comes twice: safe up to the earlier": (
        ("eu-nis2", "final", "", "notification=2026-09-25T02:30"),
        ("2026-10-27T00:00+01:00", "2026-10-25T02:30+02:00"),
    ),
    "a month into the skipped hour: safe up to its later side": (
        ("eu-nis2", "final", "", "notification=2027-02-28T02:30"),
        ("2027-03-31T00:00+02:00", "2027-03-28T03:30+02:00"),
    ),
    "after a progress report a month from the handling, 20 June, a Saturday": (
        (
            "eu-nis2",
            "final-after-progress",
            "handled=2026-05-20T10:00",
            "progress=2026-05-04T10:00",
        ),
        ("2026-06-23T00:00+02:00", "2026-06-20T10:00+02:00"),
    ),
}
GDPR = {
    "72 hours over Christmas end on a Sunday and stay": (
        ("eu-gdpr", "authority", "aware=2026-12-24T16:00"),
        ("2026-12-27T16:00+01:00",),
    ),
    "72 hours over the change to summer time": (
        ("eu-gdpr", "authority", "aware=2026-03-27T20:00"),
        ("2026-03-30T21:00+02:00",),
    ),
    "72 hours over 29 February": (
        ("eu-gdpr", "authority", "aware=2028-02-27T09:00"),
        ("2028-03-01T09:00+01:00",),
    ),
    "72 hours to the second": (
        ("eu-gdpr", "authority", "aware=2026-03-02T08:00:59"),
        ("2026-03-05T08:00:59+01:00",),
    ),
}
CRA = {
    "72 hours over the change to winter time, on a Sunday": (
        ("eu-cra-vulnerability", "notification", "aware=2026-10-22T09:00"),
        ("2026-10-25T08:00+01:00",),
    ),
    "14 days from the measure, not from awareness: second Christmas Day, a Saturday": (
        (
            "eu-cra-vulnerability",
            "final",
            "aware=2026-11-01T09:00 measure_available=2026-12-12T10:00",
        ),
        ("2026-12-29T00:00+01:00", "2026-12-26T10:00+01:00"),
    ),
    "14 days from a Monday end with a Monday": (
        ("eu-cra-vulnerability", "final", "measure_available=2026-11-02T10:00"),
        ("2026-11-17T00:00+01:00", "2026-11-16T10:00+01:00"),
    ),
    "a month from 31 October: November has 30 days": (
        ("eu-cra-incident", "final", "aware=2026-10-29T10:00", "notification=2026-10-31T10:00"),
        ("2026-12-01T00:00+01:00", "2026-11-30T10:00+01:00"),
    ),
    "24 hours of a severe incident": (
        ("eu-cra-incident", "early-warning", "aware=2026-09-19T10:00"),
        ("2026-09-20T10:00+02:00",),
    ),
}
ELSEWHERE = {
    "4 business days over Thanksgiving, up to when EDGAR closes": (
        ("us-sec-8k", "form-8k", "material=2026-11-24T15:00"),
        ("2026-12-01T17:30-05:00", "2026-12-01T15:00-05:00"),
    ),
    "determined on a Saturday: Monday is the first business day": (
        ("us-sec-8k", "form-8k", "material=2026-07-04T15:00"),
        ("2026-07-09T17:30-04:00", "2026-07-09T15:00-04:00"),
    ),
    "60 calendar days over the change of the clocks in New York": (
        ("us-hipaa", "individuals", "discovered=2026-01-10T10:00"),
        ("2026-03-12T00:00-04:00", "2026-03-11T10:00-04:00"),
    ),
    "up to the end of the next calendar day, a Saturday": (
        ("nerc-cip-008", "attempt", "attempt_determined=2026-05-29T10:00"),
        ("2026-05-31T00:00-04:00", "2026-05-30T10:00-04:00"),
    ),
    "15 calendar days that end on a Sunday stay where they end": (
        ("eu-mdr", "report", "aware=2026-03-07T10:00"),
        ("2026-03-23T00:00+01:00", "2026-03-22T10:00+01:00"),
    ),
    "written 84 hours after the oral report": (
        ("au-soci", "critical-written", "", "critical=2026-04-03T10:00"),
        ("2026-04-06T21:00+10:00",),
    ),
}
CASES = DORA | NIS2 | GDPR | CRA | ELSEWHERE


@pytest.mark.parametrize(("asked", "expected"), CASES.values(), ids=CASES)
def test_a_deadline_is_the_one_reckoned_by_hand(asked, expected):
    found = deadline(*asked)

    due, safe = moment(expected[0]), moment(expected[-1])
    assert (found.due_at, found.safe_at) == (due, safe), found.why


@pytest.mark.parametrize("asked", [asked for asked, _ in CASES.values()], ids=CASES)
def test_the_segments_lead_from_the_start_to_the_deadline_without_a_gap(asked):
    found = deadline(*asked)

    at = found.since
    for segment in found.segments:
        assert segment.start == at
        at = segment.end
    assert at == found.due_at


# What it waits for


def test_a_stage_waits_for_its_fact_and_says_what_the_cap_would_be():
    found = deadline("eu-dora", "initial", "aware=2026-03-02T08:00")

    assert (found.state, found.due_at, found.safe_at) == (State.WAITING, None, None)
    assert found.why == (
        "It waits for “The incident was classified as major”.",
        "Then it runs for 4 hours.",
        "The cap, 24 hours from “The entity became aware of the incident” (2025/301 art. 5(1)(a)), "
        "is Tue 2026-03-03 08:00:00+01:00, and counts if it has begun to run by then.",
    )


WAITING = {
    "the final report does not run from awareness": (
        (
            "eu-cra-vulnerability",
            "final",
            "aware=2026-11-01T09:00",
            "notification=2026-11-02T09:00",
        ),
        "It waits for “A corrective or mitigating measure is available”.",
    ),
    "the intermediate report does not run from the classification": (
        ("eu-dora", "intermediate", "aware=2026-03-02T08:00 classified=2026-03-02T10:00"),
        "It waits for the submission of “Initial notification”.",
    ),
    "one of two submissions": (
        ("eu-dora", "final", "", "initial=2026-03-02T10:00"),
        "It waits for the latest submission of “Intermediate report” or the latest submission of "
        "“Updated intermediate report”.",
    ),
    "a progress report that was not submitted": (
        ("eu-nis2", "final-after-progress", "handled=2026-05-20T10:00"),
        "It waits for the submission of “Progress report instead of the final one”.",
    ),
    "an incident that is still handled": (
        ("eu-nis2", "final-after-progress", "", "progress=2026-05-04T10:00"),
        "It waits for “The incident was handled”.",
    ),
}


@pytest.mark.parametrize(("asked", "said"), WAITING.values(), ids=WAITING)
def test_a_stage_waits_for_what_the_law_anchors_it_on(asked, said):
    found = deadline(*asked)

    assert (found.state, found.since, found.segments) == (State.WAITING, None, ())
    assert found.why[0] == said


def test_a_stage_without_a_period_has_begun_and_says_how_soon():
    found = deadline("eu-gdpr", "people", "high_risk=2026-03-02T08:00")

    assert (found.state, found.due_at) == (State.PROMPT, None)
    assert found.since == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert found.why[-1] == "The law names no period: without undue delay."


def test_a_stage_for_another_kind_of_reporter_is_left_out():
    rules = regime("cn-cac")
    by = shipped().calendars[rules.calendar]

    said = known(by, "discovered=2026-03-02T08:00", "", "central or state organ")
    stages = [each.stage.id for each in duties.deadlines(rules, by, said)]

    assert stages == ["organ", "summary"]


# What was submitted


def test_a_stage_is_submitted_in_time_up_to_the_last_moment():
    told = "aware=2026-03-02T08:00"

    in_time = deadline("eu-gdpr", "authority", told, "authority=2026-03-05T08:00")
    too_late = deadline("eu-gdpr", "authority", told, "authority=2026-03-05T08:00:01")

    assert (in_time.state, in_time.is_late) == (State.SUBMITTED, False)
    assert (too_late.state, too_late.is_late) == (State.SUBMITTED, True)


def test_the_first_submission_decides_whether_it_was_in_time():
    found = deadline(
        *("eu-dora", "intermediate", ""),
        "initial=2026-03-02T08:00 intermediate=2026-03-20T08:00 intermediate=2026-03-03T08:00",
    )

    assert found.submitted_at == datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert not found.is_late


def test_a_submission_without_its_start_is_one():
    found = deadline("eu-dora", "initial", "", "initial=2026-03-02T08:00")

    assert (found.state, found.is_late) == (State.SUBMITTED, False)


def test_a_progress_report_takes_the_place_of_the_final_one():
    found = deadline(
        "eu-nis2", "final", "", "notification=2026-04-03T10:00 progress=2026-05-04T10:00"
    )

    assert found.state is State.REPLACED


# Facts are corrected


def test_a_corrected_fact_gives_the_deadline_that_it_would_have_given_at_once():
    before = deadline("eu-nis2", "early-warning", "aware=2026-03-02T08:00")
    after = deadline("eu-nis2", "early-warning", "aware=2026-03-01T20:15")

    assert before.due_at == moment("2026-03-03T08:00+01:00")
    assert after.due_at == moment("2026-03-02T20:15+01:00")


def test_awareness_that_was_earlier_than_believed_may_lift_the_cap():
    """By the law: what was classified later than a day after awareness has its four hours."""
    classified = "classified=2026-03-03T06:00"

    capped = deadline("eu-dora", "initial", f"aware=2026-03-02T08:00 {classified}")
    lifted = deadline("eu-dora", "initial", f"aware=2026-03-02T05:59 {classified}")

    assert capped.due_at == moment("2026-03-03T08:00+01:00")
    assert lifted.due_at == moment("2026-03-03T10:00+01:00")


# Why


def test_a_deadline_that_moved_says_from_where_and_past_which_days():
    found = deadline("eu-dora", "initial", EASTER + " aware=2026-04-03T08:00", "", OTHER)

    assert found.why == (
        "It runs from “The incident was classified as major”: Fri 2026-04-03 09:00:00+02:00.",
        "4 hours, counted as they pass, by day and by night: up to Fri 2026-04-03 13:00:00+02:00.",
        "The cap, 24 hours from “The entity became aware of the incident” (2025/301 art. 5(1)(a)), "
        "is Sat 2026-04-04 08:00:00+02:00: no sooner.",
        "It ends on a day off (Fri 2026-04-03, public holiday: Good Friday; Sat 2026-04-04, no "
        "working hours on Saturdays; Sun 2026-04-05, no working hours on Sundays; Mon 2026-04-06, "
        "public holiday: Easter Monday), so it moves to the noon of the next working day: Tue "
        "2026-04-07 12:00:00+02:00.",
    )
    assert [segment.kind for segment in found.segments] == [Kind.COUNTED, Kind.MOVED]


SENTENCES = {
    "a cap that counts": (
        ("eu-dora", "initial", "aware=2026-03-02T08:00 classified=2026-03-03T06:00"),
        "is Tue 2026-03-03 08:00:00+01:00: sooner, so it counts.",
    ),
    "a cap that had passed": (
        ("eu-dora", "initial", "aware=2026-03-02T08:00 classified=2026-03-03T09:00"),
        "is Tue 2026-03-03 08:00:00+01:00: before it began to run, so it does not count.",
    ),
    "a rule for others": (
        ("eu-dora", "initial", "classified=2026-03-07T11:00", "", BANK),
        "It stays on a day off (Sat 2026-03-07, no working hours on Saturdays): it moves only for "
        "a reporter of kind “other financial entity”.",
    ),
    "no rule for days off": (
        ("eu-nis2", "early-warning", "aware=2026-04-05T18:00"),
        "It stays on a day off: Mon 2026-04-06, public holiday: Easter Monday.",
    ),
    "the day of the event": (
        ("eu-cra-vulnerability", "final", "measure_available=2026-11-02T10:00"),
        "Mon 2026-11-02 is not counted: the period begins with the day after.",
    ),
    "the same date": (
        ("eu-nis2", "final", "", "notification=2026-03-10T10:00"),
        "1 month after Tue 2026-03-10: up to the end of Fri 2026-04-10.",
    ),
    "a shorter month": (
        ("eu-cra-incident", "final", "", "notification=2026-10-31T10:00"),
        "1 month after Sat 2026-10-31: up to the end of Mon 2026-11-30, as that month has no day "
        "31.",
    ),
    "midnight as the end of a day": (
        ("eu-dora", "initial", "classified=2026-03-06T20:00"),
        "4 hours, counted as they pass, by day and by night: up to Fri 2026-03-06 24:00:00+01:00.",
    ),
    "a day that is none of the working days": (
        ("us-sec-8k", "form-8k", "material=2026-11-24T15:00"),
        "Thu 2026-11-26 is not counted: public holiday: Thanksgiving Day.",
    ),
}


@pytest.mark.parametrize(("asked", "said"), SENTENCES.values(), ids=SENTENCES)
def test_a_deadline_says_which_rule_made_it_what_it_is(asked, said):
    (sentence,) = [each for each in deadline(*asked).why if each.endswith(said)]

    assert sentence


# What is refused

REFUSED = {
    "an unknown fact": (Known({"noticed": datetime(2026, 3, 2, tzinfo=UTC)}), "no start fact “not"),
    "an unknown stage": (Known(submissions={"first": []}), "no stage “first”. It has: authority"),
    "an unknown reporter": (Known(reporter="bank"), "no kind of reporter “bank”. It has: controll"),
    "no zone": (Known({"aware": datetime(2026, 3, 2)}), "aware: “2026-03-02T00:00:00” has no time"),
    "long ago": (Known({"aware": datetime(1969, 3, 2, tzinfo=UTC)}), "aware: give a moment of the"),
}


@pytest.mark.parametrize(("told", "said"), REFUSED.values(), ids=REFUSED)
def test_what_the_regime_does_not_know_is_refused_with_a_sentence(told, said):
    by = shipped().calendars["Member State"]

    with pytest.raises(ValueError, match=said):
        duties.deadlines(regime("eu-gdpr"), by, told)


OPENED_ONCE = """
[[calendar.open]]
date = 2020-01-06
hours = ["09:00-17:00"]
reason = "Once"
"""


def test_working_days_that_never_come_are_refused_with_a_sentence():
    by = calendar(hours="{}", more=OPENED_ONCE)

    with pytest.raises(ValueError, match="“office” has no working day after 2026"):
        duties.deadlines(regime("br-lgpd"), by, known(by, "aware=2026-03-02T08:00"))


def moment(text):
    return datetime.fromisoformat(text).astimezone(UTC)
