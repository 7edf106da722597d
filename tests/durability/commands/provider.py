"""Commands of whoever signs in by an OpenID Connect provider."""

from types import SimpleNamespace

from engine.actors import Role
from engine.people import credentials, external, openid
from engine.people.external import Identity
from engine.people.grants import GroupMapping
from engine.people.providers import Provider
from engine.settings import OpenId
from tests.durability.commands import Command, request

ISSUER = "https://id.acme.test"
PROVIDER = Provider(
    OpenId(ISSUER, "steadyhand", name="Acme", adds_people=True),
    GroupMapping({"boss": frozenset([(Role.INCIDENT_MANAGER, "")])}),
)
KNOWN = Identity(ISSUER, "dora-there", "Dora", "dora", frozenset(["boss"]))
NEW = Identity(ISSUER, "ann", "Ann Archer", "ann", frozenset(["boss"]))
_CALLBACK = "/sign-in-with/openid/callback"


class _Client:
    """Stands in for the provider, which is no part of the machine."""

    provider = PROVIDER

    def __init__(self, identity):
        self._identity = identity

    def address(self, begun, callback):
        return f"{ISSUER}/authorize"

    def identify(self, begun, callback, answer):
        return self._identity


def _served(stage, identity):
    stage._app.extensions["steadyhand.openid"] = _Client(identity)
    secret = stage.does(credentials.start_session, stage.cast.dora)
    return SimpleNamespace(secret=secret, begun=openid.attempt())


def _known(stage):
    """Somebody comes back from the provider whose identity is linked."""
    it = _served(stage, KNOWN)
    stage.does(external.link, PROVIDER, KNOWN, stage.cast.dora)
    return it


def _new(stage):
    return _served(stage, NEW)


def _linking(stage):
    """Somebody comes back to link an identity to their account."""
    it = _served(stage, KNOWN)
    it.begun = openid.attempt(person_id=stage.cast.dora.id)
    return it


def _two(stage):
    it = _known(stage)
    stage.does(external.link, PROVIDER, Identity(ISSUER, "another"), stage.cast.dora)
    return it


def _come_back(stage, it):
    http = stage.anyone(it.secret)
    http.set_cookie("steadyhand-openid", it.begun.sealed)
    return http.get(f"{_CALLBACK}?state={it.begun.state}&code=x")


def _unlink(stage, it):
    form = {"issuer": ISSUER, "subject": KNOWN.subject}
    return stage.anyone(it.secret).post("/account/identities/unlink", data=form)


def _ask_to_link(stage, it):
    return stage.anyone(it.secret).post("/account/identities")


PAGES = [request("POST /account/identities/unlink", _two, _unlink)]
ASKED = [request("POST /account/identities", _known, _ask_to_link)]
# The way back from a provider is a GET, which is no address that takes a change otherwise.
WORKER = [
    Command("somebody is back from the provider", _known, _come_back),
    Command("somebody new is back from the provider", _new, _come_back),
    Command("somebody is back to link an identity", _linking, _come_back),
]
