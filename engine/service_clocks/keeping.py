"""The turns of a clock as its row keeps them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import bundles
from engine.clocks.service import Act, Course, Target, Turn, course
from engine.errors import InvalidDocument
from engine.store.tables import ServiceClock


def as_data(turn: Turn, definition_id: str) -> dict[str, Any]:
    kept: dict[str, Any] = {"act": turn.act, "at": turn.at.isoformat()}
    kept |= {"reason": turn.reason, "by": turn.by}
    if turn.target is not None:
        kept["seconds"] = turn.target.duration.total_seconds()
        kept |= {"calendar": turn.target.calendar.name, "definition": definition_id}
    return kept


def course_of(session: Session, row: ServiceClock) -> Course:
    """What becomes of a clock; ``InvalidDocument`` if its row is damaged."""
    try:
        return course(_turns(session, row))
    except (KeyError, ValueError) as error:
        message = f"What is kept of “{row.title}” is no service clock: {error}"
        raise InvalidDocument(message) from error


def _turns(session: Session, row: ServiceClock) -> list[Turn]:
    return [
        Turn(
            Act(kept["act"]),
            datetime.fromisoformat(kept["at"]),
            kept["reason"],
            kept["by"],
            _kept_target(session, kept) if "seconds" in kept else None,
        )
        for kept in row.turns
    ]


def _kept_target(session: Session, kept: Mapping[str, Any]) -> Target:
    """A target in the calendar of the version that gave it."""
    calendars = bundles.deployed(session, kept["definition"]).bundle.calendars
    return Target(timedelta(seconds=kept["seconds"]), calendars[kept["calendar"]])
