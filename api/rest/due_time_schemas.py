"""The shape of a due time that explains itself."""

from marshmallow import Schema, fields

from api.rest.field_rules import MOMENT
from engine.clocks import Kind


class SegmentSchema(Schema):
    """A time on the way to a due time, beginning where the one before ends."""

    kind = fields.Enum(Kind, by_value=True)
    start = fields.DateTime(metadata=MOMENT)
    end = fields.DateTime(metadata=MOMENT)
    counted_seconds = fields.Function(
        lambda segment: int(segment.counted.total_seconds()),
        metadata={"type": "integer", "description": "Their sum is how long the task may take"},
    )
    reason = fields.String(metadata={"description": "Why it is closed, or how the clocks change"})


class WorkingTimeSchema(Schema):
    """Working time on the way to a due time, by a calendar of the process's bundle."""

    calendar = fields.String(attribute="calendar.name")
    time_zone = fields.String(attribute="calendar.zone.key", metadata={"description": "IANA"})
    source = fields.String(metadata={"description": "Where its public holidays are from"})
    segments = fields.List(fields.Nested(SegmentSchema))


class DueTimeSchema(Schema):
    """Why a task is due when it is."""

    opened_at = fields.DateTime(attribute="due.opened_at", metadata=MOMENT)
    due_at = fields.DateTime(attribute="due.due_at", metadata=MOMENT)
    duration = fields.String(
        attribute="due.duration", metadata={"description": "ISO 8601: how long it may take"}
    )
    drawn = fields.String(
        metadata={"description": "The same as the diagram says it: ISO 8601, or FEEL for it"}
    )
    without_calendar = fields.DateTime(
        metadata={"description": "When it would be due if every hour counted; UTC"}
    )
    working_time = fields.Nested(
        WorkingTimeSchema, allow_none=True, metadata={"description": "Null: every hour counts"}
    )
    recounted_at = fields.DateTime(
        allow_none=True,
        metadata={
            "description": "When the segments end, if holidays or time zones are known better by "
            "now; null while they end when the task is due"
        },
    )
    sentence = fields.String(metadata={"description": "All this for people, in English"})
