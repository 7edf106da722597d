"""Exceptions by two people: ask for one, and grant what somebody else has asked for."""

from typing import Any

from marshmallow import Schema, fields, validate

from api.access import needs
from api.context import changing, reading
from api.rest.control_schemas import ReasonSchema
from api.rest.field_rules import MOMENT
from api.rest.strict import StrictBlueprint
from engine import break_glass
from engine.break_glass import Question
from engine.people.permissions import Action
from engine.store.tables import BreakGlass

blueprint = StrictBlueprint(
    "rest_break_glass", __name__, url_prefix="/api/v1", description="Exceptions by two people"
)


class AskToKnowSchema(ReasonSchema):
    number = fields.String(
        required=True,
        validate=validate.Length(1, 40),
        metadata={"description": "Of the restricted incident, such as INC-2026-000123"},
    )


class AskedSchema(Schema):
    id = fields.String()
    reason = fields.String()
    person_id = fields.String(metadata={"description": "Who asks"})
    asked_at = fields.DateTime(metadata=MOMENT)
    granted_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    expires_at = fields.DateTime(
        metadata={"description": "UTC, ISO 8601: of the question; once granted, of what it allows"}
    )


class ExceptionSchema(Schema):
    """What somebody has asked for, as far as a second person may know of it."""

    asked = fields.Nested(AskedSchema)
    number = fields.String(metadata={"description": "Of the incident"})
    name = fields.String(metadata={"description": "Of who asks"})
    task_name = fields.String(
        allow_none=True,
        metadata={"description": "What they ask to do; null when they ask to know of the incident"},
    )


class ExceptionListSchema(Schema):
    items = fields.List(fields.Nested(ExceptionSchema))


@blueprint.get("/exceptions")
@blueprint.response(200, ExceptionListSchema)
@needs(Action.BREAK_GLASS)
def find() -> dict[str, Any]:
    """List what waits for a second person, the oldest first; it lapses 24 hours after it was asked.

    Nobody refuses: what nobody grants is not granted.
    """
    with reading() as (session, actor):
        return {"items": break_glass.waiting(session, actor)}


@blueprint.post("/exceptions")
@blueprint.arguments(AskToKnowSchema())
@blueprint.response(201, AskedSchema)
@blueprint.alt_response(404, description="There is no such incident that you do not know of")
@blueprint.alt_response(409, description="You have asked for this already")
@needs(Action.BREAK_GLASS)
def ask_to_know(body: dict[str, Any]) -> BreakGlass:
    """Ask to be put on the list of a restricted incident."""
    with changing() as (session, actor):
        return break_glass.ask_to_know(session, body["number"], body["reason"], actor)


@blueprint.post("/exceptions/<asked_id>/grant")
@blueprint.response(200, ExceptionSchema)
@blueprint.alt_response(403, description="You may not grant exceptions, or ask for this one")
@blueprint.alt_response(409, description="It is granted already, or has lapsed")
@needs(Action.BREAK_GLASS)
def grant(asked_id: str) -> Question:
    """Grant what somebody else has asked for: a task for four hours, or a place on the list."""
    with changing() as (session, actor):
        return break_glass.grant(session, asked_id, actor)


@blueprint.post("/tasks/<task_id>/exception")
@blueprint.arguments(ReasonSchema())
@blueprint.response(201, AskedSchema)
@blueprint.alt_response(409, description="Nothing keeps you from it, or you have asked already")
@needs(Action.WORK_TASK)
def ask_for_task(body: dict[str, Any], task_id: str) -> BreakGlass:
    """Ask to do a task that your earlier part in the incident forbids."""
    with changing() as (session, actor):
        return break_glass.ask_for_task(session, task_id, body["reason"], actor)
