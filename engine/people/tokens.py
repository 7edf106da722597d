"""API tokens, ``sh_<id>_<secret>``: what for, what they may do, for how long."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from engine import plain_text
from engine.actors import Actor
from engine.people import credentials
from engine.people.credentials import LONGEST_LABEL, CredentialKind, Scope

LIFETIMES = (30, 90, 365)  # days


@dataclass(frozen=True)
class Terms:
    """On which somebody gets a token."""

    label: str  # what it is for
    scope: Scope
    days: int  # one of ``LIFETIMES``


def issue(session: Session, person_id: str, terms: Terms, actor: Actor) -> str:
    """Make a token that acts as a person; ``InvalidAnswers`` names what does not fit."""
    label = terms.label.strip()
    choices = f"Choose one of {', '.join(map(str, LIFETIMES))} days."
    plain_text.require_none(
        {
            "label": plain_text.problem_of(label, LONGEST_LABEL, "Say what the token is for."),
            "days": None if terms.days in LIFETIMES else choices,
        }
    )
    return credentials.issue(
        session,
        person_id,
        CredentialKind.TOKEN,
        actor,
        label=label,
        scope=terms.scope,
        lifetime=timedelta(days=terms.days),
    )
