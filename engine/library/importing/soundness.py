"""Parallel joins that can wait for ever, found by playing through what tokens may do."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from engine.library.importing import links, tree
from engine.library.importing.draft import Draft

_MOST_WORK = 40_000  # tokens looked at in a file; a drawing beyond that stays as it is
_ROUNDS = 5
_MOST_TOKENS = 2  # on one flow; a third one tells nothing new
Marking = tuple[str, ...]  # the flows that hold a token, in order, once for each token
_CHOICES = ("exclusiveGateway", "eventBasedGateway", "inclusiveGateway")
_FINAL = ("terminate", "error", "cancel")


def settle(draft: Draft) -> None:
    """Let such a join wait only for what can still come, as an inclusive gateway does."""
    scopes = [scope for process in draft.processes for scope in tree.scopes(process)]
    for scope in scopes:
        for _ in range(_ROUNDS):
            stuck = _stuck_joins(_net(draft, scope), _MOST_WORK // len(scopes))
            for node_id in stuck:
                _relax(draft, draft.nodes[node_id])
            if not stuck:
                break


def _relax(draft: Draft, join: etree._Element) -> None:
    draft.ask(
        "join-waits",
        join,
        "It waits for all of its paths, and not all of them are always taken: it would wait for "
        "ever. It now waits for those that are still on their way.",
        "Say which paths must be done before it goes on.",
    )
    if len(draft.outgoing[join.get("id", "")]) > 1:
        draft.put_before(join, "inclusiveGateway", tree.name(join), f"Join_{join.get('id')}")
    else:
        join.tag = tree.bpmn("inclusiveGateway")


Flows = frozenset[str]


@dataclass(frozen=True)
class _Net:
    """What tokens may do in one scope, whatever is decided."""

    begin: Marking
    targets: dict[str, str]  # flow -> the node it leads to
    entered: dict[str, Flows]  # node -> the flows that lead to it
    left: dict[str, list[Flows]]  # node -> each set of flows that may take a token from it
    joins: set[str]  # wait for every flow
    late: set[str]  # inclusive joins: go on when nothing else can
    finals: set[str]  # end everything


def _stuck_joins(net: _Net, work: int) -> set[str]:
    """Where tokens wait when nothing can move any more, in some course of events."""
    stuck: set[str] = set()
    ahead, seen = [net.begin] if net.joins else [], {net.begin}
    while ahead and work > 0:
        marking = ahead.pop()
        following = _following(net, marking)
        if not following:
            stuck |= {net.targets[flow] for flow in marking}
        ahead += [new for new in following if new not in seen]
        seen.update(following)
        work -= 1 + sum(map(len, following))
    return stuck


def _net(draft: Draft, scope: etree._Element) -> _Net:
    nodes = {node.get("id", ""): node for node in tree.nodes(scope)}
    flows = [flow for node_id in nodes for flow in draft.outgoing[node_id]]
    joining = [i for i in nodes if len(draft.incoming[i]) > 1]
    starts = [node for node in nodes.values() if tree.is_a(node, "startEvent")]
    return _Net(
        begin=tuple(sorted(flow for start in starts for flow in _flows(draft, start))),
        targets={flow.get("id", ""): flow.get("targetRef", "") for flow in flows},
        entered={i: frozenset(f.get("id", "") for f in draft.incoming[i]) for i in nodes},
        left={node_id: list(_left(draft, node)) for node_id, node in nodes.items()},
        joins={i for i in joining if tree.is_a(nodes[i], "parallelGateway")},
        late={i for i in joining if tree.is_a(nodes[i], "inclusiveGateway")},
        finals={i for i, node in nodes.items() if tree.trigger(node) in _FINAL},
    )


def _left(draft: Draft, node: etree._Element) -> Iterator[Flows]:
    flows = _flows(draft, node)
    for target in links.following(node):
        flows |= _flows(draft, target)
    if not tree.is_a(node, "exclusiveGateway", "eventBasedGateway"):
        yield flows
    if tree.local(node) in _CHOICES and len(flows) > 1:
        yield from (frozenset([flow]) for flow in flows)
    elif tree.local(node) in _CHOICES:
        yield flows
    for event in draft.boundaries(node):
        instead = _flows(draft, event)
        yield instead | flows if event.get("cancelActivity") == "false" else instead


def _flows(draft: Draft, node: etree._Element) -> Flows:
    return frozenset(flow.get("id", "") for flow in draft.outgoing[node.get("id", "")])


def _following(net: _Net, marking: Marking) -> list[Marking]:
    """The markings after one element; one that can move is enough, as the others still can then."""
    late = []
    for node in sorted({net.targets[flow] for flow in marking}):
        tokens = net.entered[node].intersection(marking)
        if node in net.finals:
            return [()]
        if node in net.late:
            late.append((node, tokens))
        elif node not in net.joins:
            return _moves(net, marking, node, frozenset([min(tokens)]))
        elif tokens == net.entered[node]:
            return _moves(net, marking, node, tokens)
    return [moved for node, tokens in late for moved in _moves(net, marking, node, tokens)]


def _moves(net: _Net, marking: Marking, node: str, tokens: Flows) -> list[Marking]:
    return [_moved(marking, tokens, left) for left in net.left[node]]


def _moved(marking: Marking, taken: Iterable[str], left: Iterable[str]) -> Marking:
    counts = Counter(marking)
    counts.subtract(taken)
    counts.update(left)
    return tuple(sorted(f for f, n in counts.items() for _ in range(min(n, _MOST_TOKENS))))
