"""Camunda 8: what its ``zeebe:`` extensions say, where the meaning is certain."""

import json
from typing import Any

from lxml import etree

from engine.library.importing import dialect, tree, vendors
from engine.library.importing.activities import add_decision
from engine.library.importing.draft import Component, Draft

_ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"


def translate(draft: Draft) -> None:
    found = draft.root.iter(f"{_ZEEBE}userTaskForm")
    bodies = {f.get("id", "").rpartition(":")[2]: f.text or "" for f in found}
    for message in draft.root.findall(tree.bpmn("message")):
        key = _get(message, "subscription", "correlationKey")
        if key:
            dialect.put(message, "correlationKey", key)
    for node in list(draft.nodes.values()):
        if tree.is_a(node, "userTask"):
            _user_task(draft, node, bodies)
        elif tree.is_a(node, "callActivity"):
            node.set("calledElement", _get(node, "calledElement", "processId"))
        else:
            _automatic(draft, node)
        _several(node)
        _mappings(draft, node)


def _user_task(draft: Draft, node: etree._Element, bodies: dict[str, str]) -> None:
    groups = _get(node, "assignmentDefinition", "candidateGroups")
    users = _get(node, "assignmentDefinition", "candidateUsers")
    person = _get(node, "assignmentDefinition", "assignee") or users
    vendors.assign(draft, node, groups, person)
    due = _get(node, "taskSchedule", "dueDate")
    vendors.due(draft, node, due.removeprefix("=").strip(' "'))
    references = ("formId", "formKey", "externalReference")
    key = next((k for name in references if (k := _get(node, "formDefinition", name))), "")
    if key:
        body = bodies.get(key.rpartition(":")[2], "")
        vendors.use_form(draft, node, key, _components(draft, node, body))


def _components(draft: Draft, node: etree._Element, body: str) -> list[Component]:
    taken: set[str] = set()
    return [
        vendors.field(draft, node, component, taken)
        for component in _flat(_read(body))
        if component.get("key") and not vendors.is_silent(component)
    ]


def _read(body: str) -> list[Any]:
    try:
        schema = json.loads(body)
    except (ValueError, RecursionError):
        return []
    components = schema.get("components") if isinstance(schema, dict) else None
    return components if isinstance(components, list) else []


def _flat(components: list[Any]) -> list[Component]:
    """The fields of a form, those of its groups among them."""
    found: list[Component] = []
    ahead = list(reversed(components))
    while ahead:
        component = ahead.pop()
        if not isinstance(component, dict):
            continue
        inner = component.get("components")
        if isinstance(inner, list):
            ahead += reversed(inner)
        else:
            found.append(component)
    return found


def _automatic(draft: Draft, node: etree._Element) -> None:
    decision = _get(node, "calledDecision", "decisionId")
    worker = _get(node, "taskDefinition", "type")
    script = _get(node, "script", "expression")
    if decision and tree.is_a(node, "businessRuleTask"):
        add_decision(draft, node, decision, _get(node, "calledDecision", "resultVariable"))
    elif script and tree.is_a(node, "scriptTask"):
        name = _get(node, "script", "resultVariable")
        element = etree.SubElement(node, tree.bpmn("script"))
        element.text = f"{name} = {script.removeprefix('=').strip()}"
    elif worker and tree.is_a(node, "serviceTask", "sendTask"):
        dialect.put(node, "implementation", worker)


def _several(node: etree._Element) -> None:
    several = node.find(tree.bpmn("multiInstanceLoopCharacteristics"))
    if several is None:
        return
    loop = {
        name: _get(several, "loopCharacteristics", name)
        for name in ("inputCollection", "inputElement", "outputCollection", "outputElement")
    }
    vendors.repeat(
        several,
        loop["inputCollection"],
        loop["inputElement"],
        loop["outputCollection"],
        loop["outputElement"].removeprefix("=").strip(),
    )


def _mappings(draft: Draft, node: etree._Element) -> None:
    if tree.is_a(node, "serviceTask", "sendTask", "boundaryEvent", "startEvent"):
        return  # what a program is handed matters when the program is connected
    inputs, outputs = (
        [(found.get("target", ""), found.get("source", "")) for found in _all(node, "ioMapping", n)]
        for n in ("input", "output")
    )
    vendors.set_before(draft, node, inputs)
    vendors.set_after(draft, node, outputs)


def _all(node: etree._Element, *path: str) -> list[etree._Element]:
    steps = "/".join(f"{_ZEEBE}{name}" for name in path)
    return node.findall(f"{tree.bpmn('extensionElements')}/{steps}")


def _get(element: etree._Element, name: str, attribute: str) -> str:
    found = _all(element, name)
    return found[0].get(attribute, "").strip() if found else ""
