"""Which combinations of inputs the rules of a table cover, exactly.

A rule is a box: for each column a set of pieces, kept as the bits of a number. Sets of rules are
numbers as well, so that a question about all rules at once is one operation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Bits = int
MAX_STEPS = 5_000  # of one search; a table that takes more is not analysed


class TooLarge(Exception):
    """The search for a gap takes too long to be worth it."""


@dataclass(frozen=True)
class Boxes:
    """The rules of a table; ``covered_by[column][piece]`` are the rules true on that piece."""

    covered_by: tuple[tuple[Bits, ...], ...]
    count: int  # of the rules

    def is_empty(self, rule: int) -> bool:
        """Tell whether no input at all can match the rule."""
        return any(not any(rules >> rule & 1 for rules in column) for column in self.covered_by)

    def overlapping(self, rule: int) -> list[int]:
        """The later rules that have an input in common with ``rule``."""
        both = -1 << (rule + 1) & (1 << self.count) - 1
        for column in self.covered_by:
            touching = 0
            for rules in column:
                touching |= rules if rules >> rule & 1 else 0
            both &= touching
        return [other for other in range(self.count) if both >> other & 1]

    def common(self, rule: int, other: int) -> tuple[int, ...]:
        """The first piece of each column on which both rules are true."""
        both = 1 << rule | 1 << other
        return tuple(
            next(piece for piece, rules in enumerate(column) if rules & both == both)
            for column in self.covered_by
        )

    def gaps(self) -> Iterator[tuple[int, ...]]:
        """Combinations that no rule covers, as a piece for each of the first columns.

        Columns that are left out may hold anything.
        """
        every = [range(len(column)) for column in self.covered_by]
        return _Search(self.covered_by, every).gaps((1 << self.count) - 1)

    def is_shadowed(self, rule: int) -> bool:
        """Tell whether the rules before ``rule`` cover all of it."""
        own = [
            [piece for piece, rules in enumerate(column) if rules >> rule & 1]
            for column in self.covered_by
        ]
        return next(_Search(self.covered_by, own).gaps((1 << rule) - 1), None) is None


class _Search:
    """Walks the pieces of column after column, with the rules that are still true."""

    def __init__(
        self, covered_by: Sequence[Sequence[Bits]], pieces: Sequence[Sequence[int]]
    ) -> None:
        self._covered_by = covered_by
        self._pieces = pieces
        self._covered: set[tuple[int, Bits]] = set()  # where there is no gap
        self._steps = 0

    def gaps(self, rules: Bits, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
        depth = len(path)
        if not rules:
            yield path
            return
        if depth == len(self._covered_by) or (depth, rules) in self._covered:
            return
        has_gap = False
        for left, piece in self._distinct(depth, rules):
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise TooLarge
            for gap in self.gaps(left, (*path, piece)):
                has_gap = True
                yield gap
        if not has_gap:
            self._covered.add((depth, rules))

    def _distinct(self, depth: int, rules: Bits) -> list[tuple[Bits, int]]:
        """The pieces of a column, but one for all those on which the same rules are true."""
        pieces = [(self._covered_by[depth][piece] & rules, piece) for piece in self._pieces[depth]]
        gaps = [(left, piece) for left, piece in pieces if not left]
        return [*gaps, *{left: (left, piece) for left, piece in reversed(pieces) if left}.values()]
