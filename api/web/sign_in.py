"""Sign in and out, by password or by a link that works once."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from api import auth
from api.context import changing, database, reading
from engine.actors import Actor
from engine.errors import InvalidAnswers, NotAllowed
from engine.people import credentials, permissions
from engine.people.permissions import Action

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    with reading() as (_, actor):
        return redirect(_home(actor), 303)


@blueprint.get("/sign-in")
def form() -> ResponseReturnValue:
    return _form({})


@blueprint.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    username = request.form.get("username", "").strip()
    password = request.form.get("password", "")
    try:
        with database().reading() as session:
            actor = credentials.authenticate(session, username, password)
    except NotAllowed as error:
        return _form({"username": str(error)}), 422
    with database().transaction() as session:
        secret = credentials.start_session(session, actor)
    target = _local(request.form.get("next", "")) or url_for(".home")
    return auth.keep_session(_redirect(target), secret)


@blueprint.get("/sign-in/<link>")
def link(link: str) -> ResponseReturnValue:
    """Ask first: a mail programme's preview of the link must not use it up."""
    return render_template("sign_in_link.html", link=link)


@blueprint.post("/sign-in/<link>")
def redeem(link: str) -> ResponseReturnValue:
    with database().transaction() as session:
        secret = credentials.redeem_link(session, link)
    return auth.keep_session(_redirect(url_for(".home", said="link")), secret)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    with changing() as (session, actor):
        credentials.sign_out(session, auth.session_secret() or "", actor)
    return auth.drop_session(_redirect(url_for(".form")))


@blueprint.get("/password")
def password() -> ResponseReturnValue:
    with reading():
        return _password({})


@blueprint.post("/password")
def set_password() -> ResponseReturnValue:
    try:
        password_hash = credentials.hash_password(_typed_twice())
    except InvalidAnswers as error:
        return _password(error.errors), 422
    with changing() as (session, actor):
        credentials.set_password(session, password_hash, actor)
    return redirect(url_for(".home", said="password"), 303)


def _form(errors: dict[str, str]) -> str:
    return render_template(
        "sign_in.html",
        errors=errors,
        username=request.form.get("username", ""),
        next=request.values.get("next", ""),
    )


def _password(errors: dict[str, str]) -> str:
    shortest = credentials.MIN_PASSWORD_LENGTH
    return render_template("password.html", errors=errors, shortest=shortest)


def _typed_twice() -> str:
    chosen = request.form.get("password", "")
    if chosen != request.form.get("again", ""):
        raise InvalidAnswers({"again": "The two are not the same. Type both again."})
    return chosen


def _home(actor: Actor) -> str:
    is_worker = permissions.may(actor, Action.USE_INBOX)
    first = "inbox.find" if is_worker else "incidents.find"
    return url_for(first, said=request.args.get("said"))


def _local(target: str) -> str | None:
    """A path of ours that a browser may open; never another site's."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or "\\" in target:
        return None
    try:
        current_app.url_map.bind("").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return target


def _redirect(target: str) -> Response:
    return current_app.make_response(redirect(target, 303))
