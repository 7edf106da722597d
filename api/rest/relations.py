"""Incidents that belong together."""

from typing import Any

from marshmallow import Schema, fields, validate

from api.access import needs
from api.context import changing, reading
from api.rest import paging
from api.rest.field_rules import MOMENT
from api.rest.incident_schemas import IncidentSchema
from api.rest.strict import StrictBlueprint
from engine import incidents, relations
from engine.instances import REASON_LENGTH, Reason
from engine.people.permissions import Action
from engine.relations import ADDABLE, Related, Side
from engine.store.tables import Incident, IncidentStatus

blueprint = StrictBlueprint(
    "rest_relations",
    __name__,
    url_prefix="/api/v1/incidents/<incident_id>",
    description="Incidents that belong together",
)

Tagged = tuple[Incident, dict[str, str]]
_NUMBER = {"description": "Number or id of the other incident"}
_LONGEST_NUMBER = validate.Length(1, relations.LONGEST_NUMBER)


class RelationRequestSchema(Schema):
    side = fields.Enum(
        Side,
        by_value=True,
        required=True,
        validate=validate.OneOf(ADDABLE),
        metadata={"description": "What this incident is to the other one"},
    )
    number = fields.String(required=True, validate=_LONGEST_NUMBER, metadata=_NUMBER)


class RelationWithdrawalSchema(Schema):
    reason = fields.String(required=True, validate=validate.Length(1, REASON_LENGTH))


class DuplicateSchema(RelationWithdrawalSchema):
    number = fields.String(required=True, validate=_LONGEST_NUMBER, metadata=_NUMBER)


class RelationSchema(Schema):
    id = fields.String()
    side = fields.Enum(Side, by_value=True)
    incident_id = fields.String(metadata={"description": "Of the other incident"})
    number = fields.String()
    title = fields.String()
    status = fields.Enum(IncidentStatus, by_value=True)
    added_by = fields.String()
    added_at = fields.DateTime(metadata=MOMENT)
    withdrawn_at = fields.DateTime(allow_none=True, metadata=MOMENT)


class RelationListSchema(Schema):
    items = fields.List(fields.Nested(RelationSchema))


@blueprint.get("/relations")
@blueprint.response(200, RelationListSchema)
@needs(Action.READ_INCIDENT)
def find(incident_id: str) -> dict[str, Any]:
    """List what an incident belongs together with, of what you may see, the oldest first."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return {"items": relations.find(session, incident, actor)}


@blueprint.post("/relations")
@blueprint.arguments(RelationRequestSchema())
@blueprint.response(201, RelationSchema)
@blueprint.alt_response(409, description="The two cannot be related so")
@needs(Action.RELATE_INCIDENT)
def add(body: dict[str, Any], incident_id: str) -> Related:
    """Say what an incident is to another one.

    An incident has one parent at most; a parent has none, so that there are two levels.
    """
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return relations.add(session, incident, body["side"], body["number"], actor)


@blueprint.post("/relations/<relation_id>/withdraw")
@blueprint.arguments(RelationWithdrawalSchema())
@blueprint.response(200, RelationSchema)
@blueprint.alt_response(409, description="Withdrawn already, or of a duplicate")
@needs(Action.RELATE_INCIDENT)
def withdraw(body: dict[str, Any], incident_id: str, relation_id: str) -> Related:
    """Let two incidents belong together no more; both histories keep that they did."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return relations.withdraw(session, incident, relation_id, body["reason"], actor)


@blueprint.post("/duplicate")
@blueprint.arguments(DuplicateSchema())
@blueprint.response(200, IncidentSchema)
@blueprint.alt_response(409, description="One of the two is closed, or a relation does not fit")
@blueprint.alt_response(412, description="Its process has gone on since you looked (If-Match)")
@needs(Action.CONTROL_PROCESS)
def close_as_duplicate(body: dict[str, Any], incident_id: str) -> Tagged:
    """Cancel an incident and its process since it is the same as another one.

    It stays findable and names that one, which takes its relations over.
    """
    reason = Reason(body["reason"], paging.expected_version())
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        relations.close_as_duplicate(session, incident, body["number"], reason, actor)
    return incident, paging.entity_tag(incident.version)
