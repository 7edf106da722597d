"""Which sequence flows and decision rules of a bundle its scenarios have taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.bpmn.diagram import Diagram, Flow
from engine.bundles import Bundle
from engine.dmn.tables import Rule, Table
from engine.footprints import Footprints


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


def parts(bundle: Bundle, taken: Footprints) -> list[Part]:
    """Every diagram and every decision table of a bundle."""
    return [*_diagrams(bundle, taken), *_tables(bundle, taken)]


def _diagrams(bundle: Bundle, taken: Footprints) -> Iterator[Part]:
    for path, diagram in sorted(bundle.diagrams.items()):
        process_id = diagram.process_id
        items = (
            Item(flow.id, _described(diagram, flow), taken.flows[process_id, flow.id])
            for flow in diagram.flows.values()
        )
        yield Part("diagram", path, process_id, diagram.name, tuple(items))


def _described(diagram: Diagram, flow: Flow) -> str:
    source, target = diagram.nodes[flow.source], diagram.nodes[flow.target]
    answer = f" ({flow.name})" if flow.name else ""
    return f"“{source.title}” to “{target.title}”{answer}"


def _tables(bundle: Bundle, taken: Footprints) -> Iterator[Part]:
    """Each table once, though several decisions may use the one of a knowledge model."""
    users: dict[Table, list[str]] = {}
    for decision in bundle.decisions.values():
        for table in decision.tables:
            users.setdefault(table, []).append(decision.id)
    for table, decision_ids in users.items():
        items = (
            Item(rule.id, _row(rule, number), sum(taken.rules[d, rule.id] for d in decision_ids))
            for number, rule in enumerate(table.rules, start=1)
        )
        path = bundle.decision_paths[decision_ids[0]]
        yield Part("table", path, table.element_id, table.element_name, tuple(items))


def _row(rule: Rule, number: int) -> str:
    asked = ", ".join(test.text for test in rule.tests)
    given = ", ".join(cell.text for cell in rule.outputs)
    return f"row {number}: {asked} gives {given}"
