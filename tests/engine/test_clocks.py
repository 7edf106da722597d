"""Working time, against moments that were reckoned by hand."""

from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import pytest

from engine import clocks
from engine.clocks import Kind
from tests.engine.calendars import ALWAYS, AMERICA, BAVARIA, NIGHT, OFFICE, calendar

CLOSED = '[[calendar.closed]]\ndate = 2026-12-24\nreason = "Christmas Eve."'
OPENED = '[[calendar.open]]\ndate = 2026-11-28\nhours = ["09:00-11:00"]\nreason = "Stocktaking"'


def each_day(span):
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return "{ " + ", ".join(f'{day} = ["{span}"]' for day in days) + " }"


OFFICE_HOURS = {
    "within a span": ("2026-11-23T09:00+01:00", 2, "2026-11-23T11:00+01:00"),
    "over the lunch break": ("2026-11-23T11:00+01:00", 2, "2026-11-23T14:00+01:00"),
    "up to the end of a span": ("2026-11-23T09:00+01:00", 3, "2026-11-23T12:00+01:00"),
    "from before the hours": ("2026-11-23T05:00+01:00", 1, "2026-11-23T09:00+01:00"),
    "over a night": ("2026-11-23T16:30+01:00", 1, "2026-11-24T08:30+01:00"),
    "over a weekend": ("2026-11-27T16:00+01:00", 2, "2026-11-30T09:00+01:00"),
    "from a Saturday": ("2026-11-28T10:00+01:00", 1, "2026-11-30T09:00+01:00"),
    "over the end of a month": ("2026-06-30T16:00+02:00", 2, "2026-07-01T09:00+02:00"),
    "over a year's end": ("2026-12-31T16:00+01:00", 2, "2027-01-01T09:00+01:00"),
    "over a leap day": ("2028-02-28T16:00+01:00", 10, "2028-03-01T09:00+01:00"),
    "without a leap day": ("2027-02-26T16:00+01:00", 2, "2027-03-01T09:00+01:00"),
    "a week of 40 hours": ("2026-11-23T08:00+01:00", 40, "2026-11-27T17:00+01:00"),
    "from another time zone": ("2026-11-23T23:30Z", 1, "2026-11-24T09:00+01:00"),
}


@pytest.mark.parametrize(("start", "hours", "end"), OFFICE_HOURS.values(), ids=OFFICE_HOURS)
def test_working_time_runs_in_the_hours_of_an_office(start, hours, end):
    assert ended(calendar(), start, hours) == moment(end)


# Zone, hours, start in UTC, working time, end in UTC.
CHANGES = {
    # Berlin goes from 02:00 to 03:00 on 2026-03-29 at 01:00 UTC, and back on 2026-10-25.
    "Berlin forward, a night is 7 h": (
        *("Europe/Berlin", each_day("00:00-08:00")),
        *("2026-03-28T23:00Z", 7, "2026-03-29T06:00Z"),
    ),
    "Berlin back, a night is 9 h": (
        *("Europe/Berlin", each_day("00:00-08:00")),
        *("2026-10-24T22:00Z", 9, "2026-10-25T07:00Z"),
    ),
    "Berlin forward, 8 h of day as ever": (
        *("Europe/Berlin", each_day("09:00-17:00")),
        *("2026-03-28T15:00Z", 2, "2026-03-29T08:00Z"),
    ),
    "Berlin forward, a span in the gap is no time": (
        *("Europe/Berlin", each_day("02:00-03:00")),
        *("2026-03-28T12:00Z", 1, "2026-03-30T01:00Z"),
    ),
    "Berlin forward, a span that begins in the gap": (
        *("Europe/Berlin", each_day("02:30-04:00")),
        *("2026-03-29T00:00Z", 1, "2026-03-29T02:00Z"),
    ),
    "Berlin back, a span in the hour that comes twice counts twice": (
        *("Europe/Berlin", each_day("02:15-02:45")),
        *("2026-10-24T12:00Z", 1, "2026-10-25T01:45Z"),
    ),
    "New York forward": (
        *("America/New_York", ALWAYS),
        *("2026-03-08T05:00Z", 23, "2026-03-09T04:00Z"),
    ),
    "New York forward, a night is 7 h": (
        *("America/New_York", each_day("00:00-08:00")),
        *("2026-03-08T05:00Z", 7, "2026-03-08T12:00Z"),
    ),
    "New York back, a night is 9 h": (
        *("America/New_York", each_day("00:00-08:00")),
        *("2026-11-01T04:00Z", 9, "2026-11-01T13:00Z"),
    ),
    # Lord Howe goes from 02:00 to 02:30 on 2026-10-04 (15:30 UTC the day before), back on 04-05.
    "Lord Howe forward by half an hour": (
        *("Australia/Lord_Howe", each_day("00:00-08:00")),
        *("2026-10-03T13:30Z", 7.5, "2026-10-03T21:00Z"),
    ),
    "Lord Howe back by half an hour": (
        *("Australia/Lord_Howe", each_day("00:00-08:00")),
        *("2026-04-04T13:00Z", 8.5, "2026-04-04T21:30Z"),
    ),
    # Apia had no 30 December 2011: the day after the 29th was the 31st.
    "Apia leaves a day out": (
        *("Pacific/Apia", each_day("09:00-17:00")),
        *("2011-12-30T02:00Z", 2, "2011-12-30T20:00Z"),
    ),
}


