"""Tasks, calls and sub-processes: what they name must exist, and what repeats must end."""

from collections.abc import Iterator

from engine.bpmn.diagram import Diagram, Kind, Loop, Node, Repeat
from engine.bpmn.lint.problems import Problem, at
from engine.bpmn.lint.references import References

LONGEST_MEANING = 40  # of a signature


def assignments(diagram: Diagram, references: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.USER_TASK, Kind.MANUAL_TASK):
        if not node.lane:
            message = "Put the task into a lane: the lane is the group that may claim it."
            yield at(node, "lane-missing", message)
        elif references.groups is not None and node.lane not in references.groups:
            message = f"There is no group “{node.lane}”. Rename the lane, or add the group."
            yield at(node, "group-unknown", message)
        if node.phase is None:
            message = "Draw the task inside a group named Identify, Analyze, Respond or Review."
            yield at(node, "phase-missing", message)


def forms(diagram: Diagram, references: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.USER_TASK, Kind.MANUAL_TASK):
        if node.form_key is None:
            if node.kind is Kind.USER_TASK:
                yield at(node, "form-missing", "Choose the form that the task shows.")
        elif node.form_key not in references.forms:
            message = f"The bundle has no form “{node.form_key}”. Choose another, or add it."
            yield at(node, "form-unknown", message)


def signatures(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if node.signature and node.kind is not Kind.USER_TASK:
            message = "Only a user task is signed. Move the property signatureMeaning to one."
            yield at(node, "signature-misplaced", message)
        if len(node.signature) > LONGEST_MEANING:
            message = f"The meaning of a signature has at most {LONGEST_MEANING} characters."
            yield at(node, "signature-too-long", f"{message} Say it shorter, as in “approved”.")


def decisions(diagram: Diagram, references: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.DECISION_TASK):
        if node.decision_id not in references.decisions:
            message = f"The bundle has no decision “{node.decision_id or ''}”. Choose one."
            yield at(node, "decision-unknown", message)


def operations(diagram: Diagram, references: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.SERVICE_TASK):
        wanted = references.operations.get(node.operation or "")
        if wanted is None:
            message = f"There is no operation “{node.operation or ''}”. Choose one."
            yield at(node, "operation-unknown", message)
            continue
        for name in sorted(wanted - node.parameters.keys()):
            message = f"“{node.operation}” needs the parameter “{name}”. Add it."
            yield at(node, "parameter-missing", message)
        for name in sorted(node.parameters.keys() - wanted):
            message = f"“{node.operation}” has no parameter “{name}”. Remove it."
            yield at(node, "parameter-unknown", message)


def calls(diagram: Diagram, references: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.CALL):
        called = node.called_process or ""
        if called not in references.processes:
            message = f"The bundle has no process “{called}”. Choose one."
            yield at(node, "call-unknown", message)
        elif diagram.process_id in _called_from(called, references):
            message = f"“{called}” comes back to this process. Cut the circle of calls."
            yield at(node, "call-cycle", message)


def repetitions(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.nodes.values():
        if node.loop is None:
            continue
        if node.is_event_subprocess:
            message = "An event sub-process repeats by its event. Remove the loop marker."
            yield at(node, "loop-misplaced", message)
        elif node.loop.repeat is Repeat.LOOP:
            yield from _standard_loop(node, node.loop)
        else:
            yield from _multi_instance(node, node.loop)


def _standard_loop(node: Node, loop: Loop) -> Iterator[Problem]:
    if not loop.condition and not loop.maximum:
        message = "Say how long it repeats: give it a loop condition or a maximum."
        yield at(node, "loop-condition-missing", message)


def _multi_instance(node: Node, loop: Loop) -> Iterator[Problem]:
    if not loop.cardinality and not loop.collection:
        message = "Say how often it runs: give it a number or a collection."
        yield at(node, "multi-instance-count", message)
    if loop.cardinality and loop.collection:
        message = "It has a number and a collection. Remove one of them."
        yield at(node, "multi-instance-count", message)
    if loop.item and not loop.collection:
        message = f"“{loop.item}” needs a collection to be taken from. Add it, or remove the item."
        yield at(node, "multi-instance-item", message)
    if bool(loop.output_item) != bool(loop.output_collection):
        message = "Results need both: the variable of each run, and the one that collects them."
        yield at(node, "multi-instance-output", message)


def _called_from(process_id: str, references: References) -> set[str]:
    """The process and all that it calls, over any number of steps."""
    seen: set[str] = set()
    ahead = [process_id]
    while ahead:
        called = ahead.pop()
        if called not in seen:
            seen.add(called)
            names = [
                n.called_process or "" for n in references.processes[called].of_kind(Kind.CALL)
            ]
            ahead += [name for name in names if name in references.processes]
    return seen
