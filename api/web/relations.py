"""What an incident belongs together with: the page on which that is said, and its duplicates."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from api.web.control import REASON
from engine import forms, incidents, relations
from engine.errors import Conflict, InvalidAnswers
from engine.forms import Field, Form
from engine.instances import Reason
from engine.people import permissions
from engine.people.permissions import Action
from engine.relations import ADDABLE, Related, Side

blueprint = Blueprint("relations", __name__, url_prefix="/incidents/<number>")

_SIDES = {
    Side.CHILD_OF: "It is a child of",
    Side.PARENT_OF: "It is the parent of",
    Side.RELATED_TO: "It is related to",
}
_NUMBER = Field(
    "textfield",
    "number",
    "Number of the other incident",
    "Such as INC-2026-000123.",
    is_required=True,
)
_RELATION = Form(
    "relation",
    (
        Field(
            "radio",
            "side",
            "What is this incident to the other one?",
            options=tuple((str(side), _SIDES[side]) for side in ADDABLE),
            is_required=True,
        ),
        _NUMBER,
    ),
)
_DUPLICATE = Form("duplicate", (_NUMBER, REASON))


def live(found: list[Related]) -> list[Related]:
    return [related for related in found if related.withdrawn_at is None]


def named(found: list[Related]) -> dict[str, str]:
    """Relation id -> number of the other incident, for the timeline: no entry names it."""
    return {related.id: related.number for related in found}


@blueprint.get("/relations")
@needs(Action.RELATE_INCIDENT)
def look(number: str) -> ResponseReturnValue:
    return _page(number, {})


@blueprint.post("/relations")
@needs(Action.RELATE_INCIDENT)
def add(number: str) -> ResponseReturnValue:
    try:
        answers = _answers(_RELATION)
        with _beside_the_number(), changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            relations.add(session, incident, Side(answers["side"]), answers["number"], actor)
    except InvalidAnswers as error:
        return _page(number, error.errors), 422
    return redirect(url_for("incidents.read", number=number, said="related"), 303)


@blueprint.post("/relations/<relation_id>/withdraw")
@needs(Action.RELATE_INCIDENT)
def withdraw(number: str, relation_id: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    try:
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            relations.withdraw(session, incident, relation_id, reason, actor)
    except InvalidAnswers as error:
        return _page(number, error.errors, relation_id), 422
    return redirect(url_for(".look", number=number, said="relation_withdrawn"), 303)


@blueprint.get("/duplicate")
@needs(Action.CONTROL_PROCESS)
def ask(number: str) -> ResponseReturnValue:
    return _ask(number, {})


@blueprint.post("/duplicate")
@needs(Action.CONTROL_PROCESS)
def close_as_duplicate(number: str) -> ResponseReturnValue:
    try:
        answers = _answers(_DUPLICATE)
        with _beside_the_number(), changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            reason = Reason(answers["reason"])
            relations.close_as_duplicate(session, incident, answers["number"], reason, actor)
    except InvalidAnswers as error:
        return _ask(number, error.errors), 422
    return redirect(url_for("incidents.read", number=number, said="duplicate"), 303)


def _answers(form: Form) -> dict[str, Any]:
    return forms.check(form, forms.from_text(form, request.form))


@contextmanager
def _beside_the_number() -> Iterator[None]:
    """What the other incident does not fit is said beside its number."""
    try:
        yield
    except Conflict as error:
        raise InvalidAnswers({"number": str(error)}) from error


def _page(number: str, errors: Mapping[str, str], about: str | None = None) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        permissions.require(actor, Action.RELATE_INCIDENT, incident)
        found = live(relations.find(session, incident, actor))
    return render_template(
        "relations.html",
        incident=incident,
        withdrawable=[one for one in found if one.side not in relations.OF_DUPLICATES],
        form=_RELATION,
        sent=request.form,
        errors=errors,
        about=about,
    )


def _ask(number: str, errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        permissions.require(actor, Action.CONTROL_PROCESS, incident)
    return render_template(
        "duplicate.html", incident=incident, form=_DUPLICATE, sent=request.form, errors=errors
    )
