"""A random process that is moved without a change goes on as if nobody had touched it."""

import pytest

from engine.bpmn import migration, moving, run
from engine.bpmn.matching import Route
from engine.bpmn.progress import OpenTask
from engine.bpmn.repetition import Repetition
from tests.conformance.blocks import describe
from tests.conformance.comparison import (
    CHUNK,
    MODELS,
    OPERATIONS,
    Kept,
    Stored,
    find_difference,
)
from tests.conformance.generator import generate


class Migrated(Kept):
    """Moves to another version after every step; it is drawn alike."""

    def report(self) -> None:
        super().report()
        if self.step.is_ended:
            return
        route = Route(self.definition, self.definition)
        conversion = migration.convert(run.save(self.instance), route)
        self.instance = run.restore(self.definition, conversion.state, {}, OPERATIONS)
        armed = migration.arrive(self.instance, route)
        self.standing = self.instance.progress()
        assert (armed, conversion.dropped, self.standing.steps) == ([], [], ())


class Restarted(Stored):
    """Each task with nothing on its border is withdrawn after every step, and started again."""

    def report(self) -> None:
        super().report()
        for task in self.standing.open_tasks:
            if self._is_plain(task):
                moving.move(self.instance, [task.id], [task.node.id])
        self.standing = self.instance.progress()
        assert self.standing.steps == ()

    def _is_plain(self, task: OpenTask) -> bool:
        """Whether no order is lost, no event begins anew, and no iteration takes others along."""
        alike = [other for other in self.standing.open_tasks if other.node is task.node]
        token = self.instance.tasks[task.id]
        element, scope = token.task_spec, token.parent.task_spec
        has_events = element.attached or element.handlers
        return len(alike) == 1 and not has_events and not isinstance(scope, Repetition)


@pytest.mark.parametrize("kind", [Migrated, Restarted])
@pytest.mark.parametrize("first", range(0, MODELS * 3 // 5, CHUNK))
def test_a_process_that_is_moved_without_a_change_goes_on_as_before(first, kind):
    for seed in range(first, first + CHUNK):
        process = generate(seed)

        found = find_difference(process, seed, kinds=[kind])

        assert found is None, f"Seed {seed}\n{describe(process)}\n{found}"
