"""People, for those who manage them: add, rename, grant, lock out; their sessions and tokens."""

from typing import Any

from flask import url_for
from marshmallow import fields, validate

from api.access import needs
from api.context import changing, reading
from api.rest import paging
from api.rest.credentials import listed_sessions, listed_tokens
from api.rest.people_schemas import (
    AccountPageSchema,
    AccountSchema,
    GrantsSchema,
    LinkSchema,
    NewPersonSchema,
    NewTokenSchema,
    PersonSchema,
    SessionListSchema,
    TermsSchema,
    TokenListSchema,
)
from api.rest.strict import StrictBlueprint, shows_secret
from engine.actors import EVERYWHERE, of_organisation, organisation_in
from engine.people import administration
from engine.people.accounts import Account
from engine.people.administration import Newcomer
from engine.people.credentials import CredentialKind
from engine.people.grants import Granted
from engine.people.permissions import Action
from engine.people.tokens import Terms

blueprint = StrictBlueprint(
    "rest_people", __name__, url_prefix="/api/v1/people", description="People"
)

Tagged = tuple[dict[str, Any], dict[str, str]]
_NOT_YOURS = "You may not manage people, or not this one"
_STALE = "Changed since you looked (If-Match)"


class PeopleArguments(paging.PageArguments):
    search = fields.String(
        load_default="",
        validate=validate.Length(max=120),
        metadata={"description": "A part of the name or username"},
    )
    organisation = fields.String(load_default=None, metadata={"description": "Id of one"})


@blueprint.get("")
@blueprint.arguments(PeopleArguments(), location="query")
@blueprint.response(200, AccountPageSchema)
@blueprint.alt_response(403, description="You may not manage people")
@needs(Action.MANAGE_ORGANISATION)
def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """List the people whom you manage, by username."""
    after = paging.decode_cursor(arguments["cursor"], str)
    with reading() as (session, actor):
        found = administration.find(
            session,
            actor,
            search=arguments["search"],
            organisation_id=arguments["organisation"],
            after=after[0] if after else None,
            limit=arguments["limit"],
        )
    last = found[-1].person if len(found) == arguments["limit"] else None
    return {
        "items": list(map(_said, found)),
        "next_cursor": paging.encode_cursor(last.username) if last else None,
    }


@blueprint.post("")
@blueprint.arguments(NewPersonSchema())
@blueprint.response(201, AccountSchema)
@blueprint.alt_response(403, description="You may not add such a person")
@blueprint.alt_response(404, description="There is no such organisation")
@blueprint.alt_response(409, description="Somebody else has this username")
@needs(Action.MANAGE_ORGANISATION)
def add(body: dict[str, Any]) -> Tagged:
    """Add somebody; make a link next, with which they sign in, or API tokens for a machine."""
    grants = _granted(body["grants"])
    newcomer = Newcomer(body["username"], body["name"], body["organisation"], grants)
    with changing() as (session, actor):
        return _tagged(administration.add(session, newcomer, actor))


@blueprint.get("/<person_id>")
@blueprint.response(200, AccountSchema)
@blueprint.alt_response(403, description="You may not manage people")
@needs(Action.MANAGE_ORGANISATION)
def read(person_id: str) -> Tagged:
    """Read what is said about somebody whom you manage."""
    with reading() as (session, actor):
        return _tagged(administration.get(session, person_id, actor))


@blueprint.put("/<person_id>")
@blueprint.arguments(PersonSchema())
@blueprint.response(200, AccountSchema)
@blueprint.alt_response(403, description=_NOT_YOURS)
@blueprint.alt_response(412, description=_STALE)
@needs(Action.MANAGE_PEOPLE)
def change(body: dict[str, Any], person_id: str) -> Tagged:
    """Give somebody another name, and say to which organisation they belong."""
    version = paging.expected_version()
    name, organisation = body["name"], body["organisation"]
    with changing() as (session, actor):
        return _tagged(
            administration.change(session, person_id, name, organisation, actor, version)
        )


@blueprint.put("/<person_id>/grants")
@blueprint.arguments(GrantsSchema())
@blueprint.response(200, AccountSchema)
@blueprint.alt_response(403, description=_NOT_YOURS)
@blueprint.alt_response(409, description="The last administrator stays one")
@blueprint.alt_response(412, description=_STALE)
@blueprint.alt_response(428, description="Without If-Match")
@needs(Action.MANAGE_ORGANISATION)
def set_grants(body: dict[str, Any], person_id: str) -> Tagged:
    """Give somebody these roles and no others."""
    version = paging.required_version()
    granted = _granted(body["grants"])
    with changing() as (session, actor):
        return _tagged(administration.set_grants(session, person_id, granted, actor, version))


@blueprint.post("/<person_id>/deactivate")
@blueprint.response(200, AccountSchema)
@blueprint.alt_response(403, description=_NOT_YOURS)
@blueprint.alt_response(409, description="It is you, or the last administrator")
@blueprint.alt_response(412, description=_STALE)
@needs(Action.MANAGE_ORGANISATION)
def deactivate(person_id: str) -> Tagged:
    """Lock somebody out: their sessions, links and API tokens end at once."""
    version = paging.expected_version()
    with changing() as (session, actor):
        return _tagged(administration.deactivate(session, person_id, actor, version))


