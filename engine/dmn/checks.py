"""What is doubtful or wrong in decision tables, found without running them."""

from collections.abc import Iterator
from itertools import islice

from engine.dmn.cell_checks import mistyped
from engine.dmn.coverage import TooLarge
from engine.dmn.decisions import Decision
from engine.dmn.findings import Finding, Severity, finding, unanalysed
from engine.dmn.grids import Grid, lay_out
from engine.dmn.logic import is_same
from engine.dmn.tables import HitPolicy, Rule, Table

MAX_CELLS = 5_000  # of one table; a larger one is not analysed
MAX_FINDINGS = 20  # of one kind about one table
# The policies under which a table is expected to have an answer to everything.
_COMPLETE = (HitPolicy.UNIQUE, HitPolicy.FIRST, HitPolicy.ANY, HitPolicy.PRIORITY)


def check(decision: Decision) -> list[Finding]:
    """Check the decision's tables: cells of wrong types, gaps, overlaps, rules that never count."""
    return [each for table in decision.tables for each in _check_table(table)]


def _check_table(table: Table) -> Iterator[Finding]:
    if len(table.rules) * max(1, len(table.inputs)) > MAX_CELLS:
        yield unanalysed(table, f"it has more than {MAX_CELLS} cells")
        return
    yield from islice(mistyped(table), MAX_FINDINGS)
    grid = lay_out(table)
    if isinstance(grid, str):
        yield unanalysed(table, grid)
        return
    for search in (_unreachable, _overlaps, _gaps):
        try:
            yield from islice(search(grid), MAX_FINDINGS)
        except TooLarge:
            yield unanalysed(table, "its rules combine in too many ways")
            return


def _unreachable(grid: Grid) -> Iterator[Finding]:
    for n, rule in enumerate(grid.rules):
        if grid.boxes.is_empty(n):
            message = f"Rule {rule.id} never matches: no input passes its cells. Correct it."
            yield finding("decision-unreachable-rule", "warning", grid.table, message)
        elif grid.table.hit_policy is HitPolicy.FIRST and grid.boxes.is_shadowed(n):
            message = (
                f"Rule {rule.id} never counts: the rules before it cover it. Move or remove it."
            )
            yield finding("decision-unreachable-rule", "warning", grid.table, message)


def _overlaps(grid: Grid) -> Iterator[Finding]:
    """Rules that contradict each other, which a policy that chooses or collects cannot have."""
    policy = grid.table.hit_policy
    if policy not in (HitPolicy.UNIQUE, HitPolicy.ANY):
        return
    for n, rule in enumerate(grid.rules):
        for m in grid.boxes.overlapping(n):
            other = grid.rules[m]
            severity = _severity(rule, other) if policy is HitPolicy.ANY else "error"
            if severity == "info":
                continue
            where = grid.described(grid.boxes.common(n, m))
            message = (
                f"Rules {rule.id} and {other.id} both match under hit policy {policy}, as when"
                f" {where}. Narrow one of them, or choose another policy."
            )
            # What depends on another input may keep rules apart that look as if they met.
            severity = severity if grid.is_independent else "warning"
            yield finding("decision-overlap", severity, grid.table, message)


def _severity(rule: Rule, other: Rule) -> Severity:
    """How bad it is when two rules of an ANY table meet: they must decide the same."""
    pairs = list(zip(rule.outputs, other.outputs, strict=True))
    if all(one.text == two.text for one, two in pairs):
        return "info"
    if any(one.names or two.names for one, two in pairs):
        return "warning"
    same = all(is_same(one.evaluate({}), two.evaluate({})) for one, two in pairs)
    return "info" if same else "error"


def _gaps(grid: Grid) -> Iterator[Finding]:
    table = grid.table
    if table.hit_policy not in _COMPLETE or any(column.default for column in table.outputs):
        return
    if not grid.is_whole:
        yield unanalysed(table, "some of its cells are not simple tests")
        return
    for gap in grid.boxes.gaps():
        message = f"{grid.described(gap)} has no rule. Add one, or a default output."
        yield finding("decision-gap", "warning", table, message)
