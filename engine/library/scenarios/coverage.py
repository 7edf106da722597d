"""Which sequence flows and decision rules of a bundle its scenarios have taken."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from engine.bpmn.diagram import Diagram, Flow, Kind
from engine.bpmn.passages import Passages
from engine.bundles import Bundle
from engine.dmn.tables import Rule, Table
from engine.history import Event
from engine.store.database import Database
from engine.store.tables import AuditEntry

Matches = Counter[tuple[str, str]]  # (decision id, rule id) -> how often


@dataclass(frozen=True)
class Item:
    """A sequence flow or a rule."""

    id: str
    name: str
    times: int  # that it was taken


@dataclass(frozen=True)
class Part:
    """A diagram or a decision table."""

    kind: Literal["diagram", "table"]
    path: str  # of its file
    id: str  # of the process, or of the element whose table it is
    name: str
    items: tuple[Item, ...]

    @property
    def missing(self) -> list[Item]:
        return [item for item in self.items if not item.times]

    @property
    def covered(self) -> int:
        return len(self.items) - len(self.missing)

    @property
    def percent(self) -> int:
        return percent(self.covered, len(self.items))


def percent(covered: int, total: int) -> int:
    """Rounded down, so that 100 is all of it."""
    return 100 * covered // total if total else 100


def parts(bundle: Bundle, passages: Passages, matches: Matches) -> list[Part]:
    return [*_diagrams(bundle, passages), *_tables(bundle, matches)]


def matches(database: Database) -> Matches:
    """Every rule that matched in a database; a decision tells of those that it required too."""
    query = select(AuditEntry.detail).where(AuditEntry.event == Event.ELEMENT_COMPLETED)
    with database.reading() as session:
        details = list(session.scalars(query))
    made = (told for detail in details for told in (detail, *detail.get("required", ())))
    return Counter(_matched(made))


def _matched(made: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for told in made:
        if told.get("kind", Kind.DECISION_TASK) == Kind.DECISION_TASK:
            yield from ((told["decision"], rule_id) for rule_id in told["matched_rules"])


def _diagrams(bundle: Bundle, passages: Passages) -> Iterator[Part]:
    for path, diagram in sorted(bundle.diagrams.items()):
        process_id = diagram.process_id
        items = (
            Item(flow.id, _described(diagram, flow), passages[process_id, flow.id])
            for flow in diagram.flows.values()
        )
        yield Part("diagram", path, process_id, diagram.name, tuple(items))


def _described(diagram: Diagram, flow: Flow) -> str:
    source, target = diagram.nodes[flow.source], diagram.nodes[flow.target]
    answer = f" ({flow.name})" if flow.name else ""
    return f"“{source.title}” to “{target.title}”{answer}"


def _tables(bundle: Bundle, matches: Matches) -> Iterator[Part]:
    """Each table once, though several decisions may use the one of a knowledge model."""
    users: dict[Table, list[str]] = {}
    for decision in bundle.decisions.values():
        for table in decision.tables:
            users.setdefault(table, []).append(decision.id)
    for table, decision_ids in users.items():
        items = (
            Item(rule.id, _row(rule, number), sum(matches[d, rule.id] for d in decision_ids))
            for number, rule in enumerate(table.rules, start=1)
        )
        path = bundle.decision_paths[decision_ids[0]]
        yield Part("table", path, table.element_id, table.element_name, tuple(items))


def _row(rule: Rule, number: int) -> str:
    asked = ", ".join(test.text for test in rule.tests)
    given = ", ".join(cell.text for cell in rule.outputs)
    return f"row {number}: {asked} gives {given}"
