"""Flows: those that connect nothing are left out, and each one may be where it is."""

from lxml import etree

from engine.library.importing import tree
from engine.library.importing.draft import Draft

_RECONNECT = "Draw how it goes on from here."


def settle(draft: Draft) -> None:
    """Keep the flows that connect two nodes of one scope, and find them from now on."""
    for flow in list(draft.root.iter(tree.bpmn("sequenceFlow"))):
        source = draft.nodes.get(flow.get("sourceRef", ""))
        target = draft.nodes.get(flow.get("targetRef", ""))
        problem = _problem(source, target)
        if problem or source is None:
            near = source if source is not None else target
            draft.ask("flow-dropped", near, f"A flow {problem}. It was left out.", _RECONNECT)
            tree.remove(flow)
        else:
            tree.scope_of(source).append(flow)
    draft.index_flows()


def _problem(source: etree._Element | None, target: etree._Element | None) -> str:
    if source is None or target is None:
        known = source if source is not None else target
        side = "leaves here for" if source is not None else "leads here from"
        return "connects nothing" if known is None else f"{side} an element that is not there"
    if source.getparent() is not target.getparent():
        return f"leads to “{tree.title(target)}”, across the border of a pool or sub-process"
    if tree.is_event_subprocess(source) or tree.is_event_subprocess(target):
        return "touches a sub-process that an event sets off"
    if tree.is_a(target, "boundaryEvent"):
        return f"leads into “{tree.title(target)}”, which only what it is attached to can reach"
    return ""


def settle_nodes(draft: Draft) -> None:
    for node in list(draft.nodes.values()):
        if node.get("id") not in draft.nodes:
            continue
        _settle_default(draft, node)
        if tree.is_a(node, "startEvent"):
            _lead_past(draft, node)
        elif tree.is_a(node, "endEvent") and draft.outgoing[node.get("id", "")]:
            node.tag = tree.bpmn("intermediateThrowEvent")
        elif tree.is_a(node, "boundaryEvent"):
            _attach(draft, node)
        _part_doubles(draft, node)


def drop_compensation(draft: Draft) -> None:
    """Steps that undo others have no flow that leads to them, and do not run by themselves."""
    for node in list(draft.nodes.values()):
        is_event = tree.is_a(node, "boundaryEvent") and tree.trigger(node) == "compensate"
        if node.get("id") in draft.nodes and (is_event or node.get("isForCompensation") == "true"):
            draft.ask(
                "compensation-dropped",
                node,
                "Steps that undo what was done do not run by themselves here. It was left out.",
                "If it matters, draw it as a path of its own.",
            )
            draft.remove(node)


def _settle_default(draft: Draft, node: etree._Element) -> None:
    leaving = [flow.get("id") for flow in draft.outgoing[node.get("id", "")]]
    if node.get("default") is not None and node.get("default") not in leaving:
        del node.attrib["default"]


def _lead_past(draft: Draft, start: etree._Element) -> None:
    """What leads back to a start event leads to what follows it."""
    following = draft.targets(start)
    for flow in list(draft.incoming[start.get("id", "")]):
        if len(following) == 1 and following[0] is not start:
            draft.lead(flow, following[0])
        else:
            draft.ask("flow-dropped", start, "A flow leads back to the start.", _RECONNECT)
            draft.remove_flow(flow)


def _attach(draft: Draft, event: etree._Element) -> None:
    host = draft.nodes.get(event.get("attachedToRef", ""))
    is_fit = host is not None and host.getparent() is event.getparent() and _is_activity(host)
    if is_fit and host is not None and not tree.is_event_subprocess(host):
        return
    draft.ask(
        "boundary-detached",
        event,
        "The event is not attached to a task. It was drawn as an event on the way.",
        "Attach it to the task that it interrupts or accompanies.",
    )
    event.attrib.pop("attachedToRef", None)
    event.attrib.pop("cancelActivity", None)
    event.tag = tree.bpmn("intermediateCatchEvent")


def _is_activity(node: etree._Element) -> bool:
    kind = tree.local(node)
    return tree.is_scope(node) or kind == "callActivity" or kind.lower().endswith("task")


def _part_doubles(draft: Draft, node: etree._Element) -> None:
    """Two flows between the same elements: a point on the way tells them apart."""
    seen: set[str] = set()
    for flow in list(draft.outgoing[node.get("id", "")]):
        target = flow.get("targetRef", "")
        if target in seen:
            scope = tree.scope_of(node)
            way = draft.add(scope, "intermediateThrowEvent", flow.get("name", ""), "Way")
            draft.lead(flow, way)
            draft.connect(way, draft.nodes[target])
        seen.add(target)
