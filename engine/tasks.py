"""The worklist: find, claim, release, complete."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    bindparam,
    false,
    func,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from engine import bundles, clock, forms, health, history, instances, signatures
from engine.actors import Actor, Role
from engine.bpmn.diagram import Node
from engine.bundles import Deployed
from engine.errors import Conflict, NotAllowed, NotFound, StaleVersion
from engine.forms import Form
from engine.health import Step
from engine.history import Entry, Event
from engine.instances import Loaded
from engine.people import duties, permissions, restriction
from engine.people.ceremonies import Site
from engine.people.permissions import Action
from engine.signatures import Decision, Question, Signing
from engine.store import rows
from engine.store.statement import Statement
from engine.store.tables import (
    Incident,
    InstanceStatus,
    ProcessInstance,
    Task,
    TaskStatus,
    table_of,
)

_FAR = datetime(9999, 1, 1, tzinfo=UTC)  # sorts tasks without a due time last
COUNTED = 1_000  # of a queue; a person who sees that many does not need to know how many more


class Queue(StrEnum):
    """The views of the inbox."""

    MINE = "mine"  # claimed by me
    GROUPS = "groups"  # open in my groups
    OVERDUE = "overdue"  # mine or open in my groups, past its due time
    ALL = "all"  # every waiting task I may see


@dataclass(frozen=True)
class Assignment:
    """A task with the incident it belongs to."""

    task: Task
    incident: Incident
    is_on_hold: bool  # its process takes no steps until it is resumed


_tasks, _incidents = table_of(Task), table_of(Incident)
_ASSIGNMENTS = (
    select(*_tasks.columns, *_incidents.columns, ProcessInstance.status)
    .join_from(Task, Incident, Incident.id == Task.incident_id)
    .join(ProcessInstance, ProcessInstance.id == Task.instance_id)
)
_ASSIGNMENT = Statement(_ASSIGNMENTS.where(Task.id == bindparam("task_id")))
# The process first, as every step does: whoever waits for it holds nothing that a step needs.
_LOCKED = (ProcessInstance, Task, Incident)
_TO_CHANGE = Statement(
    _ASSIGNMENTS.where(Task.id == bindparam("task_id")).with_for_update(of=_LOCKED, key_share=True)
)
_WORK = Statement(
    _ASSIGNMENTS.add_columns(*instances.COLUMNS)
    .where(Task.id == bindparam("task_id"))
    .with_for_update(of=_LOCKED, key_share=True)
)
_UNKNOWN = "There is no such task among yours."
_LIMIT = bindparam("limit", type_=Integer)
_Keys = Select[datetime | None, str]  # in the order of a list
_KEYS = select(Task.due_at, Task.id)
_WAITING = _KEYS.where(Task.ended_at.is_(None))  # as the indexes of the queues say it
# An incident has few tasks. The same in other words, so that its own index is the one to use.
_OF_INCIDENT = _KEYS.where(
    Task.incident_id == bindparam("incident_id"),
    Task.status.in_((TaskStatus.OPEN, TaskStatus.CLAIMED)),
)


@dataclass(frozen=True)
class Completion(Assignment):
    """A task that was just completed, and what its incident waits for now (of what one may see)."""

    next_tasks: list[Task]


@dataclass(frozen=True)
class Worksheet:
    """What a person needs to do a task: the form and the instructions of the pinned version.

    A manual task may be without a form: then nothing is asked.
    """

    form: Form
    node: Node
    definition: Deployed


def get(session: Session, task_id: str, actor: Actor) -> Assignment:
    """A task the actor may see, or ``NotFound``."""
    values = _one(session, _ASSIGNMENT, task_id)
    return _visible_to(session, actor, _assigned(values))


def find(
    session: Session,
    actor: Actor,
    queue: Queue,
    *,
    incident_id: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Assignment]:
    """Waiting tasks, the one due first on top; ``after`` is ``sort_key`` of the last one seen."""
    statement = _listing(actor, queue, of_incident=bool(incident_id), is_next_page=bool(after))
    due_at, task_id = after or (None, None)
    asked = {"due_at": due_at, "task_id": task_id, "dateless_id": task_id if due_at == _FAR else ""}
    limits = {"incident_id": incident_id, "now": clock.now(), "limit": limit}
    found = [_assigned(iter(row)) for row in statement.find(session, asked | limits)]
    for assignment in found:
        restriction.look_up(session, assignment.incident)
    return found


@lru_cache(maxsize=1_000)
def _listing(actor: Actor, queue: Queue, *, of_incident: bool, is_next_page: bool) -> Statement:
    """What one person sees of a queue; written once for as many people as work at one time."""
    parts = _parts(actor, queue, _OF_INCIDENT if of_incident else _WAITING)
    # Its page first, from indexes alone; then the rows of that page.
    pages = [page for part in parts for page in _pages(part, is_next_page=is_next_page)]
    some = union_all(*map(select, pages)).subquery()
    page = select(some).order_by(*_in_order(some)).limit(_LIMIT).subquery()
    found = _ASSIGNMENTS.join(page, page.c.id == Task.id).order_by(*_in_order(page))
    return Statement(permissions.visible(found, actor, Action.READ_TASK))


def _pages(part: _Keys, *, is_next_page: bool) -> Iterator[Subquery]:
    """What a page may have of one part: tasks with a due time, and tasks without.

    Apart, since databases do not agree about which of them an index has first.
    """
    dated, dateless = part.where(Task.due_at.is_not(None)), part.where(Task.due_at.is_(None))
    if is_next_page:
        last = tuple_(bindparam("due_at", type_=Task.due_at.type), bindparam("task_id"))
        dated = dated.where(tuple_(Task.due_at, Task.id) > last)
        dateless = dateless.where(Task.id > bindparam("dateless_id"))
    for some in (dated, dateless):
        yield some.order_by(Task.due_at, Task.id).limit(_LIMIT).subquery()


def _in_order(tasks: FromClause) -> tuple[ColumnElement[Any], ...]:
    return tasks.c.due_at.is_(None), tasks.c.due_at, tasks.c.id


def count(session: Session, actor: Actor) -> dict[Queue, int]:
    """How many tasks wait in each queue, counted up to ``COUNTED``."""
    ((*counts,),) = _counting(actor).find(session, {"now": clock.now(), "limit": COUNTED})
    return dict(zip(Queue, counts, strict=True))


@lru_cache(maxsize=1_000)
def _counting(actor: Actor) -> Statement:
    parts = (_parts(actor, queue, _WAITING) for queue in Queue)
    queues = (union_all(*some).limit(_LIMIT).subquery() for some in parts)
    counts = (select(func.count()).select_from(queue).scalar_subquery() for queue in queues)
    return Statement(select(*counts))


def sort_key(task: Task) -> tuple[datetime, str]:
    return task.due_at or _FAR, task.id


def why_not(session: Session, assignment: Assignment, actor: Actor) -> str | None:
    """Why somebody may not work on a task that they see, in a sentence; ``None`` if they may."""
    task, incident = assignment.task, assignment.incident
    if not permissions.may(actor, Action.WORK_TASK, task, of=incident):
        return permissions.why_not(actor, Action.WORK_TASK, task, of=incident)
    return duties.conflict(session, task, incident, actor)


def worksheet(session: Session, task: Task) -> Worksheet:
    pinned = bundles.deployed(session, task.definition_id)
    node = pinned.definition.diagram.nodes[task.element_id]
    form = pinned.bundle.forms[task.form_key] if task.form_key else forms.NOTHING_ASKED
    return Worksheet(form, node, pinned)


def claim(session: Session, task_id: str, actor: Actor, version: int | None = None) -> Assignment:
    """Take an open task; claiming one's own task again changes nothing."""
    assignment = _get_for_work(session, task_id, actor, version)
    task = assignment.task
    if task.assignee_id == actor.id and task.status is TaskStatus.CLAIMED:
        return assignment
    _require_waiting(task)
    if task.status is TaskStatus.CLAIMED:
        raise Conflict("Somebody else has claimed this task.")
    duties.require_separate(session, task, assignment.incident, actor)
    rows.change(session, task, status=TaskStatus.CLAIMED, assignee_id=actor.id)
    history.record(session, task.incident_id, _entry(Event.TASK_CLAIMED, task, actor))
    return assignment


