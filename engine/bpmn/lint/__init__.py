"""What keeps a diagram from being deployed, and what its owner should look at again.

A rule looks at one diagram, with the rest of its bundle to look things up in. It names the element,
says what is wrong and what to do. Rule ids are stable: people and programmes refer to them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.bpmn.diagram import Diagram
from engine.bpmn.lint import (
    activities,
    calendars,
    events,
    expressions,
    gateways,
    paths,
    shape,
    style,
    timers,
)
from engine.bpmn.lint.problems import Problem
from engine.bpmn.lint.references import References
from engine.errors import Finding

__all__ = ["References", "lint"]

_Rule = Callable[[Diagram, References], Iterator[Problem]]

_RULES: tuple[_Rule, ...] = (
    shape.supported,
    shape.sizes,
    shape.identifiers,
    paths.starts,
    paths.flows,
    paths.ends,
    paths.entries,
    paths.ways_out,
    paths.loops,
    events.triggers,
    events.details,
    events.boundaries,
    events.cancellations,
    events.links,
    gateways.conditions,
    gateways.defaults,
    gateways.exclusive,
    gateways.event_based,
    activities.assignments,
    activities.forms,
    activities.signatures,
    activities.decisions,
    activities.operations,
    activities.calls,
    activities.repetitions,
    expressions.scripting,
    expressions.names,
    expressions.expressions,
    calendars.calendars,
    timers.timers,
    timers.due_times,
    events.uncaught,
    style.names,
    style.questions,
    style.splits,
)


def lint(diagram: Diagram, references: References, path: str) -> list[Finding]:
    """Every problem of the diagram, in the order of the rules above.

    One that is too large is not looked at any further.
    """
    rules = _RULES if len(diagram.nodes) <= shape.MAX_NODES else (shape.sizes,)
    processes = {**references.processes, diagram.process_id: diagram}
    if processes != references.processes:
        references = replace(references, processes=processes)
    return [
        Finding(p.rule, path, p.element_id, p.element_name, p.message, p.severity)
        for rule in rules
        for p in rule(diagram, references)
    ]
