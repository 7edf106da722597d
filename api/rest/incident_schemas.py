"""The shapes of incidents and of their history."""

from marshmallow import Schema, fields, validate

from api.rest.field_rules import MOMENT, require_plain
from engine.incidents import CORRECTABLE
from engine.store.tables import IncidentStatus


class ReportSchema(Schema):
    process = fields.String(
        load_default="incident", validate=[validate.Length(1, 120), require_plain]
    )
    answers = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "Answers to the process's start form"},
    )


class IncidentSummarySchema(Schema):
    id = fields.String()
    number = fields.String()
    title = fields.String()
    status = fields.Enum(IncidentStatus, by_value=True)
    phase = fields.String(allow_none=True)
    priority = fields.String(allow_none=True)


class IncidentSchema(IncidentSummarySchema):
    description = fields.String()
    service = fields.String()
    affected = fields.String()
    channel = fields.String()
    severity = fields.String(allow_none=True)
    reported_by = fields.String()
    category = fields.String(allow_none=True)
    impact = fields.String(allow_none=True)
    urgency = fields.String(allow_none=True)
    is_major = fields.Boolean()
    hold_reason = fields.String(allow_none=True)
    resolution_code = fields.String(allow_none=True)
    resolution_notes = fields.String(allow_none=True)
    reopened_count = fields.Integer()
    occurrences = fields.Integer()
    last_seen_at = fields.DateTime(metadata=MOMENT)
    created_at = fields.DateTime(metadata=MOMENT)
    updated_at = fields.DateTime(metadata=MOMENT)
    resolved_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    closed_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    version = fields.Integer()


class IncidentPageSchema(Schema):
    items = fields.List(fields.Nested(IncidentSchema))
    next_cursor = fields.String(allow_none=True)


class CorrectionSchema(Schema):
    title = fields.String(validate=[validate.Length(1, 200), require_plain])
    description = fields.String(validate=[validate.Length(max=20_000), require_plain])
    service = fields.String(validate=[validate.Length(max=120), require_plain])
    affected = fields.String(validate=[validate.Length(max=200), require_plain])


if set(CorrectionSchema._declared_fields) != set(CORRECTABLE):  # noqa: SLF001
    raise AssertionError("CorrectionSchema and incidents.CORRECTABLE must name the same fields.")


class AuditEntrySchema(Schema):
    sequence = fields.Integer()
    at = fields.DateTime(metadata=MOMENT)
    event = fields.String()
    actor_id = fields.String(allow_none=True)
    actor_name = fields.String()
    definition_id = fields.String(allow_none=True)
    process_id = fields.String(allow_none=True)
    process_version = fields.Integer(allow_none=True)
    element_id = fields.String(allow_none=True)
    element_name = fields.String(allow_none=True)
    task_id = fields.String(allow_none=True)
    changes = fields.Dict(metadata={"description": "field → [old value, new value]"})
    detail = fields.Dict()


class AuditPageSchema(Schema):
    items = fields.List(fields.Nested(AuditEntrySchema))
    next_cursor = fields.String(allow_none=True)
