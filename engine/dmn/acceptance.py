"""What is asked of a DMN file before processes may call it, beyond what DMN 1.5 asks.

DMN gives null where something is missing. A process that goes on with null by mistake is worse
than a file that is refused.
"""

from engine.dmn.boxed import EXPRESSIONS
from engine.dmn.decisions import Decision
from engine.dmn.documents import Document
from engine.dmn.elements import (
    Element,
    children,
    find_child,
    kind,
    only_child,
    refused,
    require_attribute,
    require_different,
    require_name,
    text_of,
)
from engine.dmn.model import Model


def accept(model: Model) -> list[Decision]:
    """Compile all that the model's own document declares, or raise ``DmnError``."""
    document = model.document
    if not document.declared and not document.elements("itemDefinition"):
        raise refused(document.root, "The file holds no decision. Add one.")
    _require_whole(document)
    for element in document.declared:
        _require_in_scope(model, element)
    if model.refusals:
        raise model.refusals[0]
    return [model.decision(element_id) for element_id in model.callable_ids]


def _require_whole(document: Document) -> None:
    for element in document.declared:
        require_attribute(element, "id")
    for table in document.root.iter("{*}decisionTable"):
        _require_told_apart(table)
    for decision in document.elements("decision"):
        _require_logic(decision)
        _require_one_word(decision)
    for model_of_knowledge in document.elements("businessKnowledgeModel"):
        _require_logic(only_child(model_of_knowledge, "encapsulatedLogic"))
    for function in document.root.iter("{*}functionDefinition"):
        _require_logic(function)


def _require_logic(element: Element) -> None:
    if next(children(element, *EXPRESSIONS), None) is None:
        raise refused(element, f"{kind(element)} has no logic. Give it a table or an expression.")


def _require_told_apart(table: Element) -> None:
    """The auditor reads the ids of rules and the labels of inputs."""
    rules = [require_attribute(rule, "id") for rule in children(table, "rule")]
    require_different(table, "rules", rules)
    columns = [(c, find_child(c, "inputExpression")) for c in children(table, "input")]
    labels = [c.get("label") or text_of(e) for c, e in columns if e is not None]
    require_different(table, "inputs", labels)


def _require_one_word(decision: Element) -> None:
    """The columns become variables of the process, whose expressions know no longer names."""
    table = find_child(decision, "decisionTable")
    for column in children(table, "output") if table is not None else ():
        name = column.get("name")
        if name and not name.isidentifier():
            raise refused(column, f"Output {name} is not one word. Rename it, as in is_major.")


def _require_in_scope(model: Model, element: Element) -> None:
    missing = sorted(model.names_in_vain(element))
    if missing:
        name = require_name(element)
        raise refused(
            element,
            f"{name} reads {', '.join(missing)}, which it does not require and so never finds."
            " Draw the line from it, or correct the name.",
        )
