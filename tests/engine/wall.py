"""The clock on the wall, looked at every five minutes, and calendars that chance draws.

The oracle of working time: it shares nothing with the engine but the calendar's data, walks UTC in
steps so small that no span begins or ends within one, and looks at the clock on the wall at each.
"""

import os
from datetime import datetime, timedelta

from tests.engine.calendars import calendar

CASES = 10_000 if os.environ.get("STEADYHAND_LONG") else 1_000
SEED = int(os.environ.get("STEADYHAND_SEED", "20261123"))
STEP = timedelta(minutes=5)  # every span and every change of clocks lies on one
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Zone, holidays, and days around which its clocks change, which chance alone would seldom meet.
PLACES = (
    ("Europe/Berlin", 'holidays = { country = "DE", subdivision = "BY" }', "2026-03-29 2026-10-25"),
    ("America/New_York", 'holidays = { country = "US" }', "2026-03-08 2026-11-01"),
    (
        "Australia/Lord_Howe",
        'holidays = { country = "AU", subdivision = "NSW" }',
        "2026-04-05 2026-10-04",
    ),
    ("Africa/Casablanca", "", "2026-02-15 2026-03-22"),
    ("America/St_Johns", "", "2026-03-08 2026-11-01"),
    ("Pacific/Apia", "", "2011-12-30 2012-04-01"),
    ("Asia/Kathmandu", "", "2028-02-29"),
)
ZERO = timedelta(0)


def walked(by, start, lasts):
    at = start
    while lasts > ZERO:
        lasts -= STEP if is_open(by, at) else ZERO
        at += STEP
    return at


def seen(by, start, end):
    steps = range(int((end - start) / STEP))
    return sum((STEP for step in steps if is_open(by, start + step * STEP)), ZERO)


def is_open(by, moment):
    wall = moment.astimezone(by.zone)
    date, seconds = wall.date(), wall.hour * 3600 + wall.minute * 60
    if date in by.exceptions:
        spans = by.exceptions[date].spans
    elif by.holidays and by.holidays.name_on(date):
        spans = ()
    else:
        spans = by.week[date.weekday()]
    return any(start <= seconds < end for start, end in spans)


# Chance


def drawn(chance):
    """A calendar and a moment to begin at, mostly near a change of its clocks."""
    zone, holidays, changes = chance.choice(PLACES)
    day = datetime.fromisoformat(f"{chance.choice(changes.split())}T00:00Z")
    days = chance.choice((1, 3, 400))
    start = day + STEP * chance.randrange(-288 * days, 288)
    return calendar(zone, week(chance), holidays + exceptions(chance, day)), start


def week(chance):
    days = [day for day in DAYS if chance.random() < 0.75] or ["sunday"]
    lines = ", ".join(f"{day} = {spans(chance)}" for day in days)
    return '"24x7"' if chance.random() < 0.1 else f"{{ {lines} }}"


def spans(chance):
    """One to three spans; every fourth day has one around the hours at which clocks change."""
    if chance.random() < 0.25:
        return ["01:30-03:15"]
    cuts = sorted(chance.sample(range(289), 2 * chance.randrange(1, 4)))
    return [f"{clock(a)}-{clock(b)}" for a, b in zip(cuts[::2], cuts[1::2], strict=True)]


def clock(fives):
    return f"{fives // 12:02}:{fives % 12 * 5:02}"


def exceptions(chance, around):
    text = ""
    for days in chance.sample(range(-4, 5), chance.randrange(3)):
        date = (around + timedelta(days=days)).date()
        kind = chance.choice(("closed", "open"))
        text += f'\n[[calendar.{kind}]]\ndate = {date}\nreason = "By chance"\n'
        text += f"hours = {spans(chance)}\n" if kind == "open" else ""
    return text
