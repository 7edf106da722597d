"""Report an incident: the start form of a process, and what happens next."""

from collections.abc import Mapping
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from api.web import asked
from engine import forms, incidents, intake
from engine.errors import InvalidAnswers
from engine.people import permissions
from engine.people.permissions import Action

blueprint = Blueprint("report", __name__, url_prefix="/report")

_CHANNEL = "web"
_DEFAULT_PROCESS = "incident"


@blueprint.get("")
@needs(Action.REPORT_INCIDENT)
def form() -> ResponseReturnValue:
    return _page({}, {})


@blueprint.post("")
@needs(Action.REPORT_INCIDENT)
def report() -> ResponseReturnValue:
    process_id = _process_id()
    try:
        with changing() as (session, actor):
            answers = forms.from_text(intake.start_form(session, process_id), request.form)
            incident = intake.report(session, process_id, answers, _CHANNEL, actor)
    except InvalidAnswers as error:
        return _page(request.form, error.errors), 422
    return redirect(url_for(".reported", number=incident.number), 303)


@blueprint.get("/<number>")
@needs(Action.READ_INCIDENT)
def reported(number: str) -> ResponseReturnValue:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        steps = incidents.next_steps(session, incident, actor)
    return render_template("reported.html", incident=incident, steps=steps)


def _page(sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        permissions.require(actor, Action.REPORT_INCIDENT)
        start_form = intake.start_form(session, _process_id())
    return render_template(
        "report.html",
        form=start_form,
        sent=sent,
        errors=errors,
        idempotency_key=uuid4(),  # sent twice, by a double click, it is one report
    )


def _process_id() -> str:
    return request.args.get("process", _DEFAULT_PROCESS, type=asked.plain)
