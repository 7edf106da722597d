"""One process instance in the kernel alone, and what happened to it."""

from engine import bundles
from engine.bpmn import run
from engine.bpmn.definition import compile_definition
from engine.operations import CATALOGUE
from tests.diagrams import bundle

FACTS = {"title": "Mail is down", "status": "new", "reopened_count": 0, "is_major": False}
OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}


def compiled(*elements, **more):
    files = bundles.read(bundle(*elements, **more))
    processes = {diagram.process_id: diagram for diagram in files.diagrams.values()}
    return compile_definition(processes["small"], files.decisions, processes)


class Story:
    """One instance and what happened to it; ``again`` saves and restores it between the steps."""

    def __init__(self, definition, *, again=False):
        self._definition = definition
        self._again = again
        self.steps = []
        self.instance = run.start(definition, FACTS, OPERATIONS)
        self._keep()

    def complete(self, element_id, **answers):
        return self.complete_with(element_id, answers)

    def complete_with(self, element_id, answers):
        task_id = next(t.id for t in self.now.open_tasks if t.element_id == element_id)
        self.instance.complete(task_id, answers)
        return self._keep()

    def fire(self):
        self.instance.fire_timers()
        return self._keep()

    def retry(self, corrections):
        self.instance.retry(self.failure.token_id, corrections)
        return self._keep()

    def hear(self, signal):
        self.instance.broadcast(signal, None)
        return self._keep()

    @property
    def variables(self):
        return {
            name: value for name, value in self.instance.variables.items() if name != "incident"
        }

    @property
    def waits(self):
        return sorted(task.element_id for task in self.now.open_tasks)

    @property
    def trace(self):
        return [step.element_id for step in self.steps]

    @property
    def failure(self):
        (failure,) = self.now.failures
        return failure

    def _keep(self):
        self.now = self.instance.progress()
        self.steps += self.now.steps
        if self._again:
            saved = run.save(self.instance)
            self.instance = run.restore(self._definition, saved, self.instance.facts, OPERATIONS)
        return self
