"""Where a process ends: each path leads to an end event, and none goes round for ever."""

from lxml import etree

from engine.library.importing import links, tree
from engine.library.importing.draft import Draft, listed


def settle(draft: Draft) -> None:
    """Each path leads to an end event."""
    for process in draft.processes:
        for scope in tree.scopes(process):
            _open_cycles(draft, scope)
            _close_paths(draft, scope)


def _open_cycles(draft: Draft, scope: etree._Element) -> None:
    """A circle without a way out gets one: a person says when it is finished."""
    behind = _leads_out(draft, scope)
    for node in reversed(tree.nodes(scope)):
        if node.get("id") in behind or tree.is_event_subprocess(node) or not _may_be_left(node):
            continue
        fork = draft.put_after(node, "exclusiveGateway", "Is it finished?", "Finished")
        for flow in draft.outgoing[fork.get("id", "")]:
            flow.set("name", flow.get("name") or "No")
        draft.connect(fork, draft.add(scope, "endEvent", "Finished", "End"), "Yes")
        draft.ask(
            "end-unreachable",
            node,
            "It goes round and round from here and never ends. A person now says when it does.",
            "Say when the repetition ends.",
        )
        behind = _leads_out(draft, scope)


def _may_be_left(node: etree._Element) -> bool:
    return not tree.is_a(node, "startEvent", "eventBasedGateway", "boundaryEvent")


def _leads_out(draft: Draft, scope: etree._Element) -> set[str]:
    """The ids of nodes from which a path ends somewhere."""
    seen: set[str] = set()
    ahead = [n for n in tree.nodes(scope) if not draft.targets(n) and not links.following(n)]
    while ahead:
        node = ahead.pop()
        node_id = node.get("id", "")
        if node_id in seen:
            continue
        seen.add(node_id)
        ahead += draft.sources(node)
        host = draft.nodes.get(node.get("attachedToRef", ""))
        ahead += [host] if host is not None else []
        ahead += (
            [n for n in tree.nodes(scope) if node in links.following(n)] if _is_link(node) else []
        )
    return seen


def _is_link(node: etree._Element) -> bool:
    return tree.trigger(node) == "link"


def _close_paths(draft: Draft, scope: etree._Element) -> None:
    ends = [n for n in tree.nodes(scope) if _stops(draft, n)]
    for node in ends:
        draft.connect(node, draft.add(scope, "endEvent", "", f"End_{node.get('id')}"))
    tasks = [node for node in ends if not tree.is_a(node, "startEvent")]
    if tasks:
        draft.ask(
            "path-ends",
            scope,
            f"Nothing follows {listed(tasks)}. The path ends there.",
            "Draw what comes next if something does.",
        )


def _stops(draft: Draft, node: etree._Element) -> bool:
    is_done = tree.is_a(node, "endEvent") or tree.is_event_subprocess(node) or links.following(node)
    return not is_done and not draft.targets(node)
