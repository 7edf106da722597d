"""Writes a step down: the incident, its tasks, what it waits for, and the history of it all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import UpdateBase, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine import clock, history, outbox, service_clocks
from engine.actors import SYSTEM, Actor
from engine.bpmn import allowances
from engine.bpmn.changes import Changes
from engine.bpmn.diagram import Kind, Phase, Trigger
from engine.bpmn.progress import Awaited, OpenTask, Progress, Step, Thrown
from engine.bpmn.progress import Subscription as Awaits
from engine.bundles import Deployed
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.store import rows
from engine.store.statement import Statement
from engine.store.tables import (
    Incident,
    Message,
    MessageStatus,
    ProcessInstance,
    Subscription,
    Task,
    TaskStatus,
    table_of,
)

_PHASES = list(Phase)
_tasks, _subscriptions, _messages = map(table_of, (Task, Subscription, Message))
_TASK_COLUMNS = tuple(column.name for column in _tasks.columns)
_CHANGED = ("status", "assignee_id", "ended_at", "version")  # of a task that was completed


def _put_tasks(dialect_name: str) -> UpdateBase:
    """One statement for what is done and what opens: a step is rarely anything else."""
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    added = dialect.insert(_tasks)
    statement: UpdateBase = added.on_conflict_do_update(
        index_elements=[_tasks.c.id], set_={name: added.excluded[name] for name in _CHANGED}
    )
    return statement


_PUT_TASKS = Statement(_put_tasks)
_CANCEL_TASK = Statement(
    update(_tasks)
    .where(_tasks.c.id == bindparam("task_id"))
    .values(status=TaskStatus.CANCELLED, ended_at=bindparam("now"), version=_tasks.c.version + 1)
)
_SUBSCRIBE = Statement(insert(_subscriptions))
_UNSUBSCRIBE = Statement(
    delete(_subscriptions).where(_subscriptions.c.id == bindparam("subscription_id"))
)
# The thrower's own instance has had the signal already.
_SIGNALLED = (
    select(ProcessInstance.incident_id)
    .join(Subscription, Subscription.instance_id == ProcessInstance.id)
    .where(
        Subscription.awaits == Awaited.SIGNAL,
        Subscription.name == bindparam("name"),
        Subscription.instance_id != bindparam("thrower_id"),
    )
    .distinct()
    .order_by(ProcessInstance.incident_id)
)


@dataclass(frozen=True)
class Taken:
    """A step that the kernel has taken and that is about to be written down."""

    instance_id: str
    definition_id: str
    deployed: Deployed
    incident: Incident
    progress: Progress
    actor: Actor = SYSTEM
    completed: Task | None = None  # what the actor has done
    first: tuple[Entry, ...] = field(default=())  # the entries that led to it

    def definition_of(self, process_id: str) -> str:
        """The definition whose diagram shows an element: of the process itself or one it calls."""
        return self.deployed.definition_ids.get(process_id, self.definition_id)


def write_down(session: Session, step: Taken) -> list[Task]:
    """Write everything but the instance itself; return the tasks that the step opened."""
    values = _incident_values(step)
    changes = {name: (getattr(step.incident, name), new) for name, new in values.items()}
    if values:
        rows.change(session, step.incident, updated_at=clock.now(), **values)
    opened = _write_tasks(session, step)
    _write_subscriptions(session, step)
    _send(session, step)
    finished = map(_Entries(step).of, step.progress.steps)
    turned = _turn_clocks(session, step, changes)
    waits = [*_cancelled(step), *_opened(step), *_ending(step)]
    history.record(session, step.incident.id, *step.first, *finished, *turned, *waits)
    for failure in step.progress.failed:
        told = {"element": failure.node.title, "message": failure.message}
        outbox.alert(session, f"A step of {step.incident.number} failed", told, step.incident.id)
    return opened


def _incident_values(step: Taken) -> dict[str, Any]:
    """What the operations changed, and the phase in which the process now waits."""
    values: dict[str, Any] = {}
    for taken in step.progress.steps:
        if taken.node.kind is Kind.SERVICE_TASK:
            values |= {name: new for name, (_, new) in taken.changes.items()}
    waiting = [_PHASES.index(t.node.phase) for t in step.progress.open_tasks if t.node.phase]
    if waiting and _PHASES[max(waiting)] != step.incident.phase:
        values["phase"] = _PHASES[max(waiting)]
    return values


def _turn_clocks(session: Session, step: Taken, changes: Changes) -> list[Entry]:
    """The service clocks follow what changed in this step, and what led to it."""
    for entry in step.first:
        changes = {**entry.changes, **changes}
    return service_clocks.follow(session, step.incident, step.definition_id, changes, step.actor)


def _write_tasks(session: Session, step: Taken) -> list[Task]:
    """Tasks that opened, was completed and were cancelled; return those that opened."""
    opened = [_task_row(step, wait) for wait in _new_tasks(step)]
    written = [*_completed_row(step), *opened]
    if written:
        _PUT_TASKS.run_each(session, written)
    gone = [{"task_id": wait.id, "now": clock.now()} for wait in _gone_tasks(step)]
    if gone:
        _CANCEL_TASK.run_each(session, gone)
    return [rows.of(Task, row) for row in opened]


def _completed_row(step: Taken) -> Iterator[dict[str, Any]]:
    task = step.completed
    if task is not None:
        changed = {
            "status": TaskStatus.COMPLETED,
            "assignee_id": step.actor.id,
            "ended_at": clock.now(),
            "version": task.version + 1,
        }
        for name, value in changed.items():
            set_committed_value(task, name, value)
        yield {name: getattr(task, name) for name in _TASK_COLUMNS}


def _task_row(step: Taken, wait: OpenTask) -> dict[str, Any]:
    node = wait.node
    return {
        "id": wait.id,
        "instance_id": step.instance_id,
        "incident_id": step.incident.id,
        "definition_id": step.definition_of(wait.process_id),
        "element_id": node.id,
        "name": node.title,
        "phase": node.phase,
        "candidate_group": node.lane or "",
        "form_key": node.form_key or "",
        "status": TaskStatus.OPEN,
        "assignee_id": None,
        "created_at": clock.now(),
        "due_at": wait.due.due_at if wait.due else None,
        "ended_at": None,
        "version": 1,
    }


def _new_tasks(step: Taken) -> list[OpenTask]:
    return [wait for wait in step.progress.new if isinstance(wait, OpenTask)]


def _gone_tasks(step: Taken) -> list[OpenTask]:
    done = step.completed.id if step.completed else None
    gone = (wait for wait in step.progress.gone if isinstance(wait, OpenTask))
    return [wait for wait in gone if wait.id != done]


def _write_subscriptions(session: Session, step: Taken) -> None:
    gone = [{"subscription_id": w.id} for w in step.progress.gone if isinstance(w, Awaits)]
    if gone:
        _UNSUBSCRIBE.run_each(session, gone)
    new = [
        {
            "id": wait.id,
            "instance_id": step.instance_id,
            "element_id": wait.element_id,
            "awaits": wait.awaits,
            "name": wait.name,
            "key": wait.key,
        }
        for wait in step.progress.new
        if isinstance(wait, Awaits)
    ]
    if new:
        _SUBSCRIBE.run_each(session, new)


def _send(session: Session, step: Taken) -> None:
    """Messages and signals lie ready with this transaction; the worker delivers them."""
    sent = [
        message_row(thrown, step.incident.number, addressee)
        for thrown in step.progress.thrown
        for addressee in _addressees(session, step, thrown)
    ]
    if sent:
        session.connection().execute(insert(_messages), sent)


def _addressees(session: Session, step: Taken, thrown: Thrown) -> list[str | None]:
    """A message finds its receiver later; a signal is for all other incidents that wait now."""
    if thrown.awaits is Awaited.MESSAGE:
        return [None]
    waiting = {"name": thrown.name, "thrower_id": step.instance_id}
    return list(session.connection().scalars(_SIGNALLED, waiting))


def message_row(thrown: Thrown, sent_by: str, incident_id: str | None = None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "awaits": thrown.awaits,
        "name": thrown.name,
        "key": thrown.key,
        "payload": thrown.payload,
        "incident_id": incident_id,
        "sent_by": sent_by,
        "status": MessageStatus.WAITING,
        "created_at": clock.now(),
        "attempts": 0,
    }


@dataclass(frozen=True)
class _Entries:
    """One entry for each element that finished."""

    step: Taken

    def of(self, taken: Step) -> Entry:
        node, completed = taken.node, self.step.completed
        is_answer = completed is not None and taken.token_id == completed.id
        return Entry(
            _event(taken, is_answer=is_answer),
            self.step.actor if is_answer else SYSTEM,
            definition_id=self.step.definition_of(taken.process_id),
            element_id=node.id,
            element_name=node.title,
            task_id=completed.id if is_answer and completed else None,
            changes=taken.changes,
            detail={"kind": node.kind, **taken.detail},
        )


def _event(taken: Step, *, is_answer: bool) -> Event:
    if is_answer:
        return Event.TASK_COMPLETED
    is_timer = taken.node.trigger is Trigger.TIMER
    return Event.TIMER_FIRED if is_timer else Event.ELEMENT_COMPLETED


def _opened(step: Taken) -> Iterator[Entry]:
    for wait in _new_tasks(step):
        node = wait.node
        due = {"due": allowances.as_data(wait.due)} if wait.due else {}
        yield Entry(
            Event.TASK_OPENED,
            definition_id=step.definition_of(wait.process_id),
            element_id=wait.element_id,
            element_name=node.title,
            task_id=wait.id,
            detail={"candidate_group": node.lane or "", "phase": node.phase, **due},
        )


def _cancelled(step: Taken) -> Iterator[Entry]:
    for wait in _gone_tasks(step):
        yield Entry(
            Event.TASK_CANCELLED,
            definition_id=step.definition_of(wait.process_id),
            element_id=wait.element_id,
            element_name=wait.node.title,
            task_id=wait.id,
        )


def _ending(step: Taken) -> Iterable[Entry]:
    for failure in step.progress.failed:
        yield Entry(
            Event.PROCESS_FAILED,
            definition_id=step.definition_of(failure.process_id),
            element_id=failure.element_id,
            element_name=failure.node.title,
            detail={"message": failure.message},
        )
    if step.progress.is_ended:
        yield Entry(Event.PROCESS_COMPLETED, definition_id=step.definition_id)
