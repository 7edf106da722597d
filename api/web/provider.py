"""Sign in by an OpenID Connect provider, and link what it knows of a person to their account.

A sign-in begins with a link, not with a form: a form of ours may lead to no other site (CSP).
"""

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

from api import auth, security, site
from api.access import Open, needs
from api.context import changing, database, reading
from api.cookies import Cookie
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
_ATTEMPT = Cookie("steadyhand-openid", LIFETIME)  # binds it to the browser that began it


def register(app: Flask, settings: Settings) -> None:
    """Take the provider from the settings; ``ValueError`` if they cannot be meant."""
    reach = outbound.reach(settings.outbound_allow)
    if settings.openid is not None:
        app.extensions[_EXTENSION] = Client(providers.provider(settings.openid), reach)
    app.context_processor(lambda: {"openid": app.extensions.get(_EXTENSION)})


@blueprint.get("/sign-in-with/openid")
@needs(Open.ANYBODY)
def start() -> ResponseReturnValue:
    begun = openid.attempt(next_path=site.local(request.args.get("next", "")) or "")
    try:
        address = _client().address(begun, _callback_url())
    except ProviderSilent as error:
        security.note_unreached(error)
        return _back_to_sign_in(begun)
    onward = current_app.make_response(redirect(address, 303))
    return _ATTEMPT.keep(onward, begun.sealed)


@blueprint.get("/sign-in-with/openid/callback")
@needs(Open.SECRET)
def callback() -> ResponseReturnValue:
    """Where the provider sends the browser; what it brings along counts once."""
    client = _client()
    after_this_request(_ATTEMPT.drop)
    begun = openid.unsealed(_ATTEMPT.value or "")
    try:
        identity = client.identify(begun, _callback_url(), request.args)
    except ProviderSilent as error:
        security.note_unreached(error)
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
        security.note_unreached(error)
        return _identities(linked, problem=str(error)), 503
    page = render_template("account_identities_onward.html", address=address)
    response = current_app.make_response(page)
    response.headers["Refresh"] = f"0; url={address}"
    return _ATTEMPT.keep(response, begun.sealed)


@blueprint.post("/account/identities/unlink")
@needs(Open.SIGNED_IN)
def unlink() -> ResponseReturnValue:
    issuer, subject = request.form.get("issuer", ""), request.form.get("subject", "")
    with changing() as (session, actor):
        external.unlink(session, issuer, subject, actor)
    return redirect(url_for(".identities", said="unlinked"), 303)


def _sign_in(begun: Attempt, identity: Identity) -> Response:
    with database().transaction() as session:
        openid.use_up(session, begun)
        actor = external.sign_in(session, _client().provider, identity)
        secret = auth.start_session(session, actor)
    target = begun.next_path or url_for("sign_in.home")
    return auth.keep_session(current_app.make_response(redirect(target, 303)), secret)


def _link(begun: Attempt, identity: Identity) -> ResponseReturnValue:
    with changing() as (session, actor):
        _require_same(begun, actor)
        openid.use_up(session, begun)
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
    return site.of_request().origin + url_for(".callback")
