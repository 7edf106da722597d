"""The shapes of what goes in and out when a process is taken in hand."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from api.rest.field_rules import MOMENT
from engine.instances import REASON_LENGTH
from engine.store.tables import InstanceStatus

_MANY = validate.Length(max=500)
_WHY = {"description": "Why, in a sentence; kept in the history"}


class ReasonSchema(Schema):
    reason = fields.String(required=True, validate=validate.Length(1, REASON_LENGTH), metadata=_WHY)


class RetrySchema(ReasonSchema):
    token = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": "Of the failed step; null when the process broke as a whole"},
    )
    corrections = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"description": "Variable → new value, any JSON"},
    )

    @validates_schema
    def _require_token(self, data: dict[str, object], **_: object) -> None:
        if data["corrections"] and data["token"] is None:
            raise ValidationError("Name the step that reads them.", "token")


class TimerSchema(ReasonSchema):
    due_at = fields.AwareDateTime(required=True, metadata={"description": "ISO 8601, with a zone"})


class PreviewedSchema(Schema):
    preview = fields.Boolean(
        load_default=False, metadata={"description": "Only tell what would happen"}
    )
    reason = fields.String(
        load_default="",
        validate=validate.Length(max=REASON_LENGTH),
        metadata={"description": "Required unless this is a preview"},
    )


class MoveSchema(PreviewedSchema):
    withdraw = fields.List(
        fields.String(), required=True, validate=_MANY, metadata={"description": "Ids of tokens"}
    )
    start = fields.List(
        fields.String(), required=True, validate=_MANY, metadata={"description": "Ids of elements"}
    )


class ElementSchema(Schema):
    element_id = fields.String()
    element_name = fields.String()


class WaitSchema(ElementSchema):
    waits_for = fields.String(
        metadata={"description": "task, timer, message, signal or conditional"}
    )
    name = fields.String(metadata={"description": "Of the message or signal"})
    key = fields.String(metadata={"description": "Which of several receivers of one message"})
    due_at = fields.DateTime(allow_none=True, metadata=MOMENT)


class TokenSchema(WaitSchema):
    """A place at which the process stands; a sub-process has tokens of its own inside."""

    id = fields.String()
    process_id = fields.String()
    kind = fields.String(metadata={"description": "The element's tag in BPMN, such as userTask"})
    inside = fields.List(
        fields.String(), metadata={"description": "Sub-processes and calls, outermost first"}
    )
    waits_for = fields.String(
        allow_none=True,
        metadata={"description": "task, timer, message, signal, conditional; null for none"},
    )
    failure = fields.String(allow_none=True)
    since = fields.DateTime(metadata=MOMENT)
    targets = fields.List(
        fields.String(), metadata={"description": "Ids of elements to which it may be moved"}
    )


class FailedStepSchema(ElementSchema):
    token_id = fields.String()
    message = fields.String()
    reads = fields.Dict(metadata={"description": "The variables that the step reads"})
    variables = fields.Dict(metadata={"description": "All that may be corrected"})


class ReturnSchema(ElementSchema):
    """A step that finished before; move one of the tokens to go back to it."""

    finished_at = fields.DateTime(metadata=MOMENT)
    from_tokens = fields.List(fields.String())


class OverviewSchema(Schema):
    process_id = fields.String()
    process_version = fields.Integer()
    status = fields.Enum(InstanceStatus, by_value=True)
    failure = fields.String(allow_none=True)
    started_at = fields.DateTime(metadata=MOMENT)
    ended_at = fields.DateTime(allow_none=True, metadata=MOMENT)
    tokens = fields.List(fields.Nested(TokenSchema))
    failures = fields.List(fields.Nested(FailedStepSchema))
    returns = fields.List(fields.Nested(ReturnSchema))
    version = fields.Integer(metadata={"description": "Send as If-Match with the next change"})


class StepSchema(ElementSchema):
    changes = fields.Dict(metadata={"description": "variable or field → [old value, new value]"})


class ProblemStepSchema(ElementSchema):
    message = fields.String()


class MovedSchema(Schema):
    """What a move does, or in a preview would do."""

    preview = fields.Boolean()
    vanishes = fields.List(fields.Nested(WaitSchema))
    runs = fields.List(fields.Nested(StepSchema), metadata={"description": "By itself, in order"})
    opens = fields.List(fields.Nested(WaitSchema))
    fails = fields.List(fields.Nested(ProblemStepSchema))
    is_ended = fields.Boolean()


class MigrationSchema(PreviewedSchema):
    to = fields.Integer(required=True, metadata={"description": "The other version"})
    mapping = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={"description": "Element id → its id in the other version, where they differ"},
    )
    incidents = fields.List(
        fields.String(),
        load_default=None,
        allow_none=True,
        metadata={"description": "Ids or numbers; null for every open incident of this version"},
    )


class ElementPlanSchema(ElementSchema):
    """What becomes of an element on which incidents stand."""

    process_id = fields.String()
    tokens = fields.Integer()
    target_id = fields.String(allow_none=True)
    target_name = fields.String(allow_none=True)
    problem = fields.String(metadata={"description": "Why not; empty when it moves"})
    is_dropped = fields.Boolean(metadata={"description": "An event that goes without harm"})


class OutcomeSchema(Schema):
    incident_id = fields.String()
    incident_number = fields.String()
    is_moved = fields.Boolean()
    problem = fields.String(metadata={"description": "Why it stays; empty when it moves"})
    dropped = fields.List(fields.String(), metadata={"description": "Not waited for any more"})
    armed = fields.List(fields.String(), metadata={"description": "Waited for from now on"})


class MigratedSchema(Schema):
    preview = fields.Boolean()
    elements = fields.List(fields.Nested(ElementPlanSchema))
    outcomes = fields.List(fields.Nested(OutcomeSchema))
