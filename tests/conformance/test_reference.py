"""What the reference does, block by block: written down by hand, since it judges the kernel."""

from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.blocks import (
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
)
from tests.conformance.reference import Machine

NOTHING = Sequence("nothing")


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
