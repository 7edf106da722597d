"""The text of any date, time or duration, as in ``@"2025-01-17"`` (DMN 1.5 §10.3.2.3)."""

from engine.feel import calendar, durations
from engine.feel.calendar import Date, DateTime, Time
from engine.feel.durations import Duration


def parse(text: str) -> Date | Time | DateTime | Duration | None:
    """Read ISO 8601 text, or text with the name of a time zone behind ``@``."""
    if text.startswith(("P", "-P")):
        return durations.parse(text)
    if "T" in text.partition("@")[0]:
        return calendar.parse_date_time(text)
    return calendar.parse_date(text) or calendar.parse_time(text)
