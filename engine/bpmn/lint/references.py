"""What a diagram may name: the rest of its bundle, and what the engine offers."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

from engine.bpmn.diagram import Diagram
from engine.bpmn.lint import variables, waits


@dataclass(frozen=True)
class References:
    """Everything that the rules look up; ``groups`` is ``None`` where they are not known."""

    forms: Mapping[str, Set[str]] = field(default_factory=dict)  # form key -> field keys
    decisions: Mapping[str, Set[str]] = field(default_factory=dict)  # decision id -> outputs
    operations: Mapping[str, Set[str]] = field(default_factory=dict)  # name -> parameters
    facts: Set[str] = frozenset()  # names every expression may read
    groups: Set[str] | None = None
    calendars: Set[str] = frozenset()
    processes: Mapping[str, Diagram] = field(default_factory=dict)  # process id -> diagram

    @cached_property
    def readable(self) -> Mapping[str, Set[str]]:
        """Process id -> the variables that something in the bundle may have set for it."""
        return variables.readable(self.processes, self.forms, self.decisions)

    @cached_property
    def waiting(self) -> Set[str]:
        """The processes that wait on every way through them."""
        return waits.processes(self.processes)
