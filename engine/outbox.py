"""The outbox: what is to be done outside is written with the change that wants it, and sent later.

Nothing is sent inside a transaction. An effect is sent at least once; its key goes with it, stays
the same over all attempts, and tells the receiver which ones it has had already.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock, jobs, outbound
from engine.identifiers import new_id
from engine.jobs import Job
from engine.outbound import PUBLIC, NotReached, Reach
from engine.store.database import Database
from engine.store.tables import Effect, EffectStatus

_LONGEST_RESULT = 2_000  # characters of an answer that are kept
_FORGOTTEN_AFTER = timedelta(minutes=1)


class EffectKind(StrEnum):
    """Who sends it."""

    ALERT = "alert"  # to the administrators, where the installation says


@dataclass(frozen=True)
class Outside:
    """Where this installation reaches the world."""

    alert_url: str | None = None  # takes JSON by POST


class NotSent(Exception):
    """The receiver did not say that it has it."""

    is_news = True  # unless the attempt before ended in the same words


def alert(
    session: Session, title: str, detail: Mapping[str, Any], incident_id: str | None = None
) -> None:
    """Tell the administrators once this transaction has committed."""
    payload = {"title": title, "detail": dict(detail), "at": clock.now().isoformat()}
    _put(session, EffectKind.ALERT, payload, incident_id)


def send(database: Database, outside: Outside, key: str) -> None:
    """Send one effect and keep the answer; ``NotSent`` for another attempt."""
    with database.reading() as session:
        effect = session.get(Effect, key)
    if effect is None or effect.status is not EffectStatus.PENDING:
        return  # sent by an attempt whose end was not noted
    try:
        answer = _SENDERS[EffectKind(effect.kind)](effect, outside)
    except NotSent as problem:
        problem.is_news = str(problem)[:_LONGEST_RESULT] != effect.result
        _note(database, key, str(problem))
        raise
    _note(database, key, answer, status=EffectStatus.DONE, ended_at=clock.now())


def give_up(session: Session, key: str, problem: str) -> None:
    """After the last attempt; a person may have it tried again."""
    effect = session.get_one(Effect, key)
    effect.status, effect.ended_at = EffectStatus.FAILED, clock.now()
    effect.result = effect.result or problem[:_LONGEST_RESULT]


def try_again(session: Session, key: str) -> None:
    """Make a given-up effect pending again; its job is put back by ``jobs.retry``."""
    effect = session.get_one(Effect, key)
    effect.status, effect.ended_at = EffectStatus.PENDING, None


def find_forgotten(session: Session, limit: int) -> list[str]:
    """Keys of effects that no job will send: those of a copied or restored database."""
    query = (
        select(Effect.key)
        .where(
            Effect.status == EffectStatus.PENDING,
            Effect.created_at < clock.now() - _FORGOTTEN_AFTER,
            ~jobs.is_ahead(Job.SEND_EFFECT, Effect.key),
        )
        .order_by(Effect.created_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def defer_again(session: Session, key: str) -> None:
    effect = session.get_one(Effect, key)
    _defer(session, key, effect.incident_id)


def _put(session: Session, kind: EffectKind, payload: Any, incident_id: str | None) -> None:
    effect = Effect(
        key=new_id(),
        kind=kind,
        payload=payload,
        incident_id=incident_id,
        status=EffectStatus.PENDING,
        created_at=clock.now(),
        attempts=0,
    )
    session.add(effect)
    _defer(session, effect.key, incident_id)


def _defer(session: Session, key: str, incident_id: str | None) -> None:
    lock = f"effects:{incident_id}" if incident_id else None
    jobs.defer(session, Job.SEND_EFFECT, key, lock=lock)


def _note(database: Database, key: str, answer: str, **ending: Any) -> None:
    """Unless somebody else has: a worker that was taken for dead comes too late."""
    noted = {"attempts": Effect.attempts + 1, "result": answer[:_LONGEST_RESULT], **ending}
    pending = (Effect.key == key, Effect.status == EffectStatus.PENDING)
    with database.transaction() as session:
        session.execute(update(Effect).where(*pending).values(noted))


def _send_alert(effect: Effect, outside: Outside) -> str:
    if outside.alert_url is None:
        return "Nobody was told: STEADYHAND_ALERT_URL is not set."
    within = outbound.as_set_by_operator(outside.alert_url)
    return _post(outside.alert_url, effect.key, effect.payload, within)


def _post(url: str, key: str, payload: Any, within: Reach = PUBLIC) -> str:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    body = json.dumps(payload).encode()
    try:
        answer = outbound.send("POST", url, body=body, headers=headers, within=within)
    except NotReached as error:
        raise NotSent(f"The receiver could not be reached: {error}") from error
    if not 200 <= answer.status < 300:
        raise NotSent(f"The receiver answered {answer.status}: {answer.text}")
    return f"{answer.status}: {answer.text}"


_SENDERS: Mapping[EffectKind, Callable[[Effect, Outside], str]] = {
    EffectKind.ALERT: _send_alert,
}
