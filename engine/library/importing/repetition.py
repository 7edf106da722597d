"""Activities that run several times: for each item, so many times, or until it is done."""

import re
from collections.abc import Container

from lxml import etree

from engine.library.importing import forms, tree
from engine.library.importing.draft import Draft, Origin
from engine.library.importing.expressions import fresh_name, known, names, to_feel
from engine.library.importing.words import variable

_SEVERAL = "multiInstanceLoopCharacteristics"
_AGAIN = "standardLoopCharacteristics"
_COUNTS = {
    "numberOfInstances",
    "numberOfActiveInstances",
    "numberOfCompletedInstances",
    "numberOfTerminatedInstances",
}
_COUNT = re.compile(r"\d{1,3}")


def settle(draft: Draft) -> None:
    for process in draft.processes:
        taken = known(draft, process)
        for node in tree.all_nodes(process):
            several = node.find(tree.bpmn(_SEVERAL))
            again = node.find(tree.bpmn(_AGAIN))
            if several is not None:
                _settle_several(draft, node, several, taken)
                tree.remove_children(node, _AGAIN)
            elif again is not None:
                _settle_again(draft, node, again, taken)


def _settle_several(
    draft: Draft, node: etree._Element, several: etree._Element, taken: set[str]
) -> None:
    if tree.is_event_subprocess(node):
        tree.remove_children(node, _SEVERAL)
        return
    item = several.find(tree.bpmn("inputDataItem"))
    _settle_items(draft, node, several, taken)
    if item is not None and item.getparent() is None:
        taken.discard(item.get("name", ""))
    completion = tree.text(several, "completionCondition")
    tree.remove_children(several, "completionCondition")
    feel = _readable(draft, completion, taken | _COUNTS) if completion else None
    if feel:
        tree.set_text(several, "completionCondition", feel)
    elif completion:
        draft.ask(
            "completion-dropped",
            node,
            f"It would be over early when “{completion[:120]}”, which cannot be read here. All of "
            "them must be done.",
            "Say when the rest need not be done any more.",
        )
    _settle_results(several)


def _settle_items(
    draft: Draft, node: etree._Element, several: etree._Element, taken: set[str]
) -> None:
    collection = tree.text(several, "loopDataInputRef")
    cardinality = tree.text(several, "loopCardinality")
    tree.remove_children(several, "loopDataInputRef", "loopCardinality")
    is_reference = draft.origin is Origin.DRAWN  # to a data input, which is not read here
    feel = None if is_reference else _readable(draft, collection, taken)
    count = cardinality if _COUNT.fullmatch(cardinality) else _readable(draft, cardinality, taken)
    if feel:
        several.insert(0, _element("loopDataInputRef", feel))
        return
    tree.remove_children(several, "inputDataItem", "outputDataItem", "loopDataOutputRef")
    if count:
        tree.set_text(several, "loopCardinality", count)
        return
    tree.set_text(several, "loopCardinality", "1")
    what = (
        f"each of “{collection[:120]}”, which nothing here sets" if collection else "each of many"
    )
    draft.ask(
        "repetition-open",
        node,
        f"It is to be done for {what}. For now it is done once.",
        "Say for which list of things it is done, or how many times.",
    )


def _settle_results(several: etree._Element) -> None:
    """The output collection is a variable's name, and needs to know which variable it collects."""
    output = several.find(tree.bpmn("loopDataOutputRef"))
    item = several.find(tree.bpmn("outputDataItem"))
    is_named = output is not None and (output.text or "").strip().isidentifier()
    if not is_named or item is None:
        tree.remove_children(several, "loopDataOutputRef", "outputDataItem")


def _settle_again(
    draft: Draft, node: etree._Element, again: etree._Element, taken: set[str]
) -> None:
    condition = tree.text(again, "loopCondition")
    feel = _readable(draft, condition, taken) if condition else None
    tree.remove_children(again, "loopCondition")
    if not _COUNT.fullmatch(again.get("loopMaximum", "")):
        again.attrib.pop("loopMaximum", None)
    if feel:
        tree.set_text(again, "loopCondition", feel)
    elif tree.is_a(node, "userTask"):
        key = fresh_name(variable(tree.title(node), "again"), taken)
        forms.put(draft, node, {"type": "checkbox", "key": key, "label": "Do it once more"})
        tree.set_text(again, "loopCondition", f"{key} = true")
        again.attrib.pop("testBefore", None)
        _ask(draft, node, "Whoever does it now says whether to do it once more.")
    else:
        node.remove(again)
        _ask(draft, node, "It is done once.")


def _ask(draft: Draft, node: etree._Element, assumed: str) -> None:
    draft.ask(
        "repetition-open",
        node,
        f"It is to be repeated, and the file does not say for how long. {assumed}",
        "Say when it is done.",
    )


def _readable(draft: Draft, text: str, taken: Container[str]) -> str | None:
    feel = to_feel(text, draft) if text else None
    is_known = feel is not None and all(name in taken for name in names(feel))
    return feel if is_known else None


def _element(name: str, text: str) -> etree._Element:
    element = etree.Element(tree.bpmn(name))
    element.text = text
    return element
