"""One's own absences: who does one's work meanwhile, and for whom one stands in."""

from typing import Any

from marshmallow import Schema, fields, validate

from api.access import Open, needs
from api.context import changing, reading
from api.rest.field_rules import MOMENT
from api.rest.strict import StrictBlueprint
from engine.people import absences
from engine.store.tables import Absence

blueprint = StrictBlueprint(
    "rest_absences", __name__, url_prefix="/api/v1/absences", description="Your absences"
)

_ZONED = {"description": "ISO 8601, with a zone"}


class NewAbsenceSchema(Schema):
    deputy = fields.String(
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": "Username of who does your work"},
    )
    starts_at = fields.AwareDateTime(required=True, metadata=_ZONED)
    ends_at = fields.AwareDateTime(required=True, metadata=_ZONED)


class AbsenceSchema(Schema):
    id = fields.String()
    person_id = fields.String()
    deputy_id = fields.String()
    starts_at = fields.DateTime(metadata=MOMENT)
    ends_at = fields.DateTime(metadata=MOMENT)


class AwaySchema(Schema):
    """An absence with the names of the two."""

    absence = fields.Nested(AbsenceSchema)
    name = fields.String(metadata={"description": "Of who is away"})
    deputy_name = fields.String()


class AwayListSchema(Schema):
    items = fields.List(fields.Nested(AwaySchema))


@blueprint.get("")
@blueprint.response(200, AwayListSchema)
@needs(Open.SIGNED_IN)
def find() -> dict[str, Any]:
    """List your absences, and those in which you stand in, that are not over; by their beginning.

    An absence lasts at most 400 days.
    """
    with reading() as (session, actor):
        return {"items": absences.find(session, actor)}


@blueprint.post("")
@blueprint.arguments(NewAbsenceSchema())
@blueprint.response(201, AbsenceSchema)
@needs(Open.SIGNED_IN)
def add(body: dict[str, Any]) -> Absence:
    """Let somebody of your organisation do your work for a time, beside their own."""
    with changing() as (session, actor):
        return absences.add(session, body["deputy"], body["starts_at"], body["ends_at"], actor)


@blueprint.delete("/<absence_id>")
@blueprint.response(204)
@blueprint.alt_response(404, description="It is not yours, or there is none")
@blueprint.alt_response(409, description="It is over already")
@needs(Open.SIGNED_IN)
def end(absence_id: str) -> None:
    """End an absence of yours now, or before it begins; it stays in your history."""
    with changing() as (session, actor):
        absences.end(session, absence_id, actor)
