"""Commands about people, organisations, sessions and API tokens."""

from types import SimpleNamespace

from engine.actors import EVERYWHERE, Role
from engine.people import administration, credentials, organisations, own
from engine.people.administration import Newcomer
from engine.people.credentials import CredentialKind, Scope
from engine.people.tokens import Terms
from tests.durability import stage as given
from tests.durability.commands import request, to_api, to_page

_TERMS = Terms("Export", Scope.READ, 30)
_TOKEN = {"label": "Export", "scope": "read", "days": 30}
_TOKEN_FORM = {"label": "Export", "scope": "read", "days": "30"}
_NINA = {"username": "nina", "name": "Nina New", "grants": [{"role": "reporter"}]}
_NINA_FORM = {"username": "nina", "name": "Nina New", "role": "reporter", "kind": "person"}


def somebody(stage):
    """Who has never been here: somebody to invite, or a machine."""
    newcomer = Newcomer("bot", "Bot", None, ((Role.REPORTER, EVERYWHERE),))
    return _seen(stage, stage.does(administration.add, newcomer, stage.cast.ada))


def out(stage):
    it = somebody(stage)
    return _seen(stage, stage.does(administration.deactivate, it.id, stage.cast.ada))


def with_session(stage):
    """Somebody who is signed in."""
    stage.does(credentials.start_session, stage.cast.dora)
    return _with(stage, CredentialKind.SESSION)


def with_token(stage):
    stage.does(own.issue_token, _TERMS, stage.cast.dora)
    return _with(stage, CredentialKind.TOKEN)


def organisation(stage):
    return SimpleNamespace(id=stage.does(organisations.add, "North", stage.cast.ada).id)


def _with(stage, kind):
    newest = stage.does(own.find, kind, stage.cast.dora)[0]
    return SimpleNamespace(id=stage.cast.dora.id, key=credentials.reference(newest))


def _seen(stage, account):
    # ``to_api`` names the version of an incident.
    named = SimpleNamespace(version=account.version)
    return SimpleNamespace(id=account.person.id, version=account.version, incident=named)


_PEOPLE, _PERSON = "/people", "/people/{it.id}"
_RULE = "/people/<person_id>"
_ORGANISATIONS = "/organisations"
_VERSION = {"version": "{it.version}"}


def _api(path, before, body=None, method="POST", who="ada", rule="", **more):
    rule = rule or path.replace("{it.id}", "<person_id>")
    return request(
        f"{method} /api/v1{rule}", before, to_api(path, who, body, method=method, **more)
    )


API = [
    _api(_PEOPLE, given.nothing, _NINA),
    _api(_PERSON, somebody, {"name": "Robot", "organisation": None}, "PUT"),
    _api(f"{_PERSON}/grants", somebody, {"grants": []}, "PUT", matches=True),
    _api(f"{_PERSON}/deactivate", somebody),
    _api(f"{_PERSON}/activate", out),
    _api(f"{_PERSON}/sessions", with_session, method="DELETE"),
    _api(
        f"{_PERSON}/sessions/{{it.key}}",
        with_session,
        method="DELETE",
        rule=f"{_RULE}/sessions/<session_id>",
    ),
    _api(
        f"{_PERSON}/tokens/{{it.key}}",
        with_token,
        method="DELETE",
        rule=f"{_RULE}/tokens/<token_id>",
    ),
    _api(_ORGANISATIONS, given.nothing, {"name": "North"}),
    _api(
        f"{_ORGANISATIONS}/{{it.id}}",
        organisation,
        {"name": "Nord"},
        "PATCH",
        rule=f"{_ORGANISATIONS}/<organisation_id>",
    ),
    _api("/sessions/{it.key}", with_session, None, "DELETE", "dora", rule="/sessions/<session_id>"),
    _api("/tokens/{it.key}", with_token, None, "DELETE", "dora", rule="/tokens/<token_id>"),
]

# What answers with a secret takes no key, so it stands with the forms of the pages.
PAGES = [
    _api(f"{_PERSON}/link", somebody),
    _api(f"{_PERSON}/tokens", somebody, _TOKEN),
    _api("/tokens", given.nothing, _TOKEN, who="dora"),
    request(f"POST {_PEOPLE}/add", given.nothing, to_page(f"{_PEOPLE}/add", "ada", **_NINA_FORM)),
    request(
        f"POST {_RULE}",
        somebody,
        to_page(_PERSON, "ada", name="Robot", organisation="", **_VERSION),
    ),
    request(
        f"POST {_RULE}/grants/add",
        somebody,
        to_page(f"{_PERSON}/grants/add", "ada", role="auditor", **_VERSION),
    ),
    request(
        f"POST {_RULE}/grants/take-away",
        somebody,
        to_page(f"{_PERSON}/grants/take-away", "ada", role="reporter", **_VERSION),
    ),
    request(
        f"POST {_RULE}/deactivate", somebody, to_page(f"{_PERSON}/deactivate", "ada", **_VERSION)
    ),
    request(f"POST {_RULE}/activate", out, to_page(f"{_PERSON}/activate", "ada", **_VERSION)),
    request(f"POST {_RULE}/link", somebody, to_page(f"{_PERSON}/link", "ada")),
    request(f"POST {_RULE}/tokens", somebody, to_page(f"{_PERSON}/tokens", "ada", **_TOKEN_FORM)),
    request(
        f"POST {_RULE}/tokens/<token_id>/revoke",
        with_token,
        to_page(f"{_PERSON}/tokens/{{it.key}}/revoke", "ada"),
    ),
    request(
        f"POST {_RULE}/sessions/<session_id>/end",
        with_session,
        to_page(f"{_PERSON}/sessions/{{it.key}}/end", "ada"),
    ),
    request("POST /organisations", given.nothing, to_page("/organisations", "ada", name="North")),
    request(
        "POST /organisations/<organisation_id>",
        organisation,
        to_page("/organisations/{it.id}", "ada", name="Nord"),
    ),
    request(
        "POST /account/sessions/<session_id>/end",
        with_session,
        to_page("/account/sessions/{it.key}/end"),
    ),
    request(
        "POST /account/sessions/end-others", with_session, to_page("/account/sessions/end-others")
    ),
    request("POST /account/tokens", given.nothing, to_page("/account/tokens", **_TOKEN_FORM)),
    request(
        "POST /account/tokens/<token_id>/revoke",
        with_token,
        to_page("/account/tokens/{it.key}/revoke"),
    ),
]
