"""What the database holds of the running simulation, and how it is compared with what must hold."""

import itertools
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, select

from engine.bpmn.progress import OpenTask, OpenTimer
from engine.bundles import deployed
from engine.history import Event
from engine.instances import state
from engine.operations import READABLE
from engine.store.statement import Statement
from engine.store.tables import (
    AuditEntry,
    Incident,
    Message,
    ProcessInstance,
    Subscription,
    Task,
    TaskStatus,
)
from tests.simulation.courses import Claim

_INSTANCES = Statement(
    select(
        ProcessInstance.incident_id,
        ProcessInstance.status,
        ProcessInstance.version,
        ProcessInstance.definition_id,
        ProcessInstance.next_due_at,
    )
)
_TASKS = Statement(
    select(
        Task.incident_id, Task.element_id, Task.id, Task.status, Task.assignee_id, Task.version
    ).where(Task.ended_at.is_(None))
)
_SUBSCRIPTIONS = Statement(
    select(
        ProcessInstance.incident_id, Subscription.element_id, Subscription.name, Subscription.key
    ).join(ProcessInstance, ProcessInstance.id == Subscription.instance_id)
)
_MESSAGES = Statement(
    select(Message.id, Message.name, Message.key, Message.status, Message.receiver_id).order_by(
        Message.id
    )
)
_ENTRIES = Statement(
    select(
        AuditEntry.id,
        AuditEntry.subject_id,
        AuditEntry.sequence,
        AuditEntry.event,
        AuditEntry.element_id,
        AuditEntry.changes,
    )
    .where(AuditEntry.id > bindparam("last_id"), AuditEntry.event != Event.BUNDLE_DEPLOYED)
    .order_by(AuditEntry.id)
)


@dataclass
class Known:
    """How far the history of a subject has been read, and the facts that it tells."""

    sequence: int = 0
    facts: dict = field(default_factory=dict)


class Auditor:
    """Reads the database after every step and holds it against the courses."""

    def __init__(self, database, clock, events):
        self._database, self._clock = database, clock
        self._events = events  # counts what the histories tell
        self._known = {}
        with database.reading() as session:
            self._last_id = session.scalar(select(func.max(AuditEntry.id))) or 0

    def status_of(self, course):
        """What the history says of an incident's status."""
        return self._known[course.incident_id].facts.get("status", "new")

    def check(self, post):
        with self._database.reading() as session:
            self._check_courses(session, post.courses)
            self._check_letters(session, post.letters)
            changed = self._check_history(session, post)
            for course in changed:
                self._check_snapshot(session, course)

    def _check_courses(self, session, courses):
        rows = {incident_id: row for incident_id, *row in _INSTANCES.find(session, {})}
        must_be("incidents", sorted(rows), sorted(c.incident_id for c in courses))
        tasks, subscriptions = _grouped(session, _TASKS), _grouped(session, _SUBSCRIPTIONS)
        for course in courses:
            *found, due_at = rows[course.incident_id]
            found.append(self._clock.minute_of(due_at))
            expected = [course.status, course.version, course.definition_id, course.next_due]
            must_be(f"the instance of {course}", found, expected)
            _check_tasks(course, tasks.get(course.incident_id, []))
            awaited = sorted(subscriptions.get(course.incident_id, []))
            must_be(f"the subscriptions of {course}", awaited, sorted(course.awaited))

    def _check_letters(self, session, letters):
        rows = _MESSAGES.find(session, {})
        must_be("the number of messages", len(rows), len(letters))
        for row, letter in zip(rows, letters, strict=True):
            letter.id = letter.id or row[0]
            receiver = letter.receiver.incident_id if letter.receiver else None
            must_be("a message", row, (letter.id, letter.name, letter.key, letter.status, receiver))

    def _check_history(self, session, post):
        """Each history goes on without a gap, with what was told and nothing else."""
        told = {course.incident_id: course.told for course in post.courses}
        told |= {letter.id: letter.told for letter in post.letters}
        found = {}
        for entry_id, subject_id, sequence, event, element_id, changes in _ENTRIES.find(
            session, {"last_id": self._last_id}
        ):
            self._last_id = entry_id
            self._read(subject_id, sequence, changes)
            found.setdefault(subject_id, []).append((event, element_id))
            self._events[event] += 1
        expected = {about: _settled(events) for about, events in told.items() if events}
        must_be("the history", {about: _settled(it) for about, it in found.items()}, expected)
        changed = [course for course in post.courses if course.told]
        for course in changed:
            self._check_facts(session, course)
        for subject in (*post.courses, *post.letters):
            subject.told = []
        return changed

    def _read(self, subject_id, sequence, changes):
        known = self._known.setdefault(subject_id, Known())
        must_be("the number of an entry", sequence, known.sequence + 1)
        known.sequence = sequence
        for name, (old, new) in changes.items():
            if name in READABLE:
                must_be(f"the old {name}", old, known.facts.get(name, old))
                known.facts[name] = new

    def _check_facts(self, session, course):
        """The history, read from its beginning, says what the incident is."""
        incident = session.get_one(Incident, course.incident_id)
        facts = self._known[course.incident_id].facts
        must_be("the facts", {name: getattr(incident, name) for name in facts}, facts)

    def _check_snapshot(self, session, course):
        """What waits in the snapshot is what the rows say, and nothing else is on its way."""
        query = select(ProcessInstance).where(ProcessInstance.incident_id == course.incident_id)
        row = session.scalars(query).one()
        incident = session.get_one(Incident, course.incident_id)
        waits = ()
        if course.status in ("running", "suspended"):
            waits = state.look(deployed(session, row.definition_id), row.snapshot, incident)
        tasks = sorted(wait.id for wait in waits if isinstance(wait, OpenTask))
        must_be("the tasks", tasks, sorted(claim.task_id for claim in course.claims.values()))
        timers = [wait.due_at for wait in waits if isinstance(wait, OpenTimer)]
        must_be("the first timer", row.next_due_at, min(timers, default=None))
        others = len(waits) - len(tasks) - len(timers)
        must_be("the number of waits for messages", others, len(course.subscriptions))


def _grouped(session, statement):
    """Incident id -> the other columns of its rows."""
    found = {}
    for incident_id, *row in statement.find(session, {}):
        found.setdefault(incident_id, []).append(tuple(row))
    return found


def _check_tasks(course, rows):
    elements = sorted(row[0] for row in rows)
    must_be(f"the tasks of {course}", elements, sorted(wait.element for wait in course.tasks))
    for element, task_id, *found in rows:
        claim = course.claims.setdefault(element, Claim(task_id))
        status = TaskStatus.CLAIMED if claim.by else TaskStatus.OPEN
        expected = [claim.task_id, status, claim.by, claim.version]
        must_be(f"a task of {course}", [task_id, *found], expected)


def _settled(events):
    """Tasks that one step cancels together stand in no order that anybody relies on."""
    settled = []
    for is_cancelled, some in itertools.groupby(events, lambda it: it[0] == Event.TASK_CANCELLED):
        events_of_one = list(some)
        settled += sorted(events_of_one) if is_cancelled else events_of_one
    return settled


def must_be(what, found, expected):
    assert found == expected, f"{what}\n  is      {found}\n  must be {expected}"