@blueprint.post("/<person_id>/activate")
@blueprint.response(200, AccountSchema)
@blueprint.alt_response(403, description=_NOT_YOURS)
@blueprint.alt_response(412, description=_STALE)
@needs(Action.MANAGE_PEOPLE)
def activate(person_id: str) -> Tagged:
    """Let somebody in again; they sign in anew."""
    version = paging.expected_version()
    with changing() as (session, actor):
        return _tagged(administration.activate(session, person_id, actor, version))


@blueprint.post("/<person_id>/link")
@blueprint.response(201, LinkSchema)
@blueprint.alt_response(403, description=_NOT_YOURS)
@needs(Action.MANAGE_ORGANISATION)
@shows_secret
def invite(person_id: str) -> dict[str, str]:
    """Make a link with which somebody signs in once; it is shown only now."""
    with changing() as (session, actor):
        secret = administration.invite(session, person_id, actor)
    return {"path": url_for("sign_in.link", link=secret)}


@blueprint.get("/<person_id>/sessions")
@blueprint.response(200, SessionListSchema)
@blueprint.alt_response(403, description=_NOT_YOURS)
@needs(Action.MANAGE_PEOPLE)
def find_sessions(person_id: str) -> dict[str, Any]:
    """List where somebody is signed in, the newest first."""
    with reading() as (session, actor):
        account = administration.get(session, person_id, actor)
        return listed_sessions(
            administration.credentials_of(session, account, CredentialKind.SESSION, actor)
        )


@blueprint.delete("/<person_id>/sessions")
@blueprint.response(204)
@blueprint.alt_response(403, description=_NOT_YOURS)
@needs(Action.MANAGE_PEOPLE)
def end_sessions(person_id: str) -> None:
    """Sign somebody out everywhere."""
    with changing() as (session, actor):
        administration.revoke_sessions(session, person_id, actor)


@blueprint.delete("/<person_id>/sessions/<session_id>")
@blueprint.response(204)
@blueprint.alt_response(403, description=_NOT_YOURS)
@needs(Action.MANAGE_PEOPLE)
def end_session(person_id: str, session_id: str) -> None:
    """Sign somebody out in one browser."""
    with changing() as (session, actor):
        administration.revoke(session, person_id, CredentialKind.SESSION, session_id, actor)


@blueprint.get("/<person_id>/tokens")
@blueprint.response(200, TokenListSchema)
@blueprint.alt_response(403, description=_NOT_YOURS)
@needs(Action.MANAGE_PEOPLE)
def find_tokens(person_id: str) -> dict[str, Any]:
    """List the API tokens of a person or machine, the newest first."""
    with reading() as (session, actor):
        account = administration.get(session, person_id, actor)
        return listed_tokens(
            administration.credentials_of(session, account, CredentialKind.TOKEN, actor)
        )


@blueprint.post("/<person_id>/tokens")
@blueprint.arguments(TermsSchema())
@blueprint.response(201, NewTokenSchema)
@blueprint.alt_response(403, description="You may not make tokens, or this is no machine")
@needs(Action.MANAGE_TOKENS)
@shows_secret
def issue_token(body: dict[str, Any], person_id: str) -> dict[str, str]:
    """Make an API token for a machine: somebody who has no way to sign in."""
    with changing() as (session, actor):
        return {"token": administration.issue_token(session, person_id, Terms(**body), actor)}


@blueprint.delete("/<person_id>/tokens/<token_id>")
@blueprint.response(204)
@blueprint.alt_response(403, description=_NOT_YOURS)
@needs(Action.MANAGE_PEOPLE)
def end_token(person_id: str, token_id: str) -> None:
    """Revoke an API token of a person or machine."""
    with changing() as (session, actor):
        administration.revoke(session, person_id, CredentialKind.TOKEN, token_id, actor)


def _granted(sent: list[dict[str, Any]]) -> tuple[Granted, ...]:
    return tuple((grant["role"], _bound(grant)) for grant in sent)


def _bound(grant: dict[str, Any]) -> str:
    if grant["organisation"] is not None:
        return of_organisation(grant["organisation"])
    return grant["group"] or EVERYWHERE


def _tagged(account: Account) -> Tagged:
    return _said(account), paging.entity_tag(account.version)


def _said(account: Account) -> dict[str, Any]:
    person = account.person
    return {
        "id": person.id,
        "username": person.username,
        "name": person.name,
        "is_active": person.is_active,
        "organisation": account.organisation,
        "grants": [_unbound(role, group) for role, group in account.grants],
        "created_at": person.created_at,
        "version": account.version,
    }


def _unbound(role: str, group: str) -> dict[str, str | None]:
    organisation = organisation_in(group)
    is_group = organisation is None and group != EVERYWHERE
    return {"role": role, "group": group if is_group else None, "organisation": organisation}
