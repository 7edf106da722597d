"""Messages from outside: send one, see which still wait and why, give one up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from engine import clock, history, plain_text
from engine.actors import Actor
from engine.bpmn import payloads
from engine.bpmn.progress import Awaited, Thrown
from engine.errors import Conflict, NotFound
from engine.history import Entry, Event
from engine.instances import delivery, state
from engine.instances.writing import message_row
from engine.people import permissions, restriction
from engine.people.permissions import Action
from engine.store.tables import (
    Incident,
    InstanceStatus,
    Message,
    MessageStatus,
    ProcessInstance,
    Subscription,
)

LONGEST_NAME = 200  # characters, of a name and of a key
LONGEST_REASON = 2_000

# How the process is that could take a message.
_RECEIVER = (
    delivery.FITTING.with_only_columns(ProcessInstance.status)
    .order_by(~state.CAN_MOVE, Subscription.id)
    .limit(1)
    .scalar_subquery()
)
_TRACKED = select(Message, _RECEIVER, delivery.IS_AMBIGUOUS)


@dataclass(frozen=True)
class Tracked:
    """A message or signal, and what has become of it."""

    message: Message
    waits_because: str  # a sentence; empty when it waits no longer

    @property
    def waited_seconds(self) -> int:
        """How long it has waited for somebody to take it, or did."""
        until = self.message.ended_at or clock.now()
        return int((until - self.message.created_at).total_seconds())


def send(
    session: Session,
    name: str,
    key: str,
    payload: Any,
    actor: Actor,
    *,
    incident: str | None = None,
) -> Tracked:
    """Send a message to whoever waits for it, now or later.

    ``key`` is its correlation key, ``incident`` the id or number of the only incident that may take
    it; with neither, it is delivered while exactly one process waits for ``name``. ``payload`` is
    JSON. ``InvalidAnswers`` names the field that does not fit.
    """
    permissions.require(actor, Action.SEND_MESSAGE)
    plain_text.require_none(
        {
            "name": plain_text.problem_of(name, LONGEST_NAME),
            "key": plain_text.problem_of(key, LONGEST_NAME) if key else None,
            "payload": payloads.problem_of(payload),
        }
    )
    addressee = _addressee(session, incident, actor).id if incident else None
    thrown = Thrown(Awaited.MESSAGE, name, key, payload)
    message = Message(**message_row(thrown, actor.name, addressee))
    session.add(message)
    session.flush()
    detail = {"name": name, "key": key, "incident_id": addressee}
    history.record(session, message.id, Entry(Event.MESSAGE_SENT, actor, detail=detail))
    delivery.deliver_if_awaited(session, message.id)
    return _track(session, message)


def find(
    session: Session,
    actor: Actor,
    *,
    status: MessageStatus = MessageStatus.WAITING,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Tracked]:
    """Oldest first; ``after`` is ``(created_at, id)`` of the last one already seen."""
    permissions.require(actor, Action.READ_MESSAGES)
    query = _TRACKED.where(Message.status == status)
    if after:
        query = query.where(tuple_(Message.created_at, Message.id) > after)
    query = query.order_by(Message.created_at, Message.id).limit(limit)
    rows = session.execute(query)
    return [Tracked(m, _why(m, receiver, is_ambiguous=several)) for m, receiver, several in rows]


def discard(session: Session, message_id: str, reason: str, actor: Actor) -> Tracked:
    """Give up a message that waits; nobody will receive it."""
    permissions.require(actor, Action.DISCARD_MESSAGE)
    why = plain_text.checked("reason", reason, LONGEST_REASON, "Say why, in a sentence.")
    message = session.get(Message, message_id, with_for_update=True)
    if message is None:
        raise NotFound(f"There is no message {message_id}.")
    if message.status is not MessageStatus.WAITING:
        raise Conflict(f"This message is already {message.status}.")
    message.status, message.ended_at = MessageStatus.DISCARDED, clock.now()
    session.flush()
    detail = {"name": message.name, "key": message.key, "reason": why}
    history.record(session, message.id, Entry(Event.MESSAGE_DISCARDED, actor, detail=detail))
    return _track(session, message)


def _addressee(session: Session, name: str, actor: Actor) -> Incident:
    query = select(Incident).where(or_(Incident.id == name, Incident.number == name))
    incident = session.scalar(query)
    if incident is not None:
        restriction.look_up(session, incident)
    if incident is None or not permissions.may(actor, Action.READ_INCIDENT, incident):
        raise NotFound(f"There is no incident {name}.")
    return incident


def _track(session: Session, message: Message) -> Tracked:
    _, receiver, is_ambiguous = session.execute(_TRACKED.where(Message.id == message.id)).one()
    return Tracked(message, _why(message, receiver, is_ambiguous=is_ambiguous))


def _why(message: Message, receiver: InstanceStatus | None, *, is_ambiguous: bool) -> str:
    """Why a message still waits; ``receiver`` is how the process is that could take it."""
    if message.status is not MessageStatus.WAITING:
        return ""
    if message.problem:
        return f"Delivery failed and will be tried again: {message.problem}"
    if is_ambiguous:
        return (
            f"Several processes wait for “{message.name}”, and the message says neither by key nor"
            " by incident which one is meant. Discard it and send it again with one of them."
        )
    if receiver is not None:
        return _on_its_way(receiver)
    key = f"with the key “{message.key}”" if message.key else "without a key"
    where = " in the incident that it is for" if message.incident_id else ""
    return f"No process waits for “{message.name}” {key}{where} yet."


def _on_its_way(status: InstanceStatus) -> str:
    if status is InstanceStatus.RUNNING:
        return "It is on its way."
    return f"The process that waits for it is {status}."
