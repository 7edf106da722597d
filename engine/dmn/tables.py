"""Decision tables, and what they decide (DMN 1.5 §8.2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.dmn.errors import DmnError
from engine.dmn.item_types import ItemType
from engine.dmn.logic import Context, Trace, is_same, names_of
from engine.feel import Expression, UnaryTests, compile_expression
from engine.feel.limits import spend
from engine.feel.values import Value


class HitPolicy(StrEnum):
    UNIQUE = "UNIQUE"  # at most one rule may match
    FIRST = "FIRST"  # the first rule that matches counts
    ANY = "ANY"  # several rules may match when they agree
    PRIORITY = "PRIORITY"  # the one whose output stands first in the output values counts
    RULE_ORDER = "RULE ORDER"  # all that match, as a list in the order of the rules
    OUTPUT_ORDER = "OUTPUT ORDER"  # all that match, as a list in the order of the output values
    COLLECT = "COLLECT"  # all that match, as a list or as what its aggregation makes of it

    @property
    def gives_list(self) -> bool:
        return self in (self.RULE_ORDER, self.OUTPUT_ORDER, self.COLLECT)

    @property
    def needs_order(self) -> bool:
        return self in (self.PRIORITY, self.OUTPUT_ORDER)


class Aggregation(StrEnum):
    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


@dataclass(frozen=True)
class Input:
    label: str
    expression: Expression
    type: ItemType
    allowed: UnaryTests | None = None  # its input values


@dataclass(frozen=True)
class Output:
    name: str  # may be empty when it is the only one
    type: ItemType
    allowed: UnaryTests | None = None  # its output values
    order: tuple[Value, ...] = ()  # the same, the most important first
    default: Expression | None = None

    def rank(self, value: Value) -> int:
        """The place of ``value`` in the order, behind all others when it is not listed."""
        places = (n for n, listed in enumerate(self.order) if is_same(listed, value))
        return next(places, len(self.order))


@dataclass(frozen=True)
class Rule:
    id: str
    tests: tuple[UnaryTests, ...]  # one for each input
    outputs: tuple[Expression, ...]  # one for each output

    def matches(self, values: Sequence[Value], context: Context) -> bool:
        for test, value in zip(self.tests, values, strict=True):
            if not test.matches(value, context):
                return False
        return True


@dataclass(frozen=True, eq=False)
class Table:
    element_id: str
    element_name: str  # of the decision or the like that it belongs to
    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...] = field(repr=False)

    @property
    def names(self) -> frozenset[str]:
        """The variables that the table reads, in its inputs and in its cells."""
        columns = [column.expression for column in self.inputs]
        columns += [column.default for column in self.outputs if column.default]
        tests = [test for rule in self.rules for test in rule.tests]
        cells = [cell for rule in self.rules for cell in rule.outputs]
        return names_of(columns) | names_of(tests) | names_of(cells)

    @property
    def gives_list(self) -> bool:
        return self.hit_policy.gives_list and not self.aggregation

    def evaluate(self, context: Context, trace: Trace) -> Value:
        """Decide, or raise ``DmnError`` when the rules that match contradict the hit policy."""
        spend(1 + len(self.rules))
        values = [column.expression.evaluate(context) for column in self.inputs]
        for column, value in zip(self.inputs, values, strict=True):
            trace.inputs[column.label] = value
            self._require_allowed(column, value, context)
        matched = self._matched(values, context)
        trace.matched_rules.update(dict.fromkeys(rule.id for rule in matched))
        if not matched:
            return self._without_match(context)
        return self._settled(matched, context)

    def _settled(self, matched: Sequence[Rule], context: Context) -> Value:
        match self.hit_policy:
            case HitPolicy.UNIQUE | HitPolicy.FIRST:
                return self._only(matched, context)
            case HitPolicy.ANY:
                return self._agreed(matched, context)
            case HitPolicy.PRIORITY:
                return self._by_output(matched, context)[0]
            case HitPolicy.OUTPUT_ORDER:
                return self._by_output(matched, context)
            case HitPolicy.RULE_ORDER | HitPolicy.COLLECT:
                return self._collected(matched, context)

    def _require_allowed(self, column: Input, value: Value, context: Context) -> None:
        if value is None or column.allowed is None:
            return
        for each in value if isinstance(value, list) else [value]:
            if not column.allowed.matches(each, context):
                raise self._refused(
                    f"{column.label} of {self.element_name} is {each}, which is not among its"
                    f" input values {column.allowed.text}. Correct it, or add the value."
                )

    def _matched(self, values: Sequence[Value], context: Context) -> list[Rule]:
        matching = (rule for rule in self.rules if rule.matches(values, context))
        if self.hit_policy is HitPolicy.FIRST:
            return [rule for rule in [next(matching, None)] if rule]
        return list(matching)

    def _without_match(self, context: Context) -> Value:
        defaults = [column.default for column in self.outputs]
        if any(defaults):
            result = self._result([each.evaluate(context) if each else None for each in defaults])
            return [result] if self.gives_list else result
        if self.aggregation is Aggregation.COUNT:
            return 0
        return [] if self.gives_list else None

    def _decided(self, rule: Rule, context: Context) -> Value:
        return self._result([cell.evaluate(context) for cell in rule.outputs])

    def _result(self, values: Sequence[Value]) -> Value:
        """One output is its value; several are a context."""
        if len(self.outputs) == 1:
            return values[0]
        return {column.name: value for column, value in zip(self.outputs, values, strict=True)}

    def _only(self, matched: Sequence[Rule], context: Context) -> Value:
        if len(matched) > 1:
            raise self._contradiction(matched[0], matched[1], "both match, but only one may")
        return self._decided(matched[0], context)

    def _agreed(self, matched: Sequence[Rule], context: Context) -> Value:
        decided = self._decided(matched[0], context)
        for other in matched[1:]:
            if not is_same(decided, self._decided(other, context)):
                raise self._contradiction(matched[0], other, "both match, but decide differently")
        return decided

    def _by_output(self, matched: Sequence[Rule], context: Context) -> list[Value]:
        rows = [[cell.evaluate(context) for cell in rule.outputs] for rule in matched]
        return [self._result(row) for row in sorted(rows, key=self._rank)]

    def _rank(self, row: Sequence[Value]) -> tuple[int, ...]:
        """Where the row stands by the order of the output values, from the left."""
        return tuple(column.rank(value) for column, value in zip(self.outputs, row, strict=True))

    def _collected(self, matched: Sequence[Rule], context: Context) -> Value:
        values = [self._decided(rule, context) for rule in matched]
        if self.aggregation is None:
            return values
        return _AGGREGATES[self.aggregation].evaluate({"values": values})

    def _contradiction(self, one: Rule, other: Rule, what: str) -> DmnError:
        return self._refused(
            f"Rules {one.id} and {other.id} of {self.element_name} {what} under hit policy"
            f" {self.hit_policy}. Correct one of them."
        )

    def _refused(self, message: str) -> DmnError:
        return DmnError(message, element_id=self.element_id, element_name=self.element_name)


_AGGREGATES = {
    each: compile_expression(f"{each.lower()}(values)", names=["values"]) for each in Aggregation
}
