"""Which way a process goes: conditions that can be read stay, a person decides the rest."""

from lxml import etree

from engine.library.importing import forms, tree
from engine.library.importing.draft import Component, Draft
from engine.library.importing.expressions import fresh_name, known, names, questions_for, to_feel
from engine.library.importing.words import one_line, unique, variable

_LOOPS = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
_MAX_LABEL = 80
_MAX_QUOTED = 120


def settle(draft: Draft) -> None:
    for process in draft.processes:
        taken = known(draft, process)
        for node in tree.all_nodes(process):
            _settle_node(draft, node, taken)


def _settle_node(draft: Draft, node: etree._Element, taken: set[str]) -> None:
    flows = draft.outgoing[node.get("id", "")]
    kind = tree.local(node)
    if kind == "complexGateway":
        kind = _simplify(draft, node)
    if len(flows) == 1 or kind == "parallelGateway":
        _drop_conditions(draft, node, flows)
        if kind == "eventBasedGateway":
            node.tag = tree.bpmn("exclusiveGateway")  # nothing to wait for but one thing
    elif kind == "eventBasedGateway":
        _settle_events(draft, node, taken)
    elif kind in ("exclusiveGateway", "inclusiveGateway") and flows:
        _decide(draft, node, taken)
    elif any(_condition(flow) for flow in flows):
        split = draft.put_after(node, "inclusiveGateway", "", f"After_{node.get('id')}")
        _decide(draft, split, taken)
    else:
        node.attrib.pop("default", None)


def _simplify(draft: Draft, node: etree._Element) -> str:
    node.tag = tree.bpmn("inclusiveGateway")
    draft.ask(
        "gateway-complex",
        node,
        "A complex gateway does not run here. It became an inclusive one, which waits for "
        "everything that is still on its way.",
        "Say how many of the paths must arrive.",
    )
    return "inclusiveGateway"


def _drop_conditions(draft: Draft, node: etree._Element, flows: list[etree._Element]) -> None:
    node.attrib.pop("default", None)
    for flow in flows:
        text = _condition(flow)
        if text:
            _clear(flow)
            draft.ask(
                "condition-dropped",
                node,
                f"The condition “{one_line(text, _MAX_QUOTED)}” counts for nothing here, as this "
                "path is always taken. It was left out.",
                "If there is a choice, draw an exclusive gateway.",
            )


def _settle_events(draft: Draft, node: etree._Element, taken: set[str]) -> None:
    _drop_conditions(draft, node, draft.outgoing[node.get("id", "")])
    targets = draft.targets(node)
    is_alone = all(len(draft.incoming[t.get("id", "")]) == 1 for t in targets)
    if is_alone and all(_is_awaited(draft, target) for target in targets):
        return
    node.tag = tree.bpmn("exclusiveGateway")
    _decide(draft, node, taken)


def _is_awaited(draft: Draft, target: etree._Element) -> bool:
    if tree.is_a(target, "receiveTask"):
        is_plain = not draft.boundaries(target)
        return is_plain and all(target.find(tree.bpmn(loop)) is None for loop in _LOOPS)
    catches = ("timer", "message", "signal", "conditional")
    return tree.is_a(target, "intermediateCatchEvent") and tree.trigger(target) in catches


def _decide(draft: Draft, node: etree._Element, taken: set[str]) -> None:
    """Read the conditions of a gateway; one that cannot be read makes all of it a choice."""
    flows = draft.outgoing[node.get("id", "")]
    default = node.get("default")
    conditions = {f: _feel(draft, f) for f in flows if f.get("id") != default}
    open_flows = [flow for flow, feel in conditions.items() if feel is None]
    if default is None and len(open_flows) == 1 and not _condition(open_flows[0]):
        default = open_flows[0].get("id")
        del conditions[open_flows.pop()]
    fields = _fields(draft, [feel for feel in conditions.values() if feel], taken)
    if open_flows or fields is None:
        _let_choose(draft, node, taken)
        return
    _write_conditions(draft, node, conditions, default)
    if fields:
        _ask_for(draft, node, fields, taken)


def _fields(draft: Draft, conditions: list[str], taken: set[str]) -> list[Component] | None:
    missing = {name for feel in conditions for name in names(feel)} - taken
    found: dict[str, Component] = {}
    text = " and ".join(f"({feel})" for feel in conditions)
    fields = questions_for(text, missing, draft) if missing else {}
    if fields is None:
        return None
    found |= fields
    return list(found.values())


