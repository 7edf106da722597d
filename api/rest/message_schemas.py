"""The shapes of messages."""

from marshmallow import Schema, ValidationError, fields, validate

from api.rest.field_rules import MOMENT, require_plain
from engine.bpmn import payloads
from engine.instances import messages
from engine.store.tables import MessageStatus


def _require_small(payload: object) -> None:
    problem = payloads.problem_of(payload)
    if problem:
        raise ValidationError(problem)


def _require_words(text: str) -> None:
    if not text.strip():
        raise ValidationError("Say it in words.")


class SendSchema(Schema):
    name = fields.String(
        required=True,
        validate=[validate.Length(1, messages.LONGEST_NAME), require_plain],
        metadata={"description": "The message's name in the diagram"},
    )
    key = fields.String(
        load_default="",
        validate=[validate.Length(max=messages.LONGEST_NAME), require_plain],
        metadata={"description": "Correlation key: which of several receivers is meant"},
    )
    payload = fields.Raw(
        load_default=None,
        allow_none=True,
        validate=_require_small,
        metadata={"description": "Any JSON, up to 64 KiB; what the receiver's variable will hold"},
    )
    incident = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 64), require_plain],
        metadata={"description": "Id or number of the only incident that may take it"},
    )


class DiscardSchema(Schema):
    reason = fields.String(
        required=True,
        validate=[validate.Length(1, messages.LONGEST_REASON), require_plain, _require_words],
    )


class MessageSchema(Schema):
    """A message, or a signal on its way to one incident."""

    id = fields.String()
    awaits = fields.String(data_key="kind", validate=validate.OneOf(["message", "signal"]))
    name = fields.String()
    key = fields.String()
    payload = fields.Raw(allow_none=True)
    incident_id = fields.String(
        allow_none=True, metadata={"description": "The only incident that may take it"}
    )
    sent_by = fields.String()
    status = fields.Enum(MessageStatus, by_value=True)
    receiver_id = fields.String(
        allow_none=True, metadata={"description": "The incident that has taken it"}
    )
    created_at = fields.DateTime(metadata=MOMENT)
    ended_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    attempts = fields.Integer(metadata={"description": "Deliveries that went wrong"})
    next_attempt_at = fields.DateTime(allow_none=True, metadata=MOMENT)


class TrackedSchema(Schema):
    """A message and what has become of it."""

    message = fields.Nested(MessageSchema)
    waits_because = fields.String(
        metadata={"description": "Why nobody has taken it yet; empty when it waits no longer"}
    )
    waited_seconds = fields.Integer()


class TrackedPageSchema(Schema):
    items = fields.List(fields.Nested(TrackedSchema))
    next_cursor = fields.String(allow_none=True)
