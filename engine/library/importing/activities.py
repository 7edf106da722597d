"""Tasks, sub-processes and calls: each becomes the nearest one that runs."""

from collections.abc import Callable

from lxml import etree

from engine.bpmn.lint.shape import MAX_ID
from engine.bpmn.lint.variables import RESERVED
from engine.feel import FeelError, compile_expression
from engine.library.importing import dialect, forms, tree
from engine.library.importing.draft import Decision, Draft
from engine.library.importing.words import one_line, variable
from engine.operations import CATALOGUE

_MAX_SCRIPT = 1000


def settle(draft: Draft) -> None:
    for node in list(draft.nodes.values()):
        kind = _KINDS.get(tree.local(node))
        if kind is not None and node.get("id") in draft.nodes:
            kind(draft, node)


def hand_to_person(
    draft: Draft, node: etree._Element, rule: str, why: str, suggestion: str
) -> None:
    """Make an activity a user task that somebody confirms, and ask what it should be."""
    for inner in tree.nodes(node):
        draft.remove(inner)
    dialect.clear(node, "properties", "instructionsForEndUser")
    node.tag = tree.bpmn("userTask")
    tree.remove_children(node, "script", "laneSet", "dataObject", "dataObjectReference")
    tree.remove_children(node, "textAnnotation", "association", "group", "dataStoreReference")
    for attribute in ("calledElement", "messageRef", "triggeredByEvent"):
        node.attrib.pop(attribute, None)
    draft.ask(rule, node, why, suggestion)


def _drawn(draft: Draft, node: etree._Element) -> None:
    hand_to_person(
        draft,
        node,
        "task-plain",
        "A plain task says nothing about who or what does it. It became a task for a person.",
        "Leave it, or make it a service task with one of the operations.",
    )


def _manual(draft: Draft, node: etree._Element) -> None:
    """Done away from the screen, and confirmed on it: a user task says the same."""
    del draft
    node.tag = tree.bpmn("userTask")


def _service(draft: Draft, node: etree._Element) -> None:
    if dialect.operation(node) in CATALOGUE:
        return
    wanted = dialect.get(node, "implementation") or dialect.operation(node)
    dialect.drop(node, "implementation")
    by = f" (“{one_line(wanted, 100)}”)" if wanted else ""
    hand_to_person(
        draft,
        node,
        "operation-open",
        f"A program of another system does this{by}. Until it is connected, a person does it "
        "and confirms.",
        "Name the operation that does it, or the group that does it by hand.",
    )


def _send(draft: Draft, node: etree._Element) -> None:
    if node.get("messageRef") or dialect.get(node, "implementation") == "message":
        dialect.drop(node, "implementation")
        return
    dialect.drop(node, "implementation")
    hand_to_person(
        draft,
        node,
        "sending-open",
        "Nothing here sends this message by itself. A person sends it and confirms.",
        "Say who sends it, or name the operation that does.",
    )


def _script(draft: Draft, node: etree._Element) -> None:
    script = tree.text(node, "script")
    language = node.attrib.pop("scriptFormat", "")
    is_ours = not language or "feel" in language.lower()
    if is_ours and script and all(_is_assignment(line) for line in _lines(script)):
        return
    kept = f" The script was: {one_line(script, _MAX_SCRIPT)}" if script else ""
    if script and not dialect.extension(node, "instructionsForEndUser"):
        text = f"Do what this script did: {one_line(script, _MAX_SCRIPT)}"
        dialect.put_extension(node, "instructionsForEndUser", text)
    hand_to_person(
        draft,
        node,
        "script-open",
        f"A script{f' in {language}' if language else ''} does not run here. A person does it."
        + one_line(kept, 300),
        "Write it as lines name = FEEL expression, or leave it to a person.",
    )


def _decision(draft: Draft, node: etree._Element) -> None:
    decision_id = dialect.extension(node, "calledDecisionId")
    if not decision_id:
        hand_to_person(
            draft,
            node,
            "decision-open",
            "The file does not say which decision this is. A person decides.",
            "Draw the decision as a DMN table and choose it here, or leave it to a person.",
        )
    elif decision_id not in draft.decisions:
        add_decision(draft, node, decision_id, decision_id)