@pytest.mark.parametrize(("zone", "hours", "start", "lasts", "end"), CHANGES.values(), ids=CHANGES)
def test_working_time_is_what_the_clock_on_the_wall_shows(zone, hours, start, lasts, end):
    assert ended(calendar(zone, hours), start, lasts) == moment(end)


# Calendar, start, working time, end.
EXCEPTIONS = {
    "Epiphany in Bavaria": (
        *(calendar(more=BAVARIA), "2026-01-05T16:00+01:00", 2, "2026-01-07T09:00+01:00"),
    ),
    "no Epiphany in Germany as a whole": (
        *(calendar(more='holidays = { country = "DE" }'),),
        *("2026-01-05T16:00+01:00", 2, "2026-01-06T09:00+01:00"),
    ),
    "Easter in Bavaria": (
        *(calendar(more=BAVARIA), "2026-04-02T16:00+02:00", 2, "2026-04-07T09:00+02:00"),
    ),
    "Thanksgiving": (
        *(calendar("America/New_York", more=AMERICA),),
        *("2026-11-25T16:00-05:00", 2, "2026-11-27T09:00-05:00"),
    ),
    "Independence Day, observed on the Friday before": (
        *(calendar("America/New_York", more=AMERICA),),
        *("2026-07-02T16:00-04:00", 2, "2026-07-06T09:00-04:00"),
    ),
    "a closed day": (
        *(calendar(more=CLOSED), "2026-12-23T16:00+01:00", 2, "2026-12-25T09:00+01:00"),
    ),
    "an open Saturday": (
        *(calendar(more=OPENED), "2026-11-27T16:00+01:00", 2, "2026-11-28T10:00+01:00"),
    ),
    "a holiday that is worked on": (
        calendar(
            more=f"{BAVARIA}\n[[calendar.open]]\ndate = 2026-01-06\n"
            'hours = ["10:00-11:00"]\nreason = "Year-end closing"'
        ),
        *("2026-01-05T16:00+01:00", 2, "2026-01-06T11:00+01:00"),
    ),
    "a shift over midnight": (
        *(calendar(hours=NIGHT), "2026-11-23T22:00+01:00", 8, "2026-11-24T06:00+01:00"),
    ),
    "two nights": (
        *(calendar(hours=NIGHT), "2026-11-23T23:00+01:00", 8, "2026-11-24T23:00+01:00"),
    ),
    "around the clock": (
        *(calendar(hours=ALWAYS), "2026-11-27T16:00+01:00", 72, "2026-11-30T16:00+01:00"),
    ),
    "around the clock in New York over Thanksgiving": (
        *(calendar("America/New_York", ALWAYS, AMERICA),),
        *("2026-11-25T12:00-05:00", 24, "2026-11-27T12:00-05:00"),
    ),
}


@pytest.mark.parametrize(("by", "start", "hours", "end"), EXCEPTIONS.values(), ids=EXCEPTIONS)
def test_working_time_follows_holidays_exceptions_and_shifts(by, start, hours, end):
    assert ended(by, start, hours) == moment(end)


def test_nothing_to_wait_for_is_due_at_once_although_it_is_closed():
    assert ended(calendar(), "2026-11-28T10:00+01:00", 0) == moment("2026-11-28T10:00+01:00")


def test_working_time_is_exact_to_the_second():
    start = moment("2026-11-27T16:59:58+01:00")

    assert clocks.due(start, timedelta(seconds=3), calendar()) == moment(
        "2026-11-30T08:00:01+01:00"
    )


def test_working_time_between_two_moments_is_negative_backwards():
    first, second = moment("2026-11-27T16:00+01:00"), moment("2026-11-30T09:30+01:00")

    assert clocks.elapsed(first, second, calendar()) == timedelta(hours=2, minutes=30)
    assert clocks.elapsed(second, first, calendar()) == -timedelta(hours=2, minutes=30)


