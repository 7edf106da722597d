"""One running process instance: start it, take a step, write down what came of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from engine import bundles, clock, history
from engine.actors import SYSTEM, Actor
from engine.bpmn import run
from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Kind, Phase
from engine.bpmn.run import OpenTask, Progress
from engine.errors import Conflict
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.operations import CATALOGUE, READABLE
from engine.store import rows
from engine.store.tables import (
    Incident,
    InstanceStatus,
    ProcessInstance,
    Task,
    TaskStatus,
    Timer,
    table_of,
)

_OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}
_PHASES = list(Phase)
_EVENTS = {
    Kind.USER_TASK: Event.TASK_COMPLETED,
    Kind.BOUNDARY: Event.TIMER_FIRED,
    Kind.TIMER_CATCH: Event.TIMER_FIRED,
}

# Statements of every step, built once: building one costs more than running it.
_instances, _tasks, _timers = map(table_of, (ProcessInstance, Task, Timer))
_LOAD = (
    select(
        ProcessInstance.id,
        ProcessInstance.incident_id,
        ProcessInstance.definition_id,
        ProcessInstance.status,
        ProcessInstance.snapshot,
        ProcessInstance.version,
    )
    .where(ProcessInstance.id == bindparam("instance_id"))
    .with_for_update()
)
_SAVED = ("snapshot", "status", "failure", "failed_element_id", "ended_at", "version")
_SAVE = (
    update(_instances)
    .where(
        _instances.c.id == bindparam("instance_id"),
        _instances.c.version == bindparam("read_version"),
    )
    .values({name: bindparam(name) for name in _SAVED})
)
_CANCEL_TASK = (
    update(_tasks)
    .where(_tasks.c.id == bindparam("task_id"))
    .values(status=TaskStatus.CANCELLED, ended_at=bindparam("now"), version=_tasks.c.version + 1)
)
_ADD_INSTANCE, _ADD_TASKS, _ADD_TIMERS = map(insert, (_instances, _tasks, _timers))
_DROP_TIMER = delete(_timers).where(_timers.c.id == bindparam("timer_id"))


@dataclass(frozen=True)
class _Step:
    """A step that the kernel has taken and that is about to be written down."""

    instance_id: str
    definition_id: str
    definition: Definition
    incident: Incident
    progress: Progress


def start(session: Session, incident: Incident, definition_id: str, reported: Entry) -> None:
    """Run a new incident's process to its first wait; ``reported`` opens its history."""
    process = bundles.deployed(session, definition_id)
    progress = run.start(process.definition, _facts(incident), _OPERATIONS)
    instance = {
        "id": new_id(),
        "incident_id": incident.id,
        "definition_id": definition_id,
        "started_at": clock.now(),
        "version": 1,
        **_outcome(progress),
    }
    session.connection().execute(_ADD_INSTANCE, instance)
    named = {"process": process.process_id, "version": process.version}
    started = Entry(Event.PROCESS_STARTED, definition_id=definition_id, detail=named)
    step = _Step(instance["id"], definition_id, process.definition, incident, progress)
    _write_down(session, step, (reported, started))


def complete_task(
    session: Session,
    incident: Incident,
    task: Task,
    answers: Mapping[str, Any],
    actor: Actor,
    first: Iterable[Entry],
) -> list[Task]:
    """Complete a task with checked answers and run on; return what waits now.

    ``first`` are the entries that led to it.
    """
    instance = _load(session, task.instance_id)
    definition = bundles.deployed(session, instance.definition_id).definition
    facts = _facts(incident)
    progress = run.complete(definition, instance.snapshot, task.id, answers, facts, _OPERATIONS)
    rows.change(
        session,
        task,
        status=TaskStatus.COMPLETED,
        assignee_id=actor.id,
        ended_at=clock.now(),
    )
    _save(session, instance, progress)
    step = _Step(instance.id, instance.definition_id, definition, incident, progress)
    opened = _write_down(session, step, first, actor, task)
    return _kept(session, progress) + opened


