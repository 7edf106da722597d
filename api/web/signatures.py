"""The signatures of an incident, and each as a file that can be checked without us."""

from flask import Blueprint, json, render_template, request
from flask.typing import ResponseReturnValue

from api import downloads
from api.access import needs
from api.context import reading
from api.web import asked
from engine import incidents
from engine.people.permissions import Action
from engine.signatures import documents, listing

blueprint = Blueprint("signatures", __name__, url_prefix="/incidents/<number>/signatures")

PAGE = 100


@blueprint.get("")
@needs(Action.READ_AUDIT)
def find(number: str) -> ResponseReturnValue:
    after = request.args.get("after", "", type=asked.plain)
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        found = listing.find(session, incident, actor, after=after, limit=PAGE)
    more = found[-1].signature.id if len(found) == PAGE else None
    return render_template("signatures.html", incident=incident, found=found, more=more)


@blueprint.get("/<signature_id>")
@needs(Action.READ_AUDIT)
def download(number: str, signature_id: str) -> ResponseReturnValue:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        signature = listing.get(session, incident, signature_id, actor)
    content = json.dumps(documents.of(signature), ensure_ascii=False, indent=2).encode()
    return downloads.save(f"{incident.number}-{signature.id}.json", content, "application/json")
