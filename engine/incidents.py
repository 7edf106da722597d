"""The incident itself: find it, read it, correct what was reported about it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, or_, select
from sqlalchemy.orm import Session

from engine import bundles, clock, forms, history, instances, service_clocks
from engine.actors import CUSTOMERS, Actor, Role
from engine.bpmn.diagram import Diagram
from engine.errors import Conflict, NotFound, StaleVersion
from engine.forms import Field, Form
from engine.history import Entry, Event
from engine.people import permissions, restriction
from engine.people.permissions import Action
from engine.store import rows, words
from engine.store.statement import Statement
from engine.store.tables import (
    AuditEntry,
    Incident,
    IncidentStatus,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
    table_of,
)
from engine.store.words import Shape

CORRECTABLE = ("title", "description", "service", "affected")

# Asked where the start form does not ask, or not so that what is there fits.
_PLAIN = {
    "title": Field("textfield", "title", "What is wrong?", is_required=True, max_length=200),
    "description": Field("textarea", "description", "What happened?"),
    "service": Field("textfield", "service", "Which service is it?", max_length=120),
    "affected": Field("textfield", "affected", "Who or what is affected?", max_length=200),
}
_FINISHED = (Event.ELEMENT_COMPLETED, Event.TASK_COMPLETED, Event.TIMER_FIRED)
_STORY = 2_000  # entries; an incident that ran longer shows its audit trace in pages


# What a customer sees of an incident of their organisation.
PUBLIC = (
    *("id", "number", "title", "description", "service", "affected", "channel", "status"),
    *("created_at", "updated_at", "last_seen_at", "resolved_at", "closed_at", "version"),
    *("organisation_id", "reporter_id", "is_restricted"),
)
_OURS = tuple(role for role in Role if role not in CUSTOMERS)

_incidents = table_of(Incident)
_INTERNAL = dict.fromkeys(_incidents.columns.keys()) | {
    "is_major": False,
    "reopened_count": 0,
    "occurrences": 1,
}
_BY_NAME = Statement(
    select(*_incidents.columns).where(
        or_(Incident.id == bindparam("name"), Incident.number == bindparam("name"))
    )
)


@dataclass(frozen=True)
class Standing:
    """Which process an incident runs, and how that is going."""

    instance: ProcessInstance
    definition: ProcessDefinition


@dataclass(frozen=True)
class Path:
    """Where a process has been and where it waits: ids of elements and flows on its diagram."""

    done: list[str]
    current: list[str]
    failed: list[str]
    counts: dict[str, int]  # of the elements that finished more than once


def get(session: Session, incident_id: str, actor: Actor) -> Incident:
    """An incident by id or number; one that the actor may not see does not exist for them."""
    found = _BY_NAME.find(session, {"name": incident_id})
    incident = rows.take(Incident, iter(found[0])) if found else None
    if incident is not None:
        restriction.look_up(session, incident)
    if incident is None or not permissions.may(actor, Action.READ_INCIDENT, incident):
        raise NotFound(f"There is no incident {incident_id}.")
    return _as_seen_by(actor, incident)


def find(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    status: IncidentStatus | None = None,
    only_open: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> list[Incident]:
    """Newest first; ``before`` is the number of the last one already seen.

    ``text`` asks for a number or its beginning (``INC-2026-0001``), or else for incidents with each
    of its first words in their title or service; a word may be the beginning of one.
    """
    search = words.search(session, text)
    if search is None:
        return []
    listing = _listing(
        actor,
        search.shape,
        has_status=status is not None,
        only_open=only_open,
        is_next_page=before is not None,
    )
    asked = {**search.values, "status": status, "before": before, "limit": limit}
    found = (rows.take(Incident, iter(row)) for row in listing.find(session, asked))
    return [_as_seen_by(actor, incident) for incident in found]


def _as_seen_by(actor: Actor, incident: Incident) -> Incident:
    """Without what is internal, for customers: nothing keeps what it is left without."""
    if actor.has(*_OURS):
        return incident
    seen = {name: getattr(incident, name) for name in PUBLIC}
    seen |= {"reported_by": actor.name if incident.reporter_id == actor.id else ""}
    return rows.of(Incident, _INTERNAL | seen)


@lru_cache(maxsize=1_000)
def _listing(
    actor: Actor, shape: Shape, *, has_status: bool, only_open: bool, is_next_page: bool
) -> Statement:
    """What one person sees of a list; written once for as many people as work at one time."""
    query = permissions.visible(select(*_incidents.columns), actor, Action.READ_INCIDENT)
    query = query.where(*words.conditions(shape))
    if has_status:
        query = query.where(_incidents.c.status == bindparam("status"))
    if only_open:
        query = query.where(_incidents.c.closed_at.is_(None))
    if is_next_page:
        query = query.where(_incidents.c.number < bindparam("before"))
    limit = bindparam("limit", type_=Integer)
    return Statement(query.order_by(_incidents.c.number.desc()).limit(limit))


def correct(
    session: Session, incident_id: str, values: Mapping[str, Any], version: int, actor: Actor
) -> Incident:
    """Correct what was reported; ``version`` is the one that the actor looked at."""
    incident = get(session, incident_id, actor)
    permissions.require(actor, Action.CORRECT_INCIDENT, incident)
    loaded = instances.lock(session, incident)
    if incident.version != version:
        raise StaleVersion(f"{incident.number} has changed since. Look at it again.")
    if not incident.status.is_open:
        raise Conflict(f"{incident.number} is {incident.status} and can no longer be corrected.")
    old = {name: getattr(incident, name) for name in CORRECTABLE}
    changes = history.difference(old, values, CORRECTABLE)
    if changes:
        new = {name: value for name, (_, value) in changes.items()}
        rows.change(session, incident, updated_at=clock.now(), **new)
        words.renew(session, incident)
        entry = Entry(Event.INCIDENT_CORRECTED, actor, changes=changes)
        turned = service_clocks.follow(session, incident, loaded.definition_id, changes, actor)
        history.record(session, incident.id, entry, *turned)
        instances.reconsider(session, incident)
    return incident


def standing(session: Session, incident: Incident) -> Standing:
    row = session.execute(
        select(ProcessInstance, ProcessDefinition)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(ProcessInstance.incident_id == incident.id)
    ).one()
    instance, definition = row
    return Standing(instance, definition)


def trace(
    session: Session, incident: Incident, actor: Actor, *, after: int = 0, limit: int = 500
) -> list[AuditEntry]:
    """Every entry of an incident in order, for those who may read the audit trace."""
    permissions.require(actor, Action.READ_AUDIT)
    return history.of(session, incident.id, after=after, limit=limit)


def definitions(session: Session, entries: Iterable[AuditEntry]) -> dict[str, ProcessDefinition]:
    """Definition id -> definition, of all that entries are about: an incident may have migrated."""
    ids = {entry.definition_id for entry in entries if entry.definition_id}
    query = select(ProcessDefinition).where(ProcessDefinition.id.in_(ids))
    return {definition.id: definition for definition in session.scalars(query)}


def timeline(session: Session, incident: Incident, actor: Actor) -> list[AuditEntry]:
    """The story of an incident, oldest first.

    A reporter reads what became of it, and not who answered what.
    """
    entries = history.of(session, incident.id, limit=_STORY)
    if permissions.may(actor, Action.READ_PROCESS):
        return entries
    told = [entry for entry in entries if _is_public(entry)]
    if actor.has(*_OURS):
        return told
    return [_public_side(entry) for entry in told if entry.actor_id in (None, actor.id)]


def _public_side(entry: AuditEntry) -> AuditEntry:
    """What a customer reads: that the status changed, and not which step of ours did it."""
    columns = {column.name: getattr(entry, column.name) for column in entry.__table__.columns}
    changes = {name: both for name, both in entry.changes.items() if name in PUBLIC}
    told: dict[str, Any] = {"changes": changes, "detail": {"kind": entry.detail.get("kind", "")}}
    if entry.element_id:
        told |= {"element_id": None, "element_name": "The status changed"}
    return rows.of(AuditEntry, columns | told)


def next_steps(session: Session, incident: Incident, actor: Actor) -> list[Task]:
    """What waits for somebody, the one due first on top; no customer reads who does what."""
    if not permissions.may(actor, Action.READ_INSIDE, incident):
        return []
    return _waiting_steps(session, incident)


def _waiting_steps(session: Session, incident: Incident) -> list[Task]:
    query = select(Task).where(
        Task.incident_id == incident.id,
        Task.status.in_((TaskStatus.OPEN, TaskStatus.CLAIMED)),
    )
    return list(session.scalars(query.order_by(Task.due_at.is_(None), Task.due_at, Task.id)))


def path(session: Session, incident: Incident) -> Path:
    """Which way the incident took through its diagram; a flow counts when its source took it."""
    current = standing(session, incident)
    told = session.execute(
        select(AuditEntry.element_id, AuditEntry.detail)
        .where(AuditEntry.subject_id == incident.id, AuditEntry.event.in_(_FINISHED))
        .order_by(AuditEntry.sequence)
    )
    finished = [(element_id, detail) for element_id, detail in told if element_id]
    counts = Counter(element_id for element_id, _ in finished)
    diagram = _diagram(session, current.definition)
    flows = {
        flow for element_id, detail in finished for flow in _taken(diagram, element_id, detail)
    }
    failed = current.instance.failed_element_id
    return Path(
        done=[*counts, *sorted(flows)],
        current=_waiting(session, incident, current),
        failed=[failed] if failed else [],
        counts={element_id: count for element_id, count in counts.items() if count > 1},
    )


def questions(session: Session, incident: Incident) -> dict[str, Form]:
    """Element id -> the form of that task, in the version that the incident runs."""
    definition = standing(session, incident).definition
    known = bundles.deployed(session, definition.id).bundle.forms
    nodes = _diagram(session, definition).nodes.values()
    asked = {node.id: known[node.form_key] for node in nodes if node.form_key}
    if definition.start_form_key:
        asked[""] = known[definition.start_form_key]  # what the reporter was asked
    return asked


def correction_form(session: Session, incident: Incident) -> Form:
    """What may be corrected: the start form's questions, where what is there now fits them."""
    asked = questions(session, incident).get("")
    fields = []
    for name in CORRECTABLE:
        field = asked.find(name) if asked else None
        fits = field and (not field.options or getattr(incident, name) in dict(field.options))
        fields.append(field if field and fits else _PLAIN[name])
    return Form("correction", tuple(fields))


