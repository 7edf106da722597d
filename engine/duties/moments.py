"""Days and moments as the clock at the recipient of a report shows them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.clocks import Calendar

DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_MIDNIGHT = time(0)
_FIRST_YEAR, _LAST_YEAR = 1970, 2099  # in which time zones and holidays are known well enough


def require_known(what: str, moment: datetime) -> datetime:
    """The moment in UTC; ``ValueError`` for one without a zone, or too far from today."""
    if moment.tzinfo is None:
        raise ValueError(f"{what}: “{moment.isoformat()}” has no time zone. Add Z or +01:00.")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"{what}: give a moment of the years {_FIRST_YEAR} to {_LAST_YEAR}.")
    return moment.astimezone(UTC)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def last_day_before(moment: datetime, zone: ZoneInfo) -> date:
    """The day on which a period ends: midnight ends a day, it does not begin one.

    Regulation (EEC, Euratom) No 1182/71 art. 3(2): a period ends with the expiry of its last hour.
    """
    return day_of(moment - _INSTANT, zone)


def end_of(day: date, zone: ZoneInfo, closes: time | None = None) -> datetime:
    """24:00 of the day, or when the recipient closes, in UTC."""
    return at(day, closes, zone) if closes else at(day + DAY, _MIDNIGHT, zone)


def at(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """A time on the wall in UTC: the earlier of two, and the later side of one that is skipped."""
    return datetime.combine(day, wall, zone).astimezone(UTC)


def is_working(day: date, calendar: Calendar) -> bool:
    return bool(calendar.day(day).spans)


def shown(moment: datetime, zone: ZoneInfo) -> str:
    there = moment.astimezone(zone)
    return f"{there:%a} {there.isoformat(sep=' ', timespec='seconds')}"


def shown_end(moment: datetime, zone: ZoneInfo) -> str:
    """The same, with midnight as the 24:00 that ends the day before."""
    there = moment.astimezone(zone)
    if there.time() != _MIDNIGHT:
        return shown(moment, zone)
    before = shown(moment - _INSTANT, zone)
    return before.replace("23:59:59", "24:00:00")


def day_shown(day: date) -> str:
    return f"{day:%a} {day.isoformat()}"
