"""The shapes of tasks, their forms and answers; what the answers mean is checked in the engine."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.rest.due_time_schemas import DueTimeSchema
from api.rest.field_rules import MOMENT, require_characters, require_plain
from api.rest.incident_schemas import IncidentSummarySchema
from engine.store.tables import TaskStatus


class TaskSchema(Schema):
    id = fields.String()
    name = fields.String()
    element_id = fields.String()
    phase = fields.String(allow_none=True)
    candidate_group = fields.String()
    form_key = fields.String()
    status = fields.Enum(TaskStatus, by_value=True)
    assignee_id = fields.String(allow_none=True)
    created_at = fields.DateTime(metadata=MOMENT)
    due_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    ended_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    incident_id = fields.String()
    version = fields.Integer()


class AssignmentSchema(Schema):
    """A task and the incident it belongs to."""

    task = fields.Nested(TaskSchema)
    incident = fields.Nested(IncidentSummarySchema)
    is_on_hold = fields.Boolean(
        metadata={"description": "Its process takes no steps until somebody resumes it"}
    )


class CompletedSchema(AssignmentSchema):
    next_tasks = fields.List(
        fields.Nested(TaskSchema),
        metadata={"description": "What the incident waits for now, of what you may see"},
    )


class AssignmentPageSchema(Schema):
    items = fields.List(fields.Nested(AssignmentSchema))
    next_cursor = fields.String(allow_none=True)


class FormFieldSchema(Schema):
    key = fields.String()
    type = fields.String()
    label = fields.String()
    description = fields.String()
    is_required = fields.Boolean()
    options = fields.List(fields.Tuple((fields.String(), fields.String())))
    min = fields.Float(allow_none=True)
    max = fields.Float(allow_none=True)
    min_length = fields.Integer(allow_none=True)
    max_length = fields.Integer(allow_none=True)


class WorksheetSchema(AssignmentSchema):
    """A task with what a person needs to do it."""

    instructions = fields.String()
    signature_meaning = fields.String(
        metadata={"description": "What completing it is to be signed with; empty for nothing"}
    )
    due = fields.Nested(
        DueTimeSchema,
        allow_none=True,
        metadata={"description": "Why it is due when it is; null without a due time"},
    )
    why_not = fields.String(
        allow_none=True,
        metadata={"description": "Why you may not work on it, in a sentence; null if you may"},
    )
    fields_ = fields.List(
        fields.Nested(FormFieldSchema), data_key="fields", metadata={"description": "Its form"}
    )


class SigningSchema(Schema):
    """How you sign: with your password, a code of your app, or the answer of your passkey."""

    meaning = fields.String(
        required=True,
        validate=require_plain,
        metadata={"description": "What the task asks you to mean by it, such as “approved”"},
    )
    password = fields.String(validate=[validate.Length(1, 1_000), require_characters])
    code = fields.String(validate=[validate.Length(1, 40), require_characters])
    credential = fields.Dict(
        keys=fields.String(),
        metadata={"description": "PublicKeyCredential.toJSON(), of what “signature” asked for"},
    )
    at = fields.AwareDateTime(metadata={"description": "As “signature” said; with a credential"})

    @validates_schema
    def _require_one(self, sent: dict[str, object], **_: object) -> None:
        if len(sent.keys() & {"password", "code", "credential"}) != 1:
            raise ValidationError("Send one of password, code and credential.")
        if ("credential" in sent) != ("at" in sent):
            raise ValidationError("Send “at” as it was with the question, with a credential.")


class AnswersSchema(Schema):
    answers = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Answers to the task's form"}
    )


class DelegationSchema(Schema):
    to = fields.String(
        required=True,
        validate=[validate.Length(1, 64), require_plain],
        metadata={"description": "Username of who shall do it"},
    )
    reason = fields.String(required=True, validate=[validate.Length(1, 2_000), require_plain])


class CompletionSchema(AnswersSchema):
    signature = fields.Nested(
        SigningSchema,
        load_default=None,
        metadata={"description": "Of a task that asks for one: its “signature_meaning”"},
    )


class ToSignSchema(Schema):
    """What a passkey is to sign."""

    statement = fields.String(
        metadata={"description": "Canonical JSON (RFC 8785); its SHA-256 is the challenge"}
    )
    at = fields.AwareDateTime(metadata=MOMENT)
    options = fields.Dict(metadata={"description": "For navigator.credentials.get()"})
