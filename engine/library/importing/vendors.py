"""What Camunda 7 and Camunda 8 have in common, said in Steadyhand's own words."""

from lxml import etree

from engine.bpmn.lint.shape import MAX_ID
from engine.bpmn.lint.variables import RESERVED
from engine.library.importing import dialect, forms, tree
from engine.library.importing.draft import Component, Draft
from engine.library.importing.expressions import to_feel
from engine.library.importing.words import one_line, slug, unique

_FIELD_TYPES = {
    "string": "textfield",
    "text": "textfield",
    "textfield": "textfield",
    "textarea": "textarea",
    "date": "textfield",
    "datetime": "textfield",
    "long": "number",
    "integer": "number",
    "double": "number",
    "number": "number",
    "boolean": "checkbox",
    "checkbox": "checkbox",
    "enum": "radio",
    "radio": "radio",
    "select": "select",
}
_FIRST = ("startEvent", "boundaryEvent")
_SILENT = {"button", "separator", "spacer"}


def assign(draft: Draft, node: etree._Element, groups: str, person: str) -> None:
    """The first group becomes the lane; persons and further groups are asked about."""
    found = [g.strip().strip('"') for g in groups.strip(' =[]"').split(",") if g.strip()]
    is_certain = not any(sign in groups for sign in "${(") and bool(found)
    if is_certain:
        draft.groups[node.get("id", "")] = one_line(found[0], MAX_ID)
    if person or len(found) > 1 or (groups and not is_certain):
        wanted = one_line(", ".join(filter(None, (person, groups))), 120)
        draft.ask(
            "assignee-open",
            node,
            f"The file gives this task to “{wanted}”. Here a task belongs to one group, and any "
            "of its members may claim it.",
            "Name the group, as the lane around the task.",
        )


def due(draft: Draft, node: etree._Element, text: str) -> None:
    if text.startswith("P") and text.isalnum():
        dialect.put(node, "dueIn", text)
    elif text:
        ask_due(draft, node, text)


def ask_due(draft: Draft, node: etree._Element, text: str) -> None:
    draft.ask(
        "due-open",
        node,
        f"When the task is due (“{one_line(text, 120)}”) is no length of time. It was left out.",
        "Give a duration such as PT4H.",
    )


def field(draft: Draft, node: etree._Element, component: Component, taken: set[str]) -> Component:
    """One field of a form in a type and with a key that work here."""
    key = str(component.get("key", ""))
    wanted = key if key.isidentifier() else slug(key).replace("-", "_")
    is_free = wanted.isidentifier() and wanted not in RESERVED
    wanted = unique(wanted if is_free else f"field_{wanted}", taken)
    taken.add(wanted)
    kind = _FIELD_TYPES.get(str(component.get("type", "")).lower())
    if kind is None or (kind in ("radio", "select") and not component.get("values")):
        draft.ask(
            "field-replaced",
            node,
            f"A field of type “{component.get('type')}” (“{key}”) became a line of text.",
            "Choose the type that fits.",
        )
        kind = "textfield"
    label = one_line(str(component.get("label") or key or "Field"))
    kept = {k: v for k, v in component.items() if k in ("description", "values") and v}
    rules = {k: v for k, v in (component.get("validate") or {}).items() if _is_rule(k, v)}
    validate = {"validate": rules} if rules else {}
    return {"type": kind, "key": wanted, "label": label, **kept, **validate}


def is_silent(component: Component) -> bool:
    return str(component.get("type", "")) in _SILENT


def use_form(draft: Draft, node: etree._Element, key: str, fields: list[Component]) -> None:
    """The form of a task; when only its name is known, ask for the rest."""
    wanted = key or tree.title(node)
    forms.use(draft, node, wanted.rpartition("/")[2].rpartition(":")[2] or wanted, fields)
    if key and not fields:
        draft.ask(
            "form-missing",
            node,
            f"The form “{one_line(key, 120)}” is not in this file. One with a note stands in for "
            "it.",
            "Draw the form that the task shows.",
        )


def repeat(
    several: etree._Element, collection: str, item: str, output: str = "", output_item: str = ""
) -> None:
    """A multi-instance over a collection, in BPMN's own elements."""
    names = ("loopDataInputRef", "inputDataItem", "loopDataOutputRef", "outputDataItem")
    tree.remove_children(several, *names)
    if collection:
        _add(several, "loopDataInputRef", collection)
    if output.isidentifier() and output_item.isidentifier():
        _add(several, "loopDataOutputRef", output)
    if item.isidentifier() and item not in RESERVED:
        _add(several, "inputDataItem").set("name", item)
    if output.isidentifier() and output_item.isidentifier():
        _add(several, "outputDataItem").set("name", output_item)


def set_before(draft: Draft, node: etree._Element, pairs: list[tuple[str, str]]) -> None:
    """Values that an element gets under another name: a script task before it."""
    lines = _assignments(draft, node, pairs)
    if lines and not tree.is_event_subprocess(node) and not tree.is_a(node, *_FIRST):
        script = draft.put_before(node, "scriptTask", "Set values", f"Set_{node.get('id')}")
        _add(script, "script", "\n".join(lines))


def set_after(draft: Draft, node: etree._Element, pairs: list[tuple[str, str]]) -> None:
    """Values that an element gives back under another name: a script task behind it."""
    lines = _assignments(draft, node, pairs)
    if lines and not tree.is_event_subprocess(node) and not tree.is_a(node, "endEvent"):
        script = draft.put_after(node, "scriptTask", "Set values", f"Set_{node.get('id')}")
        _add(script, "script", "\n".join(lines))


def _assignments(draft: Draft, node: etree._Element, pairs: list[tuple[str, str]]) -> list[str]:
    """The lines of a script, of what can be read; the rest is asked about."""
    lines = []
    for target, source in pairs:
        feel = to_feel(source, draft, "feel")
        if feel is None or not target.isidentifier():
            draft.ask(
                "mapping-open",
                node,
                f"“{one_line(target, 60)}” is to become “{one_line(source, 120)}” here, which "
                "cannot be read. It was left out.",
                "Say which value is meant.",
            )
        elif feel != target:
            lines.append(f"{target} = {feel}")
    return lines


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    element = etree.SubElement(parent, tree.bpmn(name))
    if text:
        element.text = text
    return element


def _is_rule(name: str, value: object) -> bool:
    if name == "required":
        return isinstance(value, bool)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return name in ("minLength", "maxLength", "min", "max") and is_number
