"""Files of an incident."""

from typing import Any

from flask import Response
from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from api import downloads, uploads
from api.access import needs
from api.context import changing, reading
from api.rest.field_rules import MOMENT
from api.rest.strict import StrictBlueprint
from engine import attachments, incidents, media_types
from engine.people.permissions import Action
from engine.store.tables import Attachment

blueprint = StrictBlueprint(
    "rest_attachments",
    __name__,
    url_prefix="/api/v1/incidents/<incident_id>/attachments",
    description="Files of an incident",
)

_CONTENT = {
    "description": "The file",
    "content": {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in media_types.ENDINGS
    },
    "headers": {
        "Repr-Digest": {"description": "RFC 9530, sha-256", "schema": {"type": "string"}},
        "ETag": {"description": "The SHA-256 in hex", "schema": {"type": "string"}},
    },
}


class AdditionSchema(Schema):
    file = Upload(
        required=True, metadata={"description": f"One file: {media_types.TAKEN}; with its name"}
    )
    is_public = fields.Boolean(
        load_default=False,
        metadata={"description": "Whether the customer may see it; always, if they add it"},
    )
    task_id = fields.String(
        load_default=None,
        validate=validate.Length(max=36),
        metadata={"description": "Id of the task of this incident that it belongs to"},
    )


class WithdrawalSchema(Schema):
    reason = fields.String(required=True, validate=validate.Length(1, attachments.LONGEST_REASON))


class AttachmentSchema(Schema):
    id = fields.String()
    task_id = fields.String(allow_none=True)
    name = fields.String()
    media_type = fields.String(metadata={"description": "By its content, not by its name"})
    size = fields.Integer(metadata={"description": "Bytes"})
    sha256 = fields.String()
    is_public = fields.Boolean(metadata={"description": "To the customer"})
    added_by = fields.String()
    added_at = fields.DateTime(metadata=MOMENT)


class AttachmentListSchema(Schema):
    items = fields.List(fields.Nested(AttachmentSchema))


def _look(incident_id: str) -> None:
    with reading() as (session, actor):
        attachments.require_room(incidents.get(session, incident_id, actor), actor, None)


@blueprint.get("")
@blueprint.response(200, AttachmentListSchema)
@needs(Action.READ_INCIDENT)
def find(incident_id: str) -> dict[str, Any]:
    """List the files that you may see of an incident, the oldest first; it has fifty at most."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return {"items": attachments.find(session, incident, actor)}


@blueprint.post("")
@blueprint.arguments(AdditionSchema(), location="multipart")
@blueprint.response(201, AttachmentSchema)
@blueprint.alt_response(409, description="Closed, or it has enough files")
@blueprint.alt_response(413, description="The file is larger than is taken")
@uploads.takes_file(_look)
@needs(Action.ADD_FILE)
def add(sent: dict[str, Any], incident_id: str) -> Attachment:
    """Add a file to an incident, or to a task of it.

    What it is, is told by its content; its name and its Content-Type decide nothing. Refused are
    other kinds of files, files that are two kinds at once, and what the virus scanner knows.
    """
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return attachments.add(
            session,
            incident,
            uploads.taken(),
            actor,
            is_public=sent["is_public"],
            task_id=sent["task_id"],
        )


@blueprint.get("/<attachment_id>/content")
@blueprint.response(200)
@blueprint.doc(responses={"200": _CONTENT})
@needs(Action.READ_INCIDENT)
def content(incident_id: str, attachment_id: str) -> Response:
    """Download a file, byte for byte as it was sent."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return downloads.respond(*attachments.read(session, incident, attachment_id, actor))


@blueprint.post("/<attachment_id>/withdraw")
@blueprint.arguments(WithdrawalSchema())
@blueprint.response(200, AttachmentSchema)
@needs(Action.WITHDRAW_FILE)
def withdraw(body: dict[str, Any], incident_id: str, attachment_id: str) -> Attachment:
    """Take a file back that you added, or any as an incident manager; its content is gone."""
    with changing() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return attachments.withdraw(session, incident, attachment_id, body["reason"], actor)
