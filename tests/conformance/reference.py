"""What a tree of blocks does, told by running the tree: there is no graph here, and no token.

Every line of work is a generator that runs until it has to wait. What it yields is a function that
is given the way to resume it: the queue of those whose turn will come, or whatever it waits for.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.conformance.blocks import (
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
    Link,
    MultiInstance,
    Parallel,
    Process,
    Receive,
    Repeat,
    Scatter,
    Script,
    Sequence,
    Service,
    StandardLoop,
    SubProcess,
    Task,
    Throw,
    in_turn,
    ways_out,
)
from tests.conformance.regions import (
    Frame,
    Handler,
    Join,
    PatientJoin,
    Region,
    Resume,
    RoundFrame,
    Scope,
    Stopped,
    Wait,
    Work,
)


@dataclass
class Log:
    """What happened in one step."""

    done: list[str] = field(default_factory=list)
    thrown: list[tuple[str, str, Any, Any]] = field(default_factory=list)


class Machine:
    """One running process; ``log`` holds what its last step did."""

    def __init__(self, process: Process) -> None:
        self.log = Log()
        self.minute = 0
        self.is_ended = False
        self.variables: dict[str, Any] = {}
        self._waits: list[Wait] = []
        self._queue: deque[Resume] = deque()
        self._joins: list[Join] = []
        self._open_scope(process, Region(), Frame(self.variables), self._finish)
        self._settle()

    def open(self, *kinds: str) -> list[Wait]:
        """What is open, in the order in which it came up."""
        self._waits[:] = [wait for wait in self._waits if wait.is_open]
        return [wait for wait in self._waits if wait.kind in kinds]

    def happen(self, wait: Wait, value: Mapping[str, Any]) -> None:
        """A task is completed, or a message comes in."""
        self.log = Log()
        self._happen(wait, value)
        self._settle()

    def broadcast(self, name: str, payload: Any) -> None:
        """A signal comes in."""
        self.log = Log()
        self._signal(name, payload)
        self._settle()

    def move_to(self, minute: int) -> None:
        """Fire the timers that are due, in the order of their times."""
        self.log, self.minute = Log(), minute
        while due := [wait for wait in self.open("timer") if wait.due <= minute]:
            self._happen(min(due, key=lambda wait: wait.due), None)
            self._settle()

    def _finish(self) -> None:
        self.is_ended = True

    def _happen(self, wait: Wait, value: Any) -> None:
        if wait.kind == "timer" and wait.rounds is not None:
            wait.rounds -= 1
        wait.is_over = wait.kind in ("task", "problem", "join") or wait.rounds == 0
        wait.due += wait.every
        wait.happen(value)

    def _settle(self) -> None:
        while self._queue or self._has_more():
            if self._queue:
                self._queue.popleft()()
        if not self.is_ended and not any(w.is_open and w.kind != "join" for w in self._waits):
            self._fail_for_ever()

    def _has_more(self) -> bool:
        """Nothing else can run: take the first inclusive join or condition whose time has come."""
        # BPMN does not say which of several goes first: here what began to wait first.
        for wait in self.open("join", "conditional"):
            was_true, wait.was_true = wait.was_true, bool(wait.is_true and wait.is_true())
            if wait.was_true and not was_true:
                self._happen(wait, None)
                return True
        return False

    def _fail_for_ever(self) -> None:
        """What waits at a join while nothing can happen any more is shown as a failure."""
        for join in self._joins:
            for _ in range(join.arrived if join.region.is_alive and not join.is_over else 0):
                self._fail(join.element, join.region)

    # Lines of work

    def _advance(
        self, region: Region, work: Work, ended: Callable[[bool], None], value: Any = None
    ) -> None:
        if not region.is_alive:
            return
        try:
            request = work.send(value)
        except (StopIteration, Stopped) as stop:
            if region.is_alive:
                ended(isinstance(stop, StopIteration))
        else:
            request(partial(self._advance, region, work, ended))

    def _spawn(
        self, scope: Scope, work: Work, ended: Callable[[bool], None] = lambda _: None
    ) -> None:
        """A further line of work in the scope."""
        scope.lines += 1

        def end(has_arrived: bool) -> None:
            ended(has_arrived)
            scope.leave()

        self._advance(scope.work, work, end)

    def _turn(self) -> Callable[[Resume], None]:
        """Wait for those whose turn is before."""
        return self._queue.append

    def _done(self, element: str) -> None:
        self.log.done.append(element)

    def _visit(self, element: str) -> Work:
        yield self._turn()
        self._done(element)

    # Processes and their blocks

    def _open_scope(
        self, part: Process | SubProcess, region: Region, frame: Frame, done: Callable[[], None]
    ) -> None:
        scope = Scope(region, frame, done)
        for handler in part.handlers:
            self._arm_handler(handler, scope)
        self._spawn(scope, self._body(part, scope))

    def _body(self, part: Process | SubProcess, scope: Scope) -> Work:
        yield from self._visit(f"{part.id}_start")
        yield from self._run(part.body, scope)
        yield from self._visit(f"{part.id}_end")

    def _arm_handler(self, handler: EventSubProcess, scope: Scope) -> None:
        def catch(payload: Any) -> None:
            if handler.interrupts:
                scope.clear()
            self._take(handler.start, payload, scope.frame)
            self._done(handler.start.id)
            self._spawn(scope, self._handle(handler, scope))

        self._arm(handler.start, scope.frame, scope.starts, catch, scope.region)

    def _handle(self, handler: EventSubProcess, scope: Scope) -> Work:
        def inside(resume: Resume) -> None:
            inner = Scope(scope.work.open(), scope.frame, resume)
            inner.region.beyond = scope.region.beyond  # what a handler throws goes further out
            self._spawn(inner, self._inside(handler, inner))

        yield inside
        self._done(handler.id)

    def _inside(self, handler: EventSubProcess, scope: Scope) -> Work:
        yield from self._run(handler.body, scope)
        yield from self._visit(f"{handler.id}_end")

    def _run(self, block: Block, scope: Scope) -> Work:
        match block:
            case Activity():
                return self._activity(block, scope)
            case Parallel() | Inclusive():
                return self._fork(block, scope)
            case _:
                return _RUN[type(block)](self, block, scope)

    def _follow(self, body: Block, scope: Scope) -> Work:
        """Go a way; on one that leads nowhere this work leaves those who wait for it."""
        if ways_out(body):
            yield from self._run(body, scope)
        else:
            self._spawn(scope, self._run(body, scope))
            raise Stopped

    def _sequence(self, block: Sequence, scope: Scope) -> Work:
        for each, is_merged in in_turn(block):
            if is_merged:
                yield from self._visit(f"{each.id}_merge")
            yield from self._run(each, scope)

    def _exclusive(self, block: Exclusive, scope: Scope) -> Work:
        branches = yield from self._split(block, scope)
        yield from self._follow(branches[0].body, scope)
        if block.merges:
            yield from self._visit(f"{block.id}_join")

    def _split(self, block: Exclusive | Parallel | Inclusive, scope: Scope) -> Work:
        """Which branches to take; without any, the gateway fails until variables are corrected."""
        if isinstance(block, Inclusive) and block.first:
            yield from self._activity(block.first, scope)
            return _true(block.branches, scope.frame)
        yield self._turn()
        while not (branches := _taken(block, scope.frame)):
            corrections = yield partial(self._fail, f"{block.id}_split", scope.work)
            for name, value in corrections.items():
                scope.frame.write(name, value)
        self._done(f"{block.id}_split")
        return branches

    def _fork(self, block: Parallel | Inclusive, scope: Scope) -> Work:
        branches = yield from self._split(block, scope)
        is_parallel = isinstance(block, Parallel)
        is_plain = is_parallel or sum(ways_out(branch.body) for branch in block.branches) == 1

        def spread(resume: Resume) -> None:
            flows = sum(ways_out(branch.body) > 0 for branch in branches)
            join = Join if is_plain else partial(PatientJoin, wait=self._waits.append)
            meeting = join(f"{block.id}_join", scope.work, len(branches), flows, resume)
            self._joins.append(meeting)
            for branch in branches:
                work = self._branch(branch, scope, is_parallel=is_parallel)
                self._spawn(scope, work, lambda arrived: meeting.end(has_arrived=arrived))

        if not (yield spread):
            raise Stopped
        self._done(f"{block.id}_join")

    def _branch(self, branch: Branch, scope: Scope, *, is_parallel: bool) -> Work:
        yield from self._follow(branch.body, scope)
        if is_parallel and ways_out(branch.body) > 1:
            yield from self._visit(f"{branch.body.id}_merge")
        yield self._turn()

    def _repeat(self, block: Repeat, scope: Scope) -> Work:
        yield self._turn()
        scope.frame.write(block.id, 0)
        self._done(f"{block.id}_reset")
        goes_on = True
        while goes_on:
            yield from self._visit(f"{block.id}_top")
            yield self._turn()
            scope.frame.write(block.id, scope.frame.visible[block.id] + 1)
            self._done(f"{block.id}_count")
            yield from self._run(block.body, scope)
            yield from self._visit(f"{block.id}_check")
            visible = scope.frame.visible
            goes_on = visible[block.id] < block.rounds and block.again.value(visible)

    def _catch(self, block: Catch, scope: Scope) -> Work:
        yield self._turn()
        region = scope.work.open()
        payload = yield lambda resume: self._arm(block.event, scope.frame, region, resume)
        region.cancel()
        self._take(block.event, payload, scope.frame)
        self._done(block.id)

    def _choice(self, block: EventChoice, scope: Scope) -> Work:
        yield from self._visit(block.id)
        region = scope.work.open()

        def wait(resume: Resume) -> None:
            for event, body in zip(block.events, block.bodies, strict=True):
                first = partial(_resume_with, resume, event, body)
                self._arm(event, scope.frame, region, first)

        event, body, payload = yield wait
        region.cancel()
        self._take(event, payload, scope.frame)
        self._done(event.id)
        yield from self._follow(body, scope)

    def _scatter(self, block: Scatter, scope: Scope) -> Work:
        yield from self._activity(block.first, scope)
        for branch in _true(block.branches, scope.frame):
            self._spawn(scope, self._strand(block, branch, scope))
        raise Stopped

    def _strand(self, block: Scatter, branch: Branch, scope: Scope) -> Work:
        yield from self._run(branch.body, scope)
        yield from self._run(block.rest, scope)
        yield from self._visit(f"{block.id}_end")

    def _link(self, block: Link, scope: Scope) -> Work:
        yield from self._visit(f"{block.id}_throw")
        yield from self._visit(f"{block.id}_catch")

    def _throw(self, block: Throw, scope: Scope) -> Work:
        yield self._turn()
        self._done(block.id)
        self._send(block, scope)

    def _end(self, block: End, scope: Scope) -> Work:
        yield self._turn()
        if block.trigger in ("error", "cancel"):
            yield partial(self._raise, block.id, block.trigger, block.name, scope.work)
        self._done(block.id)
        if block.trigger == "terminate":
            scope.complete()
        else:
            self._send(block, scope)
        raise Stopped

    # Events

    def _arm(
        self,
        event: Event,
        frame: Frame,
        region: Region,
        catch: Callable[[Any], None],
        around: Region | None = None,
    ) -> None:
        """Wait for the event in the region; errors and escalations come from inside ``around``."""
        if around and event.trigger in ("error", "escalation", "cancel"):
            around.handlers.append(Handler(event.trigger, event.name, catch))
            return
        minutes = event.minutes.value(frame.visible) if event.minutes else 0
        self._waits.append(
            Wait(
                event.trigger,
                event.id,
                region,
                catch,
                name=event.name,
                key=event.key.value(frame.visible) if event.key else None,
                is_true=_question(event.condition, frame) if event.condition else None,
                due=self.minute + minutes,
                every=minutes,
                rounds=event.rounds if event.minutes else None,
            )
        )

    def _take(self, event: Event, payload: Any, frame: Frame) -> None:
        if event.variable:
            frame.write(event.variable, payload)

    def _send(self, block: Throw | End, scope: Scope) -> None:
        visible = scope.frame.visible
        payload = block.payload.value(visible) if block.payload else None
        key = block.key.value(visible) if isinstance(block, Throw) and block.key else None
        if block.trigger in ("message", "signal"):
            self.log.thrown.append((block.trigger, block.name, key, payload))
        if block.trigger == "signal":
            self._signal(block.name, payload)
        handler = scope.work.find_handler(block.trigger, block.name)
        if handler and block.trigger == "escalation":
            handler.catch(None)

    def _signal(self, name: str, payload: Any) -> None:
        for wait in self.open("signal"):
            if wait.name == name and wait.is_open:
                self._happen(wait, payload)

    def _raise(
        self, element: str, trigger: str, code: str, region: Region, _: Resume | None = None
    ) -> None:
        """Throw an error or cancellation, behind which this line of work never goes on."""
        handler = region.find_handler(trigger, code)
        if handler:
            self._done(element)
            handler.catch(None)
        else:
            self._fail(element, region)

    def _fail(self, element: str, region: Region, retry: Resume | None = None) -> None:
        """Stay there until it is tried again; the boundary events are withdrawn."""
        for wait in self._waits:
            wait.is_over = wait.is_over or wait.region is region
        kind = "failure" if retry is None else "problem"
        self._waits.append(Wait(kind, element, region.open(), retry or (lambda _: None)))

    # Activities

    def _activity(self, activity: Activity, scope: Scope) -> Work:
        yield self._turn()
        region = scope.work.open()

        def begin(resume: Resume) -> None:
            for boundary in activity.boundaries:
                self._arm_boundary(boundary, scope, region, resume)
            self._perform(activity, scope.frame, region, partial(resume, None))

        interruption = yield begin
        region.cancel()
        if interruption is None:
            self._done(activity.id)
            return
        boundary, payload = interruption
        if boundary.rejoins and ways_out(boundary.body):
            yield from self._leave_by(boundary, payload, scope)
        else:
            self._spawn(scope, self._leave_by(boundary, payload, scope))
            raise Stopped

    def _arm_boundary(
        self, boundary: Boundary, scope: Scope, region: Region, resume: Resume
    ) -> None:
        def catch(payload: Any) -> None:
            if boundary.interrupts:
                resume((boundary, payload))
            else:
                self._spawn(scope, self._leave_by(boundary, payload, scope))

        self._arm(boundary.event, scope.frame, region, catch, region)

    def _leave_by(self, boundary: Boundary, payload: Any, scope: Scope) -> Work:
        self._take(boundary.event, payload, scope.frame)
        self._done(boundary.event.id)
        yield from self._run(boundary.body, scope)
        if not boundary.rejoins:
            yield from self._visit(f"{boundary.event.id}_end")

    def _perform(
        self, activity: Activity, frame: Frame, region: Region, done: Callable[[], None]
    ) -> None:
        match activity.loop:
            case None:
                self._once(activity, frame, region, done)
            case MultiInstance():
                once = partial(self._iteration, activity)
                Instances(activity.loop, once, frame, region.open(), done).start()
            case StandardLoop():
                self._round(activity, activity.loop, 1, frame, region, done)

    def _round(
        self,
        activity: Activity,
        loop: StandardLoop,
        number: int,
        frame: Frame,
        region: Region,
        done: Callable[[], None],
    ) -> None:
        # The condition reads how many rounds are done.
        seen = {**frame.visible, "loopCounter": number - 1}
        is_wanted = loop.condition.value(seen) or (number == 1 and not loop.tests_before)
        if number > loop.maximum or not is_wanted:
            done()
            return
        again = partial(self._round, activity, loop, number + 1, frame, region, done)
        self._iteration(activity, RoundFrame({"loopCounter": number}, frame), region.open(), again)

    def _iteration(
        self, activity: Activity, frame: Frame, region: Region, done: Callable[[], None]
    ) -> None:
        """One of several, when its turn has come."""

        def begin() -> None:
            if region.is_alive:
                self._once(activity, frame, region, finish)

        def finish() -> None:
            self._done(activity.id)
            done()

        self._queue.append(begin)

    def _once(
        self, activity: Activity, frame: Frame, region: Region, done: Callable[[], None]
    ) -> None:
        match activity:
            case Task():
                self._wait_for_answers(activity, frame, region, done)
            case Script(assignments=assignments):
                self._assign(assignments, frame)
                done()
            case Service(code=""):
                done()
            case Service(code=code):
                self._raise(activity.id, "error", code, region)
            case Receive(event=event):
                self._wait_for_message(event, frame, region, done)
            case Call():
                self._call(activity, frame, region, done)
            case SubProcess():
                self._open_scope(activity, region.open(), frame, done)

    def _assign(self, assignments: Iterable[tuple[str, Expression]], frame: Frame) -> None:
        for name, expression in assignments:
            frame.write(name, expression.value(frame.visible))

    def _wait_for_answers(
        self, task: Task, frame: Frame, region: Region, done: Callable[[], None]
    ) -> None:
        def complete(answers: Mapping[str, Any]) -> None:
            for name, value in answers.items():
                frame.write(name, value)
            done()

        self._waits.append(Wait("task", task.id, region, complete, answers=task.answers))

    def _wait_for_message(
        self, event: Event, frame: Frame, region: Region, done: Callable[[], None]
    ) -> None:
        waiting = region.open()

        def receive(payload: Any) -> None:
            waiting.cancel()
            self._take(event, payload, frame)
            done()

        self._arm(event, frame, waiting, receive)

    def _call(self, call: Call, frame: Frame, region: Region, done: Callable[[], None]) -> None:
        seen, process = frame.visible, call.process
        variables = {name: seen[name] for name in process.inputs or seen}

        def give_back() -> None:
            around = frame.visible
            for name in process.outputs or variables:
                if name not in around or around[name] != variables[name]:
                    frame.write(name, variables[name])
            done()

        self._open_scope(process, region.open(), Frame(variables), give_back)


@dataclass
class Instances:
    """The iterations of a multi-instance activity, each with variables over the outer ones."""

    loop: MultiInstance
    once: Callable[[Frame, Region, Callable[[], None]], None]
    frame: Frame
    region: Region
    done: Callable[[], None]
    completed: int = 0
    results: list[Any] = field(default_factory=list)
    overlays: list[Frame] = field(default_factory=list)

    def start(self) -> None:
        self.overlays = [Frame(own, self.frame) for own in self._own_variables()]
        self.results = [None] * len(self.overlays)
        if not self.overlays:
            self._finish()
        at_once = self.overlays[:1] if self.loop.is_sequential else self.overlays
        for number, _ in enumerate(at_once):
            self._begin(number)

    def _own_variables(self) -> list[dict[str, Any]]:
        loop, seen = self.loop, self.frame.visible
        if loop.cardinality:
            return [{"loopCounter": i + 1} for i in range(loop.cardinality.value(seen))]
        items = loop.collection.value(seen) if loop.collection else ()
        return [{"loopCounter": i, str(loop.item): item} for i, item in enumerate(items, start=1)]

    def _begin(self, number: int) -> None:
        overlay = self.overlays[number]
        self.once(overlay, self.region.open(), partial(self._end, number))

    def _end(self, number: int) -> None:
        own, seen = self.overlays[number].own, self.overlays[number].visible
        self.completed += 1
        self.results[number] = own.get(str(self.loop.output_item))
        if self.completed == len(self.overlays) or self._is_enough(seen):
            self._finish()
        elif self.loop.is_sequential:
            self._begin(self.completed)

    def _is_enough(self, seen: Mapping[str, Any]) -> bool:
        total = len(self.overlays)
        counts = {
            "numberOfInstances": total,
            "numberOfActiveInstances": 0 if self.loop.is_sequential else total - self.completed,
            "numberOfCompletedInstances": self.completed,
            "numberOfTerminatedInstances": 0,
        }
        return bool(self.loop.until and self.loop.until.value({**seen, **counts}))

    def _finish(self) -> None:
        self.region.cancel()
        if self.loop.output:
            self.frame.write(self.loop.output, self.results)
        self.done()


_RUN: dict[type[Block], Callable[..., Work]] = {
    Sequence: Machine._sequence,
    Exclusive: Machine._exclusive,
    Repeat: Machine._repeat,
    EventChoice: Machine._choice,
    Catch: Machine._catch,
    Throw: Machine._throw,
    Link: Machine._link,
    Scatter: Machine._scatter,
    End: Machine._end,
}


def _resume_with(resume: Resume, *what: Any) -> None:
    resume(what)


def _question(condition: Expression, frame: Frame) -> Callable[[], bool]:
    return lambda: condition.value(frame.visible)


def _taken(block: Exclusive | Parallel | Inclusive, frame: Frame) -> tuple[Branch, ...]:
    return block.branches if isinstance(block, Parallel) else _true(block.branches, frame)


def _true(branches: tuple[Branch, ...], frame: Frame) -> tuple[Branch, ...]:
    """Those whose condition holds or that have none, else the default."""
    visible = frame.visible
    others = [each for each in branches if not each.is_default]
    taken = [each for each in others if not each.condition or each.condition.value(visible)]
    return tuple(taken) or tuple(each for each in branches if each.is_default)
