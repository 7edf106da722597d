"""The shapes of people, organisations, sessions and API tokens."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.rest.field_rules import MOMENT
from engine.actors import EVERYWHERE, Role, organisation_in
from engine.people import administration, credentials, grants, organisations
from engine.people.credentials import Scope
from engine.people.tokens import LIFETIMES


class GrantSchema(Schema):
    """A role: everywhere, in one group, or for the incidents of one organisation."""

    role = fields.Enum(Role, by_value=True, required=True)
    group = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, grants.LONGEST_GROUP),
        metadata={"description": "A candidate group; null for every group"},
    )
    organisation = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 36),
        metadata={"description": "Id of the organisation to which a customer belongs"},
    )

    @validates_schema
    def _require_one_bound(self, data: dict[str, object], **_: object) -> None:
        group = data["group"]
        if group is not None and data["organisation"] is not None:
            raise ValidationError("Name a group or an organisation, not both.", "group")
        if group == EVERYWHERE or organisation_in(str(group)) is not None:
            raise ValidationError("This is not the name of a group.", "group")


class OrganisationNameSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(1, organisations.LONGEST_NAME))


class OrganisationSchema(Schema):
    id = fields.String()
    name = fields.String()
    created_at = fields.DateTime(metadata=MOMENT)


class MembershipSchema(OrganisationSchema):
    people = fields.Integer(metadata={"description": "How many belong to it"})


class MembershipListSchema(Schema):
    items = fields.List(fields.Nested(MembershipSchema))


class PersonSchema(Schema):
    """All that can be said anew about somebody."""

    name = fields.String(required=True, validate=validate.Length(1, administration.LONGEST_NAME))
    organisation = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(1, 36),
        metadata={"description": "Id of the one they belong to; null for our own people"},
    )


class NewPersonSchema(Schema):
    username = fields.String(required=True, validate=validate.Length(1, 64))
    name = fields.String(required=True, validate=validate.Length(1, administration.LONGEST_NAME))
    organisation = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 36),
        metadata={"description": "Id of the one they belong to; null for our own people"},
    )
    grants = fields.List(
        fields.Nested(GrantSchema), load_default=list, validate=validate.Length(max=100)
    )


class GrantsSchema(Schema):
    """All that somebody shall have; what is not listed is taken away."""

    grants = fields.List(
        fields.Nested(GrantSchema), required=True, validate=validate.Length(max=100)
    )


class AccountSchema(Schema):
    id = fields.String()
    username = fields.String()
    name = fields.String()
    is_active = fields.Boolean()
    organisation = fields.Nested(OrganisationSchema, allow_none=True)
    grants = fields.List(fields.Nested(GrantSchema))
    created_at = fields.DateTime(metadata=MOMENT)
    version = fields.Integer(metadata={"description": "Send as If-Match with the next change"})


class AccountPageSchema(Schema):
    items = fields.List(fields.Nested(AccountSchema))
    next_cursor = fields.String(allow_none=True)


class LinkSchema(Schema):
    """Shown once: where somebody signs in within 24 hours, and sets a password."""

    path = fields.String(metadata={"description": "Of an address on this server"})


class SessionSchema(Schema):
    id = fields.String()
    label = fields.String(metadata={"description": "The browser and its system"})
    created_at = fields.DateTime(metadata=MOMENT)
    last_used_at = fields.DateTime(metadata={"description": "UTC, ISO 8601; to within 5 minutes"})
    expires_at = fields.DateTime(metadata={"description": "UTC, ISO 8601; unless it is used"})
    is_this = fields.Boolean(metadata={"description": "Whether this request came with it"})


class SessionListSchema(Schema):
    items = fields.List(fields.Nested(SessionSchema))


class TermsSchema(Schema):
    label = fields.String(
        required=True,
        validate=validate.Length(1, credentials.LONGEST_LABEL),
        metadata={"description": "What it is for"},
    )
    scope = fields.Enum(
        Scope, by_value=True, required=True, metadata={"description": "`read` changes nothing"}
    )
    days = fields.Integer(
        required=True,
        strict=True,
        validate=validate.OneOf(LIFETIMES),
        metadata={"description": "For how long it is good"},
    )


class ApiTokenSchema(Schema):
    id = fields.String()
    label = fields.String()
    scope = fields.Enum(Scope, by_value=True)
    created_at = fields.DateTime(metadata=MOMENT)
    expires_at = fields.DateTime(metadata=MOMENT)
    last_used_at = fields.DateTime(
        allow_none=True, metadata={"description": "UTC, ISO 8601; to within 5 minutes"}
    )


class TokenListSchema(Schema):
    items = fields.List(fields.Nested(ApiTokenSchema))


class NewTokenSchema(Schema):
    token = fields.String(metadata={"description": "Shown only now"})
