"""The security log: what was refused, and to whom."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from api.access import needs
from api.context import reading
from api.rest import paging
from api.rest.field_rules import MOMENT
from api.rest.strict import StrictBlueprint
from engine import security_log
from engine.people.permissions import Action
from engine.security_log import Filter, Kind

blueprint = StrictBlueprint(
    "rest_security", __name__, url_prefix="/api/v1/security-events", description="Security log"
)


def _require_in_calendar(moment: datetime) -> None:
    """The first and the last day of the calendar have none further east or west."""
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValidationError("There is no such moment in UTC.") from error


class SecurityEventArguments(paging.PageArguments):
    kind = fields.Enum(Kind, by_value=True, load_default=None)
    person = fields.String(
        load_default=None,
        validate=[validate.Length(1, 120), validate.ContainsNoneOf("\0")],
        metadata={"description": "The id of a person, or their name as it was then"},
    )
    since = fields.AwareDateTime(
        load_default=None, validate=_require_in_calendar, metadata={"description": "ISO 8601"}
    )
    until = fields.AwareDateTime(
        load_default=None,
        validate=_require_in_calendar,
        metadata={"description": "ISO 8601; this moment is not among them"},
    )


class SecurityEventSchema(Schema):
    """One refusal; the same from one address within ten seconds is written once."""

    id = fields.Integer()
    at = fields.DateTime(metadata=MOMENT)
    kind = fields.String(attribute="event", validate=validate.OneOf([kind.value for kind in Kind]))
    actor_id = fields.String(allow_none=True)
    actor_name = fields.String(metadata={"description": "Empty when nobody was known"})
    address = fields.String(metadata={"description": "Where the request came from"})
    route = fields.String(metadata={"description": "The template of its path"})
    detail = fields.String()


class SecurityEventPageSchema(Schema):
    items = fields.List(fields.Nested(SecurityEventSchema))
    next_cursor = fields.String(allow_none=True)


@blueprint.get("")
@blueprint.arguments(SecurityEventArguments(), location="query")
@blueprint.response(200, SecurityEventPageSchema)
@blueprint.alt_response(403, description="You may not read the security log")
@needs(Action.READ_SECURITY_LOG)
def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """List what was refused, the newest first."""
    before = paging.decode_cursor(arguments.pop("cursor"), datetime, int)
    limit = arguments.pop("limit")
    with reading() as (session, actor):
        found = security_log.find(session, actor, Filter(**arguments), before=before, limit=limit)
    last = found[-1] if len(found) == limit else None
    return {
        "items": found,
        "next_cursor": paging.encode_cursor(last.at.isoformat(), last.id) if last else None,
    }
