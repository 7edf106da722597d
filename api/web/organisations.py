"""Organisations: add one, give it another name, go to its people."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from api.web import asked
from engine.errors import Conflict, InvalidAnswers
from engine.forms import Field, Form
from engine.people import administration, organisations, permissions
from engine.people.permissions import Action

blueprint = Blueprint("organisations", __name__, url_prefix="/organisations")

PAGE = 200


@blueprint.get("")
@needs(Action.MANAGE_ORGANISATION)
def find() -> ResponseReturnValue:
    return _list({})


@blueprint.post("")
@needs(Action.MANAGE_PEOPLE)
def add() -> ResponseReturnValue:
    try:
        with changing() as (session, actor):
            added = organisations.add(session, request.form.get("name", ""), actor)
    except InvalidAnswers as error:
        return _list(error.errors), 422
    except Conflict as error:
        return _list({"name": str(error)}), 422
    return redirect(url_for(".read", organisation_id=added.id, said="organisation"), 303)


@blueprint.get("/<organisation_id>")
@needs(Action.MANAGE_ORGANISATION)
def read(organisation_id: str) -> ResponseReturnValue:
    return _page(organisation_id, {})


@blueprint.post("/<organisation_id>")
@needs(Action.MANAGE_PEOPLE)
def rename(organisation_id: str) -> ResponseReturnValue:
    try:
        with changing() as (session, actor):
            organisations.rename(session, organisation_id, request.form.get("name", ""), actor)
    except InvalidAnswers as error:
        return _page(organisation_id, error.errors), 422
    except Conflict as error:
        return _page(organisation_id, {"name": str(error)}), 422
    return redirect(url_for(".read", organisation_id=organisation_id, said="renamed"), 303)


def _list(errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        found = organisations.find(session, actor)
    return render_template(
        "organisations.html",
        found=found,
        may_change=permissions.may(actor, Action.MANAGE_PEOPLE),
        form=_form("", "For example the dealership, as its people know it."),
        sent=request.form,
        errors=errors,
    )


def _page(organisation_id: str, errors: Mapping[str, str]) -> str:
    after = request.args.get("after", type=asked.plain)
    with reading() as (session, actor):
        organisation = organisations.get(session, organisation_id, actor)
        people = administration.find(
            session, actor, organisation_id=organisation_id, after=after, limit=PAGE
        )
    return render_template(
        "organisation.html",
        organisation=organisation,
        people=people,
        more=people[-1].person.username if len(people) == PAGE else None,
        may_change=permissions.may(actor, Action.MANAGE_PEOPLE),
        form=_form(organisation.name, ""),
        sent=request.form,
        errors=errors,
    )


def _form(given: str, hint: str) -> Form:
    longest = organisations.LONGEST_NAME
    name = Field(
        "textfield", "name", "Name", hint, default=given, is_required=True, max_length=longest
    )
    return Form("organisation", (name,))
