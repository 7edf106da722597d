"""Who may change what about people: administrators all, those of a customer their own people.

A customer's administrator adds people to their organisation, lets them report and see, and locks
them out. Whoever has been granted anything else is not theirs to change.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from engine import history, plain_text
from engine.actors import CUSTOMERS, Actor, Role, of_organisation
from engine.errors import InvalidAnswers, NotAllowed, NotFound, StaleVersion
from engine.people import accounts, credentials, organisations, permissions, tokens
from engine.people.accounts import Account
from engine.people.credentials import CredentialKind
from engine.people.grants import Granted
from engine.people.permissions import Action
from engine.people.tokens import Terms
from engine.store.tables import AuditEntry, Authenticator, Credential, ExternalIdentity, Person

LONGEST_NAME = 120
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_STALE = "Somebody else changed this person just now. Look at them again."


@dataclass(frozen=True)
class Newcomer:
    """Whom to add."""

    username: str
    name: str
    organisation_id: str | None
    grants: tuple[Granted, ...]


def find(
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    organisation_id: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Account]:
    """The people whom the actor manages, by username behind ``after``."""
    organisations.require_any(actor)
    query = _managed(select(Person), actor).order_by(Person.username).limit(limit)
    if not plain_text.is_plain(f"{search}{organisation_id}{after}"):
        return []
    if search:
        named = (Person.username, Person.name)
        query = query.where(
            or_(*(func.lower(column).contains(search.lower(), autoescape=True) for column in named))
        )
    if organisation_id:
        query = query.where(Person.organisation_id == organisation_id)
    if after:
        query = query.where(Person.username > after)
    return accounts.described(session, session.scalars(query))


def get(session: Session, person_id: str, actor: Actor) -> Account:
    """Somebody whom the actor manages; ``NotFound`` for everybody else."""
    organisations.require_any(actor)
    known = _managed(select(Person).where(Person.id == person_id), actor)
    person = session.scalar(known) if plain_text.is_plain(person_id) else None
    if person is None:
        raise NotFound("There is no such person.")
    return accounts.described(session, [person])[0]


def may_change(actor: Actor, account: Account) -> bool:
    """Whether the actor may change the grants of somebody, invite them and lock them out."""
    if permissions.may(actor, Action.MANAGE_PEOPLE):
        return True
    is_managed = permissions.may(actor, Action.MANAGE_ORGANISATION, account.organisation)
    own = set(account.grants) <= _within(account.person.organisation_id)
    return is_managed and own and account.person.id != actor.id


def add(session: Session, newcomer: Newcomer, actor: Actor) -> Account:
    """Add somebody; ``invite`` lets them in."""
    organisations.require_any(actor)
    if newcomer.organisation_id:
        organisations.get(session, newcomer.organisation_id, actor)
    else:
        permissions.require(actor, Action.MANAGE_PEOPLE)
    _require_grantable(newcomer.grants, newcomer.organisation_id, actor)
    person = accounts.add(
        session,
        checked_username(newcomer.username),
        checked_name(newcomer.name),
        newcomer.grants,
        actor,
        organisation_id=newcomer.organisation_id,
    )
    return accounts.described(session, [person])[0]


def change(
    session: Session,
    person_id: str,
    name: str,
    organisation_id: str | None,
    actor: Actor,
    version: int | None = None,
) -> Account:
    """Give somebody another name or another organisation; ``None`` belongs to ourselves."""
    permissions.require(actor, Action.MANAGE_PEOPLE)
    person = _locked(session, person_id, actor, version).person
    chosen = checked_name(name)
    accounts.change(session, person, name=chosen, organisation_id=organisation_id, actor=actor)
    return get(session, person_id, actor)


def set_grants(
    session: Session,
    person_id: str,
    granted: Iterable[Granted],
    actor: Actor,
    version: int | None = None,
) -> Account:
    """Give somebody these grants and no others; ``StaleVersion`` if they were changed since."""
    account = _changeable(session, person_id, actor, version)
    chosen = tuple(granted)
    _require_grantable(chosen, account.person.organisation_id, actor)
    accounts.set_grants(session, account.person, chosen, actor)
    return get(session, person_id, actor)


def grant(
    session: Session, person_id: str, granted: Granted, actor: Actor, version: int | None
) -> Account:
    """Give somebody one more role."""
    held = get(session, person_id, actor).grants
    return set_grants(session, person_id, {*held, granted}, actor, version)


def take_away(
    session: Session, person_id: str, granted: Granted, actor: Actor, version: int | None
) -> Account:
    """Take one role away from somebody."""
    held = get(session, person_id, actor).grants
    return set_grants(session, person_id, {*held} - {granted}, actor, version)


def deactivate(
    session: Session, person_id: str, actor: Actor, version: int | None = None
) -> Account:
    """Lock somebody out: their sessions, links and tokens end at once."""
    account = _changeable(session, person_id, actor, version)
    accounts.deactivate(session, account.person, actor)
    return get(session, person_id, actor)


def activate(session: Session, person_id: str, actor: Actor, version: int | None = None) -> Account:
    permissions.require(actor, Action.MANAGE_PEOPLE)
    account = _locked(session, person_id, actor, version)
    accounts.activate(session, account.person, actor)
    return get(session, person_id, actor)


def invite(session: Session, person_id: str, actor: Actor) -> str:
    """The secret of a new link with which somebody signs in once.

    A customer's administrator invites only who has not been here: a link is a way in as somebody.
    """
    account = _changeable(session, person_id, actor, None)
    if not account.person.is_active:
        raise NotAllowed("Somebody who is locked out gets no link. Let them in again first.")
    if _has_been_here(session, account.person):
        permissions.require(actor, Action.MANAGE_PEOPLE)
    return credentials.issue(session, person_id, CredentialKind.LINK, actor)


def credentials_of(
    session: Session, account: Account, kind: CredentialKind, actor: Actor
) -> list[Credential]:
    """Somebody's sessions or tokens, for those who may end them."""
    permissions.require(actor, Action.MANAGE_PEOPLE)
    return credentials.of_person(session, account.person.id, kind)


