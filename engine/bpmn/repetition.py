"""Activities that run several times (BPMN 2.0.2 §13.2.6, §13.2.7)."""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import Any

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task

from engine.bpmn.activities import Scope
from engine.bpmn.diagram import Loop, Node, Repeat
from engine.bpmn.element import Element, Instance, Variables, compiled, evaluated
from engine.errors import ProcessFailed
from engine.feel import to_data

MAX_ITERATIONS = 500
COUNTER = "loopCounter"


class Repetition(Scope):
    """The whole of a repeated activity; its iterations are tokens of the activity inside."""

    def __init__(self, spec: WorkflowSpec, node: Node, each: Element) -> None:
        super().__init__(spec, node, suffix="#all")
        self.each = each

    def iteration_done(self, token: Task, iteration: Task) -> None:
        """Called when one iteration has finished, while its token is still there."""

    def begin(self, token: Task, number: int, data: Variables) -> None:
        """Start an iteration in variables of its own; ``number`` counts from 1."""
        instance: Instance = token.workflow
        instance.enter(self.each, token, data, number=number)


class MultiInstance(Repetition):
    """Runs once for each item, side by side or one after the other."""

    def __init__(self, spec: WorkflowSpec, node: Node, each: Element, loop: Loop) -> None:
        super().__init__(spec, node, each)
        self._loop = loop
        self._cardinality = compiled(loop.cardinality)
        self._collection = compiled(loop.collection)
        self._done_when = compiled(loop.completion_condition)

    def open(self, token: Task, data: Variables) -> None:
        items = self._items(data)
        state = token.internal_data
        state.update(items=items, begun=0, completed=0, results=[None] * len(items))
        at_once = len(items) if self._loop.repeat is Repeat.PARALLEL else min(1, len(items))
        while state["begun"] < at_once:
            self._begin_next(token)
        if not items:
            self.finish(token)

    def iteration_done(self, token: Task, iteration: Task) -> None:
        instance: Instance = token.workflow
        state = token.internal_data
        if self._loop.output_item:
            result = iteration.data.get(self._loop.output_item)
            state["results"][iteration.internal_data["number"] - 1] = result
        is_done = self._is_done(state, iteration)
        state["completed"] += 1
        if is_done:
            instance.clear(token, but=iteration)
        elif self._loop.repeat is Repeat.SEQUENTIAL and state["begun"] < len(state["items"]):
            self._begin_next(token)

    def finish(self, token: Task) -> None:
        instance: Instance = token.workflow
        state = token.internal_data
        if self._loop.output_collection:
            instance.write(token, {self._loop.output_collection: state["results"]})
        instance.explain(token, iterations=len(state["items"]), completed=state["completed"])
        token.complete()

    def _begin_next(self, token: Task) -> None:
        state = token.internal_data
        index = state["begun"]
        state["begun"] += 1
        item = {self._loop.item: state["items"][index]} if self._loop.item else {}
        output = {self._loop.output_item: None} if self._loop.output_item else {}
        local = {COUNTER: index + 1, **output, **item}
        self.begin(token, index + 1, ChainMap(local, *_maps(token.data)))

    def _items(self, data: Variables) -> list[Any]:
        if self._collection is not None:
            items = to_data(evaluated(self._collection, data))
            if not isinstance(items, list):
                raise ProcessFailed(self.node.id, "What this repeats over is not a list.")
        else:
            items = [None] * self._count(evaluated(self._cardinality, data))
        if len(items) > MAX_ITERATIONS:
            raise ProcessFailed(
                self.node.id, f"{len(items)} iterations; at most {MAX_ITERATIONS} run."
            )
        return items

    def _count(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ProcessFailed(self.node.id, "The number of iterations is not a whole number.")
        return min(value, MAX_ITERATIONS + 1)

    def _is_done(self, state: Mapping[str, Any], iteration: Task) -> bool:
        if self._done_when is None:
            return False
        counts = {
            "numberOfInstances": len(state["items"]),
            "numberOfActiveInstances": state["begun"] - state["completed"] - 1,
            "numberOfCompletedInstances": state["completed"] + 1,
            "numberOfTerminatedInstances": 0,
        }
        return self._done_when.evaluate(ChainMap(counts, *_maps(iteration.data))) is True


class StandardLoop(Repetition):
    """Runs again as long as a condition holds; what it writes stays for the next round."""

    def __init__(self, spec: WorkflowSpec, node: Node, each: Element, loop: Loop) -> None:
        super().__init__(spec, node, each)
        self._condition, self._maximum = compiled(loop.condition), compiled(loop.maximum)
        self._tests_before = loop.tests_before

    def open(self, token: Task, data: Variables) -> None:  # noqa: ARG002 -- as the token has them
        token.internal_data["completed"] = 0
        if not self._tests_before or self._goes_on(token, 0):
            self.begin(token, 1, self._counted(token, 1))
        else:
            self.finish(token)

    def iteration_done(self, token: Task, iteration: Task) -> None:  # noqa: ARG002
        completed = token.internal_data["completed"] + 1
        goes_on = self._goes_on(token, completed)
        token.internal_data["completed"] = completed
        if goes_on:
            self.begin(token, completed + 1, self._counted(token, completed + 1))

    def finish(self, token: Task) -> None:
        instance: Instance = token.workflow
        instance.explain(token, iterations=token.internal_data["completed"])
        token.complete()

    def _goes_on(self, token: Task, completed: int) -> bool:
        """Ask the condition, for which the counter is the number of rounds done."""
        data = self._counted(token, completed)
        limit = evaluated(self._maximum, data)
        if isinstance(limit, int) and completed >= limit:
            return False
        return self._condition is None or self._condition.evaluate(data) is True

    def _counted(self, token: Task, number: int) -> Variables:
        layers = _maps(token.data)
        # A loop around this one has a counter of its own, which this one hides.
        around = layers[1:] if isinstance(token.data, LoopVariables) else layers
        return LoopVariables([{COUNTER: number}, *around])


class LoopVariables(ChainMap[str, Any]):
    """The variables around a loop, plus its counter; writes go through."""

    def __init__(self, layers: list[MutableMapping[str, Any]]) -> None:
        super().__init__(*layers)

    def __setitem__(self, key: str, value: Any) -> None:
        self.maps[1][key] = value


def _maps(data: Variables) -> list[MutableMapping[str, Any]]:
    return data.maps if isinstance(data, ChainMap) else [data]
