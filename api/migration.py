"""Moves incidents to another version, one transaction each: what cannot move costs itself alone."""

from collections.abc import Iterable

from api.context import changing, reading
from engine import instances
from engine.errors import Conflict, InvalidDocument
from engine.instances import Order, Outcome, Plan, Reason
from engine.store.tables import Incident


def migrate(order: Order, incidents: Iterable[str] | None, reason: str) -> Plan:
    """Migrate all open incidents of a version, or some; the plan tells what became of each."""
    with reading() as (session, actor):
        plan = instances.plan_migration(session, order, incidents, actor)
        found = instances.find_to_migrate(session, order, incidents, actor)
    return Plan(plan.elements, [_migrate(order, incident, reason) for incident in found])


def _migrate(order: Order, incident: Incident, reason: str) -> Outcome:
    try:
        with changing() as (session, actor):
            return instances.migrate(session, order, incident.id, Reason(reason), actor)
    except (Conflict, InvalidDocument) as error:
        return Outcome(incident.id, incident.number, str(error))
