"""A link lets somebody without an account do one task, and see nothing beyond it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, plain_text, tasks
from engine.actors import Actor
from engine.errors import Conflict, NotAllowed, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import permissions
from engine.people.credentials import digest
from engine.people.permissions import Action
from engine.store.tables import PartnerLink, Person
from engine.tasks import Assignment, Completion, Worksheet

LIFETIMES = {"1": timedelta(days=1), "3": timedelta(days=3), "14": timedelta(days=14)}
LONGEST_NAME = 120
_GONE = "This link has expired, was withdrawn, or has been used. Ask who sent it for a new one."


@dataclass(frozen=True)
class Visit:
    """What somebody sees who comes by a link."""

    actor: Actor
    assignment: Assignment
    worksheet: Worksheet


def invite(session: Session, task_id: str, name: str, days: str, actor: Actor) -> str:
    """Make a link to a task that the actor may do, and return its secret, which is not kept."""
    assignment = _shared(session, task_id, actor)
    _require_fits(name, days)
    if not assignment.task.status.is_waiting:
        raise Conflict("This task is done already.")
    if tasks.worksheet(session, assignment.task).node.signature:
        raise Conflict("This task asks for a signature, which takes an account.")
    secret = secrets.token_urlsafe(32)
    link = PartnerLink(
        id=new_id(),
        secret_hash=digest(secret),
        task_id=task_id,
        name=name.strip(),
        created_by=actor.id,
        created_at=clock.now(),
        expires_at=clock.now() + LIFETIMES[days],
    )
    session.add(link)
    _record(session, Event.PARTNER_INVITED, assignment, link, actor)
    return secret


def links(session: Session, task_id: str, actor: Actor) -> list[PartnerLink]:
    """The links to a task, the newest first."""
    _shared(session, task_id, actor)
    query = select(PartnerLink).where(PartnerLink.task_id == task_id)
    return list(session.scalars(query.order_by(PartnerLink.created_at.desc())))


def withdraw(session: Session, task_id: str, link_id: str, actor: Actor) -> None:
    """Let a link lead nowhere from now on."""
    assignment = _shared(session, task_id, actor)
    link = session.get(PartnerLink, link_id, with_for_update=True)
    if link is None or link.task_id != task_id:
        raise NotFound("There is no such link to this task.")
    if link.revoked_at or link.used_at:
        raise Conflict("This link leads nowhere any more.")
    link.revoked_at = clock.now()
    _record(session, Event.PARTNER_LINK_WITHDRAWN, assignment, link, actor)


def visit(session: Session, secret: str) -> Visit:
    """What a link leads to; ``NotAllowed`` for one that leads nowhere."""
    link = _good(session, secret)
    actor = _partner(session, link)
    assignment = tasks.get(session, link.task_id, actor)
    return Visit(actor, assignment, tasks.worksheet(session, assignment.task))


def complete(session: Session, secret: str, answers: Mapping[str, Any]) -> Completion:
    """Do the task; the link is used up by that."""
    link = _good(session, secret)
    done = tasks.complete(session, link.task_id, answers, _partner(session, link))
    link.used_at = clock.now()
    return done


def _good(session: Session, secret: str) -> PartnerLink:
    query = select(PartnerLink).where(
        PartnerLink.secret_hash == digest(secret),
        PartnerLink.expires_at > clock.now(),
        PartnerLink.revoked_at.is_(None),
        PartnerLink.used_at.is_(None),
    )
    link = session.scalar(query)
    if link is None:
        raise NotAllowed(_GONE)
    return link


def _partner(session: Session, link: PartnerLink) -> Actor:
    host = session.get_one(Person, link.created_by)
    if not host.is_active:
        raise NotAllowed(_GONE)
    name = f"{link.name} (by a link of {host.name})"
    return Actor(None, name, only_task=link.task_id, on_behalf_of=host.id)


def _shared(session: Session, task_id: str, actor: Actor) -> Assignment:
    assignment = tasks.get(session, task_id, actor)
    permissions.require(actor, Action.WORK_TASK, assignment.task, of=assignment.incident)
    return assignment


def _require_fits(name: str, days: str) -> None:
    choices = f"Choose one of: {', '.join(LIFETIMES)} days."
    plain_text.require_none(
        {
            "name": plain_text.problem_of(name, LONGEST_NAME, "Say who it is for."),
            "days": None if days in LIFETIMES else choices,
        }
    )


def _record(
    session: Session, event: Event, assignment: Assignment, link: PartnerLink, actor: Actor
) -> None:
    task = assignment.task
    entry = Entry(
        event,
        actor,
        definition_id=task.definition_id,
        element_id=task.element_id,
        element_name=task.name,
        task_id=task.id,
        detail={"link": link.id, "name": link.name, "expires_at": link.expires_at},
    )
    history.record(session, task.incident_id, entry)
