"""Functions on dates (DMN 1.5 §10.3.4.8 and §10.3.4.9)."""

from engine import clock
from engine.feel import calendar
from engine.feel.builtins.conversions import date_of
from engine.feel.calendar import Date, DateTime
from engine.feel.signatures import builtin

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@builtin("now()")
def now() -> DateTime | None:
    return calendar.parse_date_time(clock.now().isoformat())


@builtin("today()")
def today() -> Date:
    day = clock.now()
    return Date(day.year, day.month, day.day)


@builtin("day of year(date: date)", "day of year(date: date and time)")
def day_of_year(moment: Date | DateTime) -> int:
    day = date_of(moment)
    return day.ordinal - Date(day.year, 1, 1).ordinal + 1


@builtin("day of week(date: date)", "day of week(date: date and time)")
def day_of_week(moment: Date | DateTime) -> str:
    return _DAYS[date_of(moment).weekday - 1]


@builtin("month of year(date: date)", "month of year(date: date and time)")
def month_of_year(moment: Date | DateTime) -> str:
    return _MONTHS[date_of(moment).month - 1]


@builtin("week of year(date: date)", "week of year(date: date and time)")
def week_of_year(moment: Date | DateTime) -> int:
    """By ISO 8601: a week belongs to the year that its Thursday lies in."""
    day = date_of(moment)
    thursday = day.ordinal - day.weekday + 4
    year = next(
        year
        for year in (day.year + 1, day.year, day.year - 1)
        if Date(year, 1, 1).ordinal <= thursday
    )
    return (thursday - Date(year, 1, 1).ordinal) // 7 + 1
