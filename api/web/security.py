"""The security log, for those who watch over an installation."""

from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import reading
from engine import security_log
from engine.people.permissions import Action
from engine.security_log import Filter, Kind

blueprint = Blueprint("security", __name__, url_prefix="/security")

PAGE = 100
_DIGITS = 15  # of a number that every database holds
_FILTERS = ("kind", "person", "since", "until")


@blueprint.get("")
@needs(Action.READ_SECURITY_LOG)
def find() -> ResponseReturnValue:
    wanted = _wanted()
    with reading() as (session, actor):
        found = security_log.find(session, actor, wanted, before=_before(), limit=PAGE)
    return render_template(
        "security.html",
        found=found,
        kinds=Kind,
        chosen={name: value for name, value in request.args.items() if name in _FILTERS and value},
        last=found[-1] if len(found) == PAGE else None,
    )


def _wanted() -> Filter:
    """What the form asks for; what cannot be read does not narrow the list."""
    until = request.args.get("until", type=date.fromisoformat)
    return Filter(
        kind=request.args.get("kind", type=Kind),
        person=request.args.get("person", type=_words),
        since=_midnight(request.args.get("since", type=date.fromisoformat)),
        until=_midnight(until + timedelta(days=1) if until and until < date.max else None),
    )


def _words(text: str) -> str | None:
    """A name as people type it; no name holds a NUL, nor does a database take one."""
    return text.replace("\0", "").strip() or None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _before() -> tuple[datetime, int] | None:
    at = request.args.get("at", type=_moment)
    last = request.args.get("last", type=_number)
    return (at, last) if at and last else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _number(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(text)
    return int(text)
