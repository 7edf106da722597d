"""A person takes a process in hand: who may, for which reason, and how it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import bundles, plain_text
from engine.actors import Actor
from engine.bpmn.progress import Progress
from engine.bpmn.run import Instance
from engine.errors import Conflict, StaleVersion
from engine.history import Entry, Event
from engine.instances import state, writing
from engine.instances.state import Loaded
from engine.instances.writing import Taken
from engine.people import permissions
from engine.people.permissions import Action
from engine.store import rows
from engine.store.tables import Incident, InstanceStatus, ProcessInstance, table_of

REASON_LENGTH = 2_000
ENDED = (InstanceStatus.COMPLETED, InstanceStatus.CANCELLED)

_instances = table_of(ProcessInstance)


@dataclass(frozen=True)
class Reason:
    """Why somebody interferes, and which version of the process they looked at (any: ``None``)."""

    text: str
    version: int | None = None


@dataclass(frozen=True)
class Intervention:
    """A process, locked, in the hands of somebody who may and says why."""

    incident: Incident
    loaded: Loaded
    reason: str
    actor: Actor

    def entry(self, event: Event, **detail: Any) -> Entry:
        return Entry(
            event,
            self.actor,
            definition_id=self.loaded.definition_id,
            detail={"reason": self.reason, **detail},
        )


def begin(
    session: Session, incident: Incident, reason: Reason, actor: Actor, action: Action
) -> Intervention:
    """Lock the process of an incident.

    Raises ``NotAllowed``, ``InvalidAnswers`` for a missing reason, and ``StaleVersion``.
    """
    permissions.require(actor, action, incident)
    text = checked(reason)
    loaded = lock(session, incident)
    if reason.version is not None and reason.version != loaded.version:
        raise StaleVersion("The process has gone on since you looked. Look at it again.")
    return Intervention(incident, loaded, text, actor)


def load(session: Session, incident: Incident, *, to_change: bool = True) -> Loaded:
    query = select(ProcessInstance.id).where(ProcessInstance.incident_id == incident.id)
    return state.load(session, session.scalars(query).one(), to_change=to_change)


def lock(session: Session, incident: Incident) -> Loaded:
    """Its process, before anything about an incident is changed: so that all take one order.

    Brings the incident up to date, too.
    """
    loaded = load(session, incident)
    rows.renew(session, incident)
    return loaded


def keep(
    session: Session, taken: Intervention, instance: Instance, *first: Entry, **over: Any
) -> Progress:
    """Write down what a person made of an instance; ``over`` are columns that no step sets."""
    progress, loaded = instance.progress(), taken.loaded
    write_over(session, loaded, {**state.outcome(instance, progress), **over})
    definition_id = over.get("definition_id", loaded.definition_id)
    deployed = bundles.deployed(session, definition_id)
    step = Taken(loaded.id, definition_id, deployed, taken.incident, progress, first=first)
    writing.write_down(session, step)
    return progress


def write_over(session: Session, loaded: Loaded, values: Mapping[str, Any]) -> None:
    """Change any columns of the version that was read, or lose the race."""
    query = update(_instances).where(
        _instances.c.id == loaded.id, _instances.c.version == loaded.version
    )
    written = session.connection().execute(query.values(version=loaded.version + 1, **values))
    if written.rowcount != 1:
        raise Conflict("Somebody else moved this process on just now. Reload the page.")


def require_open(loaded: Loaded) -> None:
    if loaded.status in ENDED:
        raise Conflict(f"The process of this incident is already {loaded.status}.")


def checked(reason: Reason) -> str:
    """Its text; ``InvalidAnswers`` when there is none."""
    return plain_text.checked("reason", reason.text, REASON_LENGTH, "Say why, in a sentence.")
