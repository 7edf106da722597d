"""Sign in by an OpenID Connect provider, and link what it knows of a person to their account.

A sign-in begins with a link, not with a form: a form of ours may lead to no other site (CSP).
"""

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    after_this_request,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from api import auth
from api.access import Open, needs
from api.context import changing, database, reading
from engine import outbound
from engine.actors import Actor
from engine.errors import NotFound, NotGenuine
from engine.people import external, openid, providers
from engine.people.discovery import ProviderSilent
from engine.people.external import Identity
from engine.people.openid import LIFETIME, Attempt, Client
from engine.settings import Settings
from engine.store.tables import ExternalIdentity

blueprint = Blueprint("provider", __name__)

_EXTENSION = "steadyhand.openid"
_LONGEST_PATH = 500


def register(app: Flask, settings: Settings) -> None:
    """Take the provider from the settings; ``ValueError`` if they cannot be meant."""
    reach = outbound.reach(settings.outbound_allow)
    if settings.openid is not None:
        app.extensions[_EXTENSION] = Client(providers.provider(settings.openid), reach)
    app.context_processor(lambda: {"openid": app.extensions.get(_EXTENSION)})


@blueprint.get("/sign-in-with/openid")
@needs(Open.ANYBODY)
def start() -> ResponseReturnValue:
    begun = openid.attempt(next_path=_own_path(request.args.get("next", "")))
    try:
        address = _client().address(begun, _callback_url())
    except ProviderSilent:
        return _back_to_sign_in(begun)
    return _keep(current_app.make_response(redirect(address, 303)), begun)


@blueprint.get("/sign-in-with/openid/callback")
@needs(Open.SECRET)
def callback() -> ResponseReturnValue:
    """Where the provider sends the browser; what it brings along counts once."""
    client = _client()
    after_this_request(_drop)
    begun = openid.unsealed(request.cookies.get(_cookie_name(), ""))
    try:
        identity = client.identify(begun, _callback_url(), request.args)
    except ProviderSilent:
        return _back_to_sign_in(begun)
    return _link(begun, identity) if begun.person_id else _sign_in(begun, identity)


@blueprint.get("/account/identities")
@needs(Open.SIGNED_IN)
def identities() -> ResponseReturnValue:
    with reading() as (session, actor):
        return _identities(external.of_person(session, actor.id or ""))


@blueprint.post("/account/identities")
@needs(Open.SIGNED_IN)
def begin_link() -> ResponseReturnValue:
    """A page that leads on to the provider: a form of ours may not be redirected there."""
    client = _client()
    with reading() as (session, actor):
        linked = external.of_person(session, actor.id or "")
    begun = openid.attempt(person_id=actor.id or "")
    try:
        address = client.address(begun, _callback_url())
    except ProviderSilent as error:
        return _identities(linked, problem=str(error)), 503
    page = render_template("account_identities_onward.html", address=address)
    response = current_app.make_response(page)
    response.headers["Refresh"] = f"0; url={address}"
    return _keep(response, begun)


@blueprint.post("/account/identities/unlink")
@needs(Open.SIGNED_IN)
def unlink() -> ResponseReturnValue:
    issuer, subject = request.form.get("issuer", ""), request.form.get("subject", "")
    with changing() as (session, actor):
        external.unlink(session, issuer, subject, actor)
    return redirect(url_for(".identities", said="unlinked"), 303)


def _sign_in(begun: Attempt, identity: Identity) -> Response:
    with database().transaction() as session:
        external.use_up(session, begun.state)
        actor = external.sign_in(session, _client().provider, identity)
        secret = auth.start_session(session, actor)
    target = begun.next_path or url_for("sign_in.home")
    return auth.keep_session(current_app.make_response(redirect(target, 303)), secret)


def _link(begun: Attempt, identity: Identity) -> ResponseReturnValue:
    with changing() as (session, actor):
        _require_same(begun, actor)
        external.use_up(session, begun.state)
        external.link(session, _client().provider, identity, actor)
    return redirect(url_for(".identities", said="linked"), 303)


def _require_same(begun: Attempt, actor: Actor) -> None:
    if begun.person_id != actor.id:
        raise NotGenuine("Somebody else has signed in meanwhile. Start again.")


def _identities(linked: list[ExternalIdentity], problem: str | None = None) -> str:
    return render_template("account_identities.html", linked=linked, problem=problem)


def _back_to_sign_in(begun: Attempt) -> ResponseReturnValue:
    """Where the button says that the provider does not answer, and the password still does."""
    if begun.person_id:
        return redirect(url_for(".identities", provider="silent"), 303)
    next_path = begun.next_path or None
    return redirect(url_for("sign_in.form", provider="silent", next=next_path), 303)


def _client() -> Client:
    found: Client | None = current_app.extensions.get(_EXTENSION)
    if found is None:
        raise NotFound("This installation has no provider by which people sign in.")
    return found


def _callback_url() -> str:
    scheme = "https" if current_app.config["SESSION_COOKIE_SECURE"] else request.scheme
    return url_for(".callback", _external=True, _scheme=scheme)


def _own_path(text: str) -> str:
    """A path of ours, or nothing: never another site's address."""
    parts = urlsplit(text)
    is_other = parts.scheme or parts.netloc or "\\" in text or len(text) > _LONGEST_PATH
    return "" if is_other or not text.startswith("/") else text


def _keep(response: Response, begun: Attempt) -> Response:
    """Bind the attempt to this browser."""
    response.set_cookie(
        _cookie_name(),
        begun.sealed,
        max_age=LIFETIME,
        httponly=True,
        samesite="Lax",  # the way back begins at the provider
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
    return response


def _drop(response: Response) -> Response:
    is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.delete_cookie(_cookie_name(), secure=is_secure, httponly=True, samesite="Lax")
    return response


def _cookie_name() -> str:
    is_secure = current_app.config["SESSION_COOKIE_SECURE"]
    return "__Host-steadyhand-openid" if is_secure else "steadyhand-openid"
