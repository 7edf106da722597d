"""A circle of automatic elements would run for ever: somebody looks at it each time round."""

from lxml import etree

from engine.library.importing import tree
from engine.library.importing.draft import Draft

_WAITS = ("userTask", "manualTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway")
# What stands in them, or is called, is most often somebody's work.
_OFTEN_WAIT = ("subProcess", "transaction", "callActivity")


def settle(draft: Draft) -> None:
    automatic = {i for i, n in draft.nodes.items() if not tree.is_a(n, *_WAITS, *_OFTEN_WAIT)}
    for flow in _closing(draft, automatic):
        source = draft.nodes[flow.get("sourceRef", "")]
        target = draft.nodes[flow.get("targetRef", "")]
        task = draft.add(tree.scope_of(source), "userTask", "Check how it went", "Check")
        draft.lead(flow, task)
        draft.connect(task, target)
        draft.ask(
            "loop-without-wait",
            source,
            "It comes back to here again and again without anybody doing anything. A person now "
            "looks at it each time.",
            "Say what it waits for: a person, a time or a message.",
        )


def _closing(draft: Draft, automatic: set[str]) -> list[etree._Element]:
    """The flows that close a circle: without them, there is none."""
    found = []
    done: set[str] = set()
    for begin in sorted(automatic):
        path: dict[str, None] = {}
        ahead = [] if begin in done else [begin]
        while ahead:
            node_id = ahead[-1]
            if node_id in path or node_id in done:
                ahead.pop()
                path.pop(node_id, None)
                done.add(node_id)
                continue
            path[node_id] = None
            for flow in draft.outgoing[node_id]:
                target = flow.get("targetRef", "")
                if target in path:
                    found.append(flow)
                elif target in automatic and target not in done:
                    ahead.append(target)
    return found