def add_decision(draft: Draft, node: etree._Element, wanted: str, output: str) -> None:
    """Let a task use a decision that is not in the file; an empty one stands in for it."""
    decision_id = wanted if wanted.isidentifier() and len(wanted) <= MAX_ID else ""
    decision_id = decision_id or variable(wanted, "decision")
    is_free = output.isidentifier() and output not in RESERVED
    output = output if is_free else variable(decision_id, "result")
    draft.decisions.setdefault(decision_id, Decision(decision_id, tree.title(node), output))
    dialect.put_extension(node, "calledDecisionId", decision_id)
    draft.ask(
        "decision-missing",
        node,
        f"The decision “{one_line(wanted, 100)}” is not in this file. An empty table stands in "
        "for it.",
        f"Put the rules into {decision_id}.dmn.",
    )


def _adhoc(draft: Draft, node: etree._Element) -> None:
    node.tag = tree.bpmn("subProcess")
    tree.remove_children(node, "completionCondition")
    draft.ask(
        "adhoc-replaced",
        node,
        "Its steps may be done in any order. Here all of them begin at once, and all must be done.",
        "Say which of them may be left out, and who decides that.",
    )
    _subprocess(draft, node)


def _subprocess(draft: Draft, node: etree._Element) -> None:
    if tree.is_event_subprocess(node):
        node.tag = tree.bpmn("subProcess")
    if not tree.nodes(node) and not tree.is_event_subprocess(node):
        hand_to_person(
            draft,
            node,
            "subprocess-empty",
            "This sub-process is drawn without its steps. It became one task.",
            "Draw its steps, or leave it as one task.",
        )
    elif not tree.nodes(node):
        draft.ask(
            "subprocess-empty",
            node,
            "This sub-process is drawn without its steps and without what starts it. "
            "It was left out.",
            "Draw its steps if it matters.",
        )
        draft.remove(node)


def _call(draft: Draft, node: etree._Element) -> None:
    wanted = node.get("calledElement", "").strip()
    if not wanted or "{" in wanted or wanted.startswith("="):
        hand_to_person(
            draft,
            node,
            "call-open",
            "The file does not say which process is called here. It became one task.",
            "Choose the process to call, or leave it as one task.",
        )
    elif wanted not in [process.get("id") for process in draft.processes]:
        _add_stub(draft, node, wanted)
    elif _calls_itself(draft, node):
        hand_to_person(
            draft,
            node,
            "call-cycle",
            "This calls a process that leads back here. It became one task.",
            "Say where the repetition ends.",
        )


def _add_stub(draft: Draft, node: etree._Element, wanted: str) -> None:
    process = etree.SubElement(draft.root, tree.bpmn("process"), name=tree.title(node))
    process.set("id", draft.new_id(wanted))
    node.set("calledElement", process.get("id", ""))
    for other in draft.root.iter(tree.bpmn("callActivity")):
        if other.get("calledElement") == wanted:
            other.set("calledElement", process.get("id", ""))
    task = draft.add(process, "userTask", tree.title(node), f"Do_{wanted}")
    forms.fields_of(draft, task)
    draft.ask(
        "called-process-missing",
        node,
        f"The process “{one_line(wanted, 100)}” is not in this file. One with a single task stands "
        "in for it.",
        "Import that process too, or draw its steps.",
    )


def _calls_itself(draft: Draft, node: etree._Element) -> bool:
    own = tree.process_of(node).get("id")
    by_id = {process.get("id"): process for process in draft.processes}
    seen: set[str | None] = set()
    ahead = [node.get("calledElement")]
    while ahead:
        process = by_id.get(ahead.pop())
        if process is None or process.get("id") in seen:
            continue
        seen.add(process.get("id"))
        ahead += [call.get("calledElement") for call in process.iter(tree.bpmn("callActivity"))]
    return own in seen


def _lines(script: str) -> list[str]:
    return [line for part in script.splitlines() for line in part.split(";") if line.strip()]


def _is_assignment(line: str) -> bool:
    name, is_one, text = line.partition("=")
    if not is_one or not name.strip().isidentifier() or name.strip() == "incident":
        return False
    try:
        compile_expression(text.strip())
    except FeelError:
        return False
    return True


_KINDS: dict[str, Callable[[Draft, etree._Element], None]] = {
    "task": _drawn,
    "manualTask": _manual,
    "serviceTask": _service,
    "sendTask": _send,
    "scriptTask": _script,
    "businessRuleTask": _decision,
    "adHocSubProcess": _adhoc,
    "subProcess": _subprocess,
    "transaction": _subprocess,
    "callActivity": _call,
}
