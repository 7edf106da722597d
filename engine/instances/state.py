"""A process instance as it lies in the database: lock it, take it up, write it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from engine import bundles, clock
from engine.bpmn import run
from engine.bpmn.progress import Progress, Wait
from engine.bpmn.run import Instance
from engine.bundles import Deployed
from engine.errors import Conflict
from engine.operations import CATALOGUE, facts
from engine.store.statement import Statement
from engine.store.tables import Incident, InstanceStatus, ProcessInstance, table_of

OPERATIONS = {name: operation.apply for name, operation in CATALOGUE.items()}
MOVING = (InstanceStatus.RUNNING, InstanceStatus.FAILED)
# The same for a query: one that failed without naming an element is broken and waits for a person.
CAN_MOVE = or_(
    ProcessInstance.status == InstanceStatus.RUNNING,
    and_(
        ProcessInstance.status == InstanceStatus.FAILED,
        ProcessInstance.failed_element_id.is_not(None),
    ),
)

_instances = table_of(ProcessInstance)
# What ``Loaded`` takes, in its order; other parts add them to a query of their own.
COLUMNS = (
    ProcessInstance.id,
    ProcessInstance.incident_id,
    ProcessInstance.definition_id,
    ProcessInstance.status,
    ProcessInstance.snapshot,
    ProcessInstance.version,
)
_LOOK = select(*COLUMNS).where(ProcessInstance.id == bindparam("instance_id"))
_READ, _LOAD = Statement(_LOOK), Statement(_LOOK.with_for_update(key_share=True))
_SAVED = ("snapshot", "status", "failure", "failed_element_id", "next_due_at", "ended_at")
_SAVE = Statement(
    update(_instances)
    .where(
        _instances.c.id == bindparam("instance_id"),
        _instances.c.version == bindparam("read_version"),
    )
    .values({name: bindparam(name) for name in (*_SAVED, "version")})
)
_ADD = Statement(insert(_instances))


@dataclass(frozen=True)
class Loaded:
    """The columns of an instance."""

    id: str
    incident_id: str
    definition_id: str
    status: InstanceStatus
    snapshot: str
    version: int


def load(session: Session, instance_id: str, *, to_change: bool = True) -> Loaded:
    """The instance, locked where the database has row locks unless it is only looked at."""
    statement = _LOAD if to_change else _READ
    (row,) = statement.find(session, {"instance_id": instance_id})
    return Loaded(*row)


def require_moving(loaded: Loaded) -> None:
    if loaded.status not in MOVING:
        raise Conflict(f"The process of this incident is {loaded.status} and takes no steps.")


def begin(deployed: Deployed, incident: Incident) -> Instance:
    return run.start(deployed.definition, facts(incident), OPERATIONS)


def take_up(session: Session, loaded: Loaded, incident: Incident) -> Instance:
    """The instance, ready to take a step."""
    definition = bundles.deployed(session, loaded.definition_id).definition
    return run.restore(definition, loaded.snapshot, facts(incident), OPERATIONS)


def look(deployed: Deployed, snapshot: str, incident: Incident) -> tuple[Wait, ...]:
    """What an instance waits for, without a step."""
    instance = run.restore(deployed.definition, snapshot, facts(incident), OPERATIONS)
    return instance.progress().waits


def add(session: Session, values: Mapping[str, Any]) -> None:
    _ADD.run(session, values)


def save(session: Session, loaded: Loaded, values: Mapping[str, Any]) -> None:
    """Write over the version that was read, or lose the race."""
    read = {"instance_id": loaded.id, "read_version": loaded.version}
    matched = _SAVE.run(session, {**read, "version": loaded.version + 1, **values})
    if matched != 1:
        raise Conflict("Somebody else moved this process on just now. Reload the page.")


def outcome(instance: Instance, progress: Progress) -> dict[str, Any]:
    """The columns that a step sets."""
    failure = next(iter(progress.failures), None)
    status = InstanceStatus.COMPLETED if progress.is_ended else InstanceStatus.RUNNING
    return {
        "snapshot": run.save(instance),
        "status": InstanceStatus.FAILED if failure else status,
        "failure": failure.message if failure else None,
        "failed_element_id": failure.element_id if failure else None,
        "next_due_at": min((timer.due_at for timer in progress.timers), default=None),
        "ended_at": clock.now() if progress.is_ended else None,
    }
