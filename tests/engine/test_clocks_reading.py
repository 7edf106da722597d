"""`[[calendar]]` of bundle.toml: what it may say, and each mistake by a sentence."""

import tomllib
from datetime import UTC, datetime, timedelta

import pytest

from engine import clocks
from engine.errors import InvalidDocument
from tests.engine.calendars import BAVARIA, calendar, written

MONDAY = '{ monday = ["09:00-17:00"] }'


def day(kind, *lines):
    return "\n".join((f"[[calendar.{kind}]]", *lines))


DATE, REASON = "date = 2026-12-24", 'reason = "Christmas Eve"'

MISTAKES = {
    "one table": ("[calendar]", r"Write each calendar as \[\[calendar\]\] with name"),
    "no table": ('calendar = ["office"]', "Write each calendar as"),
    "no name": ('[[calendar]]\ntime_zone = "UTC"', "Give each calendar a name"),
    "a number as name": ("[[calendar]]\nname = 1", "Give each calendar a name"),
    "a line break in the name": (written(name="a\\nb"), "Give each calendar a name"),
    "a quote in the name": (written(name='a\\"b'), "without quotes, backslashes and spaces"),
    "a space behind the name": (written(name="a "), "without quotes, backslashes and spaces"),
    "a long name": (written(name="a" * 61), "name it in at most 60 characters"),
    "a name twice": (written() * 2, "Two calendars are called “office”. Rename one."),
    "an unknown key": (written(more="colour = 1"), "“colour” means nothing here. Known are clo"),
    "no zone": ('[[calendar]]\nname = "a"\nhours = "24x7"', "give a time_zone such as Europe/B"),
    "an unknown zone": (written("Europe/Bonn"), "Europe/Berlin; 'Europe/Bonn' is none"),
    "a zone outside": (written("../etc/passwd"), "give a time_zone"),
    "a folder as zone": (written("Europe"), "give a time_zone"),
    "no hours": ('[[calendar]]\nname = "a"\ntime_zone = "UTC"', "give hours, as in hours = {"),
    "other words as hours": (written(hours='"always"'), "or “24x7”"),
    "an unknown weekday": (written(hours='{ mon = ["09:00-17:00"] }'), "“mon” means nothing here"),
    "one span as text": (written(hours='{ monday = "09:00-17:00" }'), "monday: list the hours"),
    "no span": (written(hours='{ monday = ["9-17"] }'), "'9-17' is no span of hours such as"),
    "a number as span": (written(hours="{ monday = [9] }"), "9 is no span of hours"),
    "no such minute": (written(hours='{ monday = ["09:60-17:00"] }'), "is no span of hours"),
    "past midnight": (written(hours='{ monday = ["09:00-24:30"] }'), "End it at 24:00 at the lat"),
    "over midnight": (written(hours='{ monday = ["22:00-06:00"] }'), "Write a night as two spans"),
    "an empty span": (written(hours='{ monday = ["09:00-09:00"] }'), "does not end after it st"),
    "one over another": (
        written(hours='{ monday = ["09:00-12:00", "11:00-17:00"] }'),
        "monday: write the hours in order, none over another",
    ),
    "in no order": (
        written(hours='{ monday = ["13:00-17:00", "09:00-12:00"] }'),
        "monday: write the hours in order",
    ),
    "never open": (written(hours="{}"), "“office” is never open. Give at least one day"),
    "holidays as text": (written(more='holidays = "DE"'), "holidays: write them as { country"),
    "holidays of no country": (written(more="holidays = {}"), "no holidays are known of country N"),
    "an unknown country": (
        written(more='holidays = { country = "Bavaria" }'),
        "no holidays are known of country 'Bavaria'. Use its two letters",
    ),
    "an unknown subdivision": (
        written(more='holidays = { country = "DE", subdivision = "XX" }'),
        "DE has no subdivision 'XX'. Use one of BB, BE, BW, BY,",
    ),
    "a list as subdivision": (
        written(more='holidays = { country = "DE", subdivision = ["BY"] }'),
        "has no subdivision",
    ),
    "a subdivision where there is none": (
        written(more='holidays = { country = "LU", subdivision = "BY" }'),
        "LU has no subdivision 'BY'. Leave it out.",
    ),
    "an unknown key of holidays": (
        written(more='holidays = { country = "DE", state = "BY" }'),
        "holidays: “state” means nothing here. Known are country, subdivision.",
    ),
    "closed as a date": (written(more="closed = [2026-12-24]"), "each closed day as"),
    "a closed day without date": (written(more=day("closed", REASON)), "give each a date such as"),
    "a date in quotes": (
        written(more=day("closed", 'date = "2026-12-24"', REASON)),
        "give each a date such as 2026-12-24, without quotes",
    ),
    "a date with a time": (
        written(more=day("closed", "date = 2026-12-24T10:00:00", REASON)),
        "give each a date",
    ),
    "a closed day without reason": (written(more=day("closed", DATE)), "2026-12-24: give a reason"),
    "an empty reason": (
        written(more=day("closed", DATE, 'reason = " "')),
        "give a reason, which people will read",
    ),
    "hours of a closed day": (
        written(more=day("closed", DATE, REASON, "hours = []")),
        "“hours” means nothing here",
    ),
    "an open day without hours": (written(more=day("open", DATE, REASON)), "list the hours"),
    "an open day with no span": (
        written(more=day("open", DATE, REASON, "hours = []")),
        "give it hours, or list it under closed",
    ),
    "closed and open": (
        written(
            more=day("closed", DATE, REASON) + "\n" + day("open", DATE, REASON, "hours = ['09:00']")
        ),
        "2026-12-24 is there twice. Keep one of them.",
    ),
}


@pytest.mark.parametrize(("said", "answer"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_calendar_is_refused_with_what_to_do(said, answer):
    with pytest.raises(InvalidDocument, match=answer):
        clocks.read(tomllib.loads(said))


def test_a_manifest_without_calendars_has_none():
    assert clocks.read({}) == {}


def test_calendars_are_found_by_their_names():
    said = written(name="office") + written(name="night shift", hours=MONDAY)

    assert list(clocks.read(tomllib.loads(said))) == ["office", "night shift"]


def test_spans_may_touch():
    by = calendar(hours='{ monday = ["09:00-12:00", "12:00-17:00"] }')
    start = datetime(2026, 11, 23, 8, tzinfo=UTC)

    assert clocks.due(start, timedelta(hours=8), by) == datetime(2026, 11, 23, 16, tzinfo=UTC)


def test_a_country_may_have_holidays_without_a_subdivision():
    by = calendar(more=BAVARIA.replace(', subdivision = "BY"', ""))

    assert str(by.holidays) == "DE"


@pytest.mark.parametrize(
    ("country", "name"), [("DE", "Christmas Day"), ("FR", "Christmas Day"), ("AT", "Christmas Day")]
)
def test_holidays_are_named_in_english_whatever_the_machine_speaks(country, name, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "de")
    by = calendar(more=f'holidays = {{ country = "{country}" }}')

    # A year that no other test asks for, as a year that was asked for is kept.
    assert by.holidays.name_on(datetime(2041, 12, 25, tzinfo=UTC).date()) == name
