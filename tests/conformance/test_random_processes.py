"""Random processes do in the kernel what they do in the reference, kept or saved at every step.

``python -m tests.conformance.test_random_processes SEED`` shows a process and shrinks a difference.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from engine import clock
from engine.bpmn import reader, run
from engine.bpmn.definition import Definition, compile_definition
from engine.bpmn.diagram import Trigger
from engine.bpmn.progress import OpenTask, Subscription
from tests.conformance.blocks import (
    NUMBERS,
    SIGNALS,
    Activity,
    Block,
    Boundary,
    Branch,
    Call,
    Catch,
    End,
    Event,
    EventChoice,
    EventSubProcess,
    Exclusive,
    Expression,
    Inclusive,
    MultiInstance,
    Parallel,
    Process,
    Repeat,
    Scatter,
    Script,
    Sequence,
    StandardLoop,
    SubProcess,
    Task,
    Throw,
    describe,
    is_part,
    walk,
)
from tests.conformance.drawing import draw
from tests.conformance.generator import generate
from tests.conformance.reference import Machine, Wait

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


@pytest.mark.parametrize("first", range(0, MODELS, CHUNK))
def test_a_random_process_does_what_its_blocks_say(first):
    for seed in range(first, first + CHUNK):
        process = generate(seed)

        found = outcome(process, seed)

        assert found is None, f"Seed {seed}\n{describe(process)}\n{found!r}\n{found}"


class Forgetful(Machine):
    """A reference that is wrong: its scripts do nothing."""

    def _assign(self, *_: Any) -> None:
        pass


def test_every_kind_of_block_and_event_is_drawn():
    parts = [part for seed in range(MODELS) for part in walk(generate(seed))]

    wanted = {*Block.__subclasses__(), *Activity.__subclasses__()} - {Activity}
    triggers = {part.trigger for part in parts if isinstance(part, Event | Throw | End)}

    assert {type(part) for part in parts} >= wanted
    assert triggers >= {trigger.value for trigger in Trigger} - {Trigger.LINK}


def test_a_difference_is_noticed():
    assert find_difference(generate(0), 0, Forgetful).part == "variables"


# The reference itself


def _started(*blocks: Block, handlers: tuple[EventSubProcess, ...] = ()) -> Machine:
    return Machine(Process("main", Sequence("all", blocks), handlers))


def _do(machine: Machine, kind: str, element: str, value: Any = None) -> None:
    machine.happen(next(w for w in machine.open(kind) if w.element == element), value or {})


def _open(machine: Machine) -> list[str]:
    return [wait.element for wait in machine.open("task", "timer", "message", "signal")]


def _failed(machine: Machine) -> list[str]:
    return [wait.element for wait in machine.open("failure", "problem")]


def _set(name: str, value: Any) -> Script:
    return Script(f"set_{name}", ((name, Expression(str(value), lambda _: value)),))


def _is(name: str, value: int) -> Expression:
    return Expression(f"{name} = {value}", lambda seen: seen[name] == value)


def _timer(minutes: int = 5, rounds: int | None = 1) -> Event:
    return Event("late", "timer", minutes=Expression("5", lambda _: minutes), rounds=rounds)


def test_blocks_run_one_after_the_other():
    machine = _started(_set("a", 1), _set("b", 2))

    assert machine.log.done == ["main_start", "set_a", "set_b", "main_end"]
    assert (machine.variables, machine.is_ended) == ({"a": 1, "b": 2}, True)


def test_a_parallel_join_waits_for_each_branch():
    machine = _started(Parallel("p", (Branch(Task("x")), Branch(Task("y")))), Task("z"))

    _do(machine, "task", "y")
    assert _open(machine) == ["x"]
    _do(machine, "task", "x")

    assert _open(machine) == ["z"]


@pytest.mark.parametrize(
    ("join", "after"), [(Parallel, ([], ["j_join"])), (Inclusive, (["z"], []))]
)
def test_only_an_inclusive_join_goes_on_without_a_branch_that_ended(join, after):
    might_end = Exclusive("m", (Branch(End("e"), _is("a", 1)), Branch(NOTHING)))
    branches = (Branch(might_end), Branch(Task("x")))
    machine = _started(_set("a", 1), join("j", branches), Task("z"))

    _do(machine, "task", "x")

    assert (_open(machine), _failed(machine)) == after


def test_a_join_does_not_wait_for_a_branch_that_leads_elsewhere():
    for join in (Parallel, Inclusive):
        elsewhere = Sequence("s", (Task("y"), End("e")))
        machine = _started(join("j", (Branch(elsewhere), Branch(Task("x")))), Task("z"))

        _do(machine, "task", "x")

        assert _open(machine) == ["y", "z"]


def test_the_first_condition_that_holds_decides():
    others = (Branch(Task(name), _is("a", 1)) for name in ("x", "y"))
    choice = Exclusive("e", (Branch(Task("default"), is_default=True), *others))

    assert _open(_started(_set("a", 1), choice)) == ["x"]
    assert _open(_started(_set("a", 2), choice)) == ["default"]


def test_a_gateway_without_a_way_fails_until_a_variable_is_corrected():
    machine = _started(_set("a", 2), Exclusive("e", (Branch(Task("x"), _is("a", 1)),)))

    _do(machine, "problem", "e_split", {"a": 3})
    assert _failed(machine) == ["e_split"]
    _do(machine, "problem", "e_split", {"a": 1})

    assert (_open(machine), _failed(machine)) == (["x"], [])


def test_flows_that_never_join_run_the_rest_once_for_each():
    branches = (Branch(NOTHING), Branch(NOTHING, _is("a", 1)), Branch(NOTHING, is_default=True))
    machine = _started(_set("a", 1), Scatter("s", Task("x"), branches, Task("y")))

    _do(machine, "task", "x")

    assert _open(machine) == ["y", "y"]


def test_a_repeated_body_runs_while_the_condition_holds_and_never_too_often():
    more = Expression("a + 1", lambda seen: seen["a"] + 1)
    body = Script("more", (("a", more),))
    again = Expression("a < 2", lambda seen: seen["a"] < 2)

    machine = _started(_set("a", 0), Repeat("r", body, again, rounds=5))

    assert (machine.variables["a"], machine.log.done.count("more")) == (2, 2)


@pytest.mark.parametrize("is_sequential", [False, True])
def test_iterations_keep_their_variables_and_give_their_results_in_order(is_sequential):
    items = Expression("[7, 8]", lambda _: [7, 8])
    loop = MultiInstance(is_sequential, None, items, "item", "out", "double", None)
    double = Expression("item * 2", lambda seen: seen["item"] * 2)

    machine = _started(Script("each", (("double", double),), loop=loop))

    assert machine.variables == {"out": [14, 16]}


def test_a_completion_condition_cancels_the_iterations_that_are_left():
    three = Expression("3", lambda _: 3)
    loop = MultiInstance(False, three, None, None, "out", "a", _is("a", 1))
    machine = _started(Task("each", loop=loop))

    machine.happen(machine.open("task")[1], {"a": 1})

    assert (machine.variables, machine.is_ended) == ({"out": [None, 1, None]}, True)


@pytest.mark.parametrize(("interrupts", "left"), [(True, ["y"]), (False, ["x", "y"])])
def test_a_boundary_event_adds_a_line_of_work_or_takes_over(interrupts, left):
    boundary = Boundary(_timer(), interrupts, Task("y"), rejoins=False)
    machine = _started(Task("x", boundaries=(boundary,)))

    machine.move_to(5)

    assert _open(machine) == left


def test_a_timer_cycle_fires_as_often_as_it_says():
    boundary = Boundary(_timer(rounds=2), False, Sequence("no"), rejoins=False)
    machine = _started(Task("x", boundaries=(boundary,)))

    machine.move_to(5)
    assert [wait.due for wait in machine.open("timer")] == [10]
    machine.move_to(10)

    assert _open(machine) == ["x"]


def test_a_handler_for_the_code_goes_before_one_for_any():
    handlers = tuple(
        Boundary(Event(f"catch{code}", "error", code), True, Task(f"after{code}"), True)
        for code in ("", "E1")
    )
    machine = _started(SubProcess("s", End("e", "error", "E1"), boundaries=handlers))

    assert _open(machine) == ["afterE1"]


def test_an_error_that_nobody_catches_fails_where_it_was_thrown():
    machine = _started(SubProcess("s", End("e", "error", "E1")))

    assert _failed(machine) == ["e"]


def test_what_a_handler_throws_is_caught_further_out():
    handler = EventSubProcess("h", Event("stop", "message"), False, End("again", "error", "E1"))
    catcher = EventSubProcess("c", Event("inner", "error"), True, Task("inside"))
    outside = Boundary(Event("outer", "error"), True, Task("outside"), rejoins=True)
    block = SubProcess("s", Task("x"), (handler, catcher), boundaries=(outside,))
    machine = _started(block)

    _do(machine, "message", "stop")

    assert _open(machine) == ["outside"]


def test_a_cancelled_transaction_leaves_by_its_cancel_event():
    branches = (Branch(Task("x")), Branch(End("e", "cancel")))
    cancelled = Boundary(Event("cancelled", "cancel"), True, Task("y"), rejoins=True)
    block = SubProcess("s", Parallel("p", branches), (), is_transaction=True)

    machine = _started(replace(block, boundaries=(cancelled,)))

    assert _open(machine) == ["y"]


def test_a_condition_fires_each_time_it_becomes_true():
    event = Event("is_one", "conditional", condition=_is("a", 1))
    beside = Boundary(event, False, NOTHING, rejoins=False)
    again = Repeat("r", Task("x", answers=("a",)), _is("r", 0), rounds=1)
    loop = StandardLoop(Expression("true", lambda _: True), False, 9)
    fired = []
    machine = _started(_set("a", 0), SubProcess("s", again, boundaries=(beside,), loop=loop))

    for value in (1, 1, 0, 1):
        _do(machine, "task", "x", {"a": value})
        fired.append("is_one" in machine.log.done)

    assert fired == [True, False, False, True]


def test_terminate_ends_its_own_scope_alone():
    branches = (Branch(Task("x")), Branch(End("e", "terminate")))
    machine = _started(SubProcess("s", Parallel("p", branches)), Task("z"))

    assert _open(machine) == ["z"]


@pytest.mark.parametrize(("interrupts", "left"), [(True, ["y"]), (False, ["x", "stop", "y"])])
def test_an_event_subprocess_takes_over_or_runs_beside(interrupts, left):
    handler = EventSubProcess("h", Event("stop", "message"), interrupts, Task("y"))
    machine = _started(Task("x"), handlers=(handler,))

    _do(machine, "message", "stop")

    assert sorted(_open(machine)) == sorted(left)


def test_a_signal_reaches_everyone_who_waits_for_it():
    waiting = [Branch(Catch(name, Event(name, "signal", "red"))) for name in ("x", "y")]
    thrower = Branch(Sequence("t", (Task("z"), Throw("throw", "signal", "red"))))
    machine = _started(Parallel("p", (*waiting, thrower)))

    _do(machine, "task", "z")

    assert machine.log.done == ["z", "throw", "x", "y", "p_join", "main_end"]


def test_a_called_process_sees_and_gives_back_what_it_names():
    more = Expression("count(seen)", lambda seen: sorted(seen))
    called = Process("called", Script("s", (("b", more), ("a", more))), (), ("a",), ("b",))

    machine = _started(_set("a", 1), _set("b", 2), Call("call", called))

    assert machine.variables == {"a": 1, "b": ["a"]}


def test_the_first_event_withdraws_the_others():
    events = (_timer(), Event("letter", "message"))
    machine = _started(EventChoice("c", events, (Task("x"), Task("y"))))

    _do(machine, "message", "letter")

    assert _open(machine) == ["y"]


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
