"""One running process instance: start it, take a step, write down what came of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from engine import bundles, clock, history
from engine.actors import SYSTEM, Actor
from engine.bpmn import run
from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Kind, Node, Phase
from engine.bpmn.run import Progress, Step
from engine.errors import Conflict
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.operations import CATALOGUE, READABLE
from engine.store.tables import (
    Incident,
    InstanceStatus,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
    Timer,
)

_OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}
_PHASES = list(Phase)


def start(
    session: Session, incident: Incident, definition: ProcessDefinition, reported: Entry
) -> ProcessInstance:
    """Run a new incident's process to its first wait; ``reported`` opens its history."""
    compiled = _compiled(session, definition)
    progress = run.start(compiled, _facts(incident), _OPERATIONS)
    instance = ProcessInstance(
        id=new_id(),
        incident_id=incident.id,
        definition_id=definition.id,
        status=_status(progress),
        snapshot=progress.snapshot,
        started_at=clock.now(),
        version=1,
    )
    session.add(instance)
    session.flush()
    started = Entry(
        Event.PROCESS_STARTED,
        definition_id=definition.id,
        detail={"process": definition.process_id, "version": definition.version},
    )
    _write_down(session, instance, incident, compiled, progress, SYSTEM, (reported, started))
    return instance


def complete_task(
    session: Session, task: Task, answers: Mapping[str, Any], actor: Actor, first: Iterable[Entry]
) -> None:
    """Complete a task with checked answers and run on; ``first`` is what led to it."""
    instance, incident, definition = _load(session, task.instance_id)
    compiled = _compiled(session, definition)
    progress = run.complete(
        compiled, instance.snapshot, task.id, answers, _facts(incident), _OPERATIONS
    )
    task.status = TaskStatus.COMPLETED
    task.ended_at = clock.now()
    task.version += 1
    _save(session, instance, progress)
    _write_down(session, instance, incident, compiled, progress, actor, first, task)


def fire_timers(session: Session, instance_id: str) -> None:
    """Fire what is due in one instance and run on."""
    instance, incident, definition = _load(session, instance_id)
    compiled = _compiled(session, definition)
    progress = run.fire_timers(compiled, instance.snapshot, _facts(incident), _OPERATIONS)
    _save(session, instance, progress)
    _write_down(session, instance, incident, compiled, progress, SYSTEM, ())


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
    instance, incident, definition = _load(session, instance_id)
    instance.status = InstanceStatus.FAILED
    instance.failure = message
    instance.version += 1
    failed = Entry(Event.PROCESS_FAILED, definition_id=definition.id, detail={"message": message})
    history.record(session, incident.id, failed)


