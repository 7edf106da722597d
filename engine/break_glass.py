"""Breaking the glass: an exception takes two people, and both stand in the history.

It sets a separation of duties aside for one person and one task, or lets one person know of a
restricted incident.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import clock, history, instances, plain_text, tasks
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.instances import Reason
from engine.people import duties, permissions, restriction
from engine.people.permissions import Action
from engine.store.tables import BreakGlass, Incident, Person, Task

WAITS = timedelta(hours=24)  # for a second person
LASTS = timedelta(hours=4)


@dataclass(frozen=True)
class Question:
    """An exception that somebody has asked for."""

    asked: BreakGlass
    number: str  # of the incident: all that the second person may know of a restricted one
    name: str  # of who asks
    task_name: str | None


def ask_for_task(session: Session, task_id: str, reason: str, actor: Actor) -> BreakGlass:
    """Ask to do a task that one's earlier part in the incident forbids."""
    why = instances.checked(Reason(reason))
    assignment = tasks.get(session, task_id, actor)
    task, incident = assignment.task, assignment.incident
    permissions.require(actor, Action.WORK_TASK, task, of=incident)
    if not task.status.is_waiting or duties.conflict(session, task, incident, actor) is None:
        raise Conflict("No separation of duties keeps you from this task.")
    return _ask(session, incident, task, why, actor)


def ask_to_know(session: Session, number: str, reason: str, actor: Actor) -> BreakGlass:
    """Ask to know of a restricted incident, by its number."""
    permissions.require(actor, Action.BREAK_GLASS)
    why = instances.checked(Reason(reason))
    if not plain_text.is_plain(number):
        raise InvalidAnswers({"number": plain_text.NOT_PLAIN})
    incident = session.scalar(select(Incident).where(Incident.number == number.strip()))
    if incident is not None:
        restriction.look_up(session, incident)
    if incident is None or permissions.knows(actor, incident):
        raise NotFound(f"There is no incident {number} that you do not know of.")
    return _ask(session, incident, None, why, actor)


def grant(session: Session, asked_id: str, actor: Actor) -> Question:
    """Grant what somebody else has asked for."""
    permissions.require(actor, Action.BREAK_GLASS)
    asked = session.get(BreakGlass, asked_id, with_for_update=True)
    if asked is None:
        raise NotFound("Nobody has asked for this exception.")
    if asked.person_id == actor.id:
        raise NotAllowed("It takes two people: somebody else must grant what you ask for.")
    if asked.granted_at is not None or asked.expires_at <= clock.now():
        raise Conflict("This exception is granted already, or nobody granted it in time.")
    asked.granted_by, asked.granted_at = actor.id, clock.now()
    asked.expires_at = clock.now() + LASTS
    if asked.task_id is None:
        restriction.admit(session, asked.incident_id, asked.person_id)
    question = _question(session, asked)
    _record(session, Event.EXCEPTION_GRANTED, question, actor)
    return question


def waiting(session: Session, actor: Actor) -> list[Question]:
    """What waits for a second person, the oldest first."""
    permissions.require(actor, Action.BREAK_GLASS)
    query = select(BreakGlass).where(
        BreakGlass.granted_at.is_(None), BreakGlass.expires_at > clock.now()
    )
    return [_question(session, one) for one in session.scalars(query.order_by(BreakGlass.asked_at))]


def _ask(
    session: Session, incident: Incident, task: Task | None, reason: str, actor: Actor
) -> BreakGlass:
    same = select(BreakGlass.id).where(
        BreakGlass.incident_id == incident.id,
        BreakGlass.person_id == actor.id,
        BreakGlass.task_id == task.id if task else BreakGlass.task_id.is_(None),
        BreakGlass.expires_at > clock.now(),
        or_(BreakGlass.granted_at.is_(None), BreakGlass.task_id.is_not(None)),
    )
    if session.scalar(same.limit(1)) is not None:
        raise Conflict("You have asked for this exception already.")
    asked = BreakGlass(
        id=new_id(),
        incident_id=incident.id,
        task_id=task.id if task else None,
        person_id=actor.id,
        reason=reason,
        asked_at=clock.now(),
        expires_at=clock.now() + WAITS,
    )
    session.add(asked)
    session.flush()
    _record(session, Event.EXCEPTION_ASKED, _question(session, asked), actor)
    return asked


def _question(session: Session, asked: BreakGlass) -> Question:
    incident = session.get_one(Incident, asked.incident_id)
    task = session.get(Task, asked.task_id) if asked.task_id else None
    name = session.get_one(Person, asked.person_id).name
    return Question(asked, incident.number, name, task.name if task else None)


def _record(session: Session, event: Event, question: Question, actor: Actor) -> None:
    asked = question.asked
    detail = {"reason": asked.reason, "name": question.name, "exception": asked.id}
    entry = Entry(
        event, actor, element_name=question.task_name, task_id=asked.task_id, detail=detail
    )
    history.record(session, asked.incident_id, entry)
