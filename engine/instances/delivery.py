"""Brings messages and signals to the instances that wait for them (BPMN 2.0.2 §8.4.2, §10.5).

A message reaches one subscription of its name: the oldest with the same key; one without a key if
the message is addressed to that incident; and if the message has neither key nor address, the only
instance that waits for the name at all. Whatever finds no receiver waits.
"""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from engine import clock
from engine.bpmn.progress import Awaited
from engine.bpmn.run import Instance
from engine.errors import Conflict, InvalidDocument
from engine.history import Entry, Event
from engine.instances import state, steps
from engine.store.tables import (
    Incident,
    Message,
    MessageStatus,
    ProcessInstance,
    Subscription,
)

_LONGEST_PAUSE = timedelta(hours=1)

_one, _another = aliased(Subscription), aliased(Subscription)
# Without key and address, and several instances wait for it; two are found as fast as thousands.
IS_AMBIGUOUS = and_(
    Message.key == "",
    Message.incident_id.is_(None),
    select(_one.id)
    .join(_another, and_(_another.awaits == _one.awaits, _another.name == _one.name))
    .where(
        _one.awaits == Message.awaits,
        _one.name == Message.name,
        _one.instance_id != _another.instance_id,
    )
    .correlate(Message)
    .exists(),
)
# The subscriptions that a message fits, whether or not their instance can take a step.
FITTING = (
    select(Subscription.id, Subscription.instance_id)
    .join(ProcessInstance, ProcessInstance.id == Subscription.instance_id)
    .where(
        Subscription.awaits == Message.awaits,
        Subscription.name == Message.name,
        Subscription.key.in_([Message.key, ""]),
        or_(Subscription.key == Message.key, Message.incident_id.is_not(None)),
        or_(Message.incident_id.is_(None), Message.incident_id == ProcessInstance.incident_id),
    )
)
_RECEIVER = (
    FITTING.where(Message.id == bindparam("message_id"), state.CAN_MOVE)
    .order_by(Subscription.id)
    .limit(1)
)
# Its receiver went on without it: a signal is for those who waited when it was thrown.
_GONE_BY = and_(Message.awaits == Awaited.SIGNAL, ~FITTING.exists())
_HAS_GONE_BY = select(_GONE_BY).where(Message.id == bindparam("message_id"))
_DUE = select(Message).where(
    Message.status == MessageStatus.WAITING,
    or_(Message.next_attempt_at.is_(None), Message.next_attempt_at <= bindparam("now")),
    ~IS_AMBIGUOUS,
    or_(FITTING.where(state.CAN_MOVE).exists(), _GONE_BY),
)
_LOCK = _DUE.where(Message.id == bindparam("message_id")).with_for_update(of=Message)
_FIND = (
    _DUE.with_only_columns(Message.id)
    .order_by(Message.created_at, Message.id)
    .limit(bindparam("limit"))
)
_CONDITIONAL = (
    select(ProcessInstance.id)
    .join(Subscription, Subscription.instance_id == ProcessInstance.id)
    .where(
        ProcessInstance.incident_id == bindparam("incident_id"),
        Subscription.awaits == Awaited.CONDITION,
        state.CAN_MOVE,
    )
    .limit(1)
)


def find_due(session: Session, limit: int) -> list[str]:
    """Ids of messages and signals that somebody can take now, in the order they were sent."""
    return list(session.scalars(_FIND, {"now": clock.now(), "limit": limit}))


def deliver(session: Session, message_id: str) -> None:
    """Hand over one message or signal; ``Conflict`` when it has gone or nobody can take it."""
    message = session.scalar(_LOCK, {"message_id": message_id, "now": clock.now()})
    if message is None:
        raise Conflict("No process waits for this message now.")
    receiver = session.execute(_RECEIVER, {"message_id": message_id}).first()
    if receiver is not None:
        _hand_over(session, message, receiver.id, receiver.instance_id)
    elif not session.scalar(_HAS_GONE_BY, {"message_id": message_id}):
        # Whoever waited a moment ago took another one or stopped; this one goes on waiting.
        raise Conflict("No process waits for this message now.")
    message.status, message.ended_at = MessageStatus.DELIVERED, clock.now()
    session.flush()


def deliver_if_awaited(session: Session, message_id: str) -> None:
    """Hand over a message that has just been sent, or leave it to the worker.

    A receiver whose state is damaged is no matter of the sender's: the message is postponed.
    """
    try:
        with suppress(Conflict), session.begin_nested():
            deliver(session, message_id)
    except InvalidDocument as error:
        postpone(session, message_id, str(error))


def postpone(session: Session, message_id: str, problem: str) -> None:
    """After an attempt that went wrong, try again later and later.

    A receiver whose state is damaged fails, and is waited for until somebody has looked.
    """
    message = session.get_one(Message, message_id)
    message.attempts += 1
    pause = min(timedelta(seconds=2 ** min(message.attempts, 20)), _LONGEST_PAUSE)
    message.next_attempt_at, message.problem = clock.now() + pause, problem
    receiver = session.execute(_RECEIVER, {"message_id": message_id}).first()
    if receiver is not None:
        _fail_if_damaged(session, receiver.instance_id)
    session.flush()


def reconsider(session: Session, incident: Incident) -> None:
    """Let conditional events of an incident happen, now that its facts have changed.

    What was changed must have been flushed.
    """
    instance_id = session.scalar(_CONDITIONAL, {"incident_id": incident.id})
    if instance_id is None:
        return
    loaded = state.load(session, instance_id)
    try:
        steps.take(session, loaded, incident, Instance.go_on)
    except InvalidDocument as error:  # the change of the facts stands
        steps.fail(session, instance_id, str(error))


def _hand_over(session: Session, message: Message, subscription_id: str, instance_id: str) -> None:
    loaded = state.load(session, instance_id)
    state.require_moving(loaded)
    incident = session.get_one(Incident, loaded.incident_id)

    def receive(instance: Instance) -> None:
        if message.awaits == Awaited.SIGNAL:
            instance.broadcast(message.name, message.payload)
        else:
            instance.deliver(subscription_id, message.payload)

    steps.take(session, loaded, incident, receive, first=(_received(message),))
    message.receiver_id = incident.id


def _fail_if_damaged(session: Session, instance_id: str) -> None:
    loaded = state.load(session, instance_id)
    try:
        state.take_up(session, loaded, session.get_one(Incident, loaded.incident_id))
    except InvalidDocument as error:
        steps.fail(session, instance_id, str(error))


def _received(message: Message) -> Entry:
    is_signal = message.awaits == Awaited.SIGNAL
    detail = {"name": message.name, "key": message.key, "sent_by": message.sent_by}
    return Entry(
        Event.SIGNAL_RECEIVED if is_signal else Event.MESSAGE_RECEIVED,
        detail={"message_id": message.id, **detail},
    )
