"""Which variables the parts of a bundle set, and which of them a process may read."""

from collections.abc import Iterable, Iterator, Mapping, Set

from engine.bpmn import scripts
from engine.bpmn.diagram import Diagram, Node

INCIDENT = "incident"
LOOP_COUNTER = "loopCounter"
# What the completion condition of a multi-instance may read (BPMN 2.0.2 table 10.29).
COUNTS = frozenset(
    {
        "numberOfInstances",
        "numberOfActiveInstances",
        "numberOfCompletedInstances",
        "numberOfTerminatedInstances",
    }
)
# Given by the engine; ``item`` is what FEEL calls the element that a filter looks at.
RESERVED = frozenset({INCIDENT, LOOP_COUNTER, "item"}) | COUNTS

Names = Mapping[str, Set[str]]


def assignments(script: str) -> Iterator[tuple[str, str]]:
    """Name and expression of each line of a script that has both."""
    for line in scripts.lines(script):
        name, equals, text = line.partition("=")
        if equals and not text.startswith("="):
            yield name.strip(), text.strip()


def named(node: Node) -> Iterator[str]:
    """The variables to which the element itself gives a name, as its owner typed them."""
    yield from (name for name, _ in assignments(node.script))
    loop = node.loop
    for name in (node.variable, loop and loop.item, loop and loop.output_collection):
        if name:
            yield name


def local(diagram: Diagram, node: Node) -> set[str]:
    """What is known only inside the repeated activities around a node, its own included."""
    names: set[str] = set()
    inside: Node | None = node
    while inside is not None:
        if inside.loop is not None:
            names |= {LOOP_COUNTER} | ({inside.loop.item} if inside.loop.item else set())
        inside = diagram.nodes.get(inside.scope or "")
    return names


def readable(
    processes: Mapping[str, Diagram], forms: Names, decisions: Names
) -> dict[str, set[str]]:
    """Process id -> what it may read: what it, the processes it calls and its callers set."""
    calls = list(_calls(processes))
    known = {key: _set_in(diagram, forms, decisions) for key, diagram in processes.items()}
    for caller, _, called in calls:
        known[caller.process_id] |= set(called.outputs or ())
    everything_back = [(b.process_id, a.process_id) for a, _, b in calls if b.outputs is None]
    _spread(known, everything_back)
    for caller, node, called in calls:
        handed_in = local(caller, node) if called.inputs is None else called.inputs
        known[called.process_id] |= set(handed_in)
    everything_in = [(a.process_id, b.process_id) for a, _, b in calls if b.inputs is None]
    _spread(known, everything_in)
    return known


def _calls(processes: Mapping[str, Diagram]) -> Iterator[tuple[Diagram, Node, Diagram]]:
    for caller in processes.values():
        for node in caller.nodes.values():
            called = processes.get(node.called_process or "")
            if called is not None:
                yield caller, node, called


def _set_in(diagram: Diagram, forms: Names, decisions: Names) -> set[str]:
    names = set(diagram.inputs or ())
    for node in diagram.nodes.values():
        names |= forms.get(node.form_key or "", frozenset())
        names |= decisions.get(node.decision_id or "", frozenset())
        local_item = {node.loop.item} if node.loop else set()
        names |= set(named(node)) - local_item
    return names


def _spread(known: dict[str, set[str]], ways: Iterable[tuple[str, str]]) -> None:
    """Let names pass along the ways until nobody learns a new one."""
    learned = True
    while learned:
        learned = False
        for source, target in ways:
            learned |= not known[source] <= known[target]
            known[target] |= known[source]