def _load(
    session: Session, instance_id: str
) -> tuple[ProcessInstance, Incident, ProcessDefinition]:
    row = session.execute(
        select(ProcessInstance, Incident, ProcessDefinition)
        .join(Incident, Incident.id == ProcessInstance.incident_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(ProcessInstance.id == instance_id)
        .with_for_update(of=ProcessInstance)
    ).one()
    instance, incident, definition = row.tuple()
    if instance.status is not InstanceStatus.RUNNING:
        raise Conflict(f"The process of {incident.number} is {instance.status}.")
    return instance, incident, definition


def _compiled(session: Session, definition: ProcessDefinition) -> Definition:
    deployment = bundles.deployed(session, definition.deployment_id)
    return deployment.definitions[definition.process_id]


def _facts(incident: Incident) -> dict[str, Any]:
    return {name: getattr(incident, name) for name in READABLE}


def _status(progress: Progress) -> InstanceStatus:
    if progress.failure:
        return InstanceStatus.FAILED
    return InstanceStatus.COMPLETED if progress.is_ended else InstanceStatus.RUNNING


def _save(session: Session, instance: ProcessInstance, progress: Progress) -> None:
    """Write the new snapshot over the version that we read, or lose the race."""
    result = session.execute(
        update(ProcessInstance)
        .where(ProcessInstance.id == instance.id, ProcessInstance.version == instance.version)
        .values(
            snapshot=progress.snapshot,
            status=_status(progress),
            version=instance.version + 1,
            failure=str(progress.failure) if progress.failure else None,
            failed_element_id=progress.failure.element_id if progress.failure else None,
            ended_at=clock.now() if progress.is_ended else None,
        )
        .execution_options(synchronize_session=False)
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise Conflict("Somebody else moved this process on just now. Reload the page.")


def _write_down(
    session: Session,
    instance: ProcessInstance,
    incident: Incident,
    compiled: Definition,
    progress: Progress,
    actor: Actor,
    first: Iterable[Entry],
    completed: Task | None = None,
) -> None:
    """Incident, tasks, timers and history of one step, in the transaction of that step."""
    steps = [_entry(instance, compiled, step, actor, completed) for step in progress.steps]
    _change_incident(incident, compiled, progress)
    tasks = _set_tasks(session, instance, incident, compiled, progress)
    _set_timers(session, instance, progress)
    history.record(session, incident.id, *first, *steps, *tasks, *_ending(instance, progress))


def _entry(
    instance: ProcessInstance, compiled: Definition, step: Step, actor: Actor, task: Task | None
) -> Entry:
    node = compiled.diagram.nodes[step.element_id]
    is_answer = node.kind is Kind.USER_TASK
    event = {
        Kind.USER_TASK: Event.TASK_COMPLETED,
        Kind.BOUNDARY: Event.TIMER_FIRED,
        Kind.TIMER_CATCH: Event.TIMER_FIRED,
    }.get(node.kind, Event.ELEMENT_COMPLETED)
    return Entry(
        event,
        actor if is_answer else SYSTEM,
        definition_id=instance.definition_id,
        element_id=node.id,
        element_name=node.title,
        task_id=task.id if is_answer and task else None,
        changes=step.changes,
        detail={"kind": node.kind, **step.detail},
    )


def _change_incident(incident: Incident, compiled: Definition, progress: Progress) -> None:
    """Apply what the operations changed, and the phase in which the process now waits."""
    before = incident.phase
    for step in progress.steps:
        if compiled.diagram.nodes[step.element_id].kind is Kind.SERVICE_TASK:
            for name, (_, value) in step.changes.items():
                setattr(incident, name, value)
    phases = [compiled.diagram.nodes[task.element_id].phase for task in progress.open_tasks]
    waiting = [_PHASES.index(phase) for phase in phases if phase]
    if waiting:
        incident.phase = _PHASES[max(waiting)]
    if incident.phase != before or any(step.changes for step in progress.steps):
        incident.updated_at = clock.now()


def _set_tasks(
    session: Session,
    instance: ProcessInstance,
    incident: Incident,
    compiled: Definition,
    progress: Progress,
) -> list[Entry]:
    """Cancel the tasks that the process no longer waits for, and open the new ones."""
    query = select(Task).where(
        Task.instance_id == instance.id, Task.status.in_((TaskStatus.OPEN, TaskStatus.CLAIMED))
    )
    known = {task.id: task for task in session.scalars(query)}
    waiting = {task.id: task.element_id for task in progress.open_tasks}
    gone = [task for task_id, task in known.items() if task_id not in waiting]
    for task in gone:
        task.status, task.ended_at = TaskStatus.CANCELLED, clock.now()
        task.version += 1
    opened = [
        _new_task(instance, incident, compiled.diagram.nodes[element_id], task_id)
        for task_id, element_id in waiting.items()
        if task_id not in known
    ]
    session.add_all(opened)
    return [
        *(_about(Event.TASK_CANCELLED, task) for task in gone),
        *(_about(Event.TASK_OPENED, task) for task in opened),
    ]


def _new_task(instance: ProcessInstance, incident: Incident, node: Node, task_id: str) -> Task:
    created_at = clock.now()
    return Task(
        id=task_id,
        instance_id=instance.id,
        incident_id=incident.id,
        definition_id=instance.definition_id,
        element_id=node.id,
        name=node.title,
        phase=node.phase,
        candidate_group=node.lane or "",
        form_key=node.form_key or "",
        status=TaskStatus.OPEN,
        created_at=created_at,
        due_at=_due_at(node, created_at),
        version=1,
    )


def _due_at(node: Node, created_at: datetime) -> datetime | None:
    return clock.after(created_at, node.due_in) if node.due_in else None


def _set_timers(session: Session, instance: ProcessInstance, progress: Progress) -> None:
    waiting = {timer.id: timer for timer in progress.timers} if not progress.is_ended else {}
    known = set(session.scalars(select(Timer.id).where(Timer.instance_id == instance.id)))
    if gone := known - waiting.keys():
        session.execute(delete(Timer).where(Timer.id.in_(gone)))
    if fresh := waiting.keys() - known:
        rows = [
            {
                "id": timer_id,
                "instance_id": instance.id,
                "element_id": waiting[timer_id].element_id,
                "due_at": waiting[timer_id].due_at,
            }
            for timer_id in fresh
        ]
        session.execute(insert(Timer), rows)


def _ending(instance: ProcessInstance, progress: Progress) -> list[Entry]:
    if progress.failure:
        return [
            Entry(
                Event.PROCESS_FAILED,
                definition_id=instance.definition_id,
                element_id=progress.failure.element_id,
                detail={"message": str(progress.failure)},
            )
        ]
    if progress.is_ended:
        return [Entry(Event.PROCESS_COMPLETED, definition_id=instance.definition_id)]
    return []


def _about(event: Event, task: Task) -> Entry:
    return Entry(
        event,
        definition_id=task.definition_id,
        element_id=task.element_id,
        element_name=task.name,
        task_id=task.id,
        detail={"candidate_group": task.candidate_group} if event is Event.TASK_OPENED else {},
    )
