"""The rules of a decision table as boxes in the space of its inputs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.dmn.coverage import Boxes
from engine.dmn.domains import Piece, SimpleTests, find_simple, pieces
from engine.dmn.tables import Input, Rule, Table
from engine.feel.types import Kind, Type, kind_of
from engine.feel.values import Value

MAX_TESTS = 200_000  # of cells by pieces of their column; a larger table is not analysed
_VARIABLE = re.compile(r"[^\W\d][\w .]*")


@dataclass(frozen=True)
class Grid:
    """The rules of a table whose cells are simple, over the pieces of its inputs."""

    table: Table
    rules: tuple[Rule, ...]
    columns: tuple[tuple[Piece, ...], ...]
    boxes: Boxes

    @property
    def is_whole(self) -> bool:
        return len(self.rules) == len(self.table.rules)

    @property
    def is_independent(self) -> bool:
        """Whether each input may hold anything, whatever the others hold."""
        return all(_VARIABLE.fullmatch(column.expression.text) for column in self.table.inputs)

    def described(self, place: Sequence[int]) -> str:
        labels = [column.label for column in self.table.inputs]
        parts = [
            f"{label} = {column[piece].text}"
            for label, column, piece in zip(labels, self.columns, place, strict=False)
        ]
        return ", ".join(parts) or "anything"


def lay_out(table: Table) -> Grid | str:
    """Lay out the rules that are simple, or say why that cannot be done."""
    simple = [[find_simple(test) for test in rule.tests] for rule in table.rules]
    kept = [
        (rule, cells)
        for rule, cells in zip(table.rules, simple, strict=True)
        if all(cell is not None for cell in cells)
    ]
    texts = [column.expression.text for column in table.inputs]
    if len(set(texts)) < len(texts):
        return "two of its inputs are the same"
    columns = []
    for n, column in enumerate(table.inputs):
        found = _pieces(column, [cell for _, cells in kept if (cell := cells[n]) is not None])
        if found is None:
            return f"what stands under {column.label} cannot be compared"
        columns.append(tuple(found))
    if sum(map(len, columns)) * len(kept) > MAX_TESTS:
        return "it makes too many distinctions"
    rules = tuple(rule for rule, _ in kept)
    covered_by = tuple(_covered_by(rules, n, found) for n, found in enumerate(columns))
    return Grid(table, rules, tuple(columns), Boxes(covered_by, len(rules)))


def _pieces(column: Input, cells: Iterable[SimpleTests]) -> list[Piece] | None:
    tests = [each for each in (column.allowed, column.type.allowed) if each is not None]
    allowed = [each for test in tests if (each := find_simple(test)) is not None]
    if len(allowed) < len(tests):
        return None
    known = [*cells, *allowed]
    literals = [value for each in known for value in each.literals]
    kind = _kind(column.type.type, literals)
    if kind is None or (kind is Kind.STRING and any(each.is_ordered for each in known)):
        return None
    if kind is Kind.ANY:
        return [Piece(None, "anything")]
    found = pieces(kind, [value for value in literals if kind_of(value) is kind])
    if found is None:
        return None
    return [piece for piece in found if all(each.matches(piece.value, {}) for each in tests)]


def _kind(declared: Type, literals: Sequence[Value]) -> Kind | None:
    """The kind of an input: as declared, else that of all its literals."""
    kinds = {kind_of(value) for value in literals}
    if declared.kind is not Kind.ANY:
        return declared.kind if literals or declared.kind is Kind.BOOLEAN else Kind.ANY
    return next(iter(kinds), Kind.ANY) if len(kinds) < 2 else None


def _covered_by(rules: Sequence[Rule], column: int, found: Sequence[Piece]) -> tuple[int, ...]:
    return tuple(
        sum(1 << n for n, rule in enumerate(rules) if rule.tests[column].matches(piece.value, {}))
        for piece in found
    )
