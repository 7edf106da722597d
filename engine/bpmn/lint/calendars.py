"""Calendars: each one that a task or an expression names is one of the bundle."""

from collections.abc import Iterator

from engine.bpmn.diagram import Diagram
from engine.bpmn.lint import expressions
from engine.bpmn.lint.problems import Problem, at, on
from engine.bpmn.lint.references import References
from engine.feel import calendars_named


def calendars(diagram: Diagram, references: References) -> Iterator[Problem]:
    for flow in diagram.flows.values():
        for name in sorted(calendars_named(flow.condition or "") - references.calendars):
            yield on(flow, "calendar-unknown", unknown_calendar(name))
    for node in diagram.nodes.values():
        if node.calendar is not None and node.calendar not in references.calendars:
            yield at(node, "calendar-unknown", unknown_calendar(node.calendar))
        for text in expressions.texts(diagram, node):
            for name in sorted(calendars_named(text.text) - references.calendars):
                yield at(node, "calendar-unknown", f"{text.place}: {unknown_calendar(name)}")


def unknown_calendar(name: str) -> str:
    return f"There is no calendar “{name}” in bundle.toml. Add it, or name another one."
