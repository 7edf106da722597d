"""What other systems know an incident's problem, change or asset by."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from engine import forms, incidents, references
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.people import permissions
from engine.people.permissions import Action
from engine.references import LONGEST, Reference
from engine.store.tables import ReferenceKind

blueprint = Blueprint("references", __name__, url_prefix="/incidents/<number>/references")

_KINDS = {
    ReferenceKind.PROBLEM: "The problem behind it",
    ReferenceKind.CHANGE: "A change that caused it, or that will end it",
    ReferenceKind.ASSET: "An asset or configuration item that it is about",
}
_FORM = Form(
    "reference",
    (
        Field(
            "radio",
            "kind",
            "What is it?",
            options=tuple((str(kind), label) for kind, label in _KINDS.items()),
            is_required=True,
        ),
        Field(
            "textfield",
            "system",
            "In which system?",
            is_required=True,
            max_length=LONGEST["system"],
        ),
        Field(
            "textfield",
            "reference",
            "What is it called there?",
            "Such as PRB-1042.",
            is_required=True,
            max_length=LONGEST["reference"],
        ),
        Field("textfield", "url", "Address", "Begins with https://", max_length=LONGEST["url"]),
    ),
)


@blueprint.get("")
@needs(Action.RELATE_INCIDENT)
def look(number: str) -> ResponseReturnValue:
    return _page(number, {})


@blueprint.post("")
@needs(Action.RELATE_INCIDENT)
def add(number: str) -> ResponseReturnValue:
    try:
        answers = forms.check(_FORM, forms.from_text(_FORM, request.form))
        kind = ReferenceKind(answers["kind"])
        told = Reference(kind, answers["system"], answers["reference"], answers["url"] or "")
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            references.add(session, incident, told, actor)
    except InvalidAnswers as error:
        return _page(number, error.errors), 422
    return redirect(url_for("incidents.read", number=number, said="reference_added"), 303)


@blueprint.post("/<reference_id>/withdraw")
@needs(Action.RELATE_INCIDENT)
def withdraw(number: str, reference_id: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    try:
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            references.withdraw(session, incident, reference_id, reason, actor)
    except InvalidAnswers as error:
        return _page(number, error.errors, reference_id), 422
    return redirect(url_for(".look", number=number, said="reference_withdrawn"), 303)


def _page(number: str, errors: Mapping[str, str], about: str | None = None) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        permissions.require(actor, Action.RELATE_INCIDENT, incident)
        found = references.find(session, incident, actor)
    return render_template(
        "references.html",
        incident=incident,
        found=found,
        form=_FORM,
        sent=request.form,
        errors=errors,
        about=about,
    )
