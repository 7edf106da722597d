"""Incidents: report, list, read, correct, and their audit trace."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from api.access import needs
from api.context import changing, reading
from api.rest import paging
from api.rest.incident_schemas import (
    AuditPageSchema,
    CorrectionSchema,
    IncidentPageSchema,
    IncidentSchema,
    ReportSchema,
)
from api.rest.strict import StrictBlueprint
from engine import incidents, intake
from engine.people.permissions import Action
from engine.store.tables import AuditEntry, Incident, IncidentStatus, ProcessDefinition

blueprint = StrictBlueprint(
    "rest_incidents", __name__, url_prefix="/api/v1/incidents", description="Incidents"
)

Tagged = tuple[Incident, dict[str, str]]

_Q = """\
What to search for: a number or its beginning (`INC-2026-000123`, `INC-2026-0001`), or words. Each
of the first eight words must be in the title or the service, as a word or as the beginning of one
(`print` finds “Label printer”); a word of digits must be there whole, or be the number without its
year (`123`). Case, accents and the order of words make no difference. What lies inside a word
(`rint`), other forms of it, spelling mistakes, and the text of the description are not found.
"""


class IncidentArguments(paging.PageArguments):
    status = fields.Enum(IncidentStatus, by_value=True, load_default=None)
    open = fields.Boolean(load_default=False, metadata={"description": "Only those not closed"})
    q = fields.String(
        load_default="", validate=validate.Length(max=200), metadata={"description": _Q}
    )


@blueprint.get("")
@blueprint.arguments(IncidentArguments(), location="query")
@blueprint.response(200, IncidentPageSchema)
@needs(Action.READ_INCIDENT)
def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """List or search the incidents you may see, newest first."""
    limit = arguments["limit"]
    (before,) = paging.decode_cursor(arguments["cursor"], str) or (None,)
    with reading() as (session, actor):
        found = incidents.find(
            session,
            actor,
            text=arguments["q"],
            status=arguments["status"],
            only_open=arguments["open"],
            before=before,
            limit=limit,
        )
    last = found[-1] if len(found) == limit else None
    return {
        "items": found,
        "next_cursor": paging.encode_cursor(last.number) if last else None,
    }


@blueprint.post("")
@blueprint.arguments(ReportSchema())
@blueprint.response(201, IncidentSchema)
@blueprint.alt_response(403, description="You may not report")
@needs(Action.REPORT_INCIDENT)
def report(body: dict[str, Any]) -> Tagged:
    """Report an incident; its process starts at once."""
    with changing() as (session, actor):
        incident = intake.report(session, body["process"], body["answers"], "api", actor)
    return incident, paging.entity_tag(incident.version)


@blueprint.get("/<incident_id>")
@blueprint.response(200, IncidentSchema)
@needs(Action.READ_INCIDENT)
def read(incident_id: str) -> Tagged:
    """Read an incident by id or number; the ETag names its version."""
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
    return incident, paging.entity_tag(incident.version)


@blueprint.patch("/<incident_id>")
@blueprint.arguments(CorrectionSchema())
@blueprint.response(200, IncidentSchema)
@blueprint.alt_response(412, description="Changed since you looked")
@blueprint.alt_response(428, description="If-Match is required")
@needs(Action.CORRECT_INCIDENT)
def correct(body: dict[str, Any], incident_id: str) -> Tagged:
    """Correct what was reported; send the ETag that you last saw as If-Match."""
    version = paging.required_version()
    with changing() as (session, actor):
        incident = incidents.correct(session, incident_id, body, version, actor)
    return incident, paging.entity_tag(incident.version)


@blueprint.get("/<incident_id>/history")
@blueprint.arguments(paging.PageArguments(), location="query")
@blueprint.response(200, AuditPageSchema)
@needs(Action.READ_AUDIT)
def history(arguments: dict[str, Any], incident_id: str) -> dict[str, Any]:
    """Read the audit trace of an incident: every step, once, in order."""
    limit = arguments["limit"]
    (after,) = paging.decode_cursor(arguments["cursor"], int) or (0,)
    with reading() as (session, actor):
        incident = incidents.get(session, incident_id, actor)
        entries = incidents.trace(session, incident, actor, after=after, limit=limit)
        known = incidents.definitions(session, entries)
    last = entries[-1].sequence if len(entries) == limit else None
    return {
        "items": [_entry(entry, known) for entry in entries],
        "next_cursor": paging.encode_cursor(last) if last else None,
    }


def _entry(entry: AuditEntry, known: Mapping[str, ProcessDefinition]) -> dict[str, Any]:
    columns = {c.name: getattr(entry, c.name) for c in entry.__table__.columns}
    definition = known.get(entry.definition_id or "")
    if definition:
        columns |= {"process_id": definition.process_id, "process_version": definition.version}
    return columns