def fire_timers(session: Session, instance_id: str) -> None:
    """Fire what is due in one instance and run on."""
    instance = _load(session, instance_id)
    incident = session.get_one(Incident, instance.incident_id)
    definition = bundles.deployed(session, instance.definition_id).definition
    progress = run.fire_timers(definition, instance.snapshot, _facts(incident), _OPERATIONS)
    _save(session, instance, progress)
    step = _Step(instance.id, instance.definition_id, definition, incident, progress)
    _write_down(session, step, ())


def find_due(session: Session, limit: int) -> list[str]:
    """Ids of running instances with a timer that is due, the longest overdue first."""
    query = (
        select(Timer.instance_id)
        .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
        .where(Timer.due_at <= clock.now(), ProcessInstance.status == InstanceStatus.RUNNING)
        .order_by(Timer.due_at)
        .limit(limit)
    )
    return list(dict.fromkeys(session.scalars(query)))


def fail(session: Session, instance_id: str, message: str) -> None:
    """Stop an instance on a process failure that the kernel did not catch itself."""
    instance = session.get_one(ProcessInstance, instance_id)
    instance.status, instance.failure = InstanceStatus.FAILED, message
    instance.version += 1
    detail = {"message": message}
    failed = Entry(Event.PROCESS_FAILED, definition_id=instance.definition_id, detail=detail)
    history.record(session, instance.incident_id, failed)


def _load(session: Session, instance_id: str) -> Row[*tuple[Any, ...]]:
    """The columns of a running instance, locked where the database has row locks."""
    row = session.connection().execute(_LOAD, {"instance_id": instance_id}).one()
    if row.status is not InstanceStatus.RUNNING:
        raise Conflict(f"The process of this incident is {row.status} and takes no steps.")
    return row


def _facts(incident: Incident) -> dict[str, Any]:
    return {name: getattr(incident, name) for name in READABLE}


def _outcome(progress: Progress) -> dict[str, Any]:
    """The columns of an instance that a step sets."""
    failure = progress.failure
    status = InstanceStatus.COMPLETED if progress.is_ended else InstanceStatus.RUNNING
    return {
        "snapshot": progress.snapshot,
        "status": InstanceStatus.FAILED if failure else status,
        "failure": str(failure) if failure else None,
        "failed_element_id": failure.element_id if failure else None,
        "ended_at": clock.now() if progress.is_ended else None,
    }


def _save(session: Session, instance: Row[*tuple[Any, ...]], progress: Progress) -> None:
    """Write the new snapshot over the version that we read, or lose the race."""
    read = {"instance_id": instance.id, "read_version": instance.version}
    new = {"version": instance.version + 1, **_outcome(progress)}
    saved = session.connection().execute(_SAVE, read | new)
    if saved.rowcount != 1:
        raise Conflict("Somebody else moved this process on just now. Reload the page.")


def _write_down(
    session: Session,
    step: _Step,
    first: Iterable[Entry],
    actor: Actor = SYSTEM,
    completed: Task | None = None,
) -> list[Task]:
    """Incident, tasks, timers and history of one step; return the tasks that it opened."""
    rows.change(session, step.incident, **_incident_values(step))
    _cancel_tasks(session, step.progress)
    opened = _open_tasks(session, step)
    _set_timers(session, step)
    finished = _finished(step, actor, completed)
    waits = [*_cancelled(step), *map(_opened, opened)]
    history.record(session, step.incident.id, *first, *finished, *waits, *_ending(step))
    return opened


def _incident_values(step: _Step) -> dict[str, Any]:
    """What the operations changed, and the phase in which the process now waits."""
    nodes, progress = step.definition.diagram.nodes, step.progress
    values: dict[str, Any] = {"updated_at": clock.now()}
    for taken in progress.steps:
        if nodes[taken.element_id].kind is Kind.SERVICE_TASK:
            values |= {name: new for name, (_, new) in taken.changes.items()}
    phases = [nodes[task.element_id].phase for task in progress.open_tasks]
    waiting = [_PHASES.index(phase) for phase in phases if phase]
    if waiting:
        values["phase"] = _PHASES[max(waiting)]
    return values


