"""People, for those who manage them: all of them, or those of their organisation."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from api.idempotency import shows_secret
from api.web import asked, people_forms
from api.web.account import TOKEN_FORM, chosen_terms
from engine.actors import Role
from engine.errors import Conflict, InvalidAnswers
from engine.people import accounts, administration, credentials, organisations, permissions
from engine.people.administration import Newcomer
from engine.people.credentials import CredentialKind
from engine.people.permissions import Action

blueprint = Blueprint("people", __name__, url_prefix="/people")

PAGE = 100


@blueprint.get("")
@needs(Action.MANAGE_ORGANISATION)
def find() -> ResponseReturnValue:
    search = request.args.get("q", "").strip()[:120]
    after = request.args.get("after", type=asked.plain)
    with reading() as (session, actor):
        found = administration.find(session, actor, search=search, after=after, limit=PAGE)
    more = found[-1].person.username if len(found) == PAGE else None
    return render_template("people.html", found=found, search=search, more=more)


@blueprint.get("/add")
@needs(Action.MANAGE_ORGANISATION)
def ask() -> ResponseReturnValue:
    return _add_page({})


@blueprint.post("/add")
@needs(Action.MANAGE_ORGANISATION)
@shows_secret
def add() -> ResponseReturnValue:
    """Add somebody and show the link with which they come in; a machine gets none."""
    try:
        newcomer = _newcomer()
        with changing() as (session, actor):
            person = administration.add(session, newcomer, actor).person
            is_machine = request.form.get("kind") == people_forms.MACHINE
            secret = None if is_machine else administration.invite(session, person.id, actor)
    except InvalidAnswers as error:
        return _add_page(_by_field(error.errors)), 422
    except Conflict as error:
        return _add_page({"username": str(error)}), 422
    if secret is None:
        return redirect(url_for(".read", person_id=person.id, said="machine_added"), 303)
    return _link_page(person.id, person.name, secret)


@blueprint.get("/<person_id>")
@needs(Action.MANAGE_ORGANISATION)
def read(person_id: str) -> ResponseReturnValue:
    return _page(person_id, {})


@blueprint.post("/<person_id>")
@needs(Action.MANAGE_PEOPLE)
def change(person_id: str) -> ResponseReturnValue:
    name, organisation = request.form.get("name", ""), request.form.get("organisation") or None
    try:
        with changing() as (session, actor):
            administration.change(session, person_id, name, organisation, actor, _version())
    except InvalidAnswers as error:
        return _page(person_id, _by_field(error.errors, grants="organisation")), 422
    return redirect(url_for(".read", person_id=person_id, said="person_changed"), 303)


@blueprint.post("/<person_id>/grants/add")
@needs(Action.MANAGE_ORGANISATION)
def grant(person_id: str) -> ResponseReturnValue:
    try:
        with changing() as (session, actor):
            account = administration.get(session, person_id, actor)
            chosen = people_forms.chosen_grant(request.form, account.person.organisation_id)
            administration.grant(session, person_id, chosen, actor, _version())
    except InvalidAnswers as error:
        return _page(person_id, _by_field(error.errors)), 422
    return redirect(url_for(".read", person_id=person_id, said="granted"), 303)


@blueprint.post("/<person_id>/grants/take-away")
@needs(Action.MANAGE_ORGANISATION)
def take_away(person_id: str) -> ResponseReturnValue:
    role, group = request.form.get("role", ""), request.form.get("group", "")
    if role not in list(Role):
        raise Conflict("Choose a role that they have.")
    with changing() as (session, actor):
        administration.take_away(session, person_id, (Role(role), group), actor, _version())
    return redirect(url_for(".read", person_id=person_id, said="taken_away"), 303)


@blueprint.post("/<person_id>/deactivate")
@needs(Action.MANAGE_ORGANISATION)
def deactivate(person_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        administration.deactivate(session, person_id, actor, _version())
    return redirect(url_for(".read", person_id=person_id, said="deactivated"), 303)


@blueprint.post("/<person_id>/activate")
@needs(Action.MANAGE_PEOPLE)
def activate(person_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        administration.activate(session, person_id, actor, _version())
    return redirect(url_for(".read", person_id=person_id, said="activated"), 303)


@blueprint.post("/<person_id>/link")
@needs(Action.MANAGE_ORGANISATION)
@shows_secret
def invite(person_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        name = administration.get(session, person_id, actor).person.name
        secret = administration.invite(session, person_id, actor)
    return _link_page(person_id, name, secret)


@blueprint.post("/<person_id>/tokens")
@needs(Action.MANAGE_TOKENS)
@shows_secret
def issue_token(person_id: str) -> ResponseReturnValue:
    try:
        terms = chosen_terms()
        with changing() as (session, actor):
            token = administration.issue_token(session, person_id, terms, actor)
    except InvalidAnswers as error:
        return _page(person_id, error.errors), 422
    back = url_for(".read", person_id=person_id)
    return render_template("secret.html", token=token, label=terms.label, back=back)


@blueprint.post("/<person_id>/tokens/<token_id>/revoke")
@needs(Action.MANAGE_PEOPLE)
def revoke_token(person_id: str, token_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        administration.revoke(session, person_id, CredentialKind.TOKEN, token_id, actor)
    return redirect(url_for(".read", person_id=person_id, said="token_revoked"), 303)


@blueprint.post("/<person_id>/sessions/<session_id>/end")
@needs(Action.MANAGE_PEOPLE)
def end_session(person_id: str, session_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        administration.revoke(session, person_id, CredentialKind.SESSION, session_id, actor)
    return redirect(url_for(".read", person_id=person_id, said="session_ended"), 303)


def _newcomer() -> Newcomer:
    sent = request.form
    organisation = sent.get("organisation") or None
    grants = (people_forms.chosen_grant(sent, organisation),)
    return Newcomer(sent.get("username", ""), sent.get("name", ""), organisation, grants)


def _version() -> int:
    """What the page was made of; one that names none fits nothing."""
    sent = request.form.get("version", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else -1


def _by_field(errors: Mapping[str, str], grants: str = "group") -> dict[str, str]:
    """The engine speaks of grants, where a form asks for a part of them."""
    return {grants if key == "grants" else key: said for key, said in errors.items()}


def _add_page(errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        found = [each.organisation for each in organisations.find(session, actor)]
    is_ours = permissions.may(actor, Action.MANAGE_PEOPLE)
    first = None if is_ours else found[0].id
    chosen = request.args.get("organisation", type=asked.plain) or first
    form = people_forms.add_form(found, chosen, is_ours=is_ours)
    return render_template("person_add.html", form=form, sent=request.form, errors=errors)


def _link_page(person_id: str, name: str, secret: str) -> str:
    link = url_for("sign_in.link", link=secret, _external=True)
    back = url_for(".read", person_id=person_id)
    return render_template("secret.html", link=link, label=name, back=back)


def _page(person_id: str, errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        account = administration.get(session, person_id, actor)
        is_ours = permissions.may(actor, Action.MANAGE_PEOPLE)
        groups = accounts.groups(session) if is_ours else []
        details: dict[str, Any] = {}
        if is_ours:
            found = [each.organisation for each in organisations.find(session, actor)]
            details = {
                "change": people_forms.change_form(account, found),
                "is_machine": administration.is_machine(session, account.person),
                "sessions": administration.credentials_of(
                    session, account, CredentialKind.SESSION, actor
                ),
                "tokens": administration.credentials_of(
                    session, account, CredentialKind.TOKEN, actor
                ),
                "trace": administration.trace(session, account, actor),
            }
    return render_template(
        "person.html",
        account=account,
        is_ours=is_ours,
        may_change=administration.may_change(actor, account),
        is_me=account.person.id == actor.id,
        form=people_forms.grant_form(is_ours=is_ours, groups=groups),
        token_form=TOKEN_FORM,
        reference=credentials.reference,
        sent_in=lambda form: request.form if any(map(form.find, errors)) else {},
        errors=errors,
        **details,
    )
