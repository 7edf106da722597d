"""A process in a person's hands: where it stands; suspend, resume, cancel, retry, move, migrate."""

from typing import Any

from api import migration
from api.access import needs
from api.context import changing, reading
from api.rest import paging
from api.rest.control_schemas import (
    MigratedSchema,
    MigrationSchema,
    MovedSchema,
    MoveSchema,
    OverviewSchema,
    ReasonSchema,
    RetrySchema,
    TimerSchema,
)
from api.rest.strict import StrictBlueprint
from engine import incidents, instances, library
from engine.bpmn.progress import Progress, Subscription, Wait
from engine.instances import Move, Order, Overview, Reason, Standing
from engine.people.permissions import Action

blueprint = StrictBlueprint(
    "rest_control", __name__, url_prefix="/api/v1", description="Processes in hand"
)

_PROCESS = "/incidents/<incident_id>/process"
Tagged = tuple[dict[str, Any], dict[str, str]]


@blueprint.get(_PROCESS)
@blueprint.response(200, OverviewSchema)
@blueprint.alt_response(403, description="You may not look behind the incident")
@needs(Action.READ_AUDIT)
def look(incident_id: str) -> Tagged:
    """Read where the process of an incident stands, what failed, and where it can go back to."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return _tagged(instances.look(session, incident, actor))


@blueprint.post(f"{_PROCESS}/suspend")
@blueprint.arguments(ReasonSchema())
@blueprint.response(200, OverviewSchema)
@blueprint.alt_response(403, description="You may not control processes")
@blueprint.alt_response(409, description="It is on hold already, or has ended")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.CONTROL_PROCESS)
def suspend(body: dict[str, Any], incident_id: str) -> Tagged:
    """Put the process on hold: no task, timer or message moves it until it is resumed."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        instances.suspend(session, incident, _reason(body), actor)
        return _tagged(instances.look(session, incident, actor))


@blueprint.post(f"{_PROCESS}/resume")
@blueprint.arguments(ReasonSchema())
@blueprint.response(200, OverviewSchema)
@blueprint.alt_response(403, description="You may not control processes")
@blueprint.alt_response(409, description="It is not on hold")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.CONTROL_PROCESS)
def resume(body: dict[str, Any], incident_id: str) -> Tagged:
    """Let a process that is on hold go on; overdue timers fire within seconds."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        instances.resume(session, incident, _reason(body), actor)
        return _tagged(instances.look(session, incident, actor))


@blueprint.post(f"{_PROCESS}/cancel")
@blueprint.arguments(ReasonSchema())
@blueprint.response(200, OverviewSchema)
@blueprint.alt_response(403, description="You may not control processes")
@blueprint.alt_response(409, description="It has ended")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.CONTROL_PROCESS)
def cancel(body: dict[str, Any], incident_id: str) -> Tagged:
    """End the process before its end: its tasks and its incident are cancelled."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        instances.cancel(session, incident, _reason(body), actor)
        return _tagged(instances.look(session, incident, actor))


@blueprint.post(f"{_PROCESS}/retry")
@blueprint.arguments(RetrySchema())
@blueprint.response(200, OverviewSchema)
@blueprint.alt_response(403, description="You may not control processes")
@blueprint.alt_response(409, description="It has not failed")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.CONTROL_PROCESS)
def retry(body: dict[str, Any], incident_id: str) -> Tagged:
    """Try a failed step again, with corrected variables."""
    reason, token_id = _reason(body), body["token"]
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        if token_id is None:
            instances.take_up(session, incident, reason, actor)
        else:
            instances.retry(session, incident, token_id, body["corrections"], reason, actor)
        return _tagged(instances.look(session, incident, actor))


@blueprint.post(f"{_PROCESS}/move")
@blueprint.arguments(MoveSchema())
@blueprint.response(200, MovedSchema)
@blueprint.alt_response(403, description="You may not control processes")
@blueprint.alt_response(409, description="It has gone on, is on hold, or has ended")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.CONTROL_PROCESS)
def move(body: dict[str, Any], incident_id: str) -> dict[str, Any]:
    """Withdraw tokens and start elements in their place; to go back, start an earlier step.

    Without tokens, elements start beside what runs; without elements, something must be left.
    """
    wanted = Move(tuple(body["withdraw"]), tuple(body["start"]))
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        if body["preview"]:
            progress = instances.preview_move(session, incident, wanted, actor)
        else:
            progress = instances.move(session, incident, wanted, _reason(body), actor)
    return {"preview": body["preview"], **_moved(progress)}


