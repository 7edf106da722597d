"""Messages: send one to a process, see which still wait, give one up."""

from datetime import datetime
from typing import Any

from marshmallow import fields

from api.access import needs
from api.context import changing, reading
from api.rest import paging
from api.rest.message_schemas import DiscardSchema, SendSchema, TrackedPageSchema, TrackedSchema
from api.rest.strict import StrictBlueprint
from engine.instances import messages
from engine.instances.messages import Tracked
from engine.people.permissions import Action
from engine.store.tables import MessageStatus

blueprint = StrictBlueprint(
    "rest_messages", __name__, url_prefix="/api/v1/messages", description="Messages to processes"
)


class MessageArguments(paging.PageArguments):
    status = fields.Enum(MessageStatus, by_value=True, load_default=MessageStatus.WAITING)


@blueprint.get("")
@blueprint.arguments(MessageArguments(), location="query")
@blueprint.response(200, TrackedPageSchema)
@blueprint.alt_response(403, description="You may not see messages")
@needs(Action.READ_MESSAGES)
def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """List messages and signals, the oldest first; without a status, those that still wait."""
    limit = arguments["limit"]
    after = paging.decode_cursor(arguments["cursor"], datetime, str)
    with reading() as (session, actor):
        found = messages.find(session, actor, status=arguments["status"], after=after, limit=limit)
    last = found[-1].message if len(found) == limit else None
    return {
        "items": found,
        "next_cursor": paging.encode_cursor(last.created_at.isoformat(), last.id) if last else None,
    }


@blueprint.post("")
@blueprint.arguments(SendSchema())
@blueprint.response(201, TrackedSchema)
@blueprint.alt_response(403, description="You may not send messages")
@blueprint.alt_response(404, description="There is no such incident")
@needs(Action.SEND_MESSAGE)
def send(body: dict[str, Any]) -> Tracked:
    """Send a message to the process that waits for it.

    Its `status` is `delivered` when a process has taken it at once; else it waits until one does.
    """
    with changing() as (session, actor):
        return messages.send(
            session,
            body["name"],
            body["key"],
            body["payload"],
            actor,
            incident=body["incident"],
        )


@blueprint.post("/<message_id>/discard")
@blueprint.arguments(DiscardSchema())
@blueprint.response(200, TrackedSchema)
@blueprint.alt_response(403, description="You may not discard messages")
@blueprint.alt_response(409, description="It waits no longer")
@needs(Action.DISCARD_MESSAGE)
def discard(body: dict[str, Any], message_id: str) -> Tracked:
    """Give up a message that waits; nobody will receive it."""
    with changing() as (session, actor):
        return messages.discard(session, message_id, body["reason"], actor)
