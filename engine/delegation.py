"""Giving a task to somebody: its assignee hands it on, an incident manager assigns it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, instances, tasks
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers
from engine.history import Entry, Event
from engine.instances import Reason
from engine.people import accounts, duties, permissions
from engine.people.permissions import Action
from engine.store import rows
from engine.store.tables import Incident, Person, Task, TaskStatus
from engine.tasks import Assignment


def delegate(
    session: Session,
    task_id: str,
    username: str,
    reason: str,
    actor: Actor,
    version: int | None = None,
) -> Assignment:
    """Give a waiting task to an active person who may do it; the history says why.

    ``version`` is the task's that the actor looked at.
    """
    assignment = tasks.lock(session, task_id, actor)
    task, incident = assignment.task, assignment.incident
    permissions.require(actor, Action.DELEGATE_TASK, task, of=incident)
    if not task.status.is_waiting:
        raise Conflict(f"This task is already {task.status}.")
    tasks.require_version(task, version)
    why = instances.checked(Reason(reason))
    receiver = _receiver(session, username, task, incident)
    if task.assignee_id == receiver.id:
        raise Conflict(f"{receiver.name} has this task already.")
    rows.change(session, task, status=TaskStatus.CLAIMED, assignee_id=receiver.id)
    entry = Entry(
        Event.TASK_DELEGATED,
        actor,
        definition_id=task.definition_id,
        element_id=task.element_id,
        element_name=task.name,
        task_id=task.id,
        detail={"to": receiver.id, "name": receiver.name, "reason": why},
    )
    history.record(session, task.incident_id, entry)
    return assignment


def _receiver(session: Session, username: str, task: Task, incident: Incident) -> Actor:
    query = select(Person).where(Person.username == username.strip(), Person.is_active)
    person = session.scalar(query)
    if person is None:
        raise InvalidAnswers({"to": "There is nobody active of that username."})
    receiver = accounts.actor(session, person)
    if not permissions.may(receiver, Action.WORK_TASK, task, of=incident):
        raise InvalidAnswers({"to": f"{person.name} may not do this task."})
    if duties.conflict(session, task, incident, receiver):
        raise InvalidAnswers({"to": f"A separation of duties keeps {person.name} from this task."})
    return receiver
