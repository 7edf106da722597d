"""Read the ``[[calendar]]`` tables of a bundle; each mistake is a sentence that says what to do."""

import datetime
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine import manifests
from engine.clocks.calendars import MIDNIGHT, Calendar, Day, Span
from engine.clocks.public_holidays import PublicHolidays, subdivisions
from engine.errors import InvalidDocument
from engine.manifests import require_known

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ALWAYS = "24x7"
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_NAME_LENGTH = 60


def read(manifest: Mapping[str, Any]) -> dict[str, Calendar]:
    """The calendars of a manifest by name; ``InvalidDocument`` says what is wrong."""
    calendars: dict[str, Calendar] = {}
    remedy = "Write each calendar as [[calendar]] with name, time_zone and hours."
    for table in manifests.tables(manifest, "calendar", remedy):
        calendar = _calendar(table)
        if calendar.name in calendars:
            raise InvalidDocument(f"Two calendars are called “{calendar.name}”. Rename one.")
        calendars[calendar.name] = calendar
    return calendars


def _calendar(table: Mapping[str, Any]) -> Calendar:
    name = _name(table.get("name"))
    where = f"Calendar “{name}”"
    require_known(where, table, {"name", "time_zone", "hours", "holidays", "closed", "open"})
    calendar = Calendar(
        name,
        _zone(where, table.get("time_zone")),
        _week(where, table.get("hours")),
        _holidays(where, table["holidays"]) if "holidays" in table else None,
        _exceptions(where, table),
    )
    if not any((*calendar.week, *(day.spans for day in calendar.exceptions.values()))):
        raise InvalidDocument(f"{where} is never open. Give at least one day of the week hours.")
    return calendar


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise InvalidDocument("Give each calendar a name, by which expressions find it.")
    if name != name.strip() or '"' in name or "\\" in name or len(name) > _NAME_LENGTH:
        raise InvalidDocument(
            f"Calendar “{name[:_NAME_LENGTH]}”: name it in at most {_NAME_LENGTH} characters, "
            "without quotes, backslashes and spaces around it."
        )
    return name


def _zone(where: str, name: object) -> ZoneInfo:
    try:
        if isinstance(name, str) and name:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass  # said below, as for what is no text
    raise InvalidDocument(f"{where}: give a time_zone such as Europe/Berlin; {name!r} is none.")


# Hours


def _week(where: str, hours: object) -> tuple[tuple[Span, ...], ...]:
    if hours == _ALWAYS:
        return ((Span(0, MIDNIGHT),),) * len(_WEEKDAYS)
    if not isinstance(hours, dict):
        raise InvalidDocument(
            f"{where}: give hours, as in hours = {{ monday = ['09:00-17:00'] }}, or “{_ALWAYS}”."
        )
    require_known(f"{where}, hours", hours, set(_WEEKDAYS))
    return tuple(_spans(f"{where}, {day}", hours.get(day, [])) for day in _WEEKDAYS)


def _spans(where: str, texts: object) -> tuple[Span, ...]:
    if not isinstance(texts, list):
        raise InvalidDocument(f"{where}: list the hours, as in ['08:00-12:00', '13:00-17:00'].")
    spans = [_span(where, text) for text in texts]
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise InvalidDocument(f"{where}: write the hours in order, none over another.")
    return tuple(spans)


def _span(where: str, text: object) -> Span:
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidDocument(f"{where}: {text!r} is no span of hours such as '09:00-17:00'.")
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    start, end = from_hour * 3600 + from_minute * 60, to_hour * 3600 + to_minute * 60
    if end > MIDNIGHT:
        raise InvalidDocument(f"{where}: “{text}” ends after 24:00. End it at 24:00 at the latest.")
    if start >= end:
        raise InvalidDocument(
            f"{where}: “{text}” does not end after it starts. Write a night as two spans: up to "
            "24:00, and from 00:00 on the day after."
        )
    return Span(start, end)


# Holidays and exceptions


def _holidays(where: str, table: object) -> PublicHolidays:
    where = f"{where}, holidays"
    if not isinstance(table, dict):
        raise InvalidDocument(f"{where}: write them as {{ country = 'DE', subdivision = 'BY' }}.")
    require_known(where, table, {"country", "subdivision"})
    country, subdivision = table.get("country"), table.get("subdivision")
    parts = subdivisions(country) if isinstance(country, str) else None
    if not isinstance(country, str) or parts is None:
        raise InvalidDocument(
            f"{where}: no holidays are known of country {country!r}. Use its two letters (ISO 3166)"
            ", or list its holidays under closed."
        )
    if subdivision is not None and subdivision not in parts:
        known = f"Use one of {', '.join(parts)}." if parts else "Leave it out."
        raise InvalidDocument(f"{where}: {country} has no subdivision {subdivision!r}. {known}")
    return PublicHolidays(country, subdivision)


def _exceptions(where: str, table: Mapping[str, Any]) -> dict[datetime.date, Day]:
    days: dict[datetime.date, Day] = {}
    for key, read_day in _EXCEPTIONS.items():
        remedy = f"{where}: write each {key} day as [[calendar.{key}]]."
        for entry in manifests.tables(table, key, remedy):
            date = _date(f"{where}, {key}", entry.get("date"))
            if date in days:
                raise InvalidDocument(f"{where}: {date} is there twice. Keep one of them.")
            days[date] = read_day(f"{where}, {key} {date}", entry)
    return days


def _closed_day(where: str, entry: Mapping[str, Any]) -> Day:
    require_known(where, entry, {"date", "reason"})
    return Day((), _reason(where, entry))


def _open_day(where: str, entry: Mapping[str, Any]) -> Day:
    require_known(where, entry, {"date", "hours", "reason"})
    spans = _spans(where, entry.get("hours"))
    if not spans:
        raise InvalidDocument(f"{where}: give it hours, or list it under closed.")
    return Day(spans, _reason(where, entry))


_EXCEPTIONS: Mapping[str, Callable[[str, Mapping[str, Any]], Day]] = {
    "closed": _closed_day,
    "open": _open_day,
}


def _date(where: str, date: object) -> datetime.date:
    if not isinstance(date, datetime.date) or isinstance(date, datetime.datetime):
        raise InvalidDocument(f"{where}: give each a date such as 2026-12-24, without quotes.")
    return date


def _reason(where: str, entry: Mapping[str, Any]) -> str:
    reason = entry.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidDocument(f"{where}: give a reason, which people will read.")
    return reason.strip().rstrip(".")
