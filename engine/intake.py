"""A report comes in: recognise it, and open or update an incident."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import UpdateBase, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import bundles, clock, forms, history, instances, relations
from engine.actors import CUSTOMERS, Actor
from engine.errors import InvalidAnswers, NotFound
from engine.forms import Form
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import permissions
from engine.people.credentials import digest
from engine.people.permissions import Action
from engine.store import rows, words
from engine.store.statement import Statement
from engine.store.tables import (
    Door,
    Incident,
    IncidentNumber,
    IncidentStatus,
    ProcessDefinition,
    table_of,
)

_LONGEST = {"title": 200, "service": 120, "affected": 200}

# Statements of every report, on tables: the unit of work costs more than running them.
_incidents, _numbers = table_of(Incident), table_of(IncidentNumber)
_ADD = Statement(insert(_incidents))


def _count_up(dialect_name: str) -> UpdateBase:
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    counted = dialect.insert(_numbers).on_conflict_do_update(
        index_elements=[_numbers.c.year], set_={"last": _numbers.c.last + 1}
    )
    statement: UpdateBase = counted.returning(_numbers.c.last)
    return statement


_COUNT_UP = Statement(_count_up)
_UNSET = dict.fromkeys(column.name for column in _incidents.columns)
_CURRENT = Statement(
    select(*table_of(ProcessDefinition).columns)
    .where(ProcessDefinition.process_id == bindparam("process_id"))
    .order_by(ProcessDefinition.version.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Report:
    """What somebody or something tells us, in our words."""

    title: str
    description: str = ""
    service: str = ""
    affected: str = ""
    severity: str | None = None


@dataclass(frozen=True)
class Signal:
    """What a monitoring tool says about one group of alerts."""

    dedup_key: str
    is_firing: bool
    report: Report
    detail: Mapping[str, Any] = field(default_factory=dict)


def start_form(session: Session, process_id: str) -> Form:
    """The form with which a person reports to a process."""
    return _start_form(session, current(session, process_id))


def current(session: Session, process_id: str) -> ProcessDefinition:
    """The version of a process with which a new incident starts."""
    found = _CURRENT.find(session, {"process_id": process_id})
    if not found:
        raise NotFound(f"There is no process “{process_id}”.")
    return rows.take(ProcessDefinition, iter(found[0]))


def report(
    session: Session, process_id: str, answers: Mapping[str, Any], channel: str, actor: Actor
) -> Incident:
    """Open an incident from a person's or a programme's answers to the start form."""
    permissions.require(actor, Action.REPORT_INCIDENT)
    definition = current(session, process_id)
    checked = forms.check(_start_form(session, definition), answers)
    known = {key: checked[key] or "" for key in Report.__annotations__ if key in checked}
    _require_fits(known)
    return _open(session, definition, Report(**known), channel, actor, reporter_id=actor.id)


def add_door(session: Session, sender: str, label: str, process_id: str, actor: Actor) -> str:
    """Open an address for a sender and return its token, which is not kept."""
    token = secrets.token_urlsafe(24)
    door = Door(
        id=new_id(),
        sender=sender,
        token_hash=digest(token),
        label=label,
        process_id=current(session, process_id).process_id,
        created_at=clock.now(),
    )
    session.add(door)
    detail = {"sender": sender, "label": label, "process": process_id}
    history.record(session, door.id, Entry(Event.DOOR_ADDED, actor, detail=detail))
    return token


def _require_fits(known: Mapping[str, str]) -> None:
    errors = {
        key: f"Use at most {limit} characters; these are {len(known[key])}."
        for key, limit in _LONGEST.items()
        if len(known.get(key, "")) > limit
    }
    if errors:
        raise InvalidAnswers(errors)


def find_door(session: Session, sender: str, token: str) -> Door:
    door = session.scalar(
        select(Door).where(Door.token_hash == digest(token), Door.sender == sender)
    )
    if door is None:
        raise NotFound("There is no door at this address.")
    return door


def receive(session: Session, door: Door, signal: Signal) -> Incident | None:
    """Open an incident, count a repetition or note a recovery; ``None`` if it was of nothing."""
    actor = Actor(id=door.id, name=f"{door.sender}: {door.label}")
    # The signals of a door come in one by one: those that are sent at once may tell of one thing.
    session.refresh(door, with_for_update=True)
    of_the_same = select(Incident).where(
        Incident.dedup_key == signal.dedup_key, Incident.closed_at.is_(None)
    )
    incident = session.scalar(of_the_same)
    if incident is not None:
        instances.lock(session, incident)
    if incident is None or incident.closed_at is not None:  # while we waited for it
        if not signal.is_firing:
            return None
        return _open_by(session, door, signal, actor)
    _note(session, incident, signal, actor)
    return incident


def _open_by(session: Session, door: Door, signal: Signal, actor: Actor) -> Incident:
    """Open an incident, related to the last one of its key: that has ended and begins again."""
    definition = current(session, door.process_id)
    opened = _open(session, definition, signal.report, door.sender, actor, signal=signal)
    of_the_same = select(Incident).where(
        Incident.dedup_key == signal.dedup_key, Incident.closed_at.is_not(None)
    )
    earlier = session.scalar(of_the_same.order_by(Incident.number.desc()).limit(1))
    if earlier is not None:
        relations.note_recurrence(session, opened, earlier, actor)
    return opened


def _note(session: Session, incident: Incident, signal: Signal, actor: Actor) -> None:
    incident.last_seen_at = incident.updated_at = clock.now()
    if signal.is_firing:
        occurrences = (incident.occurrences, incident.occurrences + 1)
        incident.occurrences += 1
        changes = {"occurrences": occurrences}
        entry = Entry(Event.REPORT_REPEATED, actor, changes=changes, detail=signal.detail)
    else:
        entry = Entry(Event.SOURCE_RECOVERED, actor, detail=signal.detail)
    history.record(session, incident.id, entry)


def _open(
    session: Session,
    definition: ProcessDefinition,
    report: Report,
    channel: str,
    actor: Actor,
    *,
    reporter_id: str | None = None,
    signal: Signal | None = None,
) -> Incident:
    now = clock.now()
    row = _UNSET | {
        "id": new_id(),
        "number": _next_number(session, now.year),
        **asdict(report),
        "channel": channel,
        "reported_by": actor.name,
        "reporter_id": reporter_id,
        "status": IncidentStatus.NEW,
        "is_major": False,
        "is_restricted": False,
        "organisation_id": next(iter(sorted(actor.organisations_as(*CUSTOMERS))), None),
        "reopened_count": 0,
        "dedup_key": signal.dedup_key if signal else None,
        "occurrences": 1,
        "last_seen_at": now,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }
    _ADD.run(session, row)
    incident = rows.of(Incident, row)
    words.add(session, incident)
    detail = signal.detail if signal else {}
    instances.start(session, incident, definition.id, _reported(incident, report, actor, detail))
    return incident


def _reported(incident: Incident, report: Report, actor: Actor, detail: Mapping[str, Any]) -> Entry:
    told = ("affected", "description", "service", "severity", "title")
    changes = {k: (None, getattr(report, k)) for k in told if getattr(report, k)}
    about = {"number": incident.number, "channel": incident.channel, **detail}
    return Entry(Event.INCIDENT_REPORTED, actor, changes=changes, detail=about)


def _next_number(session: Session, year: int) -> str:
    ((last,),) = _COUNT_UP.find(session, {"year": year, "last": 1})
    return f"INC-{year}-{last:06d}"


def _start_form(session: Session, definition: ProcessDefinition) -> Form:
    if not definition.start_form_key:
        raise NotFound(f"The process “{definition.process_id}” has no form to start it.")
    return bundles.deployed(session, definition.id).bundle.forms[definition.start_form_key]