def release(session: Session, task_id: str, actor: Actor, version: int | None = None) -> Assignment:
    """Give a claimed task back to its group."""
    assignment = _get_for_work(session, task_id, actor, version)
    task = assignment.task
    _require_waiting(task)
    if task.assignee_id != actor.id:
        raise NotAllowed("Only its assignee may release this task.")
    rows.change(session, task, status=TaskStatus.OPEN, assignee_id=None)
    history.record(session, task.incident_id, _entry(Event.TASK_RELEASED, task, actor))
    return assignment


@health.timed(Step.COMPLETION)
def complete(
    session: Session,
    task_id: str,
    answers: Mapping[str, Any],
    actor: Actor,
    version: int | None = None,
    signing: Signing | None = None,
) -> Completion:
    """Complete a task and run its process on to the next wait.

    Whoever completes an open task of their group claims it by that; the history shows both.
    ``signatures.Unsigned`` when the task asks for a signature and ``signing`` is not the one.
    """
    values = _one(session, _WORK, task_id)
    assignment = _visible_to(session, actor, _assigned(values))
    loaded = Loaded(*values)
    task, incident = assignment.task, assignment.incident
    _require_work(assignment, actor, version)
    _require_theirs(session, assignment, actor)
    decision = _decision(session, assignment, answers)
    is_open = task.status is TaskStatus.OPEN
    first = [_entry(Event.TASK_CLAIMED, task, actor)] if is_open else []
    if decision.meaning or signing is not None:
        first.insert(0, signatures.sign(session, decision, signing, actor))
    waiting = instances.complete_task(
        session, loaded, incident, task, decision.answers, actor, first
    )
    mine = [t for t in waiting if permissions.may(actor, Action.READ_TASK, t, of=incident)]
    return Completion(task, incident, is_on_hold=False, next_tasks=mine)


