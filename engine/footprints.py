"""Which sequence flows are taken and which decision rules match, while somebody counts: a test.

History has neither: flows are no elements, and not every decision is one of a diagram. Where nobody
counts, it costs no more than a look.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Footprints:
    """How often; ids are unique in a process, and in the tables that a decision uses."""

    flows: Counter[tuple[str, str]] = field(default_factory=Counter)  # (process id, flow id)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)  # (decision id, rule id)


_counted: ContextVar[Footprints | None] = ContextVar("counted", default=None)


@contextmanager
def counted() -> Iterator[Footprints]:
    """Count in this context, and not what other threads do."""
    footprints = Footprints()
    before = _counted.set(footprints)
    try:
        yield footprints
    finally:
        _counted.reset(before)


def note_flow(process_id: str, flow_id: str) -> None:
    """A token has taken a flow."""
    footprints = _counted.get()
    if footprints is not None:
        footprints.flows[process_id, flow_id] += 1


def note_rules(decision_id: str, rule_ids: Iterable[str]) -> None:
    """Rules have matched."""
    footprints = _counted.get()
    if footprints is not None:
        footprints.rules.update((decision_id, rule_id) for rule_id in rule_ids)
