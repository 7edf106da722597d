"""Which variables an element reads: those that a person may correct before it is tried again."""

from collections.abc import Iterator, Mapping

from engine.bpmn import scripts, timers
from engine.bpmn.diagram import Node
from engine.bpmn.element import Element
from engine.bpmn.lint.variables import COUNTS, INCIDENT, LOOP_COUNTER
from engine.dmn import Decision
from engine.feel import compile_expression

GIVEN = COUNTS | {INCIDENT, LOOP_COUNTER}  # by the engine: nobody corrects them


def names(element: Element, decisions: Mapping[str, Decision]) -> frozenset[str]:
    """The variables of everything that the element evaluates, and of the flows that leave it."""
    node = element.node
    read = {name for text in _texts(node) for name in compile_expression(text).names}
    written = set[str]()
    for name, expression in scripts.parse(node.script):
        read |= expression.names - written
        written.add(name)
    for path in element.paths:
        read |= path.condition.names if path.condition else frozenset()
    decision = decisions.get(node.decision_id or "")
    return frozenset(read | (decision.names if decision else frozenset()))


def _texts(node: Node) -> Iterator[str]:
    timer, loop = node.event.timer, node.loop
    times = (timer.text if timer else None, node.due_in)
    yield from (text for text in times if text and not timers.is_literal(text))
    of_loop = loop and (loop.cardinality, loop.collection, loop.condition, loop.maximum)
    own = (node.correlation_key, node.payload, node.event.condition, *node.parameters.values())
    yield from (text for text in (*own, *(of_loop or ())) if text)
