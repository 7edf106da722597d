"""One's own account: where one is signed in, and the API tokens that act in one's name."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api import auth
from api.access import Open, needs
from api.context import changing, reading
from api.idempotency import shows_secret
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.people import credentials, own
from engine.people.credentials import LONGEST_LABEL, CredentialKind, Scope
from engine.people.tokens import LIFETIMES, Terms

blueprint = Blueprint("account", __name__, url_prefix="/account")

TOKEN_FORM = Form(
    "token",
    (
        Field(
            "textfield",
            "label",
            "What is it for?",
            "You know it again by this, when you look for the one to revoke.",
            is_required=True,
            max_length=LONGEST_LABEL,
        ),
        Field(
            "radio",
            "scope",
            "What may it do?",
            options=((Scope.READ, "Read, and change nothing"), (Scope.WRITE, "Read and change")),
            default=Scope.READ,
            is_required=True,
        ),
        Field(
            "radio",
            "days",
            "For how long is it good?",
            options=tuple((str(days), f"{days} days") for days in LIFETIMES),
            default=str(LIFETIMES[0]),
            is_required=True,
        ),
    ),
)


@blueprint.get("")
@needs(Open.SIGNED_IN)
def look() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/sessions/<session_id>/end")
@needs(Open.SIGNED_IN)
def end_session(session_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        own.revoke(session, CredentialKind.SESSION, session_id, actor)
    return redirect(url_for(".look", said="session_ended"), 303)


@blueprint.post("/sessions/end-others")
@needs(Open.SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    with changing() as (session, actor):
        own.revoke_other_sessions(session, auth.session_secret(), actor)
    return redirect(url_for(".look", said="sessions_ended"), 303)


@blueprint.post("/tokens")
@needs(Open.SIGNED_IN)
@shows_secret
def issue_token() -> ResponseReturnValue:
    """The page that shows the token, once: it cannot be asked for again."""
    try:
        terms = chosen_terms()
        with changing() as (session, actor):
            token = own.issue_token(session, terms, actor)
    except InvalidAnswers as error:
        return _page(error.errors), 422
    return render_template("secret.html", token=token, label=terms.label, back=url_for(".look"))


@blueprint.post("/tokens/<token_id>/revoke")
@needs(Open.SIGNED_IN)
def revoke_token(token_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        own.revoke(session, CredentialKind.TOKEN, token_id, actor)
    return redirect(url_for(".look", said="token_revoked"), 303)


def chosen_terms() -> Terms:
    """What a form of ``TOKEN_FORM`` asks for; ``InvalidAnswers`` for what it does not offer."""
    scope, days = request.form.get("scope", ""), request.form.get("days", "")
    if scope not in list(Scope):
        raise InvalidAnswers({"scope": "Choose what it may do."})
    label = request.form.get("label", "")
    return Terms(label, Scope(scope), int(days) if days.isdecimal() and len(days) < 5 else 0)


def _page(errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        sessions = own.find(session, CredentialKind.SESSION, actor)
        tokens = own.find(session, CredentialKind.TOKEN, actor)
    return render_template(
        "account.html",
        sessions=sessions,
        tokens=tokens,
        this=credentials.digest(auth.session_secret() or ""),
        reference=credentials.reference,
        form=TOKEN_FORM,
        sent=request.form,
        errors=errors,
    )