@blueprint.post(f"{_PROCESS}/timers/<token_id>")
@blueprint.arguments(TimerSchema())
@blueprint.response(200, OverviewSchema)
@blueprint.alt_response(403, description="You may not control processes")
@blueprint.alt_response(409, description="It has fired, is on hold, or has ended")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.CONTROL_PROCESS)
def move_timer(body: dict[str, Any], incident_id: str, token_id: str) -> Tagged:
    """Let a timer that waits fire at another moment; one in the past fires within seconds."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        instances.move_timer(session, incident, token_id, body["due_at"], _reason(body), actor)
        return _tagged(instances.look(session, incident, actor))


@blueprint.post("/processes/<process_id>/versions/<int:version>/migrate")
@blueprint.arguments(MigrationSchema())
@blueprint.response(200, MigratedSchema)
@blueprint.alt_response(403, description="You may not migrate processes")
@needs(Action.MIGRATE_PROCESS)
def migrate(body: dict[str, Any], process_id: str, version: int) -> dict[str, Any]:
    """Move open incidents of this version to another; each moves alone, or stays with the reason.

    Tasks, claims, variables and due times stay.
    """
    with reading() as (session, actor):
        old = library.get_version(session, process_id, version, actor)
        new = library.get_version(session, process_id, body["to"], actor)
        order = Order(old.id, new.id, body["mapping"])
        if body["preview"]:
            plan = instances.plan_migration(session, order, body["incidents"], actor)
            return {"preview": True, "elements": plan.elements, "outcomes": plan.outcomes}
    plan = migration.migrate(order, body["incidents"], body["reason"])
    return {"preview": False, "elements": plan.elements, "outcomes": plan.outcomes}


def _reason(body: dict[str, Any]) -> Reason:
    return Reason(body["reason"], paging.expected_version())


def _tagged(overview: Overview) -> Tagged:
    instance = overview.instance
    content = {
        "process_id": overview.deployed.process_id,
        "process_version": overview.deployed.version,
        "status": instance.status,
        "failure": instance.failure,
        "started_at": instance.started_at,
        "ended_at": instance.ended_at,
        "tokens": [_token(standing) for standing in overview.standings],
        "failures": overview.failures,
        "returns": overview.returns,
        "version": instance.version,
    }
    return content, paging.entity_tag(instance.version)


def _token(standing: Standing) -> dict[str, Any]:
    place = standing.place
    return {
        "waits_for": None,
        **(_wait(place.wait) if place.wait else {}),
        "id": place.token_id,
        "process_id": place.process_id,
        "element_id": place.node.id,
        "element_name": place.node.title,
        "kind": place.node.kind,
        "inside": [node.title for node in place.inside],
        "failure": place.failure,
        "since": standing.since,
        "due_at": standing.due_at,
        "targets": [node.id for node in place.targets],
    }


def _wait(wait: Wait) -> dict[str, Any]:
    named = {"name": wait.name, "key": wait.key} if isinstance(wait, Subscription) else {}
    return {
        "element_id": wait.element_id,
        "element_name": wait.node.title,
        "waits_for": instances.awaited(wait),
        "due_at": getattr(wait, "due_at", None),
        **named,
    }


def _moved(progress: Progress) -> dict[str, Any]:
    return {
        "vanishes": [_wait(wait) for wait in progress.gone],
        "opens": [_wait(wait) for wait in progress.new],
        "runs": [
            {"element_id": s.element_id, "element_name": s.node.title, "changes": s.changes}
            for s in progress.steps
        ],
        "fails": [
            {"element_id": f.element_id, "element_name": f.node.title, "message": f.message}
            for f in progress.failed
        ],
        "is_ended": progress.is_ended,
    }
