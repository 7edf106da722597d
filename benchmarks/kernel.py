"""The kernel alone: take up a saved instance, complete a task, run on, save; CPU and bytes.

Nothing but ``engine.bpmn``: no database, no HTTP. The floor beside it, in the same run, is reading
and writing the same saved state as JSON and doing nothing with it. Figures are medians of the CPU
time of one call.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.places import Place
from engine import bundles, library
from engine.bpmn import reader
from engine.bpmn import run as kernel
from engine.bpmn.definition import Definition, compile_definition
from engine.bpmn.run import Instance
from engine.operations import CATALOGUE, READABLE
from tests import diagrams

FACTS = {**dict.fromkeys(READABLE), "title": "Mail is down", "status": "new", "reopened_count": 0}
OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}
PAST = (10, 100, 1_000)
CLASSIFIED = {"kind": "incident", "category": "mail", "impact": "medium", "urgency": "medium"}


@dataclass(frozen=True)
class Size:
    rounds: int


FULL = Size(rounds=2_000)
SHORT = Size(rounds=20)


def run(size: Size, _: Sequence[Place]) -> Iterator[Figure]:
    """A step after a short and a long past, and whole lifecycles in memory."""
    looping = loop()
    for past in PAST:
        saved = looped(looping, past)
        again = {"note": "again"}
        yield from step(f"a loop, after {past:,} steps", looping, saved, again, size.rounds)
    shipped = incident()
    begun = kernel.save(kernel.start(shipped, FACTS, OPERATIONS))
    yield from step("the shipped process", shipped, begun, CLASSIFIED, size.rounds)
    yield Figure("four-task lifecycles, one core", "", lifecycles(size.rounds), "/s")


def loop() -> Definition:
    """One task, again and again."""
    return compiled(
        *diagrams.line(diagrams.user_task("Look"), diagrams.gateway("Again", default="Again_Done")),
        diagrams.flow("Again", "Look", 'note = "again"'),
    )


def looped(definition: Definition, past: int) -> str:
    """A saved instance with that many finished elements behind it."""
    instance = kernel.start(definition, FACTS, OPERATIONS)
    steps = len(instance.progress().steps)
    while steps < past:
        complete(instance, {"note": "again"})
        steps += len(instance.progress().steps)
    return kernel.save(instance)


def incident() -> Definition:
    """The shipped incident process: lanes, boundary timers, a decision, operations."""
    directory = Path(__file__).resolve().parents[1] / "processes" / "itsm"
    bundle = bundles.read(library.read_directory(directory))
    (drawn,) = bundle.diagrams.values()
    return compile_definition(drawn, bundle.decisions, calendars=bundle.calendars)


def compiled(*elements: str) -> Definition:
    return compile_definition(reader.read(diagrams.process(*elements)), {})


def complete(instance: Instance, answers: dict[str, object]) -> None:
    instance.complete(next(iter(instance.progress().open_tasks)).id, answers)


def step(
    name: str, definition: Definition, saved: str, answers: dict[str, Any], rounds: int
) -> Iterator[Figure]:
    """Take up, complete, run on, save; and the floor."""
    first = kernel.restore(definition, saved, FACTS, OPERATIONS)
    task_id = first.progress().open_tasks[0].id
    written = ""

    def take() -> None:
        nonlocal written
        instance = kernel.restore(definition, saved, FACTS, OPERATIONS)
        instance.complete(task_id, answers)
        instance.progress()
        written = kernel.save(instance)

    def floor() -> None:
        json.dumps(json.loads(saved), separators=(",", ":"))

    took, least = median(take, rounds), median(floor, rounds)
    yield Figure(f"{name}: CPU", "", 1e6 * took, "µs", 1e6 * least)
    yield Figure(f"{name}: saved", "", len(written.encode()), "B")


def lifecycles(rounds: int) -> float:
    """Start, four tasks, end, without saving; a second of CPU holds this many."""
    definition = compiled(*diagrams.line(*(diagrams.user_task(f"T{i}") for i in range(4))))

    def lifecycle() -> None:
        instance = kernel.start(definition, FACTS, OPERATIONS)
        for _ in range(4):
            complete(instance, {"note": "done"})
        if not instance.progress().is_ended:
            raise SystemExit("The process did not end.")

    return 1 / median(lifecycle, rounds)


def median(work: Callable[[], None], rounds: int) -> float:
    """Seconds of CPU that one call takes, without the first tenth."""
    seconds = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return statistics.median(seconds[rounds // 10 :])
