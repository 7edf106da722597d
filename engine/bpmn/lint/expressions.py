"""Expressions: they compile, and what they read may have been set."""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from engine.bpmn import scripts
from engine.bpmn.diagram import Diagram, Flow, Kind, Loop, Node
from engine.bpmn.lint import timers, variables
from engine.bpmn.lint.problems import Problem, at, on
from engine.bpmn.lint.references import References
from engine.feel import FeelError, compile_expression


@dataclass(frozen=True)
class Text:
    """An expression of an element, as it was written, and where in the element."""

    place: str
    text: str
    known: Set[str]


def expressions(diagram: Diagram, references: References) -> Iterator[Problem]:
    known = references.facts | references.readable[diagram.process_id]
    for flow in diagram.flows.values():
        if flow.condition:
            names = known | _local_to_source(diagram, flow)
            for rule, message in _checked(Text("", flow.condition, names)):
                yield on(flow, rule, message)
    for node in diagram.nodes.values():
        for text in texts(diagram, node, known):
            for rule, message in _checked(text):
                yield at(node, rule, f"{text.place}: {message}")


def scripting(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.SCRIPT_TASK):
        lines = scripts.lines(node.script)
        if not lines or len(lines) > len([*variables.assignments(node.script)]):
            message = (
                "Each line sets a variable, as in “total = price * amount”. Correct the others."
            )
            yield at(node, "script-invalid", message)


def names(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        result = node.loop.output_item if node.loop else None
        for name in [*variables.named(node), *([result] if result else [])]:
            if name in variables.RESERVED:
                message = f"“{name}” is set by the engine. Choose another name for the variable."
                yield at(node, "variable-reserved", message)
            elif not is_name(name):
                message = f"“{name}” cannot be read as a variable. Use letters, digits and _."
                yield at(node, "variable-invalid", message)


def is_name(text: str) -> bool:
    """Whether FEEL reads the text as one variable."""
    try:
        return text.isidentifier() and compile_expression(text).names == {text}
    except FeelError:
        return False


def texts(diagram: Diagram, node: Node, known: Set[str] = frozenset()) -> Iterator[Text]:
    """Every expression of an element."""
    inside = known | variables.local(diagram, node)
    for name, text in node.parameters.items():
        yield Text(f"Parameter “{name}”", text, inside)
    for name, text in variables.assignments(node.script):
        yield Text(f"Variable “{name}”", text, inside)
    timer = node.event.timer
    for place, maybe in (
        ("Correlation key", node.correlation_key),
        ("Payload", node.payload),
        ("Condition", node.event.condition),
        ("Timer", _expression(timer.text if timer else None)),
        ("Due time (no ISO 8601, so FEEL)", _expression(node.due_in)),
    ):
        if maybe:
            yield Text(place, maybe, inside)
    if node.loop is not None:
        around = (
            known | variables.local(diagram, diagram.nodes[node.scope]) if node.scope else known
        )
        yield from _loop_texts(node.loop, around, inside)


def _expression(time: str | None) -> str | None:
    return time if time and timers.is_expression(time) else None


def _loop_texts(loop: Loop, around: Set[str], inside: Set[str]) -> Iterator[Text]:
    for place, text, known in (
        ("Number of runs", loop.cardinality, around),
        ("Collection", loop.collection, around),
        ("Maximum", loop.maximum, around),
        ("Loop condition", loop.condition, inside),
        ("Result of a run", loop.output_item, inside),
        ("Completion condition", loop.completion_condition, inside | variables.COUNTS),
    ):
        if text:
            yield Text(place, text, known)


def _local_to_source(diagram: Diagram, flow: Flow) -> set[str]:
    """A flow stands around what repeats, and inside what its source stands in."""
    source = diagram.nodes.get(flow.source)
    around = diagram.nodes.get(source.scope or "") if source else None
    return variables.local(diagram, around) if around else set()


def _checked(text: Text) -> Iterator[tuple[str, str]]:
    try:
        expression = compile_expression(text.text)
    except FeelError as error:
        yield "expression-invalid", f"“{text.text}”: {error}. Correct it."
        return
    for name in sorted(expression.names - text.known):
        message = f"“{text.text}”: nothing sets “{name}”."
        yield "expression-unknown-name", f"{message} Ask for it in a form, or set it before."
