"""Deadlines of any regime, against another way to reckon them, and by what must always hold.

The oracle shares nothing with the engine but the calendar's data: it walks UTC in quarters of an
hour, looks at the date on the wall at each, and counts the days that it sees.
"""

import os
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import duties
from engine.duties import Known
from tests.engine.calendars import WEEK, calendar

CASES = settings(max_examples=2_000 if os.environ.get("STEADYHAND_LONG") else 150, deadline=None)
QUARTER = timedelta(minutes=15)
STAYS, END, NOON = "stays", "end of the next working day", "noon of the next working day"
# Places whose clocks change at midnight, by half an hour, or by a whole day, beside ordinary ones.
PLACES = (
    ("Europe/Berlin", 'holidays = { country = "DE", subdivision = "BY" }', "2026-03-27 2026-10-23"),
    ("America/New_York", 'holidays = { country = "US" }', "2026-03-06 2026-07-02"),
    ("Africa/Cairo", 'holidays = { country = "EG" }', "2026-04-22 2026-10-28"),
    ("Asia/Beirut", "", "2026-03-27 2026-10-23"),
    ("Australia/Lord_Howe", "", "2026-04-03 2026-10-02"),
    ("Pacific/Apia", "", "2011-12-28 2012-03-30"),
    ("Europe/Lisbon", 'holidays = { country = "PT" }', "2028-01-30 2028-02-28"),
)
MONDAY_TO_FRIDAY = WEEK.replace("H", '["00:00-24:00"]')


@st.composite
def places(draw):
    zone, holidays, days = draw(st.sampled_from(PLACES))
    day = datetime.fromisoformat(draw(st.sampled_from(days.split()))).replace(tzinfo=UTC)
    return calendar(zone, MONDAY_TO_FRIDAY, holidays), day


seconds = st.integers(0, 12 * 86_400)
rules = st.sampled_from((STAYS, END, NOON))
day_periods = st.one_of(
    st.tuples(st.integers(1, 40), st.just("days")),
    st.tuples(st.integers(1, 14), st.just("months")),
)
working_periods = st.tuples(st.integers(1, 12), st.just("working days"))
hour_periods = st.tuples(st.integers(1, 100), st.just("hours"))


@CASES
@given(places(), seconds, hour_periods)
def test_hours_are_so_many_times_3600_seconds(place, after, period):
    by, day = place
    since = day + timedelta(seconds=after)

    found = asked(by, period, STAYS, since)

    assert found.due_at.timestamp() - since.timestamp() == 3600 * period[0]
    assert found.safe_at == found.due_at


@CASES
@given(places(), seconds, st.one_of(day_periods, working_periods), rules)
def test_days_end_where_a_walk_along_the_wall_sees_the_last_of_them_end(place, after, period, rule):
    by, day = place
    since = day + timedelta(seconds=after)

    found = asked(by, period, rule, since)

    last = walked(by, since, period)
    if rule != STAYS:
        last = following(by, last) if is_off(by, last) else last
    if rule == NOON and period[1] != "working days" and is_off(by, walked(by, since, period)):
        wall = found.due_at.astimezone(by.zone)
        assert (wall.date(), wall.hour, wall.minute, wall.second) == (last, 12, 0, 0)
    else:
        assert found.due_at == seen_after(by, last)


@CASES
@given(places(), seconds, st.one_of(day_periods, working_periods), rules, seconds)
def test_a_later_fact_never_gives_an_earlier_deadline(place, after, period, rule, later):
    by, day = place
    since = day + timedelta(seconds=after)

    first = asked(by, period, rule, since)
    second = asked(by, period, rule, since + timedelta(seconds=later))

    assert first.due_at <= second.due_at


@CASES
@given(places(), seconds, st.one_of(hour_periods, day_periods), st.sampled_from((END, NOON)))
def test_a_limit_that_moves_never_ends_on_a_day_off(place, after, period, rule):
    by, day = place

    found = asked(by, period, rule, day + timedelta(seconds=after))

    assert not is_off(by, (found.due_at - timedelta(seconds=1)).astimezone(by.zone).date())


@CASES
@given(
    *(places(), seconds, st.one_of(hour_periods, day_periods, working_periods)),
    *(st.integers(1, 200), seconds),
)
def test_a_cap_is_never_exceeded_unless_it_had_passed(place, after, period, cap, before):
    by, day = place
    since = day + timedelta(seconds=after)
    aware = since - timedelta(seconds=before)
    cap_at = aware + timedelta(hours=cap)

    found = asked(by, period, STAYS, since, cap, aware)
    uncapped = asked(by, period, STAYS, since)

    if cap_at < since:
        assert (found.due_at, found.safe_at) == (uncapped.due_at, uncapped.safe_at)
    else:
        assert found.due_at == min(cap_at, uncapped.due_at)
        assert found.safe_at == min(cap_at, uncapped.safe_at)


@CASES
@given(
    *(places(), seconds, st.one_of(hour_periods, day_periods, working_periods), rules),
    *(st.integers(1, 200), seconds),
)
def test_the_segments_are_whole_and_safe_is_no_later_than_due(
    place, after, period, rule, cap, before
):
    by, day = place
    since = day + timedelta(seconds=after)

    found = asked(by, period, rule, since, cap, since - timedelta(seconds=before))

    at = found.since
    for segment in found.segments:
        assert segment.start == at <= segment.end
        at = segment.end
    assert at == found.due_at
    assert since <= found.safe_at <= found.due_at


# A regime with one stage


def asked(by, period, rule, since, cap=None, aware=None):
    facts = {"begun": since} | ({"aware": aware} if aware else {})
    regime = duties.read(said(period, rule, cap).encode(), "any")
    (found,) = duties.deadlines(regime, by, Known(facts))
    return found


def said(period, rule, cap):
    count, unit = period
    moves = "" if unit == "working days" else f'day_off = "{rule}"'
    capped = f'[stage.cap]\nfrom = "aware"\nperiod = "{cap} hours"\nsource = "s"' if cap else ""
    return f"""
title = "t"
jurisdiction = "j"
source = "s"
checked_on = 2026-11-23
checked_by = "c"
evidence = "unchecked"
applies_to = "a"
recipient = "r"
calendar = "office"
[facts]
begun = "It began"
aware = "It was known"
[[stage]]
id = "report"
title = "Report"
source = "s"
from = "begun"
period = "{count} {unit}"
{moves}
{capped}
"""


# The oracle


def walked(by, since, period):
    """The date of the last day, seen one day after the other."""
    count, unit = period
    day = first = since.astimezone(by.zone).date()
    while not is_last(by, first, day, count, unit):
        count -= unit == "working days" and day > first and not is_off(by, day)
        day += timedelta(days=1)
    return day


def is_last(by, first, day, count, unit):
    if unit == "months":
        months = (day.year - first.year) * 12 + day.month - first.month
        shorter = day.day == monthrange(day.year, day.month)[1] and day.day < first.day
        return months == count and (day.day == first.day or shorter)
    if unit == "days":
        return (day - first).days == count
    return day > first and count == 1 and not is_off(by, day)


def following(by, day):
    while is_off(by, day):
        day += timedelta(days=1)
    return day


def is_off(by, day):
    return day.weekday() > 4 or bool(by.holidays and by.holidays.name_on(day))


def seen_after(by, day):
    """The first quarter of an hour at which the wall shows a later date."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while at.astimezone(by.zone).date() <= day:
        at += QUARTER
    return at
