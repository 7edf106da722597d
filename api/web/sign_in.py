"""Sign in and out: by password or by a link that works once, then by a code for who has an app."""

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api import auth, proof, security, site
from api.access import Open, needs
from api.context import changing, database, reading
from api.cookies import Cookie
from engine.actors import Actor
from engine.errors import InvalidAnswers, NotFound
from engine.people import credentials, passwords, permissions, proofs, signing_in
from engine.people.permissions import Action
from engine.people.signing_in import PENDING_LASTS, Admission
from engine.people.throttle import NotProven, Throttled

blueprint = Blueprint("sign_in", __name__)

# What stands for a password until the code is there; it opens nothing.
_PENDING = Cookie("steadyhand-code", PENDING_LASTS)


@blueprint.get("/")
@needs(Open.SIGNED_IN)
def home() -> ResponseReturnValue:
    with reading() as (_, actor):
        return redirect(_home(actor), 303)


@blueprint.get("/sign-in")
@needs(Open.ANYBODY)
def form() -> ResponseReturnValue:
    return _form({})


@blueprint.post("/sign-in")
@needs(Open.ANYBODY)
def sign_in() -> ResponseReturnValue:
    username = request.form.get("username", "").strip()
    password = request.form.get("password", "")
    browser = proof.browser()
    try:
        with proof.counted(), database().reading() as session:
            actor = signing_in.check_password(session, username, password, browser)
    except NotProven as error:
        return _form({"username": str(error)}), 422
    with database().transaction() as session:
        admission = signing_in.admit(session, actor, browser)
    return _admit(admission, url_for(".home"))


@blueprint.get("/sign-in/code")
@needs(Open.ANYBODY)
def code() -> ResponseReturnValue:
    return _code({})


@blueprint.post("/sign-in/code")
@needs(Open.ANYBODY)
def give_code() -> ResponseReturnValue:
    given, browser = request.form.get("code", ""), proof.browser()
    try:
        with proof.counted(), database().transaction() as session:
            secret = signing_in.give_code(session, _pending(), given, browser)
    except NotProven as error:
        return _code({"code": str(error)})
    except NotFound as error:
        security.note_error(error)
        return _form({"username": str(error)}), 422
    return _PENDING.drop(auth.keep_session(_redirect(destination(url_for(".home"))), secret))


@blueprint.get("/sign-in/<link>")
@needs(Open.SECRET)
def link(link: str) -> ResponseReturnValue:
    """Ask first: a mail programme's preview of the link must not use it up."""
    return render_template("sign_in_link.html", link=link)


@blueprint.post("/sign-in/<link>")
@needs(Open.SECRET)
def redeem(link: str) -> ResponseReturnValue:
    with database().transaction() as session:
        admission = signing_in.redeem_link(session, link, proof.browser())
    return _admit(admission, url_for(".home", said="link"))


@blueprint.post("/sign-out")
@needs(Open.SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    with changing() as (session, actor):
        credentials.sign_out(session, auth.session_secret() or "", actor)
    response = _redirect(url_for(".form"))
    response.headers["Clear-Site-Data"] = '"storage"'  # answers that were typed and not sent
    return auth.drop_session(response)


@blueprint.get("/password")
@needs(Open.SIGNED_IN)
def password() -> ResponseReturnValue:
    return _password({})


@blueprint.post("/password")
@needs(Open.SIGNED_IN)
def set_password() -> ResponseReturnValue:
    secret = auth.session_secret()
    try:
        password_hash = passwords.hash_password(_typed_twice())
        given = proof.take(request.form.get("proof", "")) if _is_asked_again() else None
        with proof.counted(), changing() as (session, actor):
            if given:
                proofs.require(session, given, actor)
            passwords.set_password(session, password_hash, actor, keep=secret)
    except InvalidAnswers as error:
        return _password(error.errors), 422
    except NotProven as error:
        return _password({"proof": str(error)}), 422
    return redirect(url_for(".home", said="password"), 303)


@blueprint.app_errorhandler(Throttled)
def wait(error: Throttled) -> ResponseReturnValue:
    return proof.refuse(error)


def _admit(admission: Admission, target: str) -> Response:
    if admission.needs_code:
        ask = url_for(".code", next=destination(target))
        return _PENDING.keep(_redirect(ask), admission.secret)
    return auth.keep_session(_redirect(destination(target)), admission.secret)


def _form(errors: dict[str, str]) -> str:
    return render_template(
        "sign_in.html",
        errors=errors,
        username=request.form.get("username", ""),
        next=request.values.get("next", ""),
    )


def _code(errors: dict[str, str]) -> ResponseReturnValue:
    next_path = request.values.get("next", "")
    with database().reading() as session:
        person = signing_in.find_pending(session, _pending())
    if person is None:
        return redirect(url_for(".form", next=next_path or None), 303)
    page = render_template("sign_in_code.html", errors=errors, name=person.name, next=next_path)
    return page, 422 if errors else 200


def _password(errors: dict[str, str]) -> str:
    return render_template(
        "password.html",
        errors=errors,
        shortest=passwords.MIN_LENGTH,
        is_asked_again=_is_asked_again(),
    )


def _is_asked_again() -> bool:
    with reading() as (session, actor):
        return proofs.is_asked(session, actor, auth.session_secret())


def _typed_twice() -> str:
    chosen = request.form.get("password", "")
    if chosen != request.form.get("again", ""):
        raise InvalidAnswers({"again": "The two are not the same. Type both again."})
    return chosen


def _home(actor: Actor) -> str:
    is_worker = permissions.may(actor, Action.USE_INBOX)
    first = "inbox.find" if is_worker else "incidents.find"
    return url_for(first, said=request.args.get("said"))


def destination(target: str) -> str:
    """Where the person was on the way to, or ``target``."""
    return site.local(request.values.get("next", "")) or target


def _redirect(target: str) -> Response:
    return current_app.make_response(redirect(target, 303))


def _pending() -> str:
    return _PENDING.value or ""
