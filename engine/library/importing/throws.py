"""Errors, escalations and cancellations: each throw has a catch, each catch has a throw."""

from collections.abc import Iterator

from lxml import etree

from engine.library.importing import messages, tree
from engine.library.importing.draft import Draft


def settle(draft: Draft) -> None:
    for event in list(draft.nodes.values()):
        trigger = tree.trigger(event)
        if trigger not in ("error", "escalation", "cancel"):
            continue
        if tree.is_a(event, "endEvent") and not _is_caught(draft, event, trigger):
            _terminate(draft, event, trigger)
        elif tree.is_a(event, "boundaryEvent") and not _is_thrown(draft, event, trigger):
            messages.make(draft, event, "Nothing inside can set off this event")


def _terminate(draft: Draft, event: etree._Element, trigger: str) -> None:
    for definition in tree.event_definitions(event):
        event.remove(definition)
    etree.SubElement(event, tree.bpmn("terminateEventDefinition"))
    draft.ask(
        "error-uncaught",
        event,
        f"Nothing around this end catches its {trigger}. It ends everything that is still open.",
        "Say what happens after it: attach an event to what is around it.",
    )


def _is_caught(draft: Draft, event: etree._Element, trigger: str) -> bool:
    scope = tree.scope_of(event)
    if trigger == "escalation":
        return True  # it is noted, and the process goes on
    if trigger == "cancel":
        handlers = [tree.trigger(handler) for handler in draft.boundaries(scope)]
        return tree.is_a(scope, "transaction") and "cancel" in handlers
    code = _code(event)
    return any(_code(handler) in (None, code) for handler in _handlers(draft, scope))


def _handlers(draft: Draft, scope: etree._Element) -> Iterator[etree._Element]:
    """The error events around a scope, in its process and in those that call it."""
    seen: set[str] = set()
    ahead = [scope]
    while ahead:
        around = ahead.pop()
        if around.get("id", "") in seen:
            continue
        seen.add(around.get("id", ""))
        # A handler does not catch what it throws itself.
        inner = [
            n for n in tree.nodes(around) if tree.is_event_subprocess(n) and n.get("id") not in seen
        ]
        starts = [start for node in inner for start in node.findall(tree.bpmn("startEvent"))]
        found = [*draft.boundaries(around), *starts]
        yield from (event for event in found if tree.trigger(event) == "error")
        if not tree.is_a(around, "process"):
            ahead.append(tree.scope_of(around))
            continue
        for call in draft.root.iter(tree.bpmn("callActivity")):
            if call.get("calledElement") == around.get("id"):
                yield from (e for e in draft.boundaries(call) if tree.trigger(e) == "error")
                ahead.append(tree.scope_of(call))


def _code(event: etree._Element) -> str | None:
    """The error it refers to; those of one file are told apart by their ids."""
    return tree.event_definitions(event)[0].get("errorRef")


def _is_thrown(draft: Draft, event: etree._Element, trigger: str) -> bool:
    """Whether anything in an activity may set off the event on its border."""
    host = draft.nodes[event.get("attachedToRef", "")]
    if trigger == "cancel":
        return tree.is_a(host, "transaction")
    if tree.is_a(host, "callActivity") or (trigger == "error" and tree.is_a(host, "serviceTask")):
        return True
    return any(_throws(node, trigger) for node in tree.all_nodes(host) if node is not host)


def _throws(node: etree._Element, trigger: str) -> bool:
    if tree.is_a(node, "callActivity") or (trigger == "error" and tree.is_a(node, "serviceTask")):
        return True
    return tree.is_a(node, "endEvent", "intermediateThrowEvent") and tree.trigger(node) == trigger
