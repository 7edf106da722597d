"""The audit trace of an incident: every entry, in order, as it was written."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import reading
from engine import incidents, library
from engine.people.permissions import Action

blueprint = Blueprint("audit", __name__, url_prefix="/incidents/<number>/audit")

PAGE = 500
_DIGITS = 9


@blueprint.get("")
@needs(Action.READ_AUDIT)
def trace(number: str) -> ResponseReturnValue:
    after = request.args.get("after", 0, type=_sequence)
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        entries = incidents.trace(session, incident, actor, after=after, limit=PAGE)
        standing = incidents.standing(session, incident)
        deployment = library.get_deployment(session, standing.definition.deployment_id)
        path = incidents.path(session, incident)
        known = incidents.definitions(session, entries)
    return render_template(
        "audit.html",
        incident=incident,
        entries=entries,
        standing=standing,
        known=known,
        deployment=deployment,
        path=path,
        more=entries[-1].sequence if len(entries) == PAGE else None,
    )


def _sequence(text: str) -> int:
    """A number that the database can hold; anything else starts at the first entry."""
    if len(text) > _DIGITS:
        raise ValueError(text)
    return int(text)
