"""The last resort: what the checks still refuse is simplified until they pass, with a question."""

from collections.abc import Callable, Mapping

from lxml import etree

from engine.errors import Finding, Refused
from engine.library.importing import ends, gateways, lanes, tree, variables
from engine.library.importing.activities import hand_to_person
from engine.library.importing.draft import Draft

_ROUNDS = 4


def pass_checks(
    draft: Draft,
    write: Callable[[], dict[str, bytes]],
    check: Callable[[Mapping[str, bytes]], list[Finding]],
) -> dict[str, bytes]:
    """The files, once the checks find no error in them; ``Refused`` when that cannot be had."""
    errors: list[Finding] = []
    for _ in range(_ROUNDS):
        files = write()
        errors = [f for f in check(files) if getattr(f, "severity", "error") == "error"]
        if not errors or not _simplify(draft, errors):
            break
        ends.settle(draft)
        gateways.settle(draft)
        variables.settle(draft)
        lanes.settle(draft)
    if errors:
        raise Refused(errors)
    return files


def _simplify(draft: Draft, errors: list[Finding]) -> bool:
    """Change what the findings name; tells whether there was anything to change."""
    # What a flow reads is asked for by its gateway, which looks at it anew after each round.
    flows = {flow.get("id") for outgoing in draft.outgoing.values() for flow in outgoing}
    changed = any(finding.element_id in flows for finding in errors)
    for finding in errors:
        node = draft.nodes.get(finding.element_id)
        if node is not None and finding.rule != "diagram-too-large":
            changed = _replace(draft, node, finding) or changed
    return changed


def _replace(draft: Draft, node: etree._Element, finding: Finding) -> bool:
    why = f"It does not run as drawn ({finding.rule}: {finding.message})"
    if finding.rule == "loop-without-wait":
        task = draft.put_before(node, "userTask", "Check how it went", f"Check_{node.get('id')}")
        draft.ask("loop-without-wait", task, f"{why} A person looks at it.", "Say who waits here.")
        return True
    if _drop_loop(node):
        draft.ask("repetition-dropped", node, f"{why} It is done once.", "Say how often, and why.")
        return True
    if tree.is_a(node, "startEvent", "endEvent", "userTask") or "Gateway" in tree.local(node):
        return False
    if tree.is_a(node, "boundaryEvent"):
        draft.ask("element-dropped", node, f"{why} It was left out.", "Draw it another way.")
        draft.remove(node)
        return True
    for definition in tree.event_definitions(node):
        node.remove(definition)
    hand_to_person(draft, node, "element-replaced", f"{why} A person does it.", "Draw it anew.")
    return True


def _drop_loop(node: etree._Element) -> bool:
    loops = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
    found = any(node.find(tree.bpmn(loop)) is not None for loop in loops)
    tree.remove_children(node, *loops)
    return found
