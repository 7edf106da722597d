"""Moving running processes to another version: what would become of each, and the move itself.

Tasks, claims, variables and the due times of timers stay; an instance that cannot move is left
untouched, with the reason. One instance a transaction: the caller opens one for each ``migrate``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from engine import bundles, operations
from engine.actors import Actor
from engine.bpmn import matching, migration, run
from engine.bpmn.diagram import Kind, Node
from engine.bpmn.matching import Match, Route
from engine.bpmn.progress import OpenTask
from engine.bpmn.progress import Subscription as Awaits
from engine.bpmn.run import Instance
from engine.bundles import Deployed
from engine.errors import Conflict, InvalidAnswers, InvalidDocument, NotFound
from engine.history import Event
from engine.instances import intervention, state
from engine.instances.intervention import ENDED, Intervention, Reason
from engine.people import permissions, restriction
from engine.people.permissions import Action
from engine.store.tables import (
    Incident,
    InstanceStatus,
    ProcessInstance,
    Subscription,
    Task,
    table_of,
)

_tasks, _subscriptions = map(table_of, (Task, Subscription))
_OF_TASK = ("definition_id", "element_id", "name", "phase", "candidate_group", "form_key")
_KEEP_TASK = (
    update(_tasks)
    .where(_tasks.c.id == bindparam("task_id"))
    .values({name: bindparam(name) for name in _OF_TASK})
    .values(version=_tasks.c.version + 1)
)
_KEEP_SUBSCRIPTION = (
    update(_subscriptions)
    .where(_subscriptions.c.id == bindparam("subscription_id"))
    .values(element_id=bindparam("element_id"), name=bindparam("name"))
)


@dataclass(frozen=True)
class Order:
    """From which version to which; ``mapping`` names elements that have another id there."""

    from_definition_id: str
    to_definition_id: str
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ElementPlan:
    """What becomes of an element on which tokens stand."""

    process_id: str
    element_id: str
    element_name: str
    kind: Kind
    tokens: int
    target_id: str | None
    target_name: str | None
    problem: str  # why tokens cannot stay there; empty when they can
    is_dropped: bool  # an event that only accompanies something and is not drawn any more


@dataclass(frozen=True)
class Outcome:
    """What became, or would become, of one instance."""

    incident_id: str
    incident_number: str
    problem: str = ""  # why it stays where it is
    dropped: tuple[str, ...] = ()  # events that are not waited for any more
    armed: tuple[str, ...] = ()  # events that are waited for from now on

    @property
    def is_moved(self) -> bool:
        return not self.problem


@dataclass(frozen=True)
class Plan:
    elements: list[ElementPlan]
    outcomes: list[Outcome]


def plan(session: Session, order: Order, incidents: Iterable[str] | None, actor: Actor) -> Plan:
    """What ``migrate`` would do to all open incidents of a version, or to some; keeps nothing.

    ``InvalidAnswers`` names what the mapping has wrong, ``NotFound`` an incident that is not there.
    """
    permissions.require(actor, Action.MIGRATE_PROCESS)
    route = _route(session, order)
    found = _candidates(session, order, incidents, actor)
    matches = [match for instance, _ in found for match in _matches(route, instance)]
    return Plan(_elements(matches), [_preview(route, i, incident) for i, incident in found])


def migrate(
    session: Session, order: Order, incident_id: str, reason: Reason, actor: Actor
) -> Outcome:
    """Move one incident to another version of its process; ``Conflict`` says why it cannot."""
    incident = session.get_one(Incident, incident_id)
    restriction.look_up(session, incident)
    taken = intervention.begin(session, incident, reason, actor, Action.MIGRATE_PROCESS)
    if taken.loaded.definition_id != order.from_definition_id:
        raise Conflict("It runs another version by now.")
    intervention.require_open(taken.loaded)
    route = _route(session, order)
    instance, outcome = _move(route, taken.loaded.snapshot, incident)
    _carry_over(session, taken, order, instance)
    entry = replace(
        taken.entry(Event.PROCESS_MIGRATED, **_told(session, order, outcome)),
        definition_id=order.to_definition_id,
    )
    over = {"definition_id": order.to_definition_id}
    if taken.loaded.status is InstanceStatus.SUSPENDED:
        over["status"] = InstanceStatus.SUSPENDED
    intervention.keep(session, taken, instance, entry, **over)
    return outcome


def find(
    session: Session, order: Order, incidents: Iterable[str] | None, actor: Actor
) -> list[Incident]:
    """The open incidents of a version: all, or those with these ids or numbers."""
    permissions.require(actor, Action.MIGRATE_PROCESS)
    _route(session, order)
    return [incident for _, incident in _candidates(session, order, incidents, actor)]


def _candidates(
    session: Session, order: Order, incidents: Iterable[str] | None, actor: Actor
) -> list[tuple[ProcessInstance, Incident]]:
    query = (
        select(ProcessInstance, Incident)
        .join(Incident, Incident.id == ProcessInstance.incident_id)
        .where(
            ProcessInstance.definition_id == order.from_definition_id,
            ProcessInstance.status.not_in(ENDED),
        )
        .order_by(Incident.number)
    )
    seen = permissions.visible(query, actor, Action.READ_INCIDENT)
    found = [(instance, incident) for instance, incident in session.execute(seen)]
    if incidents is None:
        return found
    wanted = set(incidents)
    known = {name for _, incident in found for name in (incident.id, incident.number)}
    for name in sorted(wanted - known):
        raise NotFound(f"{name} is no open incident of this version.")
    return [pair for pair in found if {pair[1].id, pair[1].number} & wanted]


def _route(session: Session, order: Order) -> Route:
    old = bundles.deployed(session, order.from_definition_id)
    new = bundles.deployed(session, order.to_definition_id)
    if old.process_id != new.process_id or old.version == new.version:
        raise InvalidAnswers({"to": "Choose another version of the same process."})
    _require_known(old, order.mapping)
    _require_known(new, order.mapping.values())
    return Route(old.definition, new.definition, order.mapping)


def _require_known(deployed: Deployed, element_ids: Iterable[str]) -> None:
    drawn = [definition.diagram.nodes for definition in deployed.definition.called.values()]
    for element_id in element_ids:
        if not any(element_id in nodes for nodes in drawn):
            message = f"Version {deployed.version} has no element “{element_id}”."
            raise InvalidAnswers({"mapping": message})


def _matches(route: Route, instance: ProcessInstance) -> list[Match]:
    try:
        return matching.matches(instance.snapshot, route)
    except InvalidDocument:
        return []  # the outcome of this instance says so


def _elements(matches: Iterable[Match]) -> list[ElementPlan]:
    """The plan of each element, however many tokens stand on it."""
    listed = list(matches)
    keys = [(m.process_id, m.node.id, m.problem, m.is_dropped) for m in listed]
    counts, last = Counter(keys), dict(zip(keys, listed, strict=True))
    return [_element(match, counts[key]) for key, match in last.items()]


def _element(match: Match, tokens: int) -> ElementPlan:
    target = match.target
    return ElementPlan(
        process_id=match.process_id,
        element_id=match.node.id,
        element_name=match.node.title,
        kind=match.node.kind,
        tokens=tokens,
        target_id=target.id if target else None,
        target_name=target.title if target else None,
        problem=match.problem,
        is_dropped=match.is_dropped,
    )


def _preview(route: Route, instance: ProcessInstance, incident: Incident) -> Outcome:
    try:
        return _move(route, instance.snapshot, incident)[1]
    except (Conflict, InvalidDocument) as error:
        return Outcome(incident.id, incident.number, str(error))


def _move(route: Route, snapshot: str, incident: Incident) -> tuple[Instance, Outcome]:
    """The instance as it would go on in the new version; ``Conflict`` if it cannot."""
    conversion = migration.convert(snapshot, route)
    instance = run.restore(
        route.new, conversion.state, operations.facts(incident), state.OPERATIONS
    )
    armed = migration.arrive(instance, route)
    dropped = _titles(conversion.dropped)
    return instance, Outcome(incident.id, incident.number, "", dropped, _titles(armed))


def _carry_over(session: Session, taken: Intervention, order: Order, instance: Instance) -> None:
    """Put the rows of what still waits on the new version; what was dropped waits no more."""
    connection, waits = session.connection(), instance.waits.values()
    deployed = bundles.deployed(session, order.to_definition_id)
    subscriptions = [_subscription_row(wait) for wait in waits if isinstance(wait, Awaits)]
    kept = [row["subscription_id"] for row in subscriptions]
    of_instance = _subscriptions.c.instance_id == taken.loaded.id
    connection.execute(delete(_subscriptions).where(of_instance, _subscriptions.c.id.not_in(kept)))
    if subscriptions:
        connection.execute(_KEEP_SUBSCRIPTION, subscriptions)
    tasks = [_task_row(wait, deployed) for wait in waits if isinstance(wait, OpenTask)]
    if tasks:
        connection.execute(_KEEP_TASK, tasks)


def _subscription_row(wait: Awaits) -> dict[str, str]:
    return {"subscription_id": wait.id, "element_id": wait.element_id, "name": wait.name}


def _task_row(wait: OpenTask, deployed: Deployed) -> dict[str, Any]:
    node = wait.node
    return {
        "task_id": wait.id,
        "definition_id": deployed.definition_ids[wait.process_id],
        "element_id": node.id,
        "name": node.title,
        "phase": node.phase,
        "candidate_group": node.lane or "",
        "form_key": node.form_key or "",
    }


def _told(session: Session, order: Order, outcome: Outcome) -> dict[str, Any]:
    old = bundles.deployed(session, order.from_definition_id)
    new = bundles.deployed(session, order.to_definition_id)
    return {
        "process": new.process_id,
        "from_version": old.version,
        "to_version": new.version,
        "mapping": order.mapping,
        "dropped": outcome.dropped,
        "armed": outcome.armed,
    }


def _titles(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(node.title for node in nodes)
