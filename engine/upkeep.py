"""What needs somebody who looks after the installation: failures, dead letters, timers to come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, instances, jobs, outbox
from engine.actors import Actor
from engine.history import Entry, Event
from engine.instances import Reason, state
from engine.jobs import DeadLetter, Job
from engine.people import permissions, restriction
from engine.people.permissions import Action
from engine.store.tables import Effect, Incident, InstanceStatus, ProcessInstance

_MOST = 100  # of each list; who has more has other things to do than to read on


@dataclass(frozen=True)
class FailedProcess:
    incident: Incident
    problem: str


@dataclass(frozen=True)
class Letter:
    """A dead letter, and what it is about."""

    letter: DeadLetter
    incident: Incident | None
    problem: str


@dataclass(frozen=True)
class Due:
    """The first timer of a process."""

    incident: Incident
    due_at: datetime


@dataclass(frozen=True)
class Upkeep:
    failed: list[FailedProcess]
    letters: list[Letter]  # the newest first
    timers: list[Due]  # the one due first on top


def look(session: Session, actor: Actor) -> Upkeep:
    """At most a hundred of each."""
    permissions.require(actor, Action.LOOK_AFTER)
    return Upkeep(
        failed=list(_failed(session, actor)),
        letters=[_as_seen_by(actor, session, letter) for letter in jobs.dead(session, _MOST)],
        timers=list(_timers(session, actor)),
    )


def try_again(session: Session, job_id: int, reason: Reason, actor: Actor) -> Letter:
    """Put a dead letter back into the queue; a process that failed over it goes on, too."""
    permissions.require(actor, Action.RETRY_JOB)
    text = instances.checked(reason)
    letter = _letter(session, jobs.retry(session, job_id))
    subject = letter.letter.subject
    if letter.letter.job is Job.SEND_EFFECT:
        outbox.try_again(session, subject)
    elif letter.incident is not None:
        instances.take_up(session, letter.incident, reason, actor)
    detail = {"reason": text, "job": letter.letter.job, "problem": letter.problem}
    about = letter.incident.id if letter.incident else subject
    history.record(session, about, Entry(Event.JOB_RETRIED, actor, detail=detail))
    return letter


def _as_seen_by(actor: Actor, session: Session, letter: DeadLetter) -> Letter:
    found = _letter(session, letter)
    if found.incident is not None:
        restriction.look_up(session, found.incident)
        if not permissions.may(actor, Action.READ_INCIDENT, found.incident):
            return Letter(letter, None, found.problem)
    return found


def _failed(session: Session, actor: Actor) -> Iterator[FailedProcess]:
    query = (
        select(Incident, ProcessInstance.failure)
        .join(ProcessInstance, ProcessInstance.incident_id == Incident.id)
        .where(ProcessInstance.status == InstanceStatus.FAILED)
        .order_by(Incident.created_at.desc())
        .limit(_MOST)
    )
    seen = permissions.visible(query, actor, Action.READ_INCIDENT)
    for incident, failure in session.execute(seen):
        yield FailedProcess(incident, failure or "")


def _timers(session: Session, actor: Actor) -> Iterator[Due]:
    query = (
        select(Incident, ProcessInstance.next_due_at)
        .join(ProcessInstance, ProcessInstance.incident_id == Incident.id)
        .where(ProcessInstance.next_due_at.is_not(None), state.CAN_MOVE)
        .order_by(ProcessInstance.next_due_at)
        .limit(_MOST)
    )
    seen = permissions.visible(query, actor, Action.READ_INCIDENT)
    for incident, due_at in session.execute(seen):
        yield Due(incident, cast("datetime", due_at))


def _letter(session: Session, letter: DeadLetter) -> Letter:
    if letter.job is Job.SEND_EFFECT:
        effect = session.get(Effect, letter.subject)
        incident_id = effect.incident_id if effect else None
        problem = effect.result if effect else None
    else:
        instance = session.get(ProcessInstance, letter.subject)
        incident_id = instance.incident_id if instance else None
        problem = instance.failure if instance else None
    incident = session.get(Incident, incident_id) if incident_id else None
    return Letter(letter, incident, problem or "")
