"""Two machines take the same actions: the first step after which they are not alike.

``python -m tests.conformance.comparison SEED`` shows a process and shrinks a difference.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from engine import clock
from engine.bpmn import reader, run
from engine.bpmn.definition import Definition, compile_definition
from engine.bpmn.progress import OpenTask, Subscription
from tests.conformance.blocks import (
    NUMBERS,
    SIGNALS,
    Block,
    Branch,
    Process,
    Sequence,
    describe,
    is_part,
    walk,
)
from tests.conformance.drawing import draw
from tests.conformance.generator import generate
from tests.conformance.reference import Machine
from tests.conformance.regions import Wait

MODELS = 5_000 if os.environ.get("STEADYHAND_LONG") else 500
CHUNK = 25
MAX_ACTIONS = 60
NOTHING = Sequence("nothing")


@dataclass(frozen=True)
class Action:
    """What those outside do: complete, deliver, move (the clock) or broadcast."""

    kind: str
    element: str = ""
    number: int = 0  # of several waits of one element, in the order in which they came up
    value: Any = None


@dataclass(frozen=True)
class Sight:
    """What a machine shows after a step; everything is compared."""

    done: list[str]  # elements in the order in which they finished
    tasks: list[str]
    timers: list[tuple[str, int]]
    subscriptions: list[tuple[str, str, str, str]]
    failures: list[str]
    thrown: list[tuple[str, str, str, Any]]
    variables: dict[str, Any]
    is_ended: bool


class Expected:
    """The reference interpreter, and what may be done next."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def act(self, action: Action) -> None:
        machine = self.machine
        match action.kind:
            case "move":
                machine.move_to(action.value)
            case "broadcast":
                machine.broadcast(action.element, action.value)
            case kind:
                waits = [wait for wait in machine.open(kind) if wait.element == action.element]
                machine.happen(waits[action.number], action.value)

    def look(self) -> Sight:
        machine = self.machine
        awaited = machine.open("message", "signal", "conditional")
        return Sight(
            done=machine.log.done,
            tasks=sorted(wait.element for wait in machine.open("task")),
            timers=sorted((wait.element, wait.due) for wait in machine.open("timer")),
            subscriptions=sorted((w.element, w.kind, w.name, _text(w.key)) for w in awaited),
            failures=sorted(wait.element for wait in machine.open("failure", "problem")),
            thrown=[(kind, name, _text(k), value) for kind, name, k, value in machine.log.thrown],
            variables=machine.variables,
            is_ended=machine.is_ended,
        )

    def choose(self, random: Random) -> Action | None:
        """Something that may happen now; ``None`` when nothing will ever happen again."""
        machine = self.machine
        if machine.is_ended:
            return None
        timers, problems = machine.open("timer"), machine.open("problem")
        # Which of several failures of one element is meant, their order does not tell.
        failing = [wait.element for wait in problems]
        alone = [wait for wait in problems if failing.count(wait.element) == 1]
        waits = machine.open("task", "message") + alone
        choices = [self._action(wait, random) for wait in waits]
        if timers:
            choices.append(Action("move", value=min(timer.due for timer in timers)))
        if machine.open("signal"):
            choices.append(Action("broadcast", random.choice(SIGNALS), value=_payload(random)))
        return random.choice(choices) if choices else None

    def _action(self, wait: Wait, random: Random) -> Action:
        alike = [each for each in self.machine.open(wait.kind) if each.element == wait.element]
        number = next(i for i, each in enumerate(alike) if each is wait)
        names = NUMBERS if wait.kind == "problem" else wait.answers
        answers = {name: random.randint(0, 9) for name in names}
        value = _payload(random) if wait.kind == "message" else answers
        return Action(wait.kind, wait.element, number, value)


