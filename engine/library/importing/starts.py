"""Where a process begins: at one start event, from which everything is reached."""

from collections.abc import Iterable

from lxml import etree

from engine.library.importing import links, tree
from engine.library.importing.draft import Draft, listed


def settle(draft: Draft) -> None:
    """Each process and sub-process begins at one start event, from which all is reached."""
    for process in draft.processes:
        for scope in tree.scopes(process):
            _settle_entry(draft, scope)


def reach(draft: Draft, starts: Iterable[etree._Element]) -> set[str]:
    """The ids of what a token can come to, by flows, boundary events and links."""
    seen: set[str] = set()
    ahead = list(starts)
    while ahead:
        node = ahead.pop()
        node_id = node.get("id", "")
        if node_id not in seen:
            seen.add(node_id)
            ahead += draft.targets(node) + draft.boundaries(node) + links.following(node)
    return seen


def _settle_entry(draft: Draft, scope: etree._Element) -> None:
    starts = [node for node in tree.nodes(scope) if tree.is_a(node, "startEvent")]
    idle = [node for node in starts if not draft.targets(node)]
    entries = [node for node in starts if node not in idle]
    entries += [node for node in tree.nodes(scope) if _is_loose(draft, node)]
    entries += _unreached(draft, scope, entries)
    for further in idle[1:] if len(idle) == len(starts) else idle:
        draft.remove(further)
    if not entries:
        if not starts:
            draft.add(scope, "startEvent", "", "Started")
        return  # a start event alone; an end event follows it
    if len(idle) == len(starts):
        start = idle[0] if idle else draft.add(scope, "startEvent", "", "Started")
        _begin(draft, start, entries)
    elif len(entries) > 1:
        _choose_entry(draft, entries)


def _is_loose(draft: Draft, node: etree._Element) -> bool:
    """Nothing leads to it, though something should."""
    if tree.is_a(node, "startEvent", "boundaryEvent") or tree.is_event_subprocess(node):
        return False
    is_link = tree.is_a(node, "intermediateCatchEvent") and tree.trigger(node) == "link"
    return not is_link and not draft.incoming[node.get("id", "")]


def _unreached(
    draft: Draft, scope: etree._Element, entries: list[etree._Element]
) -> list[etree._Element]:
    """One element of each circle that nothing leads into."""
    found = []
    reached = reach(draft, entries)
    for node in tree.nodes(scope):
        stands_apart = tree.is_a(node, "startEvent", "boundaryEvent")
        if stands_apart or tree.is_event_subprocess(node) or node.get("id") in reached:
            continue
        found.append(node)
        reached |= reach(draft, [node])
    return found


def _begin(draft: Draft, start: etree._Element, entries: list[etree._Element]) -> None:
    """Without a start event, what nothing leads to begins at once (BPMN 2.0.2 §13.2)."""
    if len(entries) == 1:
        draft.connect(start, entries[0])
        return
    fork = draft.add(tree.scope_of(start), "parallelGateway", "", "Begin")
    draft.connect(start, fork)
    for entry in entries:
        draft.connect(fork, entry)
    draft.ask(
        "start-parallel",
        tree.scope_of(start),
        f"Nothing leads to {listed(entries)}. All of them begin at once.",
        "Draw a start event and how it goes on from there.",
    )


def _choose_entry(draft: Draft, entries: list[etree._Element]) -> None:
    """Several starts are alternatives: a person says which one it is."""
    first, *others = entries
    scope = tree.scope_of(first)
    fork = draft.add(scope, "exclusiveGateway", "Where does it begin?", "Begin")
    leaving = list(draft.outgoing[first.get("id", "")])
    if len(leaving) == 1:
        draft.leave(leaving[0], fork)
        leaving[0].set("name", leaving[0].get("name") or tree.title(first))
    else:
        way = draft.put_after(first, "intermediateThrowEvent", "", "Way")
        draft.leave(draft.incoming[way.get("id", "")][0], fork)
    draft.connect(first, fork)
    for other in others:
        if tree.is_a(other, "startEvent"):
            other.tag = tree.bpmn("intermediateThrowEvent")
            for definition in tree.event_definitions(other):
                other.remove(definition)
        draft.connect(fork, other, tree.title(other))
    draft.ask(
        "start-several",
        scope,
        f"It may begin in several places: {listed(entries)}. A person now chooses one.",
        "Say what begins where, or connect what belongs together.",
    )
