"""Calendars of tests, written as a bundle writes them."""

import tomllib

from engine import clocks

WEEK = "{ monday = H, tuesday = H, wednesday = H, thursday = H, friday = H }"
OFFICE = WEEK.replace("H", '["08:00-12:00", "13:00-17:00"]')
NIGHT = """{ monday = ["22:00-24:00"], tuesday = ["00:00-06:00", "22:00-24:00"],
    wednesday = ["00:00-06:00"] }""".replace("\n   ", "")
ALWAYS = '"24x7"'


def written(zone="Europe/Berlin", hours=OFFICE, more="", name="office"):
    return f"""
[[calendar]]
name = "{name}"
time_zone = "{zone}"
hours = {hours}
{more}
"""


def calendar(*said, **named):
    """The one calendar that is written."""
    (read,) = clocks.read(tomllib.loads(written(*said, **named))).values()
    return read


BAVARIA = 'holidays = { country = "DE", subdivision = "BY" }'
AMERICA = 'holidays = { country = "US" }'