def _cancel_tasks(session: Session, progress: Progress) -> None:
    if progress.gone_tasks:
        gone = [{"task_id": task.id, "now": clock.now()} for task in progress.gone_tasks]
        session.connection().execute(_CANCEL_TASK, gone)


def _open_tasks(session: Session, step: _Step) -> list[Task]:
    opened = [_task_row(step, task) for task in step.progress.new_tasks]
    if opened:
        session.connection().execute(_ADD_TASKS, opened)
    return [Task(**row) for row in opened]


def _task_row(step: _Step, task: OpenTask) -> dict[str, Any]:
    node = step.definition.diagram.nodes[task.element_id]
    now = clock.now()
    return {
        "id": task.id,
        "instance_id": step.instance_id,
        "incident_id": step.incident.id,
        "definition_id": step.definition_id,
        "element_id": node.id,
        "name": node.title,
        "phase": node.phase,
        "candidate_group": node.lane or "",
        "form_key": node.form_key or "",
        "status": TaskStatus.OPEN,
        "created_at": now,
        "due_at": clock.after(now, node.due_in) if node.due_in else None,
        "version": 1,
    }


def _set_timers(session: Session, step: _Step) -> None:
    gone = [{"timer_id": timer.id} for timer in step.progress.gone_timers]
    if gone:
        session.connection().execute(_DROP_TIMER, gone)
    fresh = [
        {
            "id": timer.id,
            "instance_id": step.instance_id,
            "element_id": timer.element_id,
            "due_at": timer.due_at,
        }
        for timer in step.progress.new_timers
    ]
    if fresh:
        session.connection().execute(_ADD_TIMERS, fresh)


def _kept(session: Session, progress: Progress) -> list[Task]:
    """The tasks that waited before this step and still do."""
    opened = {task.id for task in progress.new_tasks}
    kept = [task.id for task in progress.open_tasks if task.id not in opened]
    return list(session.scalars(select(Task).where(Task.id.in_(kept)))) if kept else []


def _finished(step: _Step, actor: Actor, completed: Task | None) -> Iterator[Entry]:
    """One entry for each element that finished, in order."""
    for taken in step.progress.steps:
        node = step.definition.diagram.nodes[taken.element_id]
        is_answer = node.kind is Kind.USER_TASK
        yield Entry(
            _EVENTS.get(node.kind, Event.ELEMENT_COMPLETED),
            actor if is_answer else SYSTEM,
            definition_id=step.definition_id,
            element_id=node.id,
            element_name=node.title,
            task_id=completed.id if is_answer and completed else None,
            changes=taken.changes,
            detail={"kind": node.kind, **taken.detail},
        )


def _opened(task: Task) -> Entry:
    return Entry(
        Event.TASK_OPENED,
        definition_id=task.definition_id,
        element_id=task.element_id,
        element_name=task.name,
        task_id=task.id,
        detail={"candidate_group": task.candidate_group, "phase": task.phase},
    )


def _cancelled(step: _Step) -> Iterator[Entry]:
    for task in step.progress.gone_tasks:
        yield Entry(
            Event.TASK_CANCELLED,
            definition_id=step.definition_id,
            element_id=task.element_id,
            element_name=step.definition.diagram.nodes[task.element_id].title,
            task_id=task.id,
        )


def _ending(step: _Step) -> Iterator[Entry]:
    failure = step.progress.failure
    if failure:
        yield Entry(
            Event.PROCESS_FAILED,
            definition_id=step.definition_id,
            element_id=failure.element_id,
            detail={"message": str(failure)},
        )
    elif step.progress.is_ended:
        yield Entry(Event.PROCESS_COMPLETED, definition_id=step.definition_id)
