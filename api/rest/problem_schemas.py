"""The shape of a refusal (RFC 9457)."""

from marshmallow import Schema, fields, validate


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