def _write_conditions(
    draft: Draft,
    node: etree._Element,
    conditions: dict[etree._Element, str | None],
    default: str | None,
) -> None:
    for flow, feel in conditions.items():
        tree.set_text(flow, "conditionExpression", feel or "")
    if default is None:
        last = list(conditions)[-1]
        default = last.get("id", "")
        draft.ask(
            "default-assumed",
            node,
            f"The file does not say what happens when no condition holds. Then it goes on to "
            f"“{_label(draft, last)}”.",
            "Mark another path as the default if that is wrong.",
        )
    node.set("default", default)
    for flow in draft.outgoing[node.get("id", "")]:
        if flow.get("id") == default:
            _clear(flow)


def _ask_for(draft: Draft, node: etree._Element, fields: list[Component], taken: set[str]) -> None:
    task = _decider(draft, node)
    for component in fields:
        forms.put(draft, task, component)
        taken.add(component["key"])
    listed = ", ".join(f"“{component['key']}”" for component in fields)
    draft.ask(
        "value-unknown",
        node,
        f"The conditions read {listed}, which nothing in this file sets. “{tree.title(task)}” now "
        "asks for it.",
        "Say where the value comes from, and who enters it.",
    )


def _let_choose(draft: Draft, node: etree._Element, taken: set[str]) -> None:
    flows = list(draft.outgoing[node.get("id", "")])
    quoted = [one_line(text, _MAX_QUOTED) for flow in flows if (text := _condition(flow))]
    task = _decider(draft, node)
    default = next((f for f in flows if f.get("id") == node.get("default")), flows[-1])
    node.set("default", default.get("id", ""))
    labels = _labels(draft, flows)
    if tree.is_a(node, "inclusiveGateway"):
        _tick(draft, task, labels, default, taken)
    else:
        _pick(draft, node, task, labels, default, taken)
    unread = f" ({'; '.join(quoted)})" if quoted else ""
    reason = "The conditions cannot be read" if quoted else "The file does not say how to decide"
    draft.ask(
        "who-decides",
        node,
        f"{reason}{one_line(unread, 400)}. “{tree.title(task)}” now asks: "
        f"{', '.join(labels.values())}.",
        "Confirm who decides, or give the conditions.",
    )


def _pick(
    draft: Draft,
    node: etree._Element,
    task: etree._Element,
    labels: dict[etree._Element, str],
    default: etree._Element,
    taken: set[str],
) -> None:
    key = fresh_name(variable(tree.name(node), "choice"), taken)
    options = [{"value": label, "label": label} for label in labels.values()]
    label = tree.name(node) or "How does it go on?"
    rules = {"required": True}
    forms.put(
        draft,
        task,
        {"type": "radio", "key": key, "label": label, "values": options, "validate": rules},
    )
    for flow, value in labels.items():
        if flow is default:
            _clear(flow)
        else:
            tree.set_text(flow, "conditionExpression", f'{key} = "{value}"')


def _tick(
    draft: Draft,
    task: etree._Element,
    labels: dict[etree._Element, str],
    default: etree._Element,
    taken: set[str],
) -> None:
    """Several may be true: a box for each path but the one that is taken when none is ticked."""
    for flow, label in labels.items():
        if flow is default:
            _clear(flow)
            continue
        key = fresh_name(variable(label, "applies"), taken)
        forms.put(draft, task, {"type": "checkbox", "key": key, "label": label})
        tree.set_text(flow, "conditionExpression", f"{key} = true")


def _decider(draft: Draft, node: etree._Element) -> etree._Element:
    """The user task right before a gateway, or a new one that decides only this."""
    sources = draft.sources(node)
    if len(sources) == 1 and tree.is_a(sources[0], "userTask"):
        task = sources[0]
        is_plain = all(task.find(tree.bpmn(loop)) is None for loop in _LOOPS)
        if is_plain and len(draft.targets(task)) == 1:
            return task
    name = f"Decide: {tree.name(node)}" if tree.name(node) else "Decide how to go on"
    return draft.put_before(node, "userTask", one_line(name), f"Decide_{node.get('id')}")


def _labels(draft: Draft, flows: list[etree._Element]) -> dict[etree._Element, str]:
    labels: dict[etree._Element, str] = {}
    for flow in flows:
        labels[flow] = unique(_label(draft, flow), set(labels.values()))
        flow.set("name", labels[flow])
    return labels


def _label(draft: Draft, flow: etree._Element) -> str:
    target = draft.nodes[flow.get("targetRef", "")]
    text = one_line(flow.get("name") or tree.title(target), _MAX_LABEL)
    return text.replace('"', "'").replace("\\", "/") or "Go on"


def _feel(draft: Draft, flow: etree._Element) -> str | None:
    expression = flow.find(tree.bpmn("conditionExpression"))
    if expression is None or not _condition(flow):
        return None
    return to_feel(_condition(flow), draft, expression.get("language", ""))


def _condition(flow: etree._Element) -> str:
    return tree.text(flow, "conditionExpression")


def _clear(flow: etree._Element) -> None:
    tree.remove_children(flow, "conditionExpression")
