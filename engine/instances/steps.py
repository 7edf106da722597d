"""The steps of a running instance: start it, complete a task, fire its timers."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import bundles, clock, history, jobs, outbox
from engine.actors import SYSTEM, Actor
from engine.bpmn.diagram import Kind
from engine.bpmn.progress import Progress
from engine.bpmn.run import Instance
from engine.errors import Conflict
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.instances import state, writing
from engine.instances.state import Loaded
from engine.instances.writing import Taken
from engine.jobs import Job
from engine.store import rows
from engine.store.statement import Statement
from engine.store.tables import Incident, InstanceStatus, ProcessInstance, Task, table_of

# Where a token stands by itself; a boundary event only watches another element.
_PLACES = (Kind.CATCH, Kind.RECEIVE_TASK)
_DUE = (
    select(ProcessInstance.id)
    .where(
        ProcessInstance.next_due_at <= bindparam("now"),
        state.CAN_MOVE,
        # What a sweep could not do is tried by a job, later and later.
        ~jobs.is_ahead(Job.FIRE_TIMERS, ProcessInstance.id),
    )
    .order_by(ProcessInstance.next_due_at)
    .limit(bindparam("limit"))
)

_WITH_DUE_TIMER = Statement(
    select(*table_of(Incident).columns, *state.COLUMNS)
    .join_from(ProcessInstance, Incident, Incident.id == ProcessInstance.incident_id)
    .where(
        ProcessInstance.id == bindparam("instance_id"),
        ProcessInstance.next_due_at <= bindparam("now"),
    )
    .with_for_update(key_share=True)
)


def start(session: Session, incident: Incident, definition_id: str, reported: Entry) -> None:
    """Run a new incident's process to its first wait; ``reported`` opens its history."""
    process = bundles.deployed(session, definition_id)
    instance = state.begin(process, incident)
    progress = instance.progress()
    row = {
        "id": new_id(),
        "incident_id": incident.id,
        "definition_id": definition_id,
        "started_at": clock.now(),
        "version": 1,
        **state.outcome(instance, progress),
    }
    state.add(session, row)
    named = {"process": process.process_id, "version": process.version}
    started = Entry(Event.PROCESS_STARTED, definition_id=definition_id, detail=named)
    first = (reported, started)
    step = Taken(
        row["id"], definition_id, process, incident, progress, actor=reported.actor, first=first
    )
    writing.write_down(session, step)


def complete_task(
    session: Session,
    loaded: Loaded,
    incident: Incident,
    task: Task,
    answers: Mapping[str, Any],
    actor: Actor,
    first: Iterable[Entry],
) -> list[Task]:
    """Complete a task with checked answers and run on; return what waits now.

    ``first`` are the entries that led to it.
    """
    state.require_moving(loaded)
    progress, opened = take(
        session,
        loaded,
        incident,
        lambda instance: instance.complete(task.id, answers),
        actor=actor,
        completed=task,
        first=tuple(first),
    )
    return _kept(session, progress) + opened


def fire_timers(session: Session, instance_id: str) -> None:
    """Fire what is due in one instance and run on; ``Conflict`` when nothing is."""
    found = _WITH_DUE_TIMER.find(session, {"instance_id": instance_id, "now": clock.now()})
    if not found:
        raise Conflict("No timer of this process is due.")
    values = iter(found[0])
    incident, loaded = rows.take(Incident, values), Loaded(*values)
    state.require_moving(loaded)
    take(session, loaded, incident, Instance.fire_timers)


def take(
    session: Session,
    loaded: Loaded,
    incident: Incident,
    step: Callable[[Instance], object],
    **who: Any,
) -> tuple[Progress, list[Task]]:
    """Let an instance do something and write down what came of it; ``who`` as in ``Taken``."""
    instance = state.take_up(session, loaded, incident)
    step(instance)
    progress = instance.progress()
    state.save(session, loaded, state.outcome(instance, progress))
    deployed = bundles.deployed(session, loaded.definition_id)
    taken = Taken(loaded.id, loaded.definition_id, deployed, incident, progress, **who)
    return progress, writing.write_down(session, taken)


def find_due(session: Session, limit: int) -> list[str]:
    """Ids of instances with a timer that is due, the longest overdue first."""
    return list(session.scalars(_DUE, {"now": clock.now(), "limit": limit}))


def take_due(session: Session, limit: int) -> list[str]:
    """The same, locked where the database has row locks; what others hold is theirs."""
    query = _DUE.with_for_update(skip_locked=True, key_share=True)
    return list(session.scalars(query, {"now": clock.now(), "limit": limit}))


def fail(session: Session, instance_id: str, message: str) -> None:
    """Stop an instance on a process failure that the kernel did not catch itself."""
    instance = session.get_one(ProcessInstance, instance_id)
    instance.status, instance.failure = InstanceStatus.FAILED, message
    instance.failed_element_id = None
    instance.version += 1
    detail = {"message": message}
    failed = Entry(
        Event.PROCESS_FAILED, SYSTEM, definition_id=instance.definition_id, detail=detail
    )
    history.record(session, instance.incident_id, failed)
    outbox.alert(session, "A process failed", detail, instance.incident_id)


def _kept(session: Session, progress: Progress) -> list[Task]:
    """The tasks that waited before this step and still do."""
    opened = {wait.id for wait in progress.new}
    kept = [task.id for task in progress.open_tasks if task.id not in opened]
    return list(session.scalars(select(Task).where(Task.id.in_(kept)))) if kept else []


def waiting_events(session: Session, row: ProcessInstance, incident: Incident) -> list[str]:
    """Ids of the elements of the process itself at which it waits for an event."""
    if row.status not in state.MOVING:
        return []
    deployed = bundles.deployed(session, row.definition_id)
    waits = state.look(deployed, row.snapshot, incident)
    return [
        wait.element_id
        for wait in waits
        if wait.node.kind in _PLACES and wait.process_id == deployed.process_id
    ]
