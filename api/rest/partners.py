"""Links that let somebody without an account do one task: list, make, withdraw."""

from typing import Any

from flask import url_for
from marshmallow import Schema, fields, validate

from api.access import needs
from api.context import changing, reading
from api.rest.field_rules import MOMENT
from api.rest.strict import StrictBlueprint, shows_secret
from engine import partners
from engine.people.permissions import Action

blueprint = StrictBlueprint(
    "rest_partners",
    __name__,
    url_prefix="/api/v1/tasks/<task_id>/partners",
    description="Links for partners",
)


class InvitationSchema(Schema):
    name = fields.String(
        required=True,
        validate=validate.Length(1, partners.LONGEST_NAME),
        metadata={"description": "A person and their company; the history names them like that"},
    )
    days = fields.Integer(
        required=True,
        strict=True,
        validate=validate.OneOf([int(days) for days in partners.LIFETIMES]),
        metadata={"description": "For how long it works"},
    )


class PartnerPathSchema(Schema):
    """Shown once: where somebody does the task."""

    path = fields.String(metadata={"description": "Of an address on this server"})


class PartnerLinkSchema(Schema):
    id = fields.String()
    name = fields.String(metadata={"description": "Who it is for"})
    created_by = fields.String(metadata={"description": "Id of who made it"})
    created_at = fields.DateTime(metadata=MOMENT)
    expires_at = fields.DateTime(metadata=MOMENT)
    revoked_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    used_at = fields.DateTime(allow_none=True, metadata=MOMENT)


class PartnerLinkListSchema(Schema):
    items = fields.List(fields.Nested(PartnerLinkSchema))


@blueprint.get("")
@blueprint.response(200, PartnerLinkListSchema)
@needs(Action.WORK_TASK)
def find(task_id: str) -> dict[str, Any]:
    """List the links to a task that you may do, the newest first."""
    with reading() as (session, actor):
        return {"items": partners.links(session, task_id, actor)}


@blueprint.post("")
@blueprint.arguments(InvitationSchema())
@blueprint.response(201, PartnerPathSchema)
@blueprint.alt_response(409, description="It is done already, or asks for a signature")
@needs(Action.WORK_TASK)
@shows_secret
def invite(body: dict[str, Any], task_id: str) -> dict[str, str]:
    """Make a link to a task that you may do; it works once, and is shown only now."""
    with changing() as (session, actor):
        secret = partners.invite(session, task_id, body["name"], str(body["days"]), actor)
    return {"path": url_for("partners.visit", secret=secret)}


@blueprint.delete("/<link_id>")
@blueprint.response(204)
@blueprint.alt_response(404, description="There is no such link to this task")
@blueprint.alt_response(409, description="It leads nowhere any more")
@needs(Action.WORK_TASK)
def withdraw(task_id: str, link_id: str) -> None:
    """Let a link lead nowhere from now on."""
    with changing() as (session, actor):
        partners.withdraw(session, task_id, link_id, actor)
