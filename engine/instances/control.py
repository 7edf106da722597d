"""Taking a process in hand: put it on hold, cancel it, try a step again, move it elsewhere.

Each is a deviation from the diagram: it needs a permission and a reason, and the history shows it.
``InvalidAnswers`` names a missing ``reason``, ``StaleVersion`` a process that has gone on since.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import bundles, clock, history
from engine.actors import Actor
from engine.bpmn import control, moving, payloads
from engine.bpmn.control import Place
from engine.bpmn.diagram import Node
from engine.bpmn.progress import Progress
from engine.bpmn.run import Instance
from engine.errors import Conflict, Gone, InvalidAnswers
from engine.history import Event
from engine.instances import delivery, intervention, state
from engine.instances.intervention import Reason
from engine.people import permissions
from engine.people.permissions import Action
from engine.store import rows
from engine.store.tables import Incident, IncidentStatus, InstanceStatus, ProcessInstance

_FARTHEST = timedelta(days=36_525)


@dataclass(frozen=True)
class Move:
    """Tokens to withdraw and elements to start in their place; either may be none."""

    withdraw: tuple[str, ...]  # ids of tokens
    start: tuple[str, ...]  # ids of elements


def suspend(session: Session, incident: Incident, reason: Reason, actor: Actor) -> None:
    """Let no step be taken until ``resume``: by no person, timer or message."""
    taken = intervention.begin(session, incident, reason, actor, Action.CONTROL_PROCESS)
    state.require_moving(taken.loaded)
    intervention.write_over(session, taken.loaded, {"status": InstanceStatus.SUSPENDED})
    history.record(session, incident.id, taken.entry(Event.PROCESS_SUSPENDED))


def resume(session: Session, incident: Incident, reason: Reason, actor: Actor) -> None:
    """Let a suspended process go on.

    Conditions are asked at once; what became due meanwhile fires in the next sweep.
    """
    taken = intervention.begin(session, incident, reason, actor, Action.CONTROL_PROCESS)
    if taken.loaded.status is not InstanceStatus.SUSPENDED:
        raise Conflict("This process is not on hold.")
    has_failed = session.get_one(ProcessInstance, taken.loaded.id).failure is not None
    status = InstanceStatus.FAILED if has_failed else InstanceStatus.RUNNING
    intervention.write_over(session, taken.loaded, {"status": status})
    history.record(session, incident.id, taken.entry(Event.PROCESS_RESUMED))
    delivery.reconsider(session, incident)


def cancel(
    session: Session,
    incident: Incident,
    reason: Reason,
    actor: Actor,
    *,
    resolution_code: str | None = None,
) -> None:
    """End a process before its end, and its incident with it; nothing waits any more.

    The ``resolution_code`` stays as it was, unless there is one for this end.
    """
    taken = intervention.begin(session, incident, reason, actor, Action.CONTROL_PROCESS)
    intervention.require_open(taken.loaded)
    now = clock.now()
    cancelled: dict[str, Any] = {"status": IncidentStatus.CANCELLED, "closed_at": now}
    if resolution_code is not None:
        cancelled["resolution_code"] = resolution_code
    changes = {name: (getattr(incident, name), new) for name, new in cancelled.items()}
    instance = state.take_up(session, taken.loaded, incident)
    control.cancel(instance)
    entry = replace(taken.entry(Event.PROCESS_CANCELLED), changes=changes)
    ended = {"status": InstanceStatus.CANCELLED, "ended_at": now}
    rows.change(session, incident, updated_at=now, **cancelled)
    intervention.keep(session, taken, instance, entry, **ended)


def retry(
    session: Session,
    incident: Incident,
    token_id: str,
    corrections: Mapping[str, Any],
    reason: Reason,
    actor: Actor,
) -> Progress:
    """Run a failed element again, with corrected variables: those that are there or that it reads.

    ``InvalidAnswers`` names a variable that is neither.
    """
    taken = intervention.begin(session, incident, reason, actor, Action.CONTROL_PROCESS)
    state.require_moving(taken.loaded)
    instance = state.take_up(session, taken.loaded, incident)
    failed = _failed(instance, token_id)
    decisions = bundles.deployed(session, taken.loaded.definition_id).bundle.decisions
    known = control.variables_at(instance, token_id)
    _check(corrections, {*known, *control.read_by(instance, token_id, decisions)})
    instance.retry(token_id, corrections)
    entry = replace(
        taken.entry(Event.PROCESS_RETRIED, message=failed.failure),
        element_id=failed.node.id,
        element_name=failed.node.title,
        changes={name: (known.get(name), value) for name, value in corrections.items()},
    )
    return intervention.keep(session, taken, instance, entry)


def take_up(session: Session, incident: Incident, reason: Reason, actor: Actor) -> Progress:
    """Let a process take steps again that broke as a whole, without an element that failed."""
    taken = intervention.begin(session, incident, reason, actor, Action.CONTROL_PROCESS)
    row = session.get_one(ProcessInstance, taken.loaded.id)
    if taken.loaded.status is not InstanceStatus.FAILED or row.failed_element_id is not None:
        raise Conflict("This process is not broken as a whole. Try its failed steps again.")
    instance = state.take_up(session, taken.loaded, incident)
    instance.go_on()
    entry = taken.entry(Event.PROCESS_RETRIED, message=row.failure)
    return intervention.keep(session, taken, instance, entry)


def preview_move(session: Session, incident: Incident, move: Move, actor: Actor) -> Progress:
    """What ``move`` would do: what goes, what runs by itself, what opens. Nothing is kept."""
    permissions.require(actor, Action.CONTROL_PROCESS, incident)
    loaded = intervention.load(session, incident, to_change=False)
    state.require_moving(loaded)
    instance = state.take_up(session, loaded, incident)
    _apply(move, instance)
    return instance.progress()


def move(
    session: Session, incident: Incident, move: Move, reason: Reason, actor: Actor
) -> Progress:
    """Withdraw tokens and start elements in their place, with their boundary events and tasks.

    Variables stay as they are. ``InvalidAnswers`` says what cannot be withdrawn or started.
    """
    taken = intervention.begin(session, incident, reason, actor, Action.CONTROL_PROCESS)
    state.require_moving(taken.loaded)
    instance = state.take_up(session, taken.loaded, incident)
    moved = _apply(move, instance)
    entry = taken.entry(
        Event.PROCESS_MOVED, withdrawn=_titles(moved.withdrawn), started=_titles(moved.started)
    )
    return intervention.keep(session, taken, instance, entry)


def move_timer(
    session: Session,
    incident: Incident,
    token_id: str,
    due_at: datetime,
    reason: Reason,
    actor: Actor,
) -> Progress:
    """Let a timer that waits fire at another moment; one in the past fires within seconds."""
    if abs(due_at - clock.now()) > _FARTHEST:
        raise InvalidAnswers({"due_at": "Choose a moment within a hundred years."})
    taken = intervention.begin(session, incident, reason, actor, Action.CONTROL_PROCESS)
    state.require_moving(taken.loaded)
    instance = state.take_up(session, taken.loaded, incident)
    due_at = due_at.astimezone(UTC)
    before = control.set_due(instance, token_id, due_at)
    entry = replace(
        taken.entry(Event.TIMER_MOVED),
        element_id=before.element_id,
        element_name=before.node.title,
        changes={"due_at": (before.due_at.astimezone(UTC), due_at)},
    )
    return intervention.keep(session, taken, instance, entry)


def _apply(move: Move, instance: Instance) -> moving.Moved:
    if not move.withdraw and not move.start:
        raise InvalidAnswers({"start": "Say what starts, or what is withdrawn."})
    return moving.move(instance, move.withdraw, move.start)


def _failed(instance: Instance, token_id: str) -> Place:
    for place in control.places(instance):
        if place.token_id == token_id and place.failure is not None:
            return place
    raise Gone("This step has not failed, or was tried again meanwhile. Reload the page.")


def _check(corrections: Mapping[str, Any], known: Container[str]) -> None:
    unknown = "The process has no such variable, and the step reads none of this name."
    problems = {
        name: payloads.problem_of(value) if name in known else unknown
        for name, value in corrections.items()
    }
    errors = {name: problem for name, problem in problems.items() if problem}
    if errors:
        raise InvalidAnswers(errors)


def _titles(nodes: Iterable[Node]) -> list[str]:
    return [node.title for node in nodes]
