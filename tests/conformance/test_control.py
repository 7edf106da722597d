"""Over every element that runs: migrating changes nothing by itself, and offered moves work."""

import re
from datetime import timedelta

import pytest

from engine import bundles, clock
from engine.bpmn import control, migration, moving, run
from engine.bpmn.definition import compile_definition
from engine.bpmn.matching import Route
from engine.operations import CATALOGUE
from tests.conformance.support_running import SAMPLES

FACTS = {"number": "INC-1", "status": "new"}
OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}


class Way:
    """A sample of the support table, one thing after the other."""

    def __init__(self, sample):
        self._sample = sample
        self._moved = timedelta()
        self.definition = self.compiled()
        self.instance = run.start(self.definition, FACTS, OPERATIONS)

    def compiled(self):
        bundle = bundles.read(self._sample.files)
        processes = {diagram.process_id: diagram for diagram in bundle.diagrams.values()}
        return compile_definition(processes["small"], bundle.decisions, processes)

    def restored(self, definition, state):
        return run.restore(definition, state, self.instance.facts, OPERATIONS)

    def __iter__(self):
        """Before each thing that happens."""
        try:
            for move in self._sample.way.split():
                yield
                self._take(move)
        finally:
            clock.shift(-self._moved)

    def _take(self, move):
        kind, _, name = move.partition(":")
        if match := re.fullmatch(r"\+(\d+)h", move):
            clock.shift(timedelta(hours=int(match[1])))
            self._moved += timedelta(hours=int(match[1]))
            self.instance.fire_timers()
        elif kind == "signal":
            self.instance.broadcast(name, None)
        elif kind == "message":
            waits = self.instance.waits.values()
            self.instance.deliver(next(w.id for w in waits if getattr(w, "name", "") == name), None)
        else:
            element_id, _, note = move.partition("=")
            waits = self.instance.waits.values()
            task = next(wait.id for wait in waits if wait.node.id == element_id)
            self.instance.complete(task, {"note": note or "seen"})


@pytest.mark.parametrize("element", SAMPLES)
def test_a_process_that_migrates_to_the_same_drawing_goes_on_as_before(element):
    way = Way(SAMPLES[element])
    trace = [step.node.id for step in way.instance.progress().steps]
    newly_drawn = []

    for _ in way:
        trace += [step.node.id for step in way.instance.progress().steps]
        route = Route(way.definition, way.compiled())
        state = migration.convert(run.save(way.instance), route).state
        way.definition, way.instance = route.new, way.restored(route.new, state)
        newly_drawn += migration.arrive(way.instance, route)
    progress = way.instance.progress()

    assert " ".join([*trace, *(step.node.id for step in progress.steps)]) == SAMPLES[element].trace
    assert progress.is_ended
    assert newly_drawn == []


@pytest.mark.parametrize("element", SAMPLES)
def test_every_move_that_is_offered_leaves_a_process_that_can_be_taken_up_again(element):
    way = Way(SAMPLES[element])
    offered = 0

    for _ in way:
        state = run.save(way.instance)
        for place in control.places(way.instance):
            for target in place.targets:
                moved = way.restored(way.definition, state)
                moving.move(moved, [place.token_id], [target.id])
                again = way.restored(way.definition, run.save(moved))
                assert again.waits == moved.waits
                assert moved.completed or moved.waits or moved.progress().failures
                offered += 1

    assert offered or not way._sample.way


@pytest.mark.parametrize("element", SAMPLES)
def test_a_cancelled_process_waits_for_nothing(element):
    way = Way(SAMPLES[element])

    for _ in way:
        cancelled = way.restored(way.definition, run.save(way.instance))
        control.cancel(cancelled)

        assert cancelled.waits == {}
        assert control.places(cancelled) == []
