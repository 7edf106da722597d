"""Decisions ready to be evaluated, and what an evaluation says (DMN 1.5 §6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine import footprints
from engine.dmn.errors import DmnError
from engine.dmn.logic import Context, Trace
from engine.dmn.tables import Table
from engine.feel import FeelError, FeelValueError, Function, to_data
from engine.feel.limits import metered
from engine.feel.values import Value


@dataclass(frozen=True)
class Outcome:
    """What a decision decided and why, as JSON data."""

    outputs: dict[str, Any]  # each ``None`` when no rule matched
    matched_rules: tuple[str, ...]  # the ids of those in its tables
    inputs: dict[str, Any]  # what its tables looked at, by label; without tables, what it read
    decision_id: str = ""
    decision_name: str = ""
    required: tuple["Outcome", ...] = ()  # of all decisions that it took, each after its own


@dataclass(frozen=True)
class Verdict:
    """The same inside an evaluation, as FEEL values."""

    decision: "Decision"
    value: Value
    trace: Trace


class Run:
    """One evaluation of a decision and of those that it requires, each evaluated once."""

    def __init__(self, data: Context, given: Mapping["Decision", Value] | None = None) -> None:
        """``given`` are decisions that are not made but known, as those that a service is told."""
        self.data = data
        self.made: list[Verdict] = []
        self._values = dict(given or {})
        self._within: dict[str, Run] = {}

    def value(self, decision: "Decision") -> Value:
        if decision not in self._values:
            verdict = decision.decide(self)
            self.made.append(verdict)
            self._values[decision] = verdict.value
        return self._values[decision]

    def within(self, prefix: str) -> "Run":
        """The run as an import sees it: data below the name of the import comes first."""
        data = self.data.get(prefix) if prefix else None
        if not isinstance(data, Mapping):
            return self
        if prefix not in self._within:
            self._within[prefix] = Run({**self.data, **data})
            self._within[prefix].made = self.made
        return self._within[prefix]


@dataclass(frozen=True, eq=False)
class Decision:
    """A decision, or a decision service called as one."""

    id: str
    name: str
    variable: str  # what other decisions call it
    output_names: tuple[str, ...]
    names: frozenset[str]  # the process variables that it and what it requires read
    tables: tuple[Table, ...]  # those in its logic and in the knowledge models that it requires
    decide: Callable[[Run], Verdict] = field(repr=False)

    def value(self, context: Context) -> Value:
        """Evaluate to the FEEL value, or raise ``DmnError``."""
        return self._run(context).value(self)

    def evaluate(self, context: Context) -> Outcome:
        """Decide over process data.

        Raises ``DmnError`` when the rules that match contradict their hit policy, when an input is
        not among the values that a table allows, and when the result is not data.
        """
        *required, verdict = self._run(context).made
        try:
            to_data(verdict.value)
        except FeelValueError as error:
            raise self._refused(str(error)) from error
        for made in (*required, verdict):
            footprints.note_rules(made.decision.id, made.trace.matched_rules)
        return replace(_outcome(verdict), required=tuple(map(_outcome, required)))

    def outputs(self, value: Value) -> dict[str, Value]:
        """The variables that a value of this decision sets."""
        if len(self.output_names) == 1:
            return {self.output_names[0]: value}
        given = value if isinstance(value, dict) else {}
        return {name: given.get(name) for name in self.output_names}

    def _run(self, context: Context) -> Run:
        run = Run(context)
        try:
            with metered():
                run.value(self)
        except FeelError as error:
            raise self._refused(error.message) from error
        return run

    def _refused(self, message: str) -> DmnError:
        return DmnError(f"{self.name}: {message}", element_id=self.id, element_name=self.name)


def _outcome(verdict: Verdict) -> Outcome:
    decision, trace = verdict.decision, verdict.trace
    return Outcome(
        outputs={k: _data(v) for k, v in decision.outputs(verdict.value).items()},
        matched_rules=tuple(trace.matched_rules),
        inputs={k: _data(v) for k, v in trace.inputs.items() if not isinstance(v, Function)},
        decision_id=decision.id,
        decision_name=decision.name,
    )


def _data(value: Value) -> Any:
    """A value for the auditor, who may as well see that it was a function."""
    try:
        return to_data(value)
    except FeelValueError as error:
        return f"({error})"