class Kept:
    """An instance of the kernel that stays in memory."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.began_at = clock.now()
        self.instance = run.start(definition, {}, OPERATIONS)
        self.report()

    def report(self) -> None:
        self.step = self.standing = self.instance.progress()

    def act(self, action: Action) -> None:
        match action.kind:
            case "move":
                self.instance.fire_timers()
            case "broadcast":
                self.instance.broadcast(action.element, action.value)
            case "task":
                self.instance.complete(self._find(self.standing.open_tasks, action), action.value)
            case "problem":
                problems = [
                    each for each in self.standing.failures if each.node.id == action.element
                ]
                self.instance.retry(problems[action.number].token_id, action.value)
            case "message":
                waits = self.standing.subscriptions
                self.instance.deliver(self._find(waits, action), action.value)
        self.report()

    def look(self) -> Sight:
        now, variables = self.standing, dict(self.instance.variables)
        variables.pop("incident", None)
        return Sight(
            done=[step.node.id for step in self.step.steps],
            tasks=sorted(task.node.id for task in now.open_tasks),
            timers=sorted((timer.node.id, self._minute(timer.due_at)) for timer in now.timers),
            subscriptions=sorted(
                (each.node.id, str(each.awaits), each.name, _text(each.key))
                for each in now.subscriptions
            ),
            failures=sorted(failure.node.id for failure in now.failures),
            thrown=[
                (str(each.awaits), each.name, _text(each.key), each.payload)
                for each in self.step.thrown
            ],
            variables=variables,
            is_ended=now.is_ended,
        )

    def _minute(self, moment: datetime) -> int:
        # The clock goes on while the test runs, but by less than a minute.
        return (moment - self.began_at) // timedelta(minutes=1)

    def _find(self, waits: Iterable[OpenTask | Subscription], action: Action) -> str:
        return [wait.id for wait in waits if wait.node.id == action.element][action.number]


class Stored(Kept):
    """An instance of the kernel that is saved and restored after every step."""

    def report(self) -> None:
        super().report()
        if self.step.is_ended:
            return  # nothing is left to save
        self.instance = run.restore(self.definition, run.save(self.instance), {}, OPERATIONS)
        self.standing = self.instance.progress()


@dataclass(frozen=True)
class Difference:
    """What a machine showed otherwise than the reference, and what had been done until then."""

    machine: str
    part: str
    expected: Any
    actual: Any
    actions: tuple[Action, ...]

    def __str__(self) -> str:
        actions = "\n".join(f"  {action}" for action in self.actions)
        found = f"{self.part}\n  expected {self.expected}\n  actual   {self.actual}"
        return f"After\n{actions or '  the start'}\n{self.machine} differs in {found}"


def find_difference(
    process: Process,
    seed: int,
    reference: type[Machine] = Machine,
    kinds: Iterable[type[Kept]] = (Kept, Stored),
) -> Difference | None:
    """Run the process in all machines at once; the seed decides what happens to it."""
    random = Random(seed)
    actions: list[Action] = []
    moved = timedelta(0)
    expected = Expected(reference(process))
    machines = [kind(compiled(process)) for kind in kinds]
    try:
        for _ in range(MAX_ACTIONS):
            difference = _compare(expected.look(), machines, actions)
            action = expected.choose(random)
            if difference or not action:
                return difference
            if action.kind == "move":
                by = timedelta(minutes=action.value - expected.machine.minute)
                clock.shift(by)
                moved += by
            actions.append(action)
            for machine in (expected, *machines):
                machine.act(action)
        return _compare(expected.look(), machines, actions)
    finally:
        clock.shift(-moved)


def outcome(process: Process, seed: int) -> Difference | Exception | None:
    try:
        return find_difference(process, seed)
    except Exception as error:  # noqa: BLE001 -- a crash is a difference too
        return error


def _compare(expected: Sight, machines: list[Kept], actions: list[Action]) -> Difference | None:
    for machine in machines:
        actual = machine.look()
        for part in (each.name for each in fields(Sight)):
            wanted, found = getattr(expected, part), getattr(actual, part)
            if wanted != found:
                return Difference(type(machine).__name__, part, wanted, found, tuple(actions))
    return None


def compiled(process: Process) -> Definition:
    called = [part for part in walk(process) if isinstance(part, Process) and part is not process]
    processes = {each.id: reader.read(draw(each)) for each in called}
    return compile_definition(reader.read(draw(process)), {}, processes)


def shrink(process: Process, differs: Callable[[Process], bool]) -> Process:
    """A smaller process that differs still: part after part is taken away."""
    for smaller in _smaller(process):
        if differs(smaller):
            return shrink(smaller, differs)
    return process


def _smaller(part: Any) -> Iterator[Any]:
    """The part with one thing in it replaced by less."""
    for each in fields(part):
        value = getattr(part, each.name)
        if each.name in ("loop", "inputs", "outputs", "key", "until", "variable") and value:
            yield replace(part, **{each.name: None})
        for less in _fewer(value) if isinstance(value, tuple) else _less(value):
            yield replace(part, **{each.name: less})


def _less(value: Any) -> Iterator[Any]:
    if isinstance(value, Block) and value != NOTHING:
        yield NOTHING
    if isinstance(value, Sequence) and len(value.blocks) == 1:
        yield value.blocks[0]
    if is_part(value):
        yield from _smaller(value)


def _fewer(values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for i, each in enumerate(values):
        if len(values) > 1 or not isinstance(each, Branch):
            yield (*values[:i], *values[i + 1 :])
        if is_part(each):
            yield from ((*values[:i], less, *values[i + 1 :]) for less in _smaller(each))


def _work(facts: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    if parameters["code"]:
        raise run.OperationFailed(parameters["code"], "It was told to fail.")
    return {}


OPERATIONS = {"work": _work}


def _text(key: Any) -> str:
    return "" if key is None else str(key)


def _payload(random: Random) -> dict[str, int]:
    return {"n": random.randint(0, 9)}


def main(seed: int) -> None:
    process = generate(seed)
    found = outcome(process, seed)

    def differs_alike(smaller: Process) -> bool:
        other = outcome(smaller, seed)
        return type(other) is type(found) and getattr(other, "part", "") == getattr(
            found, "part", ""
        )

    if found:
        process = shrink(process, differs_alike)
        found = outcome(process, seed)
    print(describe(process), draw(process).decode(), found or "No difference.", sep="\n\n")
    if isinstance(found, Exception):
        raise found


if __name__ == "__main__":
    main(int(sys.argv[1]))
