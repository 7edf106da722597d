"""Who leads an incident, and who follows it."""

from typing import Any

from marshmallow import Schema, fields, validate

from api.access import needs
from api.context import changing, reading
from api.rest.field_rules import MOMENT, require_plain
from api.rest.strict import StrictBlueprint
from engine import incidents, participants
from engine.participants import LEADING
from engine.people.permissions import Action
from engine.store.tables import IncidentRole

blueprint = StrictBlueprint(
    "rest_participants",
    __name__,
    url_prefix="/api/v1/incidents/<incident_id>",
    description="Who leads an incident, and who follows it",
)

Participants = dict[str, Any]
_ROLE = f"<any({', '.join(LEADING)}):role>"


def _username() -> fields.String:
    return fields.String(
        required=True,
        validate=[validate.Length(1, 64), require_plain],
        metadata={"description": "Username of somebody active"},
    )


class ReceiverSchema(Schema):
    to = _username()


class WatcherSchema(Schema):
    watcher = _username()


class ParticipantSchema(Schema):
    role = fields.Enum(IncidentRole, by_value=True)
    person_id = fields.String()
    name = fields.String()
    assumed_at = fields.DateTime(metadata=MOMENT)
    renounced_at = fields.DateTime(allow_none=True, metadata=MOMENT)


class ParticipantListSchema(Schema):
    items = fields.List(fields.Nested(ParticipantSchema))


@blueprint.get("/participants")
@blueprint.response(200, ParticipantListSchema)
@needs(Action.READ_INCIDENT)
def find(incident_id: str) -> Participants:
    """List who leads an incident or follows it, and who did, in the order of time."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return {"items": participants.find(session, incident, actor)}


@blueprint.post(f"/roles/{_ROLE}/take-over")
@blueprint.response(200, ParticipantListSchema)
@blueprint.alt_response(409, description="It is closed, or the role is yours already")
@needs(Action.LEAD_INCIDENT)
def take_over(incident_id: str, role: str) -> Participants:
    """Assume a role; whoever had it has it no more."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        participants.take_over(session, incident, IncidentRole(role), actor)
        return {"items": participants.find(session, incident, actor)}


@blueprint.post(f"/roles/{_ROLE}/hand-over")
@blueprint.arguments(ReceiverSchema())
@blueprint.response(200, ParticipantListSchema)
@blueprint.alt_response(409, description="It is closed, or they have the role already")
@needs(Action.LEAD_INCIDENT)
def hand_over(body: dict[str, Any], incident_id: str, role: str) -> Participants:
    """Give a role to somebody who may lead; whoever had it has it no more."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        participants.hand_over(session, incident, IncidentRole(role), body["to"], actor)
        return {"items": participants.find(session, incident, actor)}


@blueprint.post(f"/roles/{_ROLE}/renounce")
@blueprint.response(200, ParticipantListSchema)
@blueprint.alt_response(409, description="The role is not yours")
@needs(Action.LEAD_INCIDENT)
def renounce(incident_id: str, role: str) -> Participants:
    """Give up a role that you have; then nobody has it."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        participants.renounce(session, incident, IncidentRole(role), actor)
        return {"items": participants.find(session, incident, actor)}


@blueprint.post("/watch")
@blueprint.response(200, ParticipantListSchema)
@blueprint.alt_response(409, description="You follow it already")
@needs(Action.WATCH_INCIDENT)
def watch(incident_id: str) -> Participants:
    """Follow an incident."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        participants.watch(session, incident, actor)
        return {"items": participants.find(session, incident, actor)}


@blueprint.post("/unwatch")
@blueprint.response(200, ParticipantListSchema)
@blueprint.alt_response(409, description="You do not follow it")
@needs(Action.WATCH_INCIDENT)
def unwatch(incident_id: str) -> Participants:
    """Follow an incident no more."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        participants.unwatch(session, incident, actor)
        return {"items": participants.find(session, incident, actor)}


@blueprint.post("/watchers")
@blueprint.arguments(WatcherSchema())
@blueprint.response(200, ParticipantListSchema)
@blueprint.alt_response(409, description="They follow it already, or enough people do")
@needs(Action.LEAD_INCIDENT)
def add_watcher(body: dict[str, Any], incident_id: str) -> Participants:
    """Let somebody follow an incident who may see it."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        participants.add_watcher(session, incident, body["watcher"], actor)
        return {"items": participants.find(session, incident, actor)}


@blueprint.delete("/watchers/<person_id>")
@blueprint.response(200, ParticipantListSchema)
@blueprint.alt_response(409, description="They do not follow it")
@needs(Action.LEAD_INCIDENT)
def remove_watcher(incident_id: str, person_id: str) -> Participants:
    """Let somebody follow an incident no more."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        participants.remove_watcher(session, incident, person_id, actor)
        return {"items": participants.find(session, incident, actor)}
