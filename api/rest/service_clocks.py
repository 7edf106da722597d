"""Service clocks of an incident, with all that explains their due times."""

from typing import Any

from marshmallow import Schema, fields

from api.access import needs
from api.context import reading
from api.rest.due_time_schemas import SegmentSchema
from api.rest.field_rules import MOMENT
from api.rest.strict import StrictBlueprint
from engine import incidents, service_clocks
from engine.clocks.agreements import ServiceKind
from engine.clocks.service import Act
from engine.people.permissions import Action
from engine.service_clocks import State

blueprint = StrictBlueprint(
    "rest_service_clocks",
    __name__,
    url_prefix="/api/v1/incidents/<incident_id>/service-clocks",
    description="What was promised about an incident",
)


def _seconds(name: str, description: str) -> fields.Function:
    def read(found: Any) -> float:
        for part in name.split("."):
            found = getattr(found, part)
        seconds: float = found.total_seconds()
        return seconds

    return fields.Function(read, metadata={"type": "number", "description": description})


class StageSchema(Schema):
    """What happened to a clock, and what was counted from then on."""

    act = fields.Enum(Act, by_value=True, attribute="turn.act")
    at = fields.DateTime(attribute="turn.at", metadata=MOMENT)
    by = fields.String(attribute="turn.by")
    reason = fields.String(attribute="turn.reason")
    due_at = fields.DateTime(
        allow_none=True,
        metadata={"description": "As it was then: what would be without what came later; UTC"},
    )
    target_seconds = _seconds("target.duration", "Working time that was allowed in all")
    calendar = fields.String(attribute="target.calendar.name")
    time_zone = fields.String(
        attribute="target.calendar.zone.key", metadata={"description": "IANA"}
    )
    counted_seconds = _seconds("counted", "Up to the next stage, or to the due time")
    segments = fields.List(fields.Nested(SegmentSchema))


class ServiceClockSchema(Schema):
    id = fields.String(attribute="clock.id")
    kind = fields.Enum(ServiceKind, by_value=True)
    title = fields.String(attribute="clock.title")
    state = fields.Enum(State, by_value=True)
    due_at = fields.DateTime(
        attribute="clock.due_at",
        allow_none=True,
        metadata={"description": "Null while it is paused, and once it was met; UTC"},
    )
    stopped_at = fields.DateTime(attribute="clock.stopped_at", allow_none=True, metadata=MOMENT)
    used_seconds = _seconds("used", "Working time that was counted until now")
    stages = fields.List(
        fields.Nested(StageSchema),
        metadata={"description": "What is counted in them is the target, once there is a due time"},
    )


class ServiceClockListSchema(Schema):
    items = fields.List(fields.Nested(ServiceClockSchema))


@blueprint.get("")
@blueprint.response(200, ServiceClockListSchema)
@needs(Action.READ_INSIDE)
def find(incident_id: str) -> dict[str, Any]:
    """List the service clocks of an incident, the one due first on top."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        return {"items": service_clocks.find(session, incident, actor)}
