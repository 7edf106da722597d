"""Links: a throw and the one catch of its name, on one level."""

from lxml import etree

from engine.library.importing import tree
from engine.library.importing.draft import Draft


def settle(draft: Draft) -> None:
    """A link leads from its throw to the one catch of its name; what has no partner is cut."""
    for process in draft.processes:
        for scope in tree.scopes(process):
            links = [node for node in tree.nodes(scope) if tree.trigger(node) == "link"]
            for node in links:
                _name(node)
            catches = [n for n in links if tree.is_a(n, "intermediateCatchEvent")]
            throws = [n for n in links if not tree.is_a(n, "intermediateCatchEvent")]
            _pair(draft, catches, throws)


def following(node: etree._Element) -> list[etree._Element]:
    """Where a token goes on from a link that was thrown."""
    if tree.trigger(node) != "link" or not tree.is_a(node, "intermediateThrowEvent"):
        return []
    beside = tree.scope_of(node).findall(tree.bpmn("intermediateCatchEvent"))
    return [n for n in beside if tree.trigger(n) == "link" and name_of(n) == name_of(node)]


def _pair(draft: Draft, catches: list[etree._Element], throws: list[etree._Element]) -> None:
    names = [name_of(node) for node in throws]
    kept: set[str] = set()
    for node in catches:
        name = name_of(node)
        if name not in names or name in kept or draft.incoming[node.get("id", "")]:
            _cut(draft, node)
        else:
            kept.add(name)
    for node in throws:
        if name_of(node) not in kept or draft.outgoing[node.get("id", "")]:
            _cut(draft, node)
        elif tree.is_a(node, "endEvent"):
            node.tag = tree.bpmn("intermediateThrowEvent")


def _cut(draft: Draft, node: etree._Element) -> None:
    draft.ask(
        "link-alone",
        node,
        f"The link “{name_of(node)}” has no partner. It became a point on the way.",
        "Draw the other side of the link, or a flow.",
    )
    for definition in tree.event_definitions(node):
        node.remove(definition)
    node.tag = tree.bpmn("intermediateThrowEvent")


def _name(node: etree._Element) -> None:
    definition = tree.event_definitions(node)[0]
    if not definition.get("name", "").strip():
        definition.set("name", tree.title(node))


def name_of(node: etree._Element) -> str:
    return tree.event_definitions(node)[0].get("name", "")