def ask_to_sign(
    session: Session, task_id: str, answers: Mapping[str, Any], site: Site, actor: Actor
) -> Question:
    """What a passkey of the actor is to sign before they complete a task with these answers."""
    assignment = get(session, task_id, actor)
    _require_work(assignment, actor, None)
    _require_theirs(session, assignment, actor)
    return signatures.ask(session, _decision(session, assignment, answers), site, actor)


def _decision(session: Session, assignment: Assignment, answers: Mapping[str, Any]) -> Decision:
    """What somebody decides who completes a task, its answers checked."""
    sheet = worksheet(session, assignment.task)
    return Decision(
        task=assignment.task,
        incident=assignment.incident,
        process=sheet.definition,
        form=sheet.form,
        instructions=sheet.node.instructions,
        answers=forms.check(sheet.form, answers),
        meaning=sheet.node.signature,
    )


def _one(session: Session, statement: Statement, task_id: str) -> Iterator[Any]:
    """The values of the only row: of the task, of its incident, and what more was asked for."""
    found = statement.find(session, {"task_id": task_id})
    if not found:
        raise NotFound(_UNKNOWN)
    return iter(found[0])


def _assigned(values: Iterator[Any]) -> Assignment:
    task, incident = rows.take(Task, values), rows.take(Incident, values)
    return Assignment(task, incident, next(values) is InstanceStatus.SUSPENDED)


def _visible_to(session: Session, actor: Actor, assignment: Assignment) -> Assignment:
    restriction.look_up(session, assignment.incident)
    if not permissions.may(actor, Action.READ_TASK, assignment.task, of=assignment.incident):
        raise NotFound(_UNKNOWN)
    return assignment


def lock(session: Session, task_id: str, actor: Actor) -> Assignment:
    """A task the actor may see, locked where the database has row locks, to be changed."""
    return _visible_to(session, actor, _assigned(_one(session, _TO_CHANGE, task_id)))


def _get_for_work(session: Session, task_id: str, actor: Actor, version: int | None) -> Assignment:
    assignment = lock(session, task_id, actor)
    _require_work(assignment, actor, version)
    return assignment


def _require_work(assignment: Assignment, actor: Actor, version: int | None) -> None:
    task = assignment.task
    permissions.require(actor, Action.WORK_TASK, task, of=assignment.incident)
    require_version(task, version)


def require_version(task: Task, version: int | None) -> None:
    """``StaleVersion`` if it is not the one that somebody looked at."""
    if version is not None and version != task.version:
        raise StaleVersion("This task has changed since. Look at it again.")


def _require_theirs(session: Session, assignment: Assignment, actor: Actor) -> None:
    """That it waits, for nobody else, and that no other duty of the actor is in the way."""
    task = assignment.task
    _require_waiting(task)
    if task.status is TaskStatus.CLAIMED and task.assignee_id not in (
        actor.id,
        actor.on_behalf_of,
    ):
        raise NotAllowed("Somebody else has claimed this task. Ask them to release it.")
    duties.require_separate(session, task, assignment.incident, actor)


def _require_waiting(task: Task) -> None:
    if task.status in (TaskStatus.COMPLETED, TaskStatus.CANCELLED):
        raise Conflict(f"This task is already {task.status}.")


def _entry(event: Event, task: Task, actor: Actor) -> Entry:
    return Entry(
        event,
        actor,
        definition_id=task.definition_id,
        element_id=task.element_id,
        element_name=task.name,
        task_id=task.id,
    )


def _parts(actor: Actor, queue: Queue, waiting: _Keys) -> list[_Keys]:
    """The tasks of a queue, in parts that each lie in the order of one index."""
    seen = permissions.visible(waiting, actor, Action.READ_TASK)
    # One by one: a database does not merge what a condition on several groups finds in order.
    groups = sorted(actor.groups_as(Role.RESPONDER, Role.INCIDENT_MANAGER))
    of_groups = [permissions.visible(waiting, actor, Action.READ_TASK, group=g) for g in groups]
    ours = [part.where(Task.status == TaskStatus.OPEN) for part in of_groups]
    mine = seen.where(Task.status == TaskStatus.CLAIMED, Task.assignee_id == actor.id)
    match queue:
        case Queue.MINE:
            return [mine]
        case Queue.GROUPS:
            return ours or [seen.where(false())]
        case Queue.OVERDUE:
            return [part.where(Task.due_at < bindparam("now")) for part in (mine, *ours)]
        case Queue.ALL:
            # Whoever sees the tasks of every group sees them in one order.
            sees_all = permissions.may(actor, Action.READ_EVERY_QUEUE)
            return [seen] if sees_all or not of_groups else of_groups
