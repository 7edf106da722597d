"""Where a process stands, for those who oversee it: what waits, what failed, what there was."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles
from engine.actors import Actor
from engine.bpmn import control
from engine.bpmn.control import Place
from engine.bpmn.definition import Definition
from engine.bpmn.diagram import Diagram
from engine.bpmn.progress import OpenTask, OpenTimer, Subscription, Wait
from engine.bpmn.run import Instance
from engine.bundles import Deployed
from engine.history import Event
from engine.instances import intervention, state
from engine.instances.intervention import ENDED
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import AuditEntry, Incident, ProcessInstance, Task

_FINISHED = (Event.ELEMENT_COMPLETED, Event.TASK_COMPLETED, Event.TIMER_FIRED)


@dataclass(frozen=True)
class Standing:
    """A token, since when it stands there, and the task that waits there for a person."""

    place: Place
    since: datetime
    task: Task | None

    @property
    def due_at(self) -> datetime | None:
        if isinstance(self.place.wait, OpenTimer):
            return self.place.wait.due_at
        return self.task.due_at if self.task else None


@dataclass(frozen=True)
class FailedStep:
    """An element that could not finish, with the variables that it reads as they are now."""

    token_id: str
    element_id: str
    element_name: str
    message: str
    reads: Mapping[str, Any]
    variables: Mapping[str, Any]  # all that it could read


@dataclass(frozen=True)
class Return:
    """An element that finished before and could be started again, instead of some token."""

    element_id: str
    element_name: str
    finished_at: datetime
    from_tokens: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    instance: ProcessInstance
    deployed: Deployed
    standings: list[Standing]  # each scope before what runs in it
    failures: list[FailedStep]
    returns: list[Return]  # what finished last comes first


def look(session: Session, incident: Incident, actor: Actor) -> Overview:
    """How the process of an incident stands; nothing stands in one that has ended."""
    permissions.require(actor, Action.READ_AUDIT)
    loaded = intervention.load(session, incident, to_change=False)
    row = session.get_one(ProcessInstance, loaded.id)
    deployed = bundles.deployed(session, row.definition_id)
    if row.status in ENDED:
        return Overview(row, deployed, [], [], [])
    instance = state.take_up(session, loaded, incident)
    places = control.places(instance)
    finished = _finished(session, incident)
    return Overview(
        row,
        deployed,
        list(_standings(session, row, deployed.definition, places, finished)),
        list(_failures(instance, deployed, places)),
        list(_returns(places, finished)),
    )


def awaited(wait: Wait) -> str:
    """What a wait is for: task, timer, message, signal or conditional."""
    if isinstance(wait, Subscription):
        return wait.awaits
    return "task" if isinstance(wait, OpenTask) else "timer"


def _finished(session: Session, incident: Incident) -> dict[str, datetime]:
    """Element id -> when it finished last, the latest first."""
    query = (
        select(AuditEntry.element_id, AuditEntry.at)
        .where(
            AuditEntry.subject_id == incident.id,
            AuditEntry.event.in_(_FINISHED),
            AuditEntry.element_id.is_not(None),
        )
        .order_by(AuditEntry.sequence.desc())
    )
    finished: dict[str, datetime] = {}
    for element_id, at in session.execute(query):
        finished.setdefault(str(element_id), at)
    return finished


def _standings(
    session: Session,
    row: ProcessInstance,
    definition: Definition,
    places: Iterable[Place],
    finished: Mapping[str, datetime],
) -> Iterator[Standing]:
    waiting = select(Task).where(Task.instance_id == row.id, Task.ended_at.is_(None))
    tasks = {task.id: task for task in session.scalars(waiting)}
    for place in places:
        task = tasks.get(place.token_id)
        diagram = definition.called[place.process_id].diagram
        arrived = _arrived(diagram, place.node.id, finished)
        yield Standing(place, task.created_at if task else arrived or row.started_at, task)


def _arrived(
    diagram: Diagram, element_id: str, finished: Mapping[str, datetime]
) -> datetime | None:
    """When the last element before one finished: with that, a token came to it."""
    node = diagram.nodes[element_id]
    if node.attached_to:
        return _arrived(diagram, node.attached_to, finished)
    before = [flow.source for flow in diagram.incoming[element_id]]
    return max((finished[source] for source in before if source in finished), default=None)


def _failures(
    instance: Instance, deployed: Deployed, places: Iterable[Place]
) -> Iterator[FailedStep]:
    for place in places:
        if place.failure is not None:
            yield FailedStep(
                place.token_id,
                place.node.id,
                place.node.title,
                place.failure,
                control.read_by(instance, place.token_id, deployed.bundle.decisions),
                control.variables_at(instance, place.token_id),
            )


def _returns(places: Iterable[Place], finished: Mapping[str, datetime]) -> Iterator[Return]:
    known = [place for place in places if not place.holds_others]
    for element_id, finished_at in finished.items():
        ways = {
            place.token_id: node
            for place in known
            for node in place.targets
            if node.id == element_id and node.kind.is_activity
        }
        if ways:
            name = next(iter(ways.values())).title
            yield Return(element_id, name, finished_at, tuple(ways))
