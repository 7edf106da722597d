"""The shapes of bundles: what is deployed, drafted, found wrong, imported."""

from marshmallow import Schema, fields, validate

from api.rest.field_rules import MOMENT, require_characters, require_plain


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
    deployed_at = fields.DateTime(metadata=MOMENT)
    deployed_by = fields.String()


class ShelfSchema(Schema):
    """One process of the library in its newest version."""

    definition = fields.Nested(ProcessSchema)
    deployment = fields.Nested(DeploymentSchema)
    open_incidents = fields.Integer()
    has_draft = fields.Boolean()


class BundleSchema(Schema):
    files = fields.Dict(
        keys=fields.String(validate=[validate.Length(1, 200), require_plain]),
        values=fields.String(validate=require_characters),
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "path, such as processes/itsm/incident.bpmn → content"},
    )
    note = fields.String(load_default="", validate=[validate.Length(max=500), require_plain])


class DeployDraftSchema(Schema):
    note = fields.String(load_default="", validate=[validate.Length(max=500), require_plain])


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


class ImportQuerySchema(Schema):
    name = fields.String(
        load_default="imported.bpmn",
        validate=[validate.Length(1, 200), require_plain],
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
