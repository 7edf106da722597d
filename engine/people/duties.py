"""Segregation of duties: who has done one thing may not do another, whatever their role."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles, clock
from engine.actors import Actor
from engine.errors import NotAllowed
from engine.separation import Separation
from engine.store.tables import BreakGlass, Incident, Task, TaskStatus


def require_separate(session: Session, task: Task, incident: Incident, actor: Actor) -> None:
    """Raise ``NotAllowed`` with the reason where somebody's earlier part forbids this one."""
    reason = conflict(session, task, incident, actor)
    if reason:
        raise NotAllowed(reason)


def conflict(session: Session, task: Task, incident: Incident, actor: Actor) -> str | None:
    """Why somebody may not do a task after what they did; asks nothing where nothing is said."""
    if actor.id is None:
        return None  # a partner has done nothing else
    said = bundles.deployed(session, task.definition_id).bundle.separations
    about = [separation for separation in said if task.element_id in separation.tasks]
    if about and _is_excepted(session, task, actor):
        return None
    reasons = (_conflict(session, one, task, incident, actor) for one in about)
    return next((reason for reason in reasons if reason), None)


def _is_excepted(session: Session, task: Task, actor: Actor) -> bool:
    """Whether a second person has set the duties of this one aside, for this task and for now."""
    granted = select(BreakGlass.id).where(
        BreakGlass.task_id == task.id,
        BreakGlass.person_id == actor.id,
        BreakGlass.granted_at.is_not(None),
        BreakGlass.expires_at > clock.now(),
    )
    return session.scalar(granted.limit(1)) is not None


def _conflict(
    session: Session, separation: Separation, task: Task, incident: Incident, actor: Actor
) -> str | None:
    if separation.not_by_reporter and incident.reporter_id == actor.id:
        return f"{separation.title}. You reported this incident: somebody else must do this task."
    done = session.scalar(
        select(Task.name)
        .where(
            Task.incident_id == incident.id,
            Task.element_id.in_(separation.beside(task.element_id)),
            Task.assignee_id == actor.id,
            Task.status == TaskStatus.COMPLETED,
        )
        .limit(1)
    )
    if done is None:
        return None
    return f"{separation.title}. You completed “{done}”: somebody else must do this task."
