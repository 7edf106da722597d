"""1,000 and 10,000 timers due at once: until each has fired and its follow-up step is taken.

Every instance waits an hour and then opens a task. The clock is moved on, and one worker does all
that is due. The floor reads and writes the row of each instance, 25 a transaction, and no more.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text

from benchmarks import crowd
from benchmarks.figures import Figure, say
from benchmarks.places import Place
from engine import clock, intake, library, worker
from engine.actors import SYSTEM, Actor, Role
from engine.people import accounts
from engine.store.database import Database
from engine.store.tables import ProcessInstance, Task
from tests import diagrams


@dataclass(frozen=True)
class Size:
    timers: tuple[int, ...]


FULL = Size(timers=(1_000, 10_000))
SHORT = Size(timers=(30,))
GOALS = {1_000: "≤ 2 s", 10_000: "≤ 20 s"}
DESK = ((Role.RESPONDER, "Service Desk"),)
TOGETHER = 25


def run(size: Size, opened: Sequence[Place]) -> Iterator[Figure]:
    """So many on each database."""
    for place in opened:
        for timers in size.timers:
            say(f"{place.name}, {timers:,} timers")
            with place.fresh() as database:
                _fill(database, timers)
                floor = _floor(database)
                seconds = _fire(database, timers)
            what = f"{timers:,} timers due at once"
            yield Figure(what, place.name, seconds, "s", floor, GOALS.get(timers, ""))


def _fill(database: Database, timers: int) -> None:
    """One incident by its own lifecycle, the others copied from it."""
    waiting = diagrams.bundle(
        *diagrams.line(diagrams.catch("Wait", "PT1H"), diagrams.user_task("Follow"))
    )
    with database.transaction() as session:
        library.deploy_from_host(session, waiting, "", SYSTEM)
        person = accounts.add(session, "dora", "Dora Desk", DESK, SYSTEM)
        actor = Actor(person.id, person.name, frozenset(DESK))
        intake.report(session, "small", {"title": "Wait an hour"}, "api", actor)
        (original,) = crowd.originals(session)
        plan = [original] * (timers - 1)
        crowd.copy(session, plan, [actor], random.Random(0))  # noqa: S311 -- the same each time
    crowd.settle(database)


def _fire(database: Database, timers: int) -> float:
    """Seconds until nothing is due any more."""
    clock.shift(timedelta(hours=2))
    try:
        started = time.perf_counter()
        while worker.run_once(database):
            pass
        seconds = time.perf_counter() - started
    finally:
        clock.shift(-timedelta(hours=2))
    with database.reading() as session:
        opened = session.scalar(select(func.count(Task.id)))
    if opened != timers:
        raise SystemExit(f"{timers} timers opened {opened} tasks.")
    return seconds


def _floor(database: Database) -> float:
    with database.reading() as session:
        ids = list(session.scalars(select(ProcessInstance.id)))
    read = text("SELECT snapshot FROM process_instance WHERE id = :id")
    write = text("UPDATE process_instance SET snapshot = :snapshot WHERE id = :id")
    started = time.perf_counter()
    for first in range(0, len(ids), TOGETHER):
        with database.transaction() as session:
            for instance_id in ids[first : first + TOGETHER]:
                found = session.execute(read, {"id": instance_id}).scalar_one()
                session.execute(write, {"id": instance_id, "snapshot": found})
    return time.perf_counter() - started
