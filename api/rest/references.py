"""What other systems know an incident's problem, change or asset by."""

from typing import Any

from marshmallow import Schema, fields, validate

from api.access import needs
from api.context import changing, reading
from api.rest.field_rules import MOMENT, require_plain
from api.rest.strict import StrictBlueprint
from engine import incidents, references
from engine.instances import REASON_LENGTH
from engine.people.permissions import Action
from engine.references import LONGEST, Reference
from engine.store.tables import ExternalReference, ReferenceKind

blueprint = StrictBlueprint(
    "rest_references",
    __name__,
    url_prefix="/api/v1/incidents/<incident_id>/references",
    description="Problems, changes and assets of an incident in other systems",
)


class ReferenceRequestSchema(Schema):
    kind = fields.Enum(ReferenceKind, by_value=True, required=True)
    system = fields.String(
        required=True,
        validate=[validate.Length(1, LONGEST["system"]), require_plain],
        metadata={"description": "Which system keeps it"},
    )
    reference = fields.String(
        required=True,
        validate=[validate.Length(1, LONGEST["reference"]), require_plain],
        metadata={"description": "What it is called there"},
    )
    url = fields.String(
        load_default="",
        validate=[validate.Length(max=LONGEST["url"]), require_plain],
        metadata={"description": "http or https; empty if there is none"},
    )


class ReferenceWithdrawalSchema(Schema):
    reason = fields.String(required=True, validate=validate.Length(1, REASON_LENGTH))


class ReferenceSchema(Schema):
    id = fields.String()
    kind = fields.Enum(ReferenceKind, by_value=True)
    system = fields.String()
    reference = fields.String()
    url = fields.String()
    added_by = fields.String()
    added_at = fields.DateTime(metadata=MOMENT)


class ReferenceListSchema(Schema):
    items = fields.List(fields.Nested(ReferenceSchema))


@blueprint.get("")
@blueprint.response(200, ReferenceListSchema)
@needs(Action.READ_INCIDENT)
def find(incident_id: str) -> dict[str, Any]:
    """List the references of an incident, the oldest first; a customer sees none."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return {"items": references.find(session, incident, actor)}


@blueprint.post("")
@blueprint.arguments(ReferenceRequestSchema())
@blueprint.response(201, ReferenceSchema)
@blueprint.alt_response(409, description="It is there already, or there are enough of them")
@needs(Action.RELATE_INCIDENT)
def add(body: dict[str, Any], incident_id: str) -> ExternalReference:
    """Note what another system calls the problem, the change or the asset of an incident."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return references.add(session, incident, Reference(**body), actor)


@blueprint.post("/<reference_id>/withdraw")
@blueprint.arguments(ReferenceWithdrawalSchema())
@blueprint.response(200, ReferenceSchema)
@needs(Action.RELATE_INCIDENT)
def withdraw(body: dict[str, Any], incident_id: str, reference_id: str) -> ExternalReference:
    """Say that a reference does not hold; the history keeps it, and why."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return references.withdraw(session, incident, reference_id, body["reason"], actor)
