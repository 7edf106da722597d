"""Who needs to know of an incident: restrict it to some people, or open it again."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from engine import incidents
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.people import permissions, restriction
from engine.people.permissions import Action

blueprint = Blueprint("restriction", __name__, url_prefix="/incidents/<number>/restriction")
_LABELS = tuple((label, f"TLP:{label.upper()}") for label in restriction.TLP)
_FORM = Form(
    "restriction",
    (
        Field("textarea", "readers", "Usernames", description="One a line.", is_required=True),
        Field("select", "tlp", "Traffic Light Protocol", options=_LABELS),
    ),
)


@blueprint.get("")
@needs(Action.RESTRICT_INCIDENT)
def ask(number: str) -> ResponseReturnValue:
    return _page(number, {}, {})


@blueprint.post("")
@needs(Action.RESTRICT_INCIDENT)
def restrict(number: str) -> ResponseReturnValue:
    try:
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            readers = restriction.ids(session, request.form.get("readers", "").split())
            tlp = request.form.get("tlp") or None
            restriction.restrict(session, incident, readers, tlp, actor)
    except InvalidAnswers as error:
        return _page(number, request.form, error.errors), 422
    return redirect(url_for("incidents.read", number=number, said="restricted"), 303)


@blueprint.post("/lift")
@needs(Action.RESTRICT_INCIDENT)
def lift(number: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        restriction.open_up(session, incidents.get(session, number, actor), actor)
    return redirect(url_for("incidents.read", number=number, said="opened_up"), 303)


def _page(number: str, sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        permissions.require(actor, Action.RESTRICT_INCIDENT, incident)
        known = restriction.usernames(session, incident)
    current = {"readers": "\n".join(known), "tlp": incident.tlp or ""}
    return render_template(
        "restriction.html", incident=incident, form=_FORM, sent=sent or current, errors=errors
    )
