"""House style: a diagram that a colleague understands at first sight; these rules only warn."""

from collections.abc import Iterator

from engine.bpmn.diagram import Diagram, Kind, Node
from engine.bpmn.lint.problems import Problem, at, on
from engine.bpmn.lint.references import References

_CHOICES = (Kind.EXCLUSIVE, Kind.INCLUSIVE)
# Nouns made of verbs, which hide who does what.
_NO_VERB = ("tion", "ment", "ing", "ance")


def names(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if node.kind.is_gateway:
            continue
        if not node.name:
            yield at(node, "name-missing", "It has no name. Say what is done or what happens here.")
        elif _is_task(node) and not _is_order(node.name):
            message = "Name one thing to do, the verb first, as in “Classify incident”."
            yield at(node, "task-name-style", message)


def questions(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.of_kind(*_CHOICES):
        leaving = diagram.outgoing[node.id]
        if len(leaving) < 2:
            continue
        if not node.name.endswith("?"):
            message = "Paths part here. Ask what decides, as in “Is it an incident?”."
            yield at(node, "gateway-question", message)
        for flow in leaving:
            if not flow.name:
                message = "Name the flow with its answer to the question of the gateway."
                yield on(flow, "flow-name-missing", message)


def splits(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if len(diagram.outgoing[node.id]) > 1 and not node.kind.is_gateway:
            message = "Several paths leave without a gateway. Draw one, so that all see which go."
            yield at(node, "implicit-split", message)


def _is_task(node: Node) -> bool:
    return node.kind.is_activity and not node.kind.is_scope and node.kind is not Kind.CALL


def _is_order(name: str) -> bool:
    first, *others = name.split()
    begins_well = first[:1].isupper() and not first.endswith(_NO_VERB)
    return begins_well and bool(others) and "and" not in others
