"""The kernel alone: take up a saved instance, complete a task, run on, save; CPU and bytes.

    python benchmarks/kernel.py [--rounds 2000]

Nothing but ``engine.bpmn``: no database, no HTTP. The floor beside it, in the same run, is reading
and writing the same saved state as JSON and doing nothing with it. Figures are medians of the CPU
time of one call. It prints; it does not judge.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine import bundles, library
from engine.bpmn import reader, run
from engine.bpmn.definition import Definition, compile_definition
from engine.bpmn.run import Instance
from engine.operations import CATALOGUE, READABLE
from tests import diagrams

FACTS = {**dict.fromkeys(READABLE), "title": "Mail is down", "status": "new", "reopened_count": 0}
OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}
PAST = (10, 100, 1_000)
CLASSIFIED = {"kind": "incident", "category": "mail", "impact": "medium", "urgency": "medium"}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2_000)
    rounds = parser.parse_args().rounds
    print(f"{'load, complete, run on, save':<36}{'CPU µs':>10}{'floor µs':>10}{'bytes':>8}")
    looping = loop()
    for past in PAST:
        show(
            f"a loop, after {past} steps", looping, looped(looping, past), {"note": "again"}, rounds
        )
    shipped = incident()
    begun = run.save(run.start(shipped, FACTS, OPERATIONS))
    show("the shipped process, its first task", shipped, begun, CLASSIFIED, rounds)
    print(f"\nfour-task lifecycles a second, in memory, one core: {lifecycles(rounds):,.0f}")


def loop() -> Definition:
    """One task, again and again."""
    return compiled(
        *diagrams.line(diagrams.user_task("Look"), diagrams.gateway("Again", default="Again_Done")),
        diagrams.flow("Again", "Look", 'note = "again"'),
    )


def looped(definition: Definition, past: int) -> str:
    """A saved instance with that many finished elements behind it."""
    instance = run.start(definition, FACTS, OPERATIONS)
    steps = len(instance.progress().steps)
    while steps < past:
        complete(instance, {"note": "again"})
        steps += len(instance.progress().steps)
    return run.save(instance)


def incident() -> Definition:
    """The shipped incident process: lanes, boundary timers, a decision, operations."""
    directory = Path(__file__).resolve().parents[1] / "processes" / "itsm"
    bundle = bundles.read(library.read_directory(directory))
    (drawn,) = bundle.diagrams.values()
    return compile_definition(drawn, bundle.decisions)


def compiled(*elements: str) -> Definition:
    return compile_definition(reader.read(diagrams.process(*elements)), {})


def complete(instance: Instance, answers: dict[str, object]) -> None:
    instance.complete(next(iter(instance.progress().open_tasks)).id, answers)


def show(name: str, definition: Definition, saved: str, answers: dict, rounds: int) -> None:
    """Print one line: the step, and the floor."""
    task_id = run.restore(definition, saved, FACTS, OPERATIONS).progress().open_tasks[0].id
    written = ""

    def step() -> None:
        nonlocal written
        instance = run.restore(definition, saved, FACTS, OPERATIONS)
        instance.complete(task_id, answers)
        instance.progress()
        written = run.save(instance)

    def floor() -> None:
        json.dumps(json.loads(saved), separators=(",", ":"))

    took, least = median(step, rounds), median(floor, rounds)
    print(f"{name:<36}{1e6 * took:>10.0f}{1e6 * least:>10.0f}{len(written.encode()):>8}")


def lifecycles(rounds: int) -> float:
    """Start, four tasks, end, without saving; a second of CPU holds this many."""
    definition = compiled(*diagrams.line(*(diagrams.user_task(f"T{i}") for i in range(4))))

    def lifecycle() -> None:
        instance = run.start(definition, FACTS, OPERATIONS)
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


if __name__ == "__main__":
    main()
