"""What reads a variable that nothing sets: left to a person, or left out with a question."""

from lxml import etree

from engine.feel import FeelError, compile_expression
from engine.library.importing import dialect, tree
from engine.library.importing.activities import hand_to_person
from engine.library.importing.draft import Draft
from engine.library.importing.expressions import known, to_feel
from engine.library.importing.words import one_line


def settle(draft: Draft) -> None:
    for process in draft.processes:
        names = known(draft, process)
        for node in tree.all_nodes(process):
            for name in ("correlationKey", "payload"):
                _settle_property(draft, node, name, names)
            if tree.is_a(node, "scriptTask"):
                _settle_script(draft, node, names)
            elif tree.is_a(node, "serviceTask"):
                _settle_parameters(draft, node, names)


def _settle_property(draft: Draft, node: etree._Element, name: str, names: set[str]) -> None:
    text = dialect.get(node, name)
    feel = to_feel(text, draft, "feel") if text else None
    if feel and compile_expression(feel).names <= names:
        dialect.put(node, name, feel)
    elif text:
        dialect.drop(node, name)
        what = "tells which instance it is for" if name == "correlationKey" else "it carries"
        draft.ask(
            "message-content",
            node,
            f"What {what} (“{one_line(text, 120)}”) reads something that nothing here sets. It was "
            "left out; the incident alone tells the receiver.",
            "Say which value sender and receiver have in common.",
        )


def _settle_script(draft: Draft, node: etree._Element, names: set[str]) -> None:
    lines = tree.text(node, "script").replace(";", "\n").splitlines()
    texts = [line.partition("=")[2].strip() for line in lines if line.strip()]
    if all(reads_only(text, names) for text in texts):
        return
    script = one_line(tree.text(node, "script"), 500)
    dialect.put_extension(node, "instructionsForEndUser", f"Do what this script did: {script}")
    hand_to_person(
        draft,
        node,
        "script-open",
        "The script reads something that nothing here sets. A person does what it did.",
        "Say where the value comes from, or leave it to a person.",
    )


def _settle_parameters(draft: Draft, node: etree._Element, names: set[str]) -> None:
    parameters = list(node.iter(f"{tree.SPIFF}parameter"))
    if not all(reads_only(p.get("value", ""), names) for p in parameters):
        hand_to_person(
            draft,
            node,
            "operation-open",
            "The operation reads something that nothing in this file sets. A person does it.",
            "Say where the values come from.",
        )


def reads_only(text: str, names: set[str]) -> bool:
    try:
        return compile_expression(text).names <= names
    except FeelError:
        return False
