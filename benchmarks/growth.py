"""A process that loops 1 to 200 rounds: what a step costs as its past grows.

One task, completed again and again; every completion is a transaction with history, as a request
makes it. CPU time of this process, medians over several instances, so that the disk is left out;
the floor is a transaction that changes one row.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.figures import Figure, say
from benchmarks.places import Place
from engine import intake, library, tasks
from engine.actors import SYSTEM, Actor, Role
from engine.people import accounts
from engine.store.database import Database
from engine.store.tables import Task
from tests import diagrams


@dataclass(frozen=True)
class Size:
    rounds: int
    instances: int
    window: int  # rounds at the beginning and at the end that are compared


FULL = Size(rounds=200, instances=10, window=20)
SHORT = Size(rounds=6, instances=2, window=2)
DESK = ((Role.RESPONDER, "Service Desk"),)
AGAIN = {"note": "again"}


def run(size: Size, opened: Sequence[Place]) -> Iterator[Figure]:
    """On each database."""
    for place in opened:
        say(f"{place.name}, {size.instances} instances, {size.rounds} rounds each")
        with place.fresh() as database:
            yield from _figures(database, size, place.name)


def _figures(database: Database, size: Size, on: str) -> Iterator[Figure]:
    actor = _prepare(database)
    looped = [_loop(database, actor, size.rounds) for _ in range(size.instances)]
    rounds = list(zip(*looped, strict=True))
    floor = statistics.median(_cpu(lambda: _change_one_row(database)) for _ in range(50))
    first, last = rounds[1 : 1 + size.window], rounds[-size.window :]
    early, late = (statistics.median(s for each in some for s in each) for some in (first, last))
    yield Figure("step, first rounds", on, 1000 * early, "ms", 1000 * floor)
    yield Figure(f"step, up to round {size.rounds}", on, 1000 * late, "ms", 1000 * floor)
    yield Figure("last / first", on, late / early, "times", 1.0, "≤ 1.2")


def _prepare(database: Database) -> Actor:
    looping = diagrams.bundle(
        *diagrams.line(diagrams.user_task("Look"), diagrams.gateway("Again", default="Again_Done")),
        diagrams.flow("Again", "Look", 'note = "again"'),
    )
    with database.transaction() as session:
        library.deploy_from_host(session, looping, "", SYSTEM)
        person = accounts.add(session, "dora", "Dora Desk", DESK, SYSTEM)
    return Actor(person.id, person.name, frozenset(DESK))


def _loop(database: Database, actor: Actor, rounds: int) -> list[float]:
    """CPU seconds of each round of one instance."""
    with database.transaction() as session:
        incident = intake.report(session, "small", {"title": "Again and again"}, "api", actor)
        (waiting,) = tasks.find(session, actor, tasks.Queue.ALL, incident_id=incident.id)
    task, seconds = waiting.task, []
    for _ in range(rounds):
        before = time.process_time()
        task = _complete(database, task, actor)
        seconds.append(time.process_time() - before)
    return seconds


def _complete(database: Database, task: Task, actor: Actor) -> Task:
    with database.transaction() as session:
        (opened,) = tasks.complete(session, task.id, AGAIN, actor).next_tasks
        return opened


def _change_one_row(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE incident_number SET last = last"))


def _cpu(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