def corrections(form: Form, sent: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the correction form, checked; ``InvalidAnswers`` names the fields."""
    checked = forms.check(form, forms.from_text(form, sent))
    return {name: value or "" for name, value in checked.items()}


def _is_public(entry: AuditEntry) -> bool:
    if entry.event in (Event.ELEMENT_COMPLETED, Event.PROCESS_CANCELLED):
        return "status" in entry.changes
    return entry.event in (
        Event.INCIDENT_REPORTED,
        Event.INCIDENT_CORRECTED,
        Event.REPORT_REPEATED,
        Event.SOURCE_RECOVERED,
    )


def _diagram(session: Session, definition: ProcessDefinition) -> Diagram:
    return bundles.deployed(session, definition.id).definition.diagram


def _taken(diagram: Diagram, element_id: str, detail: Mapping[str, Any]) -> Iterator[str]:
    if "flow_id" in detail:
        yield detail["flow_id"]
    else:
        yield from (flow.id for flow in diagram.outgoing.get(element_id, ()))


def _waiting(session: Session, incident: Incident, current: Standing) -> list[str]:
    """Where tasks wait, and intermediate events: what a person would look for on the drawing."""
    tasks = [task.element_id for task in _waiting_steps(session, incident)]
    return [*tasks, *instances.waiting_events(session, current.instance, incident)]