# Explanations


def test_an_explanation_says_what_was_counted_and_why_the_rest_was_not():
    by = calendar(more=f"{BAVARIA}\n{CLOSED}")

    explained = clocks.explain(moment("2026-12-23T16:00+01:00"), timedelta(hours=2), by)

    assert [(s.kind, s.counted, s.reason) for s in explained.segments] == [
        (Kind.OPEN, timedelta(hours=1), ""),
        (Kind.CLOSED, timedelta(0), "outside working hours"),
        (Kind.CLOSED, timedelta(0), "Christmas Eve"),
        (Kind.CLOSED, timedelta(0), "public holiday: Christmas Day"),
        (Kind.CLOSED, timedelta(0), "public holiday: Second Day of Christmas"),
        (Kind.CLOSED, timedelta(0), "no working hours on Sundays"),
        (Kind.CLOSED, timedelta(0), "outside working hours"),
        (Kind.OPEN, timedelta(hours=1), ""),
    ]


def test_an_explanation_is_a_sentence_for_people():
    by = calendar(more=BAVARIA)

    explained = clocks.explain(moment("2026-01-05T16:00+01:00"), timedelta(minutes=90), by)

    assert explained.sentence == (
        "1 h 30 min of working time in “office” (Europe/Berlin) run from "
        "Mon 2026-01-05 16:00:00+01:00 to Wed 2026-01-07 08:30:00+01:00; not counted: outside "
        "working hours, public holiday: Epiphany; public holidays of DE-BY from holidays "
        f"{version('holidays')}."
    )


def test_an_explanation_of_a_time_without_a_break_says_so():
    explained = clocks.explain(moment("2026-11-23T09:00+01:00"), timedelta(hours=1), calendar())

    assert explained.sentence.endswith("; nothing was left out.")


def test_an_explanation_names_a_few_reasons_and_counts_the_others():
    by = calendar("America/New_York", more=AMERICA)

    explained = clocks.explain(moment("2026-01-02T09:00-05:00"), timedelta(hours=1600), by)

    assert "public holiday: Washington's Birthday, public holiday: Memorial Day and " in (
        explained.sentence
    )


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("2026-03-28T12:00Z", "the clocks go forward by 1 h"),
        ("2026-10-24T12:00Z", "the clocks go back by 1 h"),
    ],
)
def test_an_explanation_names_a_change_of_the_clocks(start, said):
    explained = clocks.explain(moment(start), timedelta(hours=24), calendar(hours=ALWAYS))

    (change,) = (s for s in explained.segments if s.kind is Kind.CLOCK_CHANGE)
    assert (change.reason, change.start) == (said, change.end)
    assert sum((s.counted for s in explained.segments), timedelta(0)) == timedelta(hours=24)


# Limits


def ever(hours=OFFICE):
    return calendar(hours=hours)


REFUSED = {
    "more than ten years hold": (
        lambda: ended(ever(), "2026-01-01T00:00Z", 30_000),
        "has not that much working time in the 10 years after 2026-01-01",
    ),
    "open only long ago": (
        lambda: ended(calendar(hours="{}", more=OPENED), "2027-01-01T00:00Z", 1),
        "“office” has not that much working time",
    ),
    "backwards": (lambda: ended(ever(), "2026-01-01T00:00Z", -1), "Working time is counted forw"),
    "before 1970": (lambda: ended(ever(), "1969-12-31T00:00Z", 1), "in the years 1970 to 2099"),
    "after 2099": (lambda: ended(ever(), "2100-01-01T00:00Z", 1), "in the years 1970 to 2099"),
    "no zone": (lambda: ended(ever(), "2026-01-01T00:00", 1), "has no time zone. Add Z or"),
    "elapsed over eleven years": (
        lambda: clocks.elapsed(moment("2026-01-01T00:00Z"), moment("2037-01-01T00:00Z"), ever()),
        "counted over at most 10 years",
    ),
}


@pytest.mark.parametrize(("act", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_counted_is_refused_with_a_sentence(act, said):
    with pytest.raises(ValueError, match=said):
        act()


def test_the_end_of_the_known_years_can_be_counted_over():
    assert ended(ever(ALWAYS), "2099-12-31T23:00Z", 2) == datetime(2100, 1, 1, 1, tzinfo=UTC)


def moment(text):
    return datetime.fromisoformat(text)


def ended(by, start, hours):
    return clocks.due(moment(start), timedelta(hours=hours), by)
