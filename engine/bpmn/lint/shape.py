"""What a diagram consists of: elements that run, in sizes and under ids that work everywhere."""

import re
from collections.abc import Iterator

from engine.bpmn.diagram import Diagram
from engine.bpmn.lint.problems import Problem, at, of
from engine.bpmn.lint.references import References

MAX_NODES = 300
MAX_NESTING = 10
MAX_ID = 120
MAX_NAME = 200
_ID = re.compile(
    r"[^\W\d][\w.-]*"
)  # what XML takes as an id (xsd:ID), so without blanks and colons

_INSTEAD = {
    "task": "Say who or what does it: make it a user, manual, service or script task.",
    "complexGateway": "Draw exclusive, parallel or inclusive gateways instead.",
    "adHocSubProcess": "Draw a sub-process with an inclusive gateway before its tasks.",
    "callChoreography": "Draw the message events of this process instead.",
    "choreography": "Draw the message events of this process instead.",
    "conversation": "Draw the message events of this process instead.",
    "compensateEventDefinition": "Draw the tasks that undo it behind an error or cancel event.",
    "several event definitions": "Draw one event for each, behind an event-based gateway or side "
    "by side on the border of the task.",
    "instantiate": "Begin with a plain start event; open an incident through intake.",
    "assignment": "Set variables in a script task.",
    "transformation": "Compute the value in a script task.",
    "preScript": "Draw a script task before it.",
    "postScript": "Draw a script task behind it.",
    "ioSpecification": "Declare inputs and outputs on the process that is called.",
    "multiInstanceLoopCharacteristics": "Only tasks, sub-processes and calls repeat.",
    "standardLoopCharacteristics": "Only tasks, sub-processes and calls repeat.",
}


def supported(diagram: Diagram, _: References) -> Iterator[Problem]:
    for stranger in diagram.strangers:
        instead = _INSTEAD.get(stranger.tag, "Delete it, or draw it with elements that run.")
        message = f"“{stranger.tag}” does not run here. {instead}"
        yield Problem("element-unsupported", stranger.id, stranger.name or stranger.id, message)
    for node in diagram.nodes.values():
        for child in node.unsupported:
            message = f"“{child}” on a {node.kind} does not run here."
            yield at(node, "element-unsupported", f"{message} {_INSTEAD.get(child, 'Remove it.')}")


def sizes(diagram: Diagram, _: References) -> Iterator[Problem]:
    if len(diagram.nodes) > MAX_NODES:
        message = f"{len(diagram.nodes)} elements; at most {MAX_NODES} run."
        yield of(diagram, "diagram-too-large", f"{message} Move a part into a process to call.")
    if len(diagram.process_id) > MAX_ID:
        message = f"The id of a process has at most {MAX_ID} characters. Shorten it."
        yield of(diagram, "id-too-long", message)
    if len(diagram.name) > MAX_NAME:
        yield of(diagram, "name-too-long", _NAME_TOO_LONG)
    depths: dict[str, int] = {}
    for node in diagram.nodes.values():
        depths[node.id] = 1 + depths.get(node.scope or "", 0)
        if node.kind.is_scope and depths[node.id] == MAX_NESTING + 1:
            message = f"More than {MAX_NESTING} sub-processes inside each other. Call a process."
            yield at(node, "nesting-too-deep", message)
        if len(node.name) > MAX_NAME:
            yield at(node, "name-too-long", _NAME_TOO_LONG)


_NAME_TOO_LONG = f"A name has at most {MAX_NAME} characters. Move the rest into the documentation."


def identifiers(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if max(len(node.id), len(node.lane or ""), len(node.form_key or "")) > MAX_ID:
            message = f"Ids and group names have at most {MAX_ID} characters. Shorten it."
            yield at(node, "id-too-long", message)
        if not _ID.fullmatch(node.id):
            message = (
                "An id begins with a letter and has letters, digits, dots, - and _. Change it."
            )
            yield at(node, "id-invalid", message)
        if node.id == diagram.process_id:
            message = f"The id “{node.id}” is reserved for the process. Choose another one."
            yield at(node, "id-reserved", message)
