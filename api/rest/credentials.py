"""One's own sessions and API tokens: list, make, revoke."""

from collections.abc import Iterable
from typing import Any

from api import auth
from api.access import Open, needs
from api.context import changing, reading
from api.rest.people_schemas import (
    NewTokenSchema,
    SessionListSchema,
    TermsSchema,
    TokenListSchema,
)
from api.rest.strict import StrictBlueprint, shows_secret
from engine.people import credentials, own
from engine.people.credentials import CredentialKind, Scope
from engine.people.tokens import Terms
from engine.store.tables import Credential

blueprint = StrictBlueprint(
    "rest_credentials", __name__, url_prefix="/api/v1", description="Your sessions and API tokens"
)


@blueprint.get("/sessions")
@blueprint.response(200, SessionListSchema)
@needs(Open.SIGNED_IN)
def find_sessions() -> dict[str, Any]:
    """List the browsers in which you are signed in, the newest first."""
    with reading() as (session, actor):
        return listed_sessions(own.find(session, CredentialKind.SESSION, actor))


@blueprint.delete("/sessions/<session_id>")
@blueprint.response(204)
@blueprint.alt_response(404, description="It has ended already, or is not yours")
@needs(Open.SIGNED_IN)
def end_session(session_id: str) -> None:
    """Sign yourself out in one browser."""
    with changing() as (session, actor):
        own.revoke(session, CredentialKind.SESSION, session_id, actor)


@blueprint.get("/tokens")
@blueprint.response(200, TokenListSchema)
@needs(Open.SIGNED_IN)
def find_tokens() -> dict[str, Any]:
    """List your API tokens, the newest first."""
    with reading() as (session, actor):
        return listed_tokens(own.find(session, CredentialKind.TOKEN, actor))


@blueprint.post("/tokens")
@blueprint.arguments(TermsSchema())
@blueprint.response(201, NewTokenSchema)
@needs(Open.SIGNED_IN)
@shows_secret
def issue(body: dict[str, Any]) -> dict[str, str]:
    """Make an API token that may do what you may; it is shown only now."""
    with changing() as (session, actor):
        return {"token": own.issue_token(session, Terms(**body), actor)}


@blueprint.delete("/tokens/<token_id>")
@blueprint.response(204)
@blueprint.alt_response(404, description="It has ended already, or is not yours")
@needs(Open.SIGNED_IN)
def end_token(token_id: str) -> None:
    """Revoke one of your API tokens."""
    with changing() as (session, actor):
        own.revoke(session, CredentialKind.TOKEN, token_id, actor)


def listed_sessions(found: Iterable[Credential]) -> dict[str, Any]:
    this = credentials.digest(auth.session_secret() or "")
    return {
        "items": [
            {
                "id": credentials.reference(one),
                "label": one.label or "",
                "created_at": one.created_at,
                "last_used_at": one.last_used_at or one.created_at,
                "expires_at": one.expires_at,
                "is_this": one.secret_hash == this,
            }
            for one in found
        ]
    }


def listed_tokens(found: Iterable[Credential]) -> dict[str, Any]:
    return {
        "items": [
            {
                "id": credentials.reference(one),
                "label": one.label or "",
                "scope": Scope(one.scope or Scope.WRITE),
                "created_at": one.created_at,
                "expires_at": one.expires_at,
                "last_used_at": one.last_used_at,
            }
            for one in found
        ]
    }
