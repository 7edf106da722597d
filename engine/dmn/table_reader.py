"""Read a decision table; whatever would not be evaluated is refused, not ignored."""

from dataclasses import replace

from engine.dmn.elements import (
    Element,
    children,
    find_child,
    name_of,
    only_child,
    refused,
    require_attribute,
    require_different,
    require_only,
    text_of,
)
from engine.dmn.item_types import ANYTHING, ItemType, read_tests
from engine.dmn.scopes import Scope
from engine.dmn.tables import Aggregation, HitPolicy, Input, Output, Rule, Table
from engine.feel import UnaryTests
from engine.feel.values import Value


def read_table(element: Element, scope: Scope, gives: ItemType) -> Table:
    """Compile a table; ``gives`` is the type of the decision that it is the logic of."""
    require_only(element, "input", "output", "rule", "annotation")
    inputs = [_input(column, scope) for column in children(element, "input")]
    columns = list(children(element, "output"))
    if not columns:
        raise refused(element, "The table has no output. Add one.")
    is_single = len(columns) == 1
    if not is_single:
        names = [require_attribute(column, "name") for column in columns]
        require_different(element, "outputs", names)
    policy = _hit_policy(element)
    aggregation = _aggregation(element, len(columns))
    row = _row_type(gives, policy, aggregation)
    types = [row if is_single else row.components.get(name_of(c), ANYTHING) for c in columns]
    outputs = [_output(c, scope, item, policy) for c, item in zip(columns, types, strict=True)]
    shape = (len(inputs), len(outputs))
    rules = [_rule(rule, n, shape, scope) for n, rule in enumerate(children(element, "rule"), 1)]
    owner = next(element.iterancestors("{*}decision", "{*}businessKnowledgeModel"))
    if policy.needs_order and not any(column.order for column in outputs):
        raise refused(element, f"Hit policy {policy} goes by the output values. List them.")
    return Table(
        owner.get("id", ""),
        name_of(owner),
        policy,
        aggregation,
        tuple(inputs),
        tuple(outputs),
        tuple(rules),
    )


def _row_type(gives: ItemType, policy: HitPolicy, aggregation: Aggregation | None) -> ItemType:
    """The type of what one rule gives, when all of them together give ``gives``."""
    if aggregation is Aggregation.COUNT:
        return ANYTHING
    if policy.gives_list and gives.type.element:
        return replace(gives, type=gives.type.element)
    return gives


def _hit_policy(table: Element) -> HitPolicy:
    name = table.get("hitPolicy", HitPolicy.UNIQUE)
    if name not in list(HitPolicy):
        raise refused(table, f"Hit policy {name} is unknown. Use {', '.join(HitPolicy)}.")
    return HitPolicy(name)


def _aggregation(table: Element, outputs: int) -> Aggregation | None:
    name = table.get("aggregation")
    if not name:
        return None
    if name not in list(Aggregation):
        raise refused(table, f"Aggregation {name} is unknown. Use {', '.join(Aggregation)}.")
    if _hit_policy(table) is not HitPolicy.COLLECT:
        raise refused(table, f"Aggregation {name} needs hit policy COLLECT. Choose that.")
    if outputs > 1:
        raise refused(table, f"Aggregation {name} needs a single output. Remove the others.")
    return Aggregation(name)


def _input(column: Element, scope: Scope) -> Input:
    require_only(column, "inputExpression", "inputValues")
    holder = only_child(column, "inputExpression")
    expression = scope.expression(holder, text_of(holder))
    allowed = find_child(column, "inputValues")
    declared, known = scope.item_types.of(holder), scope.find_type(expression.text)
    return Input(
        column.get("label") or expression.text,
        expression,
        # A variable's own type may say more than the typeRef beside it, such as string.
        known if known is not None and known.allowed is not None else declared,
        read_tests(allowed) if allowed is not None else None,
    )


def _output(column: Element, scope: Scope, gives: ItemType, policy: HitPolicy) -> Output:
    require_only(column, "outputValues", "defaultOutputEntry")
    item = scope.item_types.of(column) if column.get("typeRef") else gives
    listed = find_child(column, "outputValues")
    default = find_child(column, "defaultOutputEntry")
    allowed = read_tests(listed) if listed is not None else None
    return Output(
        name_of(column),
        item,
        allowed,
        _order(column, scope, allowed or item.allowed) if policy.needs_order else (),
        scope.expression(default, text_of(default)) if default is not None else None,
    )


def _order(column: Element, scope: Scope, listed: UnaryTests | None) -> tuple[Value, ...]:
    if listed is None:
        return ()
    return tuple(scope.expression(column, f"[{listed.text}]").evaluate({}) or ())


def _rule(rule: Element, number: int, shape: tuple[int, int], scope: Scope) -> Rule:
    require_only(rule, "inputEntry", "outputEntry", "annotationEntry")
    # dmn-js writes an input cell that shows "-" with an empty text.
    tests = [scope.unary_tests(cell, text_of(cell) or "-") for cell in children(rule, "inputEntry")]
    cells = [scope.expression(cell, text_of(cell)) for cell in children(rule, "outputEntry")]
    if (len(tests), len(cells)) != shape:
        inputs, outputs = shape
        raise refused(rule, f"The rule must have {inputs} input and {outputs} output cells.")
    return Rule(rule.get("id") or f"rule {number}", tuple(tests), tuple(cells))
