"""Camunda 7, Activiti and Flowable: what their attributes say, where the meaning is certain."""

import json

from lxml import etree

from engine.library.importing import dialect, tree, vendors
from engine.library.importing.activities import add_decision
from engine.library.importing.draft import Component, Draft
from engine.library.importing.words import one_line

_NAMESPACES = (
    "{http://camunda.org/schema/1.0/bpmn}",
    "{http://activiti.org/bpmn}",
    "{http://flowable.org/bpmn}",
)
_WORKERS = ("topic", "class", "delegateExpression", "expression", "type")
_RULES = {"required": "required", "minlength": "minLength", "maxlength": "maxLength"}
_RULES |= {"min": "min", "max": "max"}


def translate(draft: Draft) -> None:
    for node in list(draft.nodes.values()):
        if tree.is_a(node, "userTask"):
            _user_task(draft, node)
        elif tree.is_a(node, "startEvent"):
            _start(draft, node)
        elif tree.is_a(node, "businessRuleTask") and _get(node, "decisionRef"):
            add_decision(draft, node, _get(node, "decisionRef"), _get(node, "resultVariable"))
        elif tree.is_a(node, "callActivity"):
            _call(draft, node)
        _implementation(node)
        _several(node)
        _listeners(draft, node)
        _mappings(draft, node)


def _user_task(draft: Draft, node: etree._Element) -> None:
    vendors.assign(
        draft,
        node,
        _get(node, "candidateGroups"),
        ", ".join(filter(None, (_get(node, "assignee"), _get(node, "candidateUsers")))),
    )
    vendors.due(draft, node, _get(node, "dueDate"))
    fields = _fields(draft, node)
    key = _get(node, "formKey") or _get(node, "formRef")
    if key or fields:
        vendors.use_form(draft, node, key, fields)


def _start(draft: Draft, node: etree._Element) -> None:
    """What the start asked is asked by the first task that needs it."""
    fields = _fields(draft, node)
    draft.fields |= {component["key"]: component for component in fields}
    if fields:
        listed = ", ".join(f"“{component['label']}”" for component in fields)
        draft.ask(
            "start-form",
            node,
            f"The start asks for {listed}. Here an incident starts with a title and a description; "
            "a task asks for the rest where a condition reads it.",
            "Say which of it the report itself must hold.",
        )


def _fields(draft: Draft, node: etree._Element) -> list[Component]:
    taken: set[str] = set()
    return [
        vendors.field(draft, node, _component(found), taken)
        for namespace in _NAMESPACES
        for tag in ("formField", "formProperty")
        for found in node.findall(f"{tree.bpmn('extensionElements')}//{namespace}{tag}")
    ]


def _component(found: etree._Element) -> Component:
    values = [v for v in found if tree.local(v) == "value"]
    rules = {
        _RULES[c.get("name", "")]: _bound(c.get("name", ""), c.get("config", ""))
        for c in found.iter(f"{{{etree.QName(found).namespace}}}constraint")
        if c.get("name") in _RULES
    }
    return {
        "key": found.get("id", ""),
        "type": found.get("type", "string"),
        "label": found.get("label") or found.get("name") or "",
        "validate": rules | ({"required": True} if found.get("required") == "true" else {}),
        "values": [
            {"value": v.get("id", ""), "label": v.get("name") or v.get("id", "")} for v in values
        ],
    }


def _bound(rule: str, text: str) -> bool | int | None:
    if rule == "required":
        return True
    return int(text) if text.lstrip("-").isdigit() and len(text) < 10 else None


def _call(draft: Draft, node: etree._Element) -> None:
    for found in _extensions(node, "in", "out"):
        if found.get("variables") != "all" and not found.get("businessKey"):
            name = found.get("target") or found.get("source") or ""
            draft.ask(
                "call-values",
                node,
                f"Only some values pass between the two processes (“{one_line(name, 60)}”). Here "
                "the called process sees all, and gives all back.",
                "Say whether one of them must stay hidden.",
            )
            return


def _implementation(node: etree._Element) -> None:
    """Which program did it, for the question that is asked about it."""
    found = next((v for name in _WORKERS if (v := _get(node, name))), "")
    if found and tree.is_a(node, "serviceTask", "sendTask"):
        dialect.put(node, "implementation", found)


def _several(node: etree._Element) -> None:
    several = node.find(tree.bpmn("multiInstanceLoopCharacteristics"))
    collection = "" if several is None else _get(several, "collection")
    if several is not None and collection:
        vendors.repeat(several, collection, _get(several, "elementVariable"))
    elif several is not None:
        tree.remove_children(several, "loopDataInputRef")


def _listeners(draft: Draft, node: etree._Element) -> None:
    found = _extensions(node, "executionListener", "taskListener")
    if found:
        draft.ask(
            "listener-dropped",
            node,
            "A program ran whenever this element began or ended. It does not run here.",
            "Say what it did; if it matters, draw it as a task.",
        )


def _mappings(draft: Draft, node: etree._Element) -> None:
    if tree.is_a(node, "serviceTask", "sendTask"):
        return  # what a program is handed matters when the program is connected
    for mapping in _extensions(node, "inputOutput"):
        parameters = [child for child in mapping if isinstance(child.tag, str)]
        inputs = [c for c in parameters if tree.local(c) == "inputParameter"]
        outputs = [c for c in parameters if tree.local(c) == "outputParameter"]
        vendors.set_before(draft, node, [(c.get("name", ""), _value(c)) for c in inputs])
        vendors.set_after(draft, node, [(c.get("name", ""), _value(c)) for c in outputs])


def _value(parameter: etree._Element) -> str:
    """An expression as it is; a plain text as FEEL writes it; words for what FEEL cannot say."""
    text = (parameter.text or "").strip()
    if len(parameter):
        return f"what a {tree.local(parameter[0])} gives"
    return text if "{" in text else json.dumps(text, ensure_ascii=False)


def _extensions(node: etree._Element, *names: str) -> list[etree._Element]:
    wanted = [f"{namespace}{name}" for namespace in _NAMESPACES for name in names]
    extensions = node.find(tree.bpmn("extensionElements"))
    return [] if extensions is None else [child for child in extensions if child.tag in wanted]


def _get(element: etree._Element, name: str) -> str:
    values = (element.get(f"{namespace}{name}", "") for namespace in _NAMESPACES)
    return next((value.strip() for value in values if value.strip()), "")
