"""One's own passkeys, and the sign-in with one; the browser's part is the island ``passkey``."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api import auth, errors, site
from api.access import Open, needs
from api.context import changing, database, reading
from api.web.sign_in import destination
from engine.errors import InvalidAnswers
from engine.people import credentials, passkeys
from engine.people.passkeys import Suspected

blueprint = Blueprint("passkeys", __name__)


@blueprint.get("/account/passkeys")
@needs(Open.SIGNED_IN)
def mine() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/account/passkeys/options")
@needs(Open.SIGNED_IN)
def ask_to_add() -> ResponseReturnValue:
    """What the script hands to ``navigator.credentials.create``."""
    with changing() as (session, actor):
        passkeys.require_fresh(session, auth.session_secret(), actor)
        return {"publicKey": passkeys.ask_to_add(session, site.of_request(), actor)}


@blueprint.post("/account/passkeys")
@needs(Open.SIGNED_IN)
def add() -> ResponseReturnValue:
    label = request.form.get("label", "")
    try:
        with changing() as (session, actor):
            passkeys.require_fresh(session, auth.session_secret(), actor)
            passkeys.add(session, response(), label, site.of_request(), actor)
    except InvalidAnswers as error:
        return _page(error.errors), 422
    return redirect(url_for(".mine", said="passkey_added"), 303)


@blueprint.post("/account/passkeys/<passkey_id>/rename")
@needs(Open.SIGNED_IN)
def rename(passkey_id: str) -> ResponseReturnValue:
    label = request.form.get(f"label.{passkey_id}", "")
    try:
        with changing() as (session, actor):
            passkeys.rename(session, passkey_id, label, actor)
    except InvalidAnswers as error:
        return _page({f"label.{passkey_id}": error.errors["label"]}), 422
    return redirect(url_for(".mine", said="passkey_renamed"), 303)


@blueprint.post("/account/passkeys/<passkey_id>/remove")
@needs(Open.SIGNED_IN)
def remove(passkey_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        passkeys.require_fresh(session, auth.session_secret(), actor)
        passkeys.remove(session, passkey_id, actor)
    return redirect(url_for(".mine", said="passkey_removed"), 303)


@blueprint.post("/sign-in/passkey/options")
@needs(Open.ANYBODY)
def ask_to_sign_in() -> ResponseReturnValue:
    """What the script hands to ``navigator.credentials.get``: nobody has to type a name."""
    with database().transaction() as session:
        return {"publicKey": passkeys.ask_to_sign_in(session, site.of_request())}


@blueprint.post("/sign-in/passkey")
@needs(Open.ANYBODY)
def sign_in() -> ResponseReturnValue:
    """Two factors in one: no code is asked for after it."""
    with database().transaction() as session:
        actor = passkeys.sign_in(session, response(), site.of_request())
        secret = auth.start_session(session, actor)
    target = destination(url_for("sign_in.home"))
    return auth.keep_session(current_app.make_response(redirect(target, 303)), secret)


@blueprint.app_errorhandler(Suspected)
def handle_suspected(error: Suspected) -> ResponseReturnValue:
    """The request is undone by now; that somebody may have a copy of a passkey must stay."""
    with database().transaction() as session:
        passkeys.suspect(session, error)
    return errors.handle_engine_error(error)


def response(field: str = "credential") -> Mapping[str, Any]:
    """What the script has put into a field of the form."""
    try:
        sent = json.loads(request.form.get(field, ""))
    except (ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}


def _page(errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        found = passkeys.of(session, actor.id)
        is_fresh = credentials.is_fresh(session, auth.session_secret(), actor)
    return render_template(
        "passkeys.html",
        passkeys=found,
        is_fresh=is_fresh,
        has_name=site.has_name(),
        longest=passkeys.LONGEST_LABEL,
        errors=errors,
        sent=request.form,
    )
