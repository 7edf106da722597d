"""The shapes of what goes in and out; meaning is checked in the engine."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from engine import plain_text
from engine.bpmn import payloads
from engine.incidents import CORRECTABLE
from engine.instances import messages
from engine.store.tables import IncidentStatus, MessageStatus, TaskStatus


def _require_plain(text: str) -> None:
    if not plain_text.is_plain(text):
        raise ValidationError(plain_text.NOT_PLAIN)


def _require_characters(text: str) -> None:
    """Half a character (a lone surrogate) fits into JSON, and into no file."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValidationError("This is not Unicode text.") from error


_MOMENT = {"description": "UTC, ISO 8601"}


class ProblemErrorSchema(Schema):
    pointer = fields.String(metadata={"description": "JSON pointer to the field"})
    detail = fields.String()
    rule = fields.String()
    path = fields.String()
    element_id = fields.String()
    element_name = fields.String()
    message = fields.String()
    severity = fields.String(validate=validate.OneOf(["error", "warning"]))
    line = fields.Integer(allow_none=True, metadata={"description": "Of the file"})


class ProblemSchema(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    errors = fields.List(fields.Nested(ProblemErrorSchema))


class ReportSchema(Schema):
    process = fields.String(
        load_default="incident", validate=[validate.Length(1, 120), _require_plain]
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
    last_seen_at = fields.DateTime(metadata=_MOMENT)
    created_at = fields.DateTime(metadata=_MOMENT)
    updated_at = fields.DateTime(metadata=_MOMENT)
    resolved_at = fields.DateTime(allow_none=True, metadata=_MOMENT)
    closed_at = fields.DateTime(allow_none=True, metadata=_MOMENT)
    version = fields.Integer()


class IncidentPageSchema(Schema):
    items = fields.List(fields.Nested(IncidentSchema))
    next_cursor = fields.String(allow_none=True)


class CorrectionSchema(Schema):
    title = fields.String(validate=[validate.Length(1, 200), _require_plain])
    description = fields.String(validate=[validate.Length(max=20_000), _require_plain])
    service = fields.String(validate=[validate.Length(max=120), _require_plain])
    affected = fields.String(validate=[validate.Length(max=200), _require_plain])


if set(CorrectionSchema._declared_fields) != set(CORRECTABLE):  # noqa: SLF001
    raise AssertionError("CorrectionSchema and incidents.CORRECTABLE must name the same fields.")


class TaskSchema(Schema):
    id = fields.String()
    name = fields.String()
    element_id = fields.String()
    phase = fields.String(allow_none=True)
    candidate_group = fields.String()
    form_key = fields.String()
    status = fields.Enum(TaskStatus, by_value=True)
    assignee_id = fields.String(allow_none=True)
    created_at = fields.DateTime(metadata=_MOMENT)
    due_at = fields.DateTime(allow_none=True, metadata=_MOMENT)
    ended_at = fields.DateTime(allow_none=True, metadata=_MOMENT)
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
        validate=_require_plain,
        metadata={"description": "What the task asks you to mean by it, such as “approved”"},
    )
    password = fields.String(validate=[validate.Length(1, 1_000), _require_characters])
    code = fields.String(validate=[validate.Length(1, 40), _require_characters])
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
        validate=[validate.Length(1, 64), _require_plain],
        metadata={"description": "Username of who shall do it"},
    )
    reason = fields.String(required=True, validate=[validate.Length(1, 2_000), _require_plain])


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
    at = fields.AwareDateTime(metadata=_MOMENT)
    options = fields.Dict(metadata={"description": "For navigator.credentials.get()"})


class AuditEntrySchema(Schema):
    sequence = fields.Integer()
    at = fields.DateTime(metadata=_MOMENT)
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


class ProcessSchema(Schema):
    id = fields.String(metadata={"description": "Identifies this version"})
    process_id = fields.String()
    version = fields.Integer()
    name = fields.String()
    deployment_id = fields.String()
    path = fields.String()
    start_form_key = fields.String(allow_none=True)


class DeploymentSchema(Schema):
    id = fields.String()
    bundle_id = fields.String()
    version = fields.Integer()
    title = fields.String()
    sha256 = fields.String()
    note = fields.String()
    deployed_at = fields.DateTime(metadata=_MOMENT)
    deployed_by = fields.String()


class ShelfSchema(Schema):
    """One process of the library in its newest version."""

    definition = fields.Nested(ProcessSchema)
    deployment = fields.Nested(DeploymentSchema)
    open_incidents = fields.Integer()
    has_draft = fields.Boolean()


class BundleSchema(Schema):
    files = fields.Dict(
        keys=fields.String(validate=[validate.Length(1, 200), _require_plain]),
        values=fields.String(validate=_require_characters),
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "path, such as processes/itsm/incident.bpmn → content"},
    )
    note = fields.String(load_default="", validate=[validate.Length(max=500), _require_plain])


class DeployDraftSchema(Schema):
    note = fields.String(load_default="", validate=[validate.Length(max=500), _require_plain])


class FindingSchema(Schema):
    rule = fields.String()
    path = fields.String()
    element_id = fields.String()
    element_name = fields.String()
    message = fields.String()
    severity = fields.String(
        validate=validate.OneOf(["error", "warning"]),
        metadata={"description": "a warning does not keep the bundle from being deployed"},
    )
    line = fields.Integer(
        allow_none=True, metadata={"description": "in the file, where it is known"}
    )


class DraftCheckSchema(Schema):
    etag = fields.String(metadata={"description": "Send as If-Match with the next save"})
    findings = fields.List(fields.Nested(FindingSchema))


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
        validate=[validate.Length(1, messages.LONGEST_NAME), _require_plain],
        metadata={"description": "The message's name in the diagram"},
    )
    key = fields.String(
        load_default="",
        validate=[validate.Length(max=messages.LONGEST_NAME), _require_plain],
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
        validate=[validate.Length(1, 64), _require_plain],
        metadata={"description": "Id or number of the only incident that may take it"},
    )


class DiscardSchema(Schema):
    reason = fields.String(
        required=True,
        validate=[validate.Length(1, messages.LONGEST_REASON), _require_plain, _require_words],
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
    created_at = fields.DateTime(metadata=_MOMENT)
    ended_at = fields.DateTime(allow_none=True, metadata=_MOMENT)
    attempts = fields.Integer(metadata={"description": "Deliveries that went wrong"})
    next_attempt_at = fields.DateTime(allow_none=True, metadata=_MOMENT)


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


class ImportQuerySchema(Schema):
    name = fields.String(
        load_default="imported.bpmn",
        validate=[validate.Length(1, 200), _require_plain],
        metadata={"description": "The file's name; the bundle is called like it"},
    )


class QuestionSchema(Schema):
    """Something that the import assumed, for the process owner to confirm or to change."""

    rule = fields.String()
    element_id = fields.String()
    element_name = fields.String()
    message = fields.String(metadata={"description": "What the file says, and what was assumed"})
    suggestion = fields.String(metadata={"description": "What to decide"})


class ImportedSchema(Schema):
    origin = fields.String(
        validate=validate.OneOf(["steadyhand", "camunda7", "camunda8", "drawn"]),
        metadata={"description": "Whose dialect the file is written in"},
    )
    files = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "path, such as processes/itsm/incident.bpmn → content"},
    )
    questions = fields.List(fields.Nested(QuestionSchema))
