"""Absences: for a time, a deputy may do the work that somebody else may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from engine import clock, history, plain_text
from engine.actors import Actor, Role
from engine.errors import Conflict, InvalidAnswers, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.store.tables import Absence, Person

# Work goes to a deputy; to let people in, to own a process or to audit does not.
DEPUTISED = (Role.RESPONDER, Role.INCIDENT_MANAGER)
# For a query over absences, at the moment ``now``.
NOW = (Absence.starts_at <= bindparam("now"), Absence.ends_at > bindparam("now"))
LONGEST = timedelta(days=400)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)  # so that it is in the calendar of every zone
_deputy = aliased(Person)


@dataclass(frozen=True)
class Away:
    """An absence with the names of the two."""

    absence: Absence
    name: str
    deputy_name: str


def add(
    session: Session, deputy: str, starts_at: datetime, ends_at: datetime, actor: Actor
) -> Absence:
    """Let ``deputy``, a username, do the actor's work for a time."""
    named = select(Person).where(Person.username == deputy, Person.is_active)
    person = session.scalar(named) if plain_text.is_plain(deputy) else None
    own = session.get(Person, actor.id) if actor.id else None
    _require_fits(person, own, starts_at, ends_at)
    if person is None or own is None:
        raise NotFound("There is nobody to be away.")
    absence = Absence(
        id=new_id(),
        person_id=own.id,
        deputy_id=person.id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    session.add(absence)
    _record(session, Event.ABSENCE_ADDED, absence, person.name, actor)
    return absence


def end(session: Session, absence_id: str, actor: Actor) -> None:
    """End an absence of the actor now, or before it begins."""
    absence = session.get(Absence, absence_id, with_for_update=True)
    if absence is None or absence.person_id != actor.id:
        raise NotFound("There is no such absence of yours.")
    if absence.ends_at <= clock.now():
        raise Conflict("This absence is over already.")
    absence.ends_at = clock.now()
    name = session.get_one(Person, absence.deputy_id).name
    _record(session, Event.ABSENCE_ENDED, absence, name, actor)


def find(session: Session, actor: Actor) -> list[Away]:
    """What concerns the actor and is not over: their own absences, and those they stand in for."""
    query = (
        select(Absence, Person.name, _deputy.name)
        .join(Person, Person.id == Absence.person_id)
        .join(_deputy, _deputy.id == Absence.deputy_id)
        .where(
            (Absence.person_id == actor.id) | (Absence.deputy_id == actor.id),
            Absence.ends_at > clock.now(),
        )
        .order_by(Absence.starts_at)
    )
    return [Away(*row) for row in session.execute(query)]


def _require_fits(
    person: Person | None, own: Person | None, starts_at: datetime, ends_at: datetime
) -> None:
    problems: Mapping[str, str | None] = {
        "deputy": _problem_of(person, own),
        "ends_at": _problem_with(starts_at, ends_at),
    }
    found = {field: problem for field, problem in problems.items() if problem}
    if found:
        raise InvalidAnswers(found)


def _problem_of(person: Person | None, own: Person | None) -> str | None:
    if person is None:
        return "There is nobody active of that username."
    if own is not None and person.id == own.id:
        return "Name somebody else."
    if own is not None and person.organisation_id != own.organisation_id:
        return "Name somebody of your own organisation."
    return None


def _problem_with(starts_at: datetime, ends_at: datetime) -> str | None:
    if ends_at <= max(starts_at, clock.now()):
        return "The end must be later than the beginning, and than now."
    if ends_at > _LATEST:
        return "Name an end before the year 9999."
    return "At most 400 days at a time." if ends_at - starts_at > LONGEST else None


def _record(session: Session, event: Event, absence: Absence, name: str, actor: Actor) -> None:
    detail = {
        "deputy": name,
        "deputy_id": absence.deputy_id,
        "starts_at": absence.starts_at,
        "ends_at": absence.ends_at,
    }
    history.record(session, absence.person_id, Entry(event, actor, detail=detail))
