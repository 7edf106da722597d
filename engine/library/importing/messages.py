"""What events refer to by name: messages, signals, errors and escalations."""

from lxml import etree

from engine.bpmn.lint.shape import MAX_ID
from engine.library.importing import dialect, tree
from engine.library.importing.draft import Draft
from engine.library.importing.words import one_line

# What an event definition refers to, and the attribute that it is known by.
REFERENCES = {
    "message": ("message", "name"),
    "signal": ("signal", "name"),
    "error": ("error", "errorCode"),
    "escalation": ("escalation", "escalationCode"),
}


def make(draft: Draft, event: etree._Element, why: str) -> None:
    """Let an event wait for a message called like itself, and ask what it should wait for."""
    was = tree.trigger(event)
    for definition in tree.event_definitions(event):
        event.remove(definition)
    definition = etree.SubElement(event, tree.bpmn("messageEventDefinition"))
    wanted = one_line(tree.title(event), MAX_ID)
    definition.set("messageRef", _reference(draft, "message", wanted))
    draft.ask(
        "event-replaced",
        event,
        f"{why} ({was} event). It became a message called “{wanted}”, which anybody may send.",
        "Say what sets this event off.",
    )


def name(draft: Draft, node: etree._Element, holder: etree._Element) -> None:
    named = _find(draft, "message", holder.get("messageRef"))
    if named is not None:
        key = dialect.get(named, "correlationKey")
        if key and not dialect.get(node, "correlationKey"):
            dialect.put(node, "correlationKey", key)
        dialect.drop(named, "correlationKey")
    name_reference(draft, node, holder, "message")


def name_reference(
    draft: Draft, node: etree._Element, holder: etree._Element, trigger: str
) -> None:
    tag, attribute = REFERENCES[trigger]
    found = _find(draft, tag, holder.get(f"{trigger}Ref"))
    if found is not None and (found.get(attribute) or found.get("name")):
        return
    catches_any = trigger in ("error", "escalation") and tree.is_a(node, "boundaryEvent")
    if catches_any or (trigger == "error" and tree.is_a(node, "startEvent")):
        holder.attrib.pop(f"{trigger}Ref", None)
        return
    wanted = one_line(tree.title(node), MAX_ID)
    holder.set(f"{trigger}Ref", _reference(draft, tag, wanted))
    draft.ask(
        f"{trigger}-unnamed",
        node,
        f"The file does not name the {trigger}. It was called “{wanted}”.",
        f"Say who sends this {trigger} and who waits for it; both must use one name.",
    )


def _find(draft: Draft, tag: str, element_id: str | None) -> etree._Element | None:
    found = draft.root.findall(tree.bpmn(tag))
    return next((e for e in found if e.get("id") == element_id and element_id), None)


def _reference(draft: Draft, tag: str, wanted: str) -> str:
    """The id of what is called so; made when there is none."""
    attribute = next(name for kind, name in REFERENCES.values() if kind == tag)
    for found in draft.root.findall(tree.bpmn(tag)):
        if (found.get(attribute) or found.get("name")) == wanted:
            return found.get("id", "")
    attributes = {"name": wanted, attribute: wanted}
    return draft.add_root(tag, f"{tag.title()}_{wanted}", **attributes).get("id", "")
