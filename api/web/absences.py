"""One's own absences: who does one's work meanwhile."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import Open, needs
from api.context import changing, reading
from api.web import moments
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.people import absences

blueprint = Blueprint("absences", __name__, url_prefix="/account/absences")

_WHEN = "UTC, such as 2026-01-31 08:00."
_FORM = Form(
    "absence",
    (
        Field("textfield", "deputy", "Who does your work?", "A username.", is_required=True),
        Field("textfield", "starts_at", "From when?", _WHEN, is_required=True),
        Field("textfield", "ends_at", "Until when?", _WHEN, is_required=True),
    ),
)


@blueprint.get("")
@needs(Open.SIGNED_IN)
def find() -> ResponseReturnValue:
    return _page({}, {})


@blueprint.post("")
@needs(Open.SIGNED_IN)
def add() -> ResponseReturnValue:
    try:
        starts_at, ends_at = moments.typed("starts_at", "ends_at")
        with changing() as (session, actor):
            deputy = request.form.get("deputy", "").strip()
            absences.add(session, deputy, starts_at, ends_at, actor)
    except InvalidAnswers as error:
        return _page(request.form, error.errors), 422
    return redirect(url_for(".find", said="absence"), 303)


@blueprint.post("/<absence_id>/end")
@needs(Open.SIGNED_IN)
def end(absence_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        absences.end(session, absence_id, actor)
    return redirect(url_for(".find", said="absence_ended"), 303)


def _page(sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        found = absences.find(session, actor)
    return render_template(
        "absences.html", found=found, actor=actor, form=_FORM, sent=sent, errors=errors
    )
