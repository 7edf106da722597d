"""How the installation is doing: checks for load balancers, figures and durations for monitors.

The checks tell what fails and since when, never why: they answer anybody who asks.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, literal_column, select, text
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.actors import Actor
from engine.instances.state import CAN_MOVE
from engine.people import permissions
from engine.people.permissions import Action
from engine.store import migrate, outages
from engine.store.database import Database
from engine.store.migrate import State
from engine.store.tables import (
    Effect,
    EffectStatus,
    Incident,
    InstanceStatus,
    ProcessInstance,
    Task,
)

HEARTBEAT_SECONDS = 30.0  # without one for longer, no worker is there
LAG_SECONDS = 60.0  # a timer that is due for longer is late

logger = logging.getLogger("steadyhand.health")

# By the database's own clock, which also wrote the heartbeats, or runs on the same machine.
_SINCE_HEARTBEAT = {
    "sqlite": text(
        "SELECT (julianday('now') - 2440587.5) * 86400.0 - max(last_heartbeat)"
        " FROM procrastinate_workers"
    ),
    "postgresql": text(
        "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers"
    ),
}
# Written out, so that an index of these rows alone can serve.
_IS_FAILED = ProcessInstance.status == literal_column(f"'{InstanceStatus.FAILED}'")


class Verdict(StrEnum):
    OK = "ok"
    LATE = "late"  # something else than this process does not keep up; it serves all the same
    FAILED = "failed"  # this process cannot do its work


_MIGRATED = {
    State.CURRENT: Verdict.OK,
    State.AHEAD: Verdict.LATE,
    State.BEHIND: Verdict.FAILED,
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``seconds`` where it is a matter of time."""

    name: str
    verdict: Verdict
    seconds: float | None = None


@dataclass(frozen=True)
class Figures:
    """What a monitor draws, counted in one consistent look."""

    jobs: Mapping[str, int]  # by status: todo, doing, failed (the dead letters)
    effects: Mapping[str, int]  # of the outbox, those that are not done: pending, failed
    open_incidents: int
    process_failures: int
    overdue_tasks: int
    timer_lag: float  # seconds
    since_heartbeat: float | None  # seconds; nothing where no worker has registered


class Step(StrEnum):
    """A step of a process, by what caused it."""

    COMPLETION = "completion"  # a person completed a task
    TIMERS = "timers"  # the timers of one or several instances fired


_listeners: list[Callable[[Step, float], None]] = []


def listen(listener: Callable[[Step, float], None]) -> None:
    """Have every step of this process told from now on, with its seconds."""
    _listeners.append(listener)


@contextmanager
def timed(step: Step) -> Iterator[None]:
    """Tell the listeners how long this took, unless it failed; also a decorator."""
    began = time.perf_counter()
    yield
    took = time.perf_counter() - began
    for listener in _listeners:
        listener(step, took)


def check(database: Database) -> list[Check]:
    """Look at the database, its migrations, the workers and the timers; raises nothing.

    A newer release's tables are late, not failed: migrations leave the release before them running.
    """
    try:
        state = migrate.state(database)
        found = [Check("database", Verdict.OK), Check("migrations", _MIGRATED[state])]
        if state is State.BEHIND:
            return found  # there may be no table to ask
        with database.reading() as session:
            return [*found, _check_worker(session), _check_timers(session)]
    except outages.ERRORS as error:
        logger.warning("The database does not answer: %s", type(error).__name__)
        return [Check("database", Verdict.FAILED)]


def measure(session: Session, actor: Actor) -> Figures:
    """Count what waits, what failed and what is late."""
    permissions.require(actor, Action.READ_METRICS)
    return Figures(
        jobs=dict.fromkeys(("todo", "doing", "failed"), 0) | jobs.counts(session),
        effects=_effects(session),
        open_incidents=_count(session, Incident.closed_at.is_(None)),
        process_failures=_count(session, _IS_FAILED),
        overdue_tasks=_count(session, Task.ended_at.is_(None), Task.due_at < clock.now()),
        timer_lag=_timer_lag(session),
        since_heartbeat=_since_heartbeat(session),
    )


def _check_worker(session: Session) -> Check:
    seconds = _since_heartbeat(session)
    is_fresh = seconds is not None and seconds <= HEARTBEAT_SECONDS
    return Check("worker", Verdict.OK if is_fresh else Verdict.LATE, seconds)


def _check_timers(session: Session) -> Check:
    lag = _timer_lag(session)
    return Check("timers", Verdict.OK if lag <= LAG_SECONDS else Verdict.LATE, lag)


def _since_heartbeat(session: Session) -> float | None:
    """Seconds since the last sign of any worker."""
    seconds = session.scalar(_SINCE_HEARTBEAT[session.get_bind().dialect.name])
    return None if seconds is None else max(0.0, float(seconds))


def _timer_lag(session: Session) -> float:
    """Seconds for which the longest overdue timer has waited, of an instance that can move."""
    now = clock.now()
    # Walks the index from its start, which min() with a condition would not do.
    oldest = session.scalar(
        select(ProcessInstance.next_due_at)
        .where(ProcessInstance.next_due_at <= now, CAN_MOVE)
        .order_by(ProcessInstance.next_due_at)
        .limit(1)
    )
    return (now - oldest).total_seconds() if oldest else 0.0


def _effects(session: Session) -> dict[str, int]:
    unsent = (EffectStatus.PENDING, EffectStatus.FAILED)
    query = (
        select(Effect.status, func.count().label("number"))
        .where(Effect.status.in_(unsent))
        .group_by(Effect.status)
    )
    found = {row.status: row.number for row in session.execute(query)}
    return {status.value: found.get(status, 0) for status in unsent}


def _count(session: Session, *conditions: Any) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0
