"""Who needs to know of an incident."""

from typing import Any

from marshmallow import Schema, fields, validate

from api.access import needs
from api.context import changing
from api.rest import paging
from api.rest.incident_schemas import IncidentSchema
from api.rest.strict import StrictBlueprint
from engine import incidents
from engine.people import restriction
from engine.people.permissions import Action
from engine.store.tables import Incident

blueprint = StrictBlueprint(
    "rest_restriction",
    __name__,
    url_prefix="/api/v1/incidents/<incident_id>/restriction",
    description="Who needs to know of an incident",
)

Tagged = tuple[Incident, dict[str, str]]
_MOST = 200  # people on one list


class RestrictionSchema(Schema):
    readers = fields.List(
        fields.String(validate=validate.Length(max=36)),
        required=True,
        validate=validate.Length(max=_MOST),
        metadata={"description": "Ids of the people who may know; you are always one of them"},
    )
    tlp = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(restriction.TLP),
        metadata={"description": "Traffic Light Protocol 2.0"},
    )


@blueprint.put("")
@blueprint.arguments(RestrictionSchema())
@blueprint.response(200, IncidentSchema)
@blueprint.alt_response(409, description="It is restricted to these people already")
@needs(Action.RESTRICT_INCIDENT)
def restrict(body: dict[str, Any], incident_id: str) -> Tagged:
    """Close an incident to all but some people; to others it does not exist."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        restriction.restrict(session, incident, body["readers"], body["tlp"], actor)
    return incident, paging.entity_tag(incident.version)


@blueprint.delete("")
@blueprint.response(200, IncidentSchema)
@blueprint.alt_response(409, description="It is not restricted")
@needs(Action.RESTRICT_INCIDENT)
def open_up(incident_id: str) -> Tagged:
    """Let everybody who may see incidents see it again."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        restriction.open_up(session, incident, actor)
    return incident, paging.entity_tag(incident.version)
