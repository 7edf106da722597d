"""Cells of decision tables that cannot hold what they say."""

from collections.abc import Iterator

from engine.dmn.domains import find_simple
from engine.dmn.findings import Finding, finding
from engine.dmn.tables import Input, Output, Rule, Table
from engine.feel import Expression, FeelError, UnaryTests
from engine.feel.types import Kind, coerce, kind_of


def mistyped(table: Table) -> Iterator[Finding]:
    for rule in table.rules:
        for column, tests in zip(table.inputs, rule.tests, strict=True):
            problem = _input_problem(column, tests)
            if problem:
                yield _finding(table, rule, tests.text, column.label, problem)
        for output, cell in zip(table.outputs, rule.outputs, strict=True):
            problem = _output_problem(output, cell)
            if problem:
                label = output.name or table.element_name
                yield _finding(table, rule, cell.text, label, problem)


def _input_problem(column: Input, tests: UnaryTests) -> str:
    simple, kind = find_simple(tests), column.type.type.kind
    if simple is None or kind in (Kind.ANY, Kind.LIST):
        return ""
    if any(kind_of(value) is not kind for value in simple.literals):
        return f"which is a {kind}"
    for allowed in filter(None, (column.allowed, column.type.allowed)):
        if not all(allowed.matches(value, {}) for value in simple.values):
            return f"whose values are {allowed.text}"
    return ""


def _output_problem(column: Output, cell: Expression) -> str:
    if cell.names:
        return ""  # known only when it is evaluated
    try:
        value = cell.evaluate({})
    except FeelError:
        return ""
    if value is None:
        return ""
    if column.allowed is not None and not column.allowed.matches(value, {}):
        return f"whose values are {column.allowed.text}"
    if coerce(value, column.type.type) is not None:
        return ""
    allowed, kind = column.type.allowed, column.type.type.actual.kind
    return f"whose values are {allowed.text}" if allowed else f"which is a {kind}"


def _finding(table: Table, rule: Rule, cell: str, column: str, problem: str) -> Finding:
    message = f"Rule {rule.id} says {cell} under {column}, {problem}. Correct the cell."
    return finding("decision-type", "error", table, message)
