"""Random block-structured processes, each from its seed."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.conformance.blocks import (
    CARRIED,
    CODES,
    LISTS,
    NUMBERS,
    SIGNALS,
    TEXTS,
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
    walk,
)


@dataclass(frozen=True)
class Around:
    """Where a block stands, and what it may therefore do."""

    depth: int = 0
    numbers: tuple[str, ...] = NUMBERS
    # Two tokens may be here at once: they would meet in one join, so there may be none.
    is_shared: bool = False
    # This may be gone through again while what led nowhere is still on its way.
    is_repeated: bool = False
    is_transaction: bool = False
    # What an event handler may not throw: it would call itself without end.
    silent: frozenset[str] = frozenset()

    def inside(self, **changes: Any) -> "Around":
        return replace(self, **{"depth": self.depth + 1, **changes})


def generate(seed: int) -> Process:
    random = Random(seed)
    return _Maker(random).process(Around())


class _Maker:
    """Draws blocks by lot; the budget keeps a process small enough to be read."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0
        self._budget = random.choice((15, 30, 45, 60))

    def process(self, around: Around) -> Process:
        """One that is called sees all variables of its caller, or those that it names."""
        process_id = self._id("process")
        inner = replace(around, numbers=NUMBERS, is_shared=False, is_repeated=False)
        inputs, outputs = None, None
        blocks: tuple[Block, ...] = ()
        if around.depth and self._chance(0.4):
            inputs, outputs = self._some(NUMBERS), self._some(NUMBERS)
        if not around.depth or inputs:
            blocks = (self._initial(inputs or ()),)
        body = Sequence(self._id("seq"), (*blocks, self.body(inner)))
        # Handlers are there before the first script: no variables are in the sight of their events,
        # and a signal from outside could even run one before it.
        handlers = () if inputs else self._handlers(inner, seen=())
        return Process(process_id, body, handlers, inputs, outputs)

    def _initial(self, given: tuple[str, ...]) -> Script:
        """Every variable has a value, so that no expression meets one that is missing."""
        values = {name: _number(i) for i, name in enumerate(NUMBERS)}
        values |= {name: _text(name) for name in TEXTS}
        values |= {name: Expression("[]", lambda _: []) for name in LISTS}
        values[CARRIED] = Expression("{n: 0}", lambda _: {"n": 0})
        kept = {name: value for name, value in values.items() if name not in given}
        return Script(self._id("init"), tuple(kept.items()))

    def body(self, around: Around) -> Sequence:
        """One to three blocks, and sometimes an end of its own."""
        counts = (1, 1, 2, 2, 3) if around.depth else (4, 6, 8)
        blocks = [self.block(around) for _ in range(self._random.choice(counts))]
        if around.depth > 1 and self._chance(0.12):
            last = self._random.choice((self._end, self._end, self._scatter))(around)
            # The reference knows no tokens of another round that would meet in one join.
            if not around.is_repeated or not _has_join((*blocks, last)):
                blocks.append(last)
        return Sequence(self._id("seq"), tuple(blocks))

    def block(self, around: Around) -> Block:
        self._budget -= 1
        simple = [self._task, self._task, self._script, self._throw]
        if self._budget < 0 or around.depth > 4:
            return self._random.choice(simple)(around)
        composed = [
            self._exclusive,
            self._repeat,
            self._event_choice,
            self._catch,
            self._link,
            self._activity,
            self._activity,
            self._activity,
            self._activity,
        ]
        if not around.is_shared:
            composed += [self._parallel, self._inclusive, self._parallel, self._inclusive]
        return self._random.choice(simple + composed)(around)

    def _exclusive(self, around: Around) -> Block:
        branches = self._branches(around, with_default=self._chance(0.9))
        return Exclusive(self._id("either"), branches, merges=self._chance(0.5))

    def _inclusive(self, around: Around) -> Block:
        branches = self._branches(around, with_default=self._chance(0.9))
        has_default = any(branch.is_default for branch in branches)
        first = self._task(around) if has_default and self._chance(0.3) else None
        return Inclusive(self._id("some"), branches, first)

    def _scatter(self, around: Around) -> Block:
        branches = self._branches(around, with_default=True)
        rest = self.body(around.inside(is_shared=True))
        return Scatter(self._id("scatter"), self._task(around), branches, rest)

    def _parallel(self, around: Around) -> Block:
        bodies = [self._maybe_empty(around) for _ in range(self._random.randint(2, 3))]
        return Parallel(self._id("all"), tuple(map(Branch, bodies)))

    def _branches(self, around: Around, *, with_default: bool) -> tuple[Branch, ...]:
        branches = [
            Branch(
                self._maybe_empty(around),
                self._condition(around) if self._chance(0.9) else None,
            )
            for _ in range(self._random.randint(1, 3))
        ]
        if with_default:
            branches.append(Branch(self._maybe_empty(around), is_default=True))
            self._random.shuffle(branches)
        return tuple(branches)

    def _maybe_empty(self, around: Around) -> Block:
        return Sequence(self._id("seq")) if self._chance(0.15) else self.body(around.inside())

    def _repeat(self, around: Around) -> Block:
        inner = around.inside(is_repeated=True)
        body = Sequence(self._id("seq"), (self._task(around), self.body(inner)))
        return Repeat(self._id("again"), body, self._condition(around), self._random.randint(1, 3))

    def _event_choice(self, around: Around) -> Block:
        triggers = self._random.sample(("timer", "message", "signal", "conditional", "timer"), 2)
        events = tuple(self._event(trigger, around) for trigger in triggers)
        is_task = self._chance(0.3)
        events = tuple(replace(e, is_task=is_task and e.trigger == "message") for e in events)
        bodies = tuple(self._maybe_empty(around) for _ in events)
        return EventChoice(self._id("wait"), events, bodies)

    def _catch(self, around: Around) -> Block:
        triggers = ("timer", "timer", "message", "message", "signal", "conditional")
        event = self._event(self._random.choice(triggers), around)
        return Catch(event.id, event)

    def _throw(self, around: Around) -> Block:
        trigger = self._random.choice(("message", "signal", "signal", "escalation", "none"))
        if trigger in around.silent:
            return self._script(around)
        name = {"signal": SIGNALS, "escalation": CODES}.get(trigger, ("letter",))
        payload = self._carried(around) if trigger in ("message", "signal") else None
        key = self._numeric(around) if trigger == "message" and self._chance(0.5) else None
        is_task = trigger == "message" and self._chance(0.5)
        return Throw(self._id("throw"), trigger, self._random.choice(name), payload, key, is_task)

    def _link(self, around: Around) -> Block:
        return Link(self._id("link"))

    def _end(self, around: Around) -> End:
        triggers = (
            "none",
            "terminate",
            "error",
            "error",
            "error",
            "escalation",
            "signal",
            "message",
        )
        allowed = [each for each in triggers if each not in around.silent]
        trigger = self._random.choice(allowed + ["cancel"] * 20 * around.is_transaction)
        names = {"error": CODES, "escalation": CODES, "signal": SIGNALS, "message": ("letter",)}
        payload = self._carried(around) if trigger in ("message", "signal") else None
        return End(
            self._id("end"), trigger, self._random.choice(names.get(trigger, ("",))), payload
        )

    def _task(self, around: Around) -> Task:
        return Task(self._id("task"), answers=self._some(NUMBERS), is_manual=self._chance(0.1))

    def _script(self, around: Around) -> Script:
        count = self._random.randint(1, 2)
        return Script(self._id("script"), tuple(self._assignment(around) for _ in range(count)))

    def _activity(self, around: Around) -> Activity:
        """One that repeats, or that has boundary events, or both."""
        loop = self._loop(around) if self._chance(0.5) else None
        inner = around.inside()
        if loop:
            item = (loop.item,) if isinstance(loop, MultiInstance) and loop.item else ()
            inner = replace(inner, numbers=(*around.numbers, "loopCounter", *item))
        inner = replace(inner, is_shared=False, is_repeated=False, is_transaction=False)
        kinds = [self._sub_process, self._sub_process, self._task, self._receive, self._service]
        if "call" not in around.silent and not isinstance(loop, StandardLoop):
            kinds.append(self._call)
        if loop:
            kinds.append(self._script)
        activity = self._random.choice(kinds)(inner)
        if isinstance(loop, MultiInstance) and loop.output_item:
            activity = self._with_result(activity, loop.output_item, inner)
        boundaries = () if loop and self._chance(0.5) else self._boundaries(around, activity)
        return replace(activity, loop=loop, boundaries=boundaries)

    def _with_result(self, activity: Activity, name: str, around: Around) -> Activity:
        """Let every iteration give a result, where that can be said."""
        match activity:
            case Task():
                return replace(activity, answers=(*activity.answers, name))
            case Script():
                result = (name, self._numeric(around))
                return replace(activity, assignments=(*activity.assignments, result))
            case SubProcess():
                last = Script(self._id("script"), ((name, self._numeric(around)),))
                return replace(activity, body=Sequence(self._id("seq"), (activity.body, last)))
        return activity

    def _sub_process(self, around: Around) -> SubProcess:
        is_transaction = self._chance(0.2)
        body = self.body(replace(around, is_transaction=is_transaction))
        handlers = self._handlers(replace(around, is_transaction=False))
        return SubProcess(self._id("sub"), body, handlers, is_transaction)

    def _call(self, around: Around) -> Call:
        return Call(self._id("call"), self.process(around))

    def _receive(self, around: Around) -> Receive:
        event = self._event("message", around)
        return Receive(event.id, event)

    def _service(self, around: Around) -> Service:
        return Service(self._id("service"), self._random.choice(("", *CODES)))

    def _loop(self, around: Around) -> MultiInstance | StandardLoop:
        if self._chance(0.3):
            seen = replace(around, numbers=(*around.numbers, "loopCounter"))
            maximum = self._random.randint(1, 3)
            return StandardLoop(self._condition(seen), self._chance(0.4), maximum)
        by_count, collects = self._chance(0.4), self._chance(0.8)
        return MultiInstance(
            is_sequential=self._chance(0.4),
            cardinality=self._small(around) if by_count else None,
            collection=None if by_count else self._collection(around),
            item=None if by_count else self._id("item"),
            output=self._random.choice(LISTS) if collects else None,
            output_item=self._id("result") if collects else None,
            until=self._until(around) if self._chance(0.4) else None,
        )

    def _boundaries(self, around: Around, activity: Activity) -> tuple[Boundary, ...]:
        triggers = ["timer", "timer", "message", "signal", "conditional"]
        if isinstance(activity, SubProcess | Call | Service):
            triggers += ["error", "error", "error"]
        if isinstance(activity, SubProcess | Call):
            triggers += ["escalation"]
        chosen = [self._random.choice(triggers) for _ in range(self._random.randint(1, 2))]
        if isinstance(activity, SubProcess) and activity.is_transaction:
            chosen.append("cancel")
        return tuple(self._boundary(trigger, around) for trigger in chosen)

    def _boundary(self, trigger: str, around: Around) -> Boundary:
        interrupts = trigger in ("error", "cancel") or self._chance(0.5)
        rejoins = interrupts and self._chance(0.7)
        is_shared = around.is_shared or not interrupts or (around.is_repeated and not rejoins)
        inner = around.inside(silent=_silenced(around, trigger), is_shared=is_shared)
        event = self._event(trigger, around, repeats=not interrupts)
        return Boundary(event, interrupts, self._handling(trigger, inner), rejoins)

    def _handling(self, trigger: str, around: Around) -> Block:
        """What a condition starts sets no variable by itself: it could start another for ever."""
        if trigger == "conditional":
            return self._task(around)
        return self._maybe_empty(around)

    def _handlers(
        self, around: Around, seen: tuple[str, ...] | None = None
    ) -> tuple[EventSubProcess, ...]:
        count = self._random.choice((0, 0, 0, 1, 1, 2)) if self._budget > 0 else 0
        seen = around.numbers if seen is None else seen
        return tuple(self._handler(around, seen) for _ in range(count))

    def _handler(self, around: Around, seen: tuple[str, ...]) -> EventSubProcess:
        triggers = ("timer", "message", "signal", "error", "error", "escalation", "conditional")
        trigger = self._random.choice(triggers)
        interrupts = trigger == "error" or self._chance(0.5)
        start = self._event(trigger, replace(around, numbers=seen), repeats=not interrupts)
        if trigger == "conditional":
            start = replace(start, condition=self._condition(around))
        inner = around.inside(silent=_silenced(around, trigger), is_shared=False, is_repeated=False)
        return EventSubProcess(
            self._id("handler"), start, interrupts, self._handling(trigger, inner)
        )

    def _event(self, trigger: str, around: Around, *, repeats: bool = False) -> Event:
        event = Event(self._id(trigger), trigger)
        if trigger == "timer":
            rounds = self._random.choice((1, 1, 2, None)) if repeats else 1
            return replace(event, minutes=self._minutes(rounds, around), rounds=rounds)
        if trigger in ("conditional", "cancel"):
            return self._with_condition(event, around)
        if trigger in ("error", "escalation"):
            return replace(event, name=self._random.choice((*CODES, "")))
        variable = CARRIED if self._chance(0.5) else None
        if trigger == "signal":
            return replace(event, name=self._random.choice(SIGNALS), variable=variable)
        key = self._numeric(around) if around.numbers and self._chance(0.3) else None
        return replace(event, name="letter", key=key, variable=variable)

    def _with_condition(self, event: Event, around: Around) -> Event:
        needs_one = event.trigger == "conditional" and around.numbers
        return replace(event, condition=self._condition(around) if needs_one else None)

    def _minutes(self, rounds: int | None, around: Around) -> Expression:
        if around.numbers and rounds == 1 and self._chance(0.3):
            name = self._number_in_sight(around)
            text = f'duration("PT" + string(modulo({name}, 9) + 1) + "M")'
            return Expression(text, lambda v: v[name] % 9 + 1)
        minutes = self._random.randint(1, 40)
        cycle = {1: "", None: "R/"}.get(rounds, f"R{rounds}/")
        return Expression(f"{cycle}PT{minutes}M", lambda _: minutes)

    def _condition(self, around: Around) -> Expression:
        left, right = self._number_in_sight(around), self._random.randint(0, 9)
        if self._chance(0.5):
            return Expression(f"{left} > {right}", lambda v: v[left] > right)
        return Expression(f"modulo({left}, 2) = 0", lambda v: v[left] % 2 == 0)

    def _assignment(self, around: Around) -> tuple[str, Expression]:
        if self._chance(0.2):
            name = self._random.choice(TEXTS)
            return name, Expression(f'{name} + "{name}"', lambda v: v[name] + name)
        return self._random.choice(NUMBERS), self._numeric(around)

    def _numeric(self, around: Around) -> Expression:
        left, right = self._number_in_sight(around), self._number_in_sight(around)
        n, k = self._random.randint(1, 9), self._random.choice(LISTS)
        return self._random.choice(
            (
                Expression(f"{left} + {n}", lambda v: v[left] + n),
                Expression(
                    f"modulo({left} * {n} + {right}, 97)", lambda v: (v[left] * n + v[right]) % 97
                ),
                Expression(
                    f"if {left} > {right} then {left} - {right} else {n}",
                    lambda v: v[left] - v[right] if v[left] > v[right] else n,
                ),
                Expression(f"count({k}) + {n}", lambda v: len(v[k]) + n),
                Expression(f"{CARRIED}.n + {left}", lambda v: v[CARRIED]["n"] + v[left]),
            )
        )

    def _small(self, around: Around) -> Expression:
        name = self._number_in_sight(around)
        return Expression(f"modulo({name}, 4)", lambda v: v[name] % 4)

    def _collection(self, around: Around) -> Expression:
        items = [self._numeric(around) for _ in range(self._random.randint(0, 3))]
        feel = ", ".join(item.feel for item in items)
        return Expression(f"[{feel}]", lambda v: [item.value(v) for item in items])

    def _until(self, around: Around) -> Expression:
        condition = self._condition(around)
        count = self._random.randint(1, 2)
        name = f"numberOf{self._random.choice(('Completed', 'Active'))}Instances"
        return Expression(
            f"{name} >= {count} and {condition.feel}",
            lambda v: v[name] >= count and condition.value(v),
        )

    def _carried(self, around: Around) -> Expression:
        number = self._numeric(around)
        return Expression(f"{{n: {number.feel}}}", lambda v: {"n": number.value(v)})

    def _number_in_sight(self, around: Around) -> str:
        return self._random.choice(around.numbers)

    def _some(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(self._random.sample(names, self._random.randint(1, 3))))

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"


def _has_join(blocks: tuple[Block, ...]) -> bool:
    return any(isinstance(part, Parallel | Inclusive) for block in blocks for part in walk(block))


def _silenced(around: Around, trigger: str) -> frozenset[str]:
    thrown = {"signal": {"signal", "call"}, "escalation": {"escalation", "call"}}
    return around.silent | thrown.get(trigger, set())


def _text(value: str) -> Expression:
    return Expression(f'"{value}"', lambda _: value)


def _number(value: int) -> Expression:
    return Expression(str(value), lambda _: value)
