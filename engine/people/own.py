"""What people do about their own sessions and API tokens."""

from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import InvalidAnswers, NotAllowed
from engine.people import credentials, tokens
from engine.people.credentials import CredentialKind, Scope
from engine.people.tokens import Terms
from engine.store.tables import Credential


def find(session: Session, kind: CredentialKind, actor: Actor) -> list[Credential]:
    """Those that are still good, the newest first."""
    return credentials.of_person(session, _id(actor), kind)


def revoke(session: Session, kind: CredentialKind, named: str, actor: Actor) -> None:
    """End one; ``NotFound`` if it has ended, or is another person's."""
    credentials.revoke(session, _id(actor), kind, named, actor)


def revoke_other_sessions(session: Session, keep: str | None, actor: Actor) -> int:
    """Sign out everywhere but where the session has the secret ``keep``; how many ended."""
    return credentials.revoke_sessions(session, _id(actor), actor, but=keep)


def issue_token(session: Session, terms: Terms, actor: Actor) -> str:
    """Make an API token that may do what the actor may."""
    if terms.scope is Scope.SCIM:
        raise InvalidAnswers({"scope": "An administrator makes this one, for a machine."})
    return tokens.issue(session, _id(actor), terms, actor)


def _id(actor: Actor) -> str:
    if actor.id is None:
        raise NotAllowed("Only people and machines have sessions and tokens.")
    return actor.id
