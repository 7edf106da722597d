"""Decision tables, and what they decide (DMN 1.5 §8.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.feel import Expression, UnaryTests


class DmnError(Exception):
    """A decision that cannot be accepted or evaluated: names the element, and says what to do."""

    def __init__(self, message: str, *, element_id: str, element_name: str) -> None:
        super().__init__(message)
        self.element_id = element_id
        self.element_name = element_name


class HitPolicy(StrEnum):
    UNIQUE = "UNIQUE"  # at most one rule may match
    FIRST = "FIRST"  # the first rule that matches counts
    ANY = "ANY"  # several rules may match when they agree


@dataclass(frozen=True)
class Input:
    label: str
    expression: Expression


@dataclass(frozen=True)
class Rule:
    id: str
    tests: tuple[UnaryTests, ...]  # one for each input
    outputs: tuple[Expression, ...]  # one for each output

    def matches(self, values: Sequence[Any], context: Mapping[str, Any]) -> bool:
        for test, value in zip(self.tests, values, strict=True):
            if not test.matches(value, context):
                return False
        return True


@dataclass(frozen=True)
class Outcome:
    outputs: dict[str, Any]  # each ``None`` when no rule matched
    matched_rules: tuple[str, ...]  # their ids
    inputs: dict[str, Any]  # what each input was, by its label


@dataclass(frozen=True)
class Decision:
    id: str
    name: str
    hit_policy: HitPolicy
    inputs: tuple[Input, ...]
    output_names: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def names(self) -> frozenset[str]:
        """The variables that the table reads, in its inputs and in its cells."""
        compiled: list[Expression | UnaryTests] = [column.expression for column in self.inputs]
        for rule in self.rules:
            compiled += [*rule.tests, *rule.outputs]
        return frozenset(name for each in compiled for name in each.names)

    def evaluate(self, context: Mapping[str, Any]) -> Outcome:
        """Decide, or raise ``DmnError`` when the rules that match contradict the hit policy."""
        values = [column.expression.evaluate(context) for column in self.inputs]
        matched = self._matched(values, context)
        decided = self._decided(matched, context) if matched else [None] * len(self.output_names)
        return Outcome(
            outputs=dict(zip(self.output_names, decided, strict=True)),
            matched_rules=tuple(rule.id for rule in matched),
            inputs={c.label: value for c, value in zip(self.inputs, values, strict=True)},
        )

    def _matched(self, values: Sequence[Any], context: Mapping[str, Any]) -> list[Rule]:
        matching = (rule for rule in self.rules if rule.matches(values, context))
        if self.hit_policy is HitPolicy.FIRST:
            return [rule for rule in [next(matching, None)] if rule]
        return list(matching)

    def _decided(self, matched: Sequence[Rule], context: Mapping[str, Any]) -> list[Any]:
        first, *others = matched
        decided = [cell.evaluate(context) for cell in first.outputs]
        for other in others:
            if self.hit_policy is HitPolicy.UNIQUE:
                raise self._contradiction(first, other, "both match, but only one may")
            if not _same(decided, [cell.evaluate(context) for cell in other.outputs]):
                raise self._contradiction(first, other, "both match, but decide differently")
        return decided

    def _contradiction(self, one: Rule, other: Rule, what: str) -> DmnError:
        return DmnError(
            f"Rules {one.id} and {other.id} of {self.name} {what} under hit policy"
            f" {self.hit_policy}. Correct one of them.",
            element_id=self.id,
            element_name=self.name,
        )


def _same(left: Sequence[Any], right: Sequence[Any]) -> bool:
    # The types too, because Python takes True for 1.
    return [(type(value), value) for value in left] == [(type(value), value) for value in right]
