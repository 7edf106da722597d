"""What needs somebody who looks after the installation: failures, dead letters, timers to come."""

from typing import Any

from marshmallow import Schema, fields

from api.access import needs
from api.context import changing, reading
from api.rest.control_schemas import ReasonSchema
from api.rest.field_rules import MOMENT
from api.rest.incident_schemas import IncidentSummarySchema
from api.rest.strict import StrictBlueprint
from engine import upkeep
from engine.instances import Reason
from engine.jobs import Job
from engine.people.permissions import Action
from engine.upkeep import Letter

blueprint = StrictBlueprint(
    "rest_operations", __name__, url_prefix="/api/v1/operations", description="Upkeep"
)


class FailedProcessSchema(Schema):
    incident = fields.Nested(IncidentSummarySchema)
    problem = fields.String()


class LetterSchema(Schema):
    """A job that failed eight times and waits for a person."""

    id = fields.Integer(attribute="letter.id")
    job = fields.Enum(Job, by_value=True, attribute="letter.job")
    subject = fields.String(
        attribute="letter.subject", metadata={"description": "Id of what it is about"}
    )
    incident = fields.Nested(IncidentSummarySchema, allow_none=True)
    problem = fields.String()


class DueSchema(Schema):
    """The first timer of a process."""

    incident = fields.Nested(IncidentSummarySchema)
    due_at = fields.DateTime(metadata=MOMENT)


class UpkeepSchema(Schema):
    failed = fields.List(fields.Nested(FailedProcessSchema))
    letters = fields.List(fields.Nested(LetterSchema))
    timers = fields.List(fields.Nested(DueSchema))


@blueprint.get("")
@blueprint.response(200, UpkeepSchema)
@blueprint.alt_response(403, description="You may not look after this installation")
@needs(Action.LOOK_AFTER)
def look() -> upkeep.Upkeep:
    """Read what needs somebody: failed processes, dead letters; and the timers due next."""
    with reading() as (session, actor):
        return upkeep.look(session, actor)


@blueprint.post("/dead-letters/<int:job_id>/retry")
@blueprint.arguments(ReasonSchema())
@blueprint.response(200, LetterSchema)
@blueprint.alt_response(403, description="You may not try jobs again")
@blueprint.alt_response(404, description="There is no such dead letter")
@needs(Action.RETRY_JOB)
def retry(body: dict[str, Any], job_id: int) -> Letter:
    """Put a dead letter back into the queue, with all its attempts before it again."""
    with changing() as (session, actor):
        return upkeep.try_again(session, job_id, Reason(body["reason"]), actor)
