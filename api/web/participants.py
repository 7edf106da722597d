"""Who leads an incident, and who follows it: the page on which that changes."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from engine import forms, incidents, participants
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.participants import LEADING, WATCHER, Participant
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import IncidentRole

blueprint = Blueprint("participants", __name__, url_prefix="/incidents/<number>")

_ROLE = f"<any({', '.join(LEADING)}):role>"
_RESPONDER = "The username of somebody who works on incidents."
_READER = "The username of somebody who may see it."
_ROLES = tuple((str(role), role.capitalize()) for role in LEADING)
_HAND_OVER = Form(
    "role",
    (
        Field("select", "role", "Role", options=_ROLES, is_required=True),
        Field("textfield", "to", "Who shall have it?", _RESPONDER, is_required=True, max_length=64),
    ),
)
_FOLLOW = "Let somebody follow it"
_WATCHER = Form(
    "watchers",
    (Field("textfield", "watcher", _FOLLOW, _READER, is_required=True, max_length=64),),
)


def leading(found: list[Participant]) -> list[Participant]:
    """Who has a role now, the commander first."""
    held = [one for one in found if one.renounced_at is None and one.role is not WATCHER]
    return sorted(held, key=lambda one: LEADING.index(one.role))


def watching(found: list[Participant]) -> list[Participant]:
    return [one for one in found if one.renounced_at is None and one.role is WATCHER]


@blueprint.get("/participants")
@needs(Action.LEAD_INCIDENT)
def look(number: str) -> ResponseReturnValue:
    return _page(number, {})


@blueprint.post(f"/roles/{_ROLE}/take-over")
@needs(Action.LEAD_INCIDENT)
def take_over(number: str, role: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        incident = incidents.get(session, number, actor)
        participants.take_over(session, incident, IncidentRole(role), actor)
    return _done(number, "role_taken_over")


@blueprint.post(f"/roles/{_ROLE}/renounce")
@needs(Action.LEAD_INCIDENT)
def renounce(number: str, role: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        incident = incidents.get(session, number, actor)
        participants.renounce(session, incident, IncidentRole(role), actor)
    return _done(number, "role_renounced")


@blueprint.post("/roles")
@needs(Action.LEAD_INCIDENT)
def hand_over(number: str) -> ResponseReturnValue:
    try:
        answers = forms.check(_HAND_OVER, forms.from_text(_HAND_OVER, request.form))
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            role = IncidentRole(answers["role"])
            participants.hand_over(session, incident, role, answers["to"], actor)
    except InvalidAnswers as error:
        return _page(number, error.errors), 422
    return _done(number, "role_handed_over")


@blueprint.post("/watch")
@needs(Action.WATCH_INCIDENT)
def watch(number: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        participants.watch(session, incidents.get(session, number, actor), actor)
    return redirect(url_for("incidents.read", number=number, said="watched"), 303)


@blueprint.post("/unwatch")
@needs(Action.WATCH_INCIDENT)
def unwatch(number: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        participants.unwatch(session, incidents.get(session, number, actor), actor)
    return redirect(url_for("incidents.read", number=number, said="unwatched"), 303)


@blueprint.post("/watchers")
@needs(Action.LEAD_INCIDENT)
def add_watcher(number: str) -> ResponseReturnValue:
    try:
        answers = forms.check(_WATCHER, forms.from_text(_WATCHER, request.form))
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            participants.add_watcher(session, incident, answers["watcher"], actor)
    except InvalidAnswers as error:
        return _page(number, error.errors), 422
    return _done(number, "watcher_added")


@blueprint.post("/watchers/<person_id>/remove")
@needs(Action.LEAD_INCIDENT)
def remove_watcher(number: str, person_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        incident = incidents.get(session, number, actor)
        participants.remove_watcher(session, incident, person_id, actor)
    return _done(number, "watcher_removed")


def _done(number: str, said: str) -> ResponseReturnValue:
    return redirect(url_for(".look", number=number, said=said), 303)


def _page(number: str, errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        permissions.require(actor, Action.LEAD_INCIDENT, incident)
        found = participants.find(session, incident, actor)
    return render_template(
        "participants.html",
        incident=incident,
        actor=actor,
        roles=LEADING,
        holders={one.role: one for one in leading(found)},
        watchers=watching(found),
        hand_over=_HAND_OVER,
        follow=_WATCHER,
        form=Form("participants", (*_HAND_OVER.fields, *_WATCHER.fields)),
        sent=request.form,
        errors=errors,
    )
