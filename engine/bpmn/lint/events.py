"""Events: which of them exist where, and what they need to be told (BPMN 2.0.2 §10.5)."""

from collections import Counter
from collections.abc import Iterator

from engine.bpmn.diagram import Diagram, Kind, Node, Trigger
from engine.bpmn.lint import throws
from engine.bpmn.lint.problems import Problem, at
from engine.bpmn.lint.references import References

_FROM_OUTSIDE = {Trigger.TIMER, Trigger.MESSAGE, Trigger.SIGNAL, Trigger.CONDITIONAL}
_FROM_INSIDE = {Trigger.ERROR, Trigger.ESCALATION}
_THROWN = {Trigger.NONE, Trigger.MESSAGE, Trigger.SIGNAL, Trigger.ESCALATION}
# A start's trigger depends on where it stands; see ``paths.starts``.
_ALLOWED = {
    Kind.START: _FROM_OUTSIDE | _FROM_INSIDE | {Trigger.NONE},
    Kind.CATCH: _FROM_OUTSIDE | {Trigger.LINK},
    Kind.THROW: _THROWN | {Trigger.LINK},
    Kind.BOUNDARY: _FROM_OUTSIDE | _FROM_INSIDE | {Trigger.CANCEL},
    Kind.END: _THROWN | {Trigger.ERROR, Trigger.TERMINATE, Trigger.CANCEL},
}
_SAYS_WHICH = {
    Trigger.MESSAGE: "Choose its message, and give the message a name.",
    Trigger.SIGNAL: "Choose its signal, and give the signal a name.",
    Trigger.LINK: "Give the link a name; the event it continues at has the same one.",
    Trigger.ERROR: "Choose the error that it throws, and give the error a code.",
    Trigger.ESCALATION: "Choose the escalation that it throws, and give it a code.",
}
_MAY_CATCH_ANY = {Trigger.ERROR, Trigger.ESCALATION}
_ALWAYS_INTERRUPTS = {Trigger.ERROR, Trigger.CANCEL}


def triggers(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in _events(diagram):
        allowed = _ALLOWED[node.kind]
        if node.trigger not in allowed:
            offered = ", ".join(sorted(allowed - {Trigger.NONE}))
            message = (
                f"“{node.trigger}” is no trigger of a BPMN {node.kind}. Choose one of: {offered}."
            )
            yield at(node, "event-trigger", message)
        if node.trigger in _ALWAYS_INTERRUPTS and not node.interrupts:
            message = "Nothing goes on beside an error or a cancellation. Make it interrupting."
            yield at(node, "event-must-interrupt", message)


def details(diagram: Diagram, _: References) -> Iterator[Problem]:
    """What an event waits for or throws is said by name; only errors are caught whichever."""
    for node in diagram.nodes.values():
        catches = node.kind in (Kind.START, Kind.CATCH, Kind.BOUNDARY, Kind.RECEIVE_TASK)
        needs_name = node.trigger in _SAYS_WHICH and not (
            catches and node.trigger in _MAY_CATCH_ANY
        )
        if needs_name and not node.event.name:
            yield at(node, "event-name-missing", _SAYS_WHICH[node.trigger])
        if node.trigger is Trigger.CONDITIONAL and not node.event.condition:
            yield at(node, "event-condition-missing", "Say on which condition this event happens.")
        if catches and node.trigger is Trigger.MESSAGE and not node.correlation_key:
            message = "Without a correlation key, any message of this name for the incident is"
            yield at(node, "message-key-missing", f"{message} taken. Say which one is meant.")


def boundaries(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.BOUNDARY):
        host = diagram.nodes.get(node.attached_to or "")
        if host is None or not _carries_events(host) or host.scope != node.scope:
            message = "Attach this event to a task, sub-process or call."
            yield at(node, "boundary-detached", message)
        elif node.trigger is Trigger.CANCEL and host.kind is not Kind.TRANSACTION:
            message = "Only a transaction is cancelled. Attach this event to one."
            yield at(node, "cancel-outside-transaction", message)


def cancellations(diagram: Diagram, _: References) -> Iterator[Problem]:
    for node in diagram.of_kind(Kind.END):
        if node.trigger is not Trigger.CANCEL:
            continue
        around = diagram.nodes.get(node.scope or "")
        if around is None or around.kind is not Kind.TRANSACTION:
            message = "Only a transaction is cancelled. Draw this end event directly inside one."
            yield at(node, "cancel-outside-transaction", message)
        elif not any(e.trigger is Trigger.CANCEL for e in diagram.boundaries.get(around.id, ())):
            message = f"Attach a cancel event to “{around.title}”: where does it go on?"
            yield at(node, "cancel-uncaught", message)


def links(diagram: Diagram, _: References) -> Iterator[Problem]:
    named = [node for node in _events(diagram) if node.trigger is Trigger.LINK and node.event.name]
    there = Counter((node.kind, node.scope, node.event.name) for node in named)
    for node in named:
        partner = Kind.THROW if node.kind is Kind.CATCH else Kind.CATCH
        if not there[partner, node.scope, node.event.name]:
            message = f"There is no other end of the link “{node.event.name}” on this level."
            yield at(node, "link-unpaired", f"{message} Draw it, or use the same name.")
        if node.kind is Kind.CATCH and there[node.kind, node.scope, node.event.name] > 1:
            message = f"Two events continue the link “{node.event.name}”. Keep one of them."
            yield at(node, "link-ambiguous", message)


def uncaught(diagram: Diagram, references: References) -> Iterator[Problem]:
    caught = throws.caught_messages(references.processes)
    for node in diagram.nodes.values():
        if node.kind is Kind.END and node.trigger is Trigger.ERROR and node.event.name:
            if not throws.is_caught(diagram, node, references.processes):
                message = f"Nothing catches the error “{node.event.name}”: the process fails here."
                yield at(node, "error-uncaught", f"{message} Attach an error event around it.")
        elif throws.sends(node) and node.event.name not in caught:
            message = f"Nothing in the bundle waits for the message “{node.event.name}”."
            yield at(node, "message-uncaught", f"{message} Check its name.")


def _events(diagram: Diagram) -> Iterator[Node]:
    return (node for node in diagram.nodes.values() if node.kind.is_event)


def _carries_events(host: Node) -> bool:
    return host.kind.is_activity and not host.is_event_subprocess
