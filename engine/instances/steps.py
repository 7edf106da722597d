"""The steps of a running instance: start it, complete a task, fire its timers."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles, clock, history
from engine.actors import SYSTEM, Actor
from engine.bpmn.diagram import Kind
from engine.bpmn.progress import Progress
from engine.bpmn.run import Instance
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.instances import state, writing
from engine.instances.state import Loaded
from engine.instances.writing import Taken
from engine.store.tables import Incident, InstanceStatus, ProcessInstance, Task

# Where a token stands by itself; a boundary event only watches another element.
_PLACES = (Kind.CATCH, Kind.RECEIVE_TASK)


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
    step = Taken(row["id"], definition_id, process, incident, progress, first=first)
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
    """Fire what is due in one instance and run on."""
    loaded = state.load(session, instance_id)
    state.require_moving(loaded)
    incident = session.get_one(Incident, loaded.incident_id)
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
    query = (
        select(ProcessInstance.id)
        .where(ProcessInstance.next_due_at <= clock.now(), state.CAN_MOVE)
        .order_by(ProcessInstance.next_due_at)
        .limit(limit)
    )
    return list(session.scalars(query))


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