def revoke(
    session: Session, person_id: str, kind: CredentialKind, named: str, actor: Actor
) -> None:
    """End one session or token of somebody else."""
    permissions.require(actor, Action.MANAGE_PEOPLE)
    get(session, person_id, actor)
    credentials.revoke(session, person_id, kind, named, actor)


def revoke_sessions(session: Session, person_id: str, actor: Actor) -> int:
    """End all sessions of somebody else, and return how many."""
    permissions.require(actor, Action.MANAGE_PEOPLE)
    get(session, person_id, actor)
    return credentials.revoke_sessions(session, person_id, actor)


def issue_token(session: Session, person_id: str, terms: Terms, actor: Actor) -> str:
    """An API token for a machine; nobody makes one that acts in the name of a person."""
    permissions.require(actor, Action.MANAGE_TOKENS)
    account = get(session, person_id, actor)
    if not account.person.is_active:
        raise NotAllowed("Who is locked out gets no token. Let them in again first.")
    if not is_machine(session, account.person):
        raise NotAllowed(
            f"{account.person.name} signs in and makes their own tokens. "
            "Add a machine for a programme that acts in its own name."
        )
    return tokens.issue(session, person_id, terms, actor)


def is_machine(session: Session, person: Person) -> bool:
    """Whether nobody is meant to sign in as them: a programme, or whoever was never invited."""
    link = select(Credential.person_id).where(
        Credential.person_id == person.id, Credential.kind == CredentialKind.LINK
    )
    return not _has_been_here(session, person) and session.scalar(link.limit(1)) is None


def trace(session: Session, account: Account, actor: Actor, limit: int = 50) -> list[AuditEntry]:
    """What has been changed about somebody, the newest first."""
    permissions.require(actor, Action.MANAGE_PEOPLE)
    return history.latest(session, account.person.id, limit)


def _has_been_here(session: Session, person: Person) -> bool:
    """Whether somebody has a way to sign in, or is signed in."""
    ways_in = (
        select(Credential.person_id).where(
            Credential.person_id == person.id, Credential.kind == CredentialKind.SESSION
        ),
        select(Authenticator.person_id).where(Authenticator.person_id == person.id),
        select(ExternalIdentity.person_id).where(ExternalIdentity.person_id == person.id),
    )
    return person.password_hash is not None or any(
        session.scalar(way_in.limit(1)) for way_in in ways_in
    )


def _managed(query: Select[Person], actor: Actor) -> Select[Person]:
    if permissions.may(actor, Action.MANAGE_PEOPLE):
        return query
    return query.where(Person.organisation_id.in_(_organisations_of(actor)))


def _organisations_of(actor: Actor) -> frozenset[str]:
    return actor.organisations_as(Role.CUSTOMER_ADMINISTRATOR)


def _within(organisation_id: str | None) -> set[Granted]:
    """What an administrator of an organisation may grant to its people."""
    bound = of_organisation(organisation_id or "")
    return {(role, bound) for role in CUSTOMERS}


def _require_grantable(
    granted: Iterable[Granted], organisation_id: str | None, actor: Actor
) -> None:
    if not set(granted) <= _within(organisation_id):
        permissions.require(actor, Action.MANAGE_PEOPLE)


def _locked(session: Session, person_id: str, actor: Actor, version: int | None) -> Account:
    """Somebody as they are now, kept so until the change is made."""
    accounts.lock_administrators(session)
    get(session, person_id, actor)
    session.get_one(Person, person_id, with_for_update=True, populate_existing=True)
    account = get(session, person_id, actor)
    if version is not None and version != account.version:
        raise StaleVersion(_STALE)
    return account


def _changeable(session: Session, person_id: str, actor: Actor, version: int | None) -> Account:
    account = _locked(session, person_id, actor, version)
    if not may_change(actor, account):
        raise NotAllowed("It takes an administrator of ours to change this person.")
    return account


def checked_username(username: str) -> str:
    chosen = username.strip()
    if not _USERNAME.fullmatch(chosen):
        message = (
            "Use up to 64 small letters, digits and . _ @ + - and begin with one of the first."
        )
        raise InvalidAnswers({"username": message})
    return chosen


def checked_name(name: str) -> str:
    return plain_text.checked_line("name", name, LONGEST_NAME, "Give a name.")
