"""Read decision tables from DMN files; whatever would not be evaluated is refused, not ignored."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from lxml import etree

from engine import safe_xml
from engine.dmn.tables import Decision, DmnError, HitPolicy, Input, Rule
from engine.feel import FeelError, compile_expression, compile_unary_tests

_NAMESPACES = (
    "http://www.omg.org/spec/DMN/20180521/MODEL/",  # 1.2
    "https://www.omg.org/spec/DMN/20191111/MODEL/",  # 1.3
    "https://www.omg.org/spec/DMN/20211108/MODEL/",  # 1.4
    "https://www.omg.org/spec/DMN/20230324/MODEL/",  # 1.5
)
# Says something to people, nothing to us; each element may hold it.
_WORDS = ("description", "extensionElements")
_DIAGRAM = "DMNDI"  # where things are drawn; has a namespace of its own

_Compiled = TypeVar("_Compiled")


def parse(content: bytes) -> list[Decision]:
    """Compile the decisions of a file.

    Raises ``InvalidDocument`` when it is not XML, ``DmnError`` when it is not a DMN file or holds
    anything but decision tables without requirements.
    """
    root = safe_xml.parse(content)
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in _NAMESPACES:
        raise _refused(root, "This is not a DMN 1.2 to 1.5 file. Save it as DMN 1.3.")
    _require_feel(root)
    _require_only(root, "decision", "inputData", "textAnnotation", "association", _DIAGRAM)
    decisions = [_decision(element) for element in _children(root, "decision")]
    if not decisions:
        raise _refused(root, "The file holds no decision. Add a decision table.")
    _require_different(root, "decisions", [decision.id for decision in decisions])
    return decisions


def _decision(element: etree._Element) -> Decision:
    _require_only(
        element, "decisionTable", "variable", "question", "allowedAnswers", "informationRequirement"
    )
    for requirement in _children(element, "informationRequirement"):
        # A line from input data on the drawing; the table's own expressions say what is read.
        _require_only(requirement, "requiredInput")
    table = _only_child(element, "decisionTable")
    _require_only(table, "input", "output", "rule", "annotation")
    inputs = [_input(column) for column in _children(table, "input")]
    outputs = [_output_name(column) for column in _children(table, "output")]
    rules = [_rule(rule, len(inputs), len(outputs)) for rule in _children(table, "rule")]
    if not outputs:
        raise _refused(table, "The table has no output. Add one.")
    _require_different(table, "inputs", [column.label for column in inputs])
    _require_different(table, "outputs", outputs)
    _require_different(table, "rules", [rule.id for rule in rules])
    return Decision(
        id=_required(element, "id"),
        name=_required(element, "name"),
        hit_policy=_hit_policy(table),
        inputs=tuple(inputs),
        output_names=tuple(outputs),
        rules=tuple(rules),
    )


def _hit_policy(table: etree._Element) -> HitPolicy:
    name = table.get("hitPolicy", HitPolicy.UNIQUE)
    if name not in list(HitPolicy) or table.get("aggregation"):
        wanted = f"{name} {table.get('aggregation', '')}".strip()
        raise _refused(table, f"Hit policy {wanted} is not accepted. Use {', '.join(HitPolicy)}.")
    return HitPolicy(name)


def _input(column: etree._Element) -> Input:
    _require_only(column, "inputExpression")
    expression = _compiled(_only_child(column, "inputExpression"), compile_expression)
    return Input(column.get("label") or expression.text, expression)


def _output_name(column: etree._Element) -> str:
    _require_only(column)
    name = _required(column, "name")
    if not name.isidentifier():
        raise _refused(column, f"Output {name} is not one word. Rename it, as in is_major.")
    return name


def _rule(rule: etree._Element, inputs: int, outputs: int) -> Rule:
    _require_only(rule, "inputEntry", "outputEntry", "annotationEntry")
    tests = [_compiled(cell, compile_unary_tests, "-") for cell in _children(rule, "inputEntry")]
    cells = [_compiled(cell, compile_expression) for cell in _children(rule, "outputEntry")]
    if (len(tests), len(cells)) != (inputs, outputs):
        raise _refused(rule, f"The rule must have {inputs} input and {outputs} output cells.")
    return Rule(_required(rule, "id"), tuple(tests), tuple(cells))


def _compiled(
    element: etree._Element, compile_text: Callable[[str], _Compiled], empty: str = ""
) -> _Compiled:
    """Compile what an element's ``text`` holds; ``empty`` stands in for no text at all."""
    _require_only(element, "text")
    holder = _only_child(element, "text")
    if len(holder):
        raise _refused(element, "The cell holds more than text. Leave only its FEEL text.")
    # dmn-js writes an input cell that shows "-" with an empty text.
    text = (holder.text or "").strip() or empty
    try:
        return compile_text(text)
    except FeelError as error:
        shown = f"'{text}' is not accepted" if text else "An expression is missing"
        raise _refused(element, f"{shown}: {error}. Correct it.") from error


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return list(element.iterchildren(f"{{{etree.QName(element).namespace}}}{name}"))


def _only_child(element: etree._Element, name: str) -> etree._Element:
    found = _children(element, name)
    if len(found) != 1:
        raise _refused(element, f"{_kind(element)} needs exactly one {name}; it has {len(found)}.")
    return found[0]


def _require_only(element: etree._Element, *names: str) -> None:
    """Refuse any other child, because leaving it out could change the decision."""
    for child in element.iterchildren("{*}*"):
        tag = etree.QName(child)
        is_ours = tag.namespace == etree.QName(element).namespace
        if tag.localname not in (*names, *_WORDS) or not (is_ours or tag.localname == _DIAGRAM):
            raise _refused(child, f"{_kind(child)} is not accepted in {_kind(element)}. Remove it.")


def _require_feel(root: etree._Element) -> None:
    for element in root.iter("{*}*"):
        language = element.get("expressionLanguage", "feel")
        if language.lower() != "feel" and not language.endswith("/FEEL/"):
            raise _refused(element, f"Expression language {language} is not accepted. Use FEEL.")


def _require_different(element: etree._Element, what: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise _refused(element, f"{count} {what} are called {name}. Give each its own.")


def _required(element: etree._Element, attribute: str) -> str:
    value = (element.get(attribute) or "").strip()
    if not value:
        raise _refused(element, f"{_kind(element)} has no {attribute}. Give it one.")
    return value


def _kind(element: etree._Element) -> str:
    return etree.QName(element).localname


def _refused(element: etree._Element, message: str) -> DmnError:
    """Name the element by the nearest id and name, as cells need not have their own."""
    return DmnError(
        message, element_id=_nearest(element, "id"), element_name=_nearest(element, "name")
    )


def _nearest(element: etree._Element, attribute: str) -> str:
    above = [element, *element.iterancestors()]
    return next((value for each in above if (value := each.get(attribute))), "")
