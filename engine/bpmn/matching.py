"""What becomes of each token when its process moves to another version: its place, or why not.

Works on the rows of a snapshot. Of the events that an event-based gateway waits for, those that are
not drawn any more are dropped, as long as one is left.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Diagram, Kind, Node
from engine.errors import InvalidDocument

Row = list[Any]  # as ``snapshot`` writes it
PROCESS, NAME, STATE, MEMORY = 2, 3, 4, 6


@dataclass(frozen=True)
class Route:
    """Two versions of a process; ``mapping`` names the elements that have another id now."""

    old: Definition
    new: Definition
    mapping: Mapping[str, str] = field(default_factory=dict)

    def drawn(self, process_id: str) -> tuple[Diagram, Diagram | None]:
        """A process of the bundle in both versions; the new one may have lost it."""
        new = self.new.called.get(process_id)
        return self.old.called[process_id].diagram, new.diagram if new else None

    def target_id(self, element_id: str | None) -> str | None:
        return self.mapping.get(element_id, element_id) if element_id else None


@dataclass(frozen=True)
class Match:
    """What becomes of an element on which tokens stand: its place in the new version, or why not.

    An event without which the instance goes on is dropped instead of holding the instance back: one
    that only accompanies something else, or one of several of which another is left.
    """

    process_id: str
    node: Node
    target: Node | None
    problem: str = ""
    can_be_dropped: bool = False

    @property
    def is_dropped(self) -> bool:
        return bool(self.problem) and self.can_be_dropped


def matches(state: str, route: Route) -> list[Match]:
    """What becomes of each token of a snapshot, besides the process itself."""
    with readable():
        pairs = matched(json.loads(state)["tokens"], route)
        return [match for _, match in pairs if match is not None]


def matched(rows: Iterable[Row], route: Route) -> list[tuple[Row, Match | None]]:
    """Each row of a snapshot with what becomes of its token; nothing becomes of the process."""
    pairs = [(row, None if is_root(row) else _match(route, row)) for row in rows]
    kept = {_race(row) for row, match in pairs if match and not match.problem} - {None}
    return [
        (row, replace(match, can_be_dropped=True) if match and _race(row) in kept else match)
        for row, match in pairs
    ]


@contextmanager
def readable() -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidDocument(
            "The saved state of this process does not fit its diagram."
        ) from error


def is_root(row: Row) -> bool:
    return str(row[NAME]).endswith("#process")


def _match(route: Route, row: Row) -> Match:
    process_id, element_id = row[PROCESS], str(row[NAME]).removesuffix("#all")
    old, new = route.drawn(process_id)
    node = old.nodes[element_id]
    target = new.nodes.get(route.target_id(element_id) or "") if new else None
    problem = problem_of(route, node, target)
    if target is not None and not problem:
        problem = _join_problem(route, row, target) or _race_problem(route, row, node, target)
    return Match(process_id, node, target, problem, _accompanies(row, node))


def _accompanies(row: Row, node: Node) -> bool:
    return "host" in row[MEMORY] or (node.kind is Kind.START and row[STATE] == TaskState.STARTED)


def problem_of(route: Route, old: Node, new: Node | None) -> str:
    """Why a token cannot move on, as a sentence; empty when it can."""
    if new is None:
        return "the new version has no such element. Name the one that takes its place."
    for problem, is_so in (
        ("the new version has another kind of element there.", old.kind is not new.kind),
        ("the new version waits for another kind of event there.", old.trigger is not new.trigger),
        ("it begins in another way now.", old.is_event_subprocess is not new.is_event_subprocess),
        ("it stands in another part of the process now.", route.target_id(old.scope) != new.scope),
        ("it repeats in another way now.", _repeats(old) != _repeats(new)),
        ("it calls another process now.", old.called_process != new.called_process),
        (
            "it waits beside another element now.",
            route.target_id(old.attached_to) != new.attached_to,
        ),
    ):
        if is_so:
            return problem
    return ""


def _repeats(node: Node) -> str | None:
    return node.loop.repeat if node.loop else None


def _join_problem(route: Route, row: Row, new: Node) -> str:
    is_join = new.kind in (Kind.PARALLEL, Kind.INCLUSIVE)
    if is_join and "via" in row[MEMORY] and flow_of(route, row, new) is None:
        return "the path by which it came is gone in the new version."
    return ""


def _race(row: Row) -> str | None:
    """What the events that one gateway waits for have in common."""
    race: str | None = row[MEMORY].get("race")
    return race


def _race_problem(route: Route, row: Row, old: Node, new: Node) -> str:
    """Whether the gateway that waits for an event still does."""
    before, after = route.drawn(row[PROCESS])
    if _race(row) is None or after is None:
        return ""
    gateway = before.nodes[before.incoming[old.id][0].source]
    place = after.nodes.get(route.target_id(gateway.id) or "")
    if place is None or place.kind is not Kind.EVENT_BASED:
        return f"“{gateway.title}” before it is gone. Name the one that takes its place."
    if not any(flow.source == place.id for flow in after.incoming[new.id]):
        return f"“{place.title}” does not wait for it any more."
    return ""


def flow_of(route: Route, row: Row, join: Node) -> str | None:
    """The flow of the new version by which a token came to a join: the same, or as it was drawn."""
    old, new = route.drawn(row[PROCESS])
    if new is None:
        return None
    came_by = row[MEMORY]["via"]
    incoming = new.incoming[join.id]
    source = old.flows[came_by].source
    same = [flow.id for flow in incoming if flow.id == came_by]
    alike = [flow.id for flow in incoming if flow.source == route.target_id(source)]
    return next(iter([*same, *alike]), None)
