"""Signatures of an incident, and each as a document that can be checked without us."""

from typing import Any

from marshmallow import Schema, fields, validate

from api.access import needs
from api.context import reading
from api.rest import paging
from api.rest.field_rules import MOMENT
from api.rest.strict import StrictBlueprint
from engine import incidents
from engine.people.permissions import Action
from engine.signatures import documents, listing

blueprint = StrictBlueprint(
    "rest_signatures",
    __name__,
    url_prefix="/api/v1/incidents/<incident_id>/signatures",
    description="Signatures",
)

_BASE64URL = {"description": "Base64url (RFC 4648 §5)"}
_HASH = {"description": "SHA-256, in hexadecimal"}


class SignatureSchema(Schema):
    """Who signed what, how, and what they meant by it."""

    id = fields.String(attribute="signature.id")
    task_id = fields.String(attribute="signature.task_id")
    task_name = fields.String()
    person_id = fields.String(attribute="signature.person_id")
    name = fields.String(metadata={"description": "Of the person"})
    meaning = fields.String(
        attribute="signature.meaning", metadata={"description": "Such as “approved”"}
    )
    method = fields.String(attribute="signature.method", validate=validate.OneOf(documents.METHODS))
    signed_at = fields.DateTime(attribute="signature.signed_at", metadata=MOMENT)


class SignaturePageSchema(Schema):
    items = fields.List(fields.Nested(SignatureSchema))
    next_cursor = fields.String(allow_none=True)


class AssertionSchema(Schema):
    """What a passkey said (WebAuthn Level 3 §7.2)."""

    site = fields.String(metadata={"description": "The relying party, the name of a host"})
    client_data = fields.String(metadata=_BASE64URL)
    authenticator_data = fields.String(metadata=_BASE64URL)
    signature = fields.String(metadata=_BASE64URL)
    public_key = fields.String(
        metadata={"description": "Base64url of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)"}
    )


class SignatureDocumentSchema(Schema):
    """All that it takes to check a signature: `steadyhand signature check FILE`."""

    format = fields.String(validate=validate.OneOf([documents.FORMAT]))
    method = fields.String(validate=validate.OneOf(documents.METHODS))
    statement = fields.String(
        metadata={"description": "Canonical JSON (RFC 8785) of what was shown and decided"}
    )
    statement_sha256 = fields.String(metadata=_HASH)
    assertion = fields.Nested(
        AssertionSchema,
        allow_none=True,
        metadata={"description": "Null for a password or a code, which prove nothing later"},
    )
    public_key_sha256 = fields.String(allow_none=True, metadata=_HASH)


@blueprint.get("")
@blueprint.arguments(paging.PageArguments(), location="query")
@blueprint.response(200, SignaturePageSchema)
@blueprint.alt_response(403, description="You may not read the audit trace")
@needs(Action.READ_AUDIT)
def find(arguments: dict[str, Any], incident_id: str) -> dict[str, Any]:
    """List the signatures of an incident, the oldest first."""
    limit = arguments["limit"]
    (after,) = paging.decode_cursor(arguments["cursor"], str) or ("",)
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        found = listing.find(session, incident, actor, after=after, limit=limit)
    last = found[-1].signature if len(found) == limit else None
    return {
        "items": found,
        "next_cursor": paging.encode_cursor(last.id) if last else None,
    }


@blueprint.get("/<signature_id>")
@blueprint.response(200, SignatureDocumentSchema)
@blueprint.alt_response(403, description="You may not read the audit trace")
@needs(Action.READ_AUDIT)
def read(incident_id: str, signature_id: str) -> dict[str, Any]:
    """Read a signature as a document that anybody can check, without us and for good.

    Kept as a file, it is what `steadyhand signature check FILE` takes.
    """
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return documents.of(listing.get(session, incident, signature_id, actor))
