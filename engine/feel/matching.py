"""Run patterns over texts, in time that grows with their lengths and no faster.

Of the ways to match, the preferred one is tried first and the others are put on a stack. No
instruction is run twice at one place, as it would fail again; that keeps what is exponential with
the usual backtracking down to instructions times characters, and ends loops over nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.feel.limits import fits, spend


@dataclass(frozen=True, slots=True)
class One:
    """Take a character that passes the test."""

    test: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Check:
    """Go on only at such a place."""

    test: Callable[[str, int], bool]


@dataclass(frozen=True, slots=True)
class Split:
    """Try one way, and when it fails the other."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Jump:
    by: int


@dataclass(frozen=True, slots=True)
class Save:
    """Remember the place: a group begins at twice its number and ends at the slot behind."""

    slot: int


@dataclass(frozen=True, slots=True)
class Back:
    """Take what a group took."""

    group: int
    any_case: bool


_PART = re.compile(r"([^$\\]+)|\\([$\\])|\$([0-9]{1,3})", re.ASCII)

_STEPS = 3  # what an instruction costs of the evaluation's allowance

Instruction = One | Check | Split | Jump | Save | Back
Slots = tuple[int, ...]


@dataclass(frozen=True)
class Program:
    instructions: tuple[Instruction, ...]
    groups: int
    has_backs: bool  # whether what follows can depend on what was taken


@dataclass(frozen=True)
class Match:
    text: str
    slots: Slots

    @property
    def start(self) -> int:
        return self.slots[0]

    @property
    def end(self) -> int:
        return self.slots[1]

    def group(self, number: int) -> str:
        """What a group took; nothing when it took no part."""
        first, last = self.slots[2 * number : 2 * number + 2]
        return self.text[first:last] if 0 <= first <= last else ""


def search(program: Program, text: str, start: int = 0) -> Match | None:
    """Find the first match at or behind ``start``."""
    run = _Run(program, text)
    for position in range(start, len(text) + 1):
        slots = run.match_at(position)
        if slots is not None:
            return Match(text, slots)
    return None


class _Run:
    """One search: what was tried at one start need not be tried at the next."""

    def __init__(self, program: Program, text: str) -> None:
        self._program = program
        self._text = text
        self._tried: set[object] = set()

    def match_at(self, start: int) -> Slots | None:
        size = len(self._program.instructions)
        stack = [(0, start, (start, *[-1] * (2 * self._program.groups + 1)))]
        while stack:
            index, position, slots = stack.pop()
            if index == size:
                return (slots[0], position, *slots[2:])
            key = (index, position, slots) if self._program.has_backs else (index, position)
            if key in self._tried:
                continue
            self._tried.add(key)
            spend(_STEPS)
            stack += self._next(index, position, slots)
        return None

    def _next(self, index: int, position: int, slots: Slots) -> list[tuple[int, int, Slots]]:
        """Where to go on, the preferred way last, as that is taken first."""
        instruction = self._program.instructions[index]
        match instruction:
            case One(test):
                passes = position < len(self._text) and test(self._text[position])
                return [(index + 1, position + 1, slots)] if passes else []
            case Split(first, second):
                return [(index + second, position, slots), (index + first, position, slots)]
            case Jump(by):
                return [(index + by, position, slots)]
            case Save(slot):
                return [(index + 1, position, (*slots[:slot], position, *slots[slot + 1 :]))]
            case Check(test):
                return [(index + 1, position, slots)] if test(self._text, position) else []
            case Back(group, any_case):
                end = self._end_of_repeat(Match(self._text, slots).group(group), position, any_case)
                return [(index + 1, end, slots)] if end is not None else []

    def _end_of_repeat(self, taken: str, position: int, any_case: bool) -> int | None:  # noqa: FBT001
        end = position + len(taken)
        spend(len(taken) // 8)
        there = self._text[position:end]
        same = there.casefold() == taken.casefold() if any_case else there == taken
        return end if same else None


def _find_all(program: Program, text: str) -> list[Match] | None:
    """All matches one behind the other; ``None`` when the pattern also matches nothing."""
    if search(program, "") is not None:
        return None
    matches, position = [], 0
    while match := search(program, text, position):
        matches.append(match)
        position = match.end
    return matches


def split(program: Program, text: str) -> list[str] | None:
    matches = _find_all(program, text)
    if matches is None:
        return None
    starts = [0, *(match.end for match in matches)]
    ends = [*(match.start for match in matches), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def replace(program: Program, text: str, replacement: str) -> str | None:
    """Put the replacement in place of all matches; null when it is not well-formed."""
    matches, parts = _find_all(program, text), _parts(replacement, program.groups)
    if matches is None or parts is None:
        return None
    pieces, position = [], 0
    for match in matches:
        pieces += [text[position : match.start], *_filled(parts, match)]
        spend(len(parts))
        position = match.end
    pieces.append(text[position:])
    return "".join(pieces) if fits(sum(map(len, pieces))) else None


def _filled(parts: Sequence[str | int], match: Match) -> list[str]:
    return [match.group(part) if isinstance(part, int) else part for part in parts]


def _parts(replacement: str, groups: int) -> list[str | int] | None:
    """Cut ``a$1b`` into its texts and the numbers of its groups."""
    parts: list[str | int] = []
    offset = 0
    while match := _PART.match(replacement, offset):
        plain, escaped, digits = match.groups()
        if digits:
            # As many digits as there are groups; what follows them is text again.
            while len(digits) > 1 and int(digits) > groups:
                digits = digits[:-1]
            parts.append(int(digits) if int(digits) <= groups else "")
            offset = match.start() + 1 + len(digits)
        else:
            parts.append(plain or escaped)
            offset = match.end()
    return parts if offset == len(replacement) else None
