"""Somebody who is signed in proves again who they are, before they do something that decides.

In two steps: ``take`` looks at what they typed, and checks a password, which takes a while;
``require`` comes in the transaction that changes something, and uses a code up.
"""

import re
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from engine import plain_text
from engine.actors import Actor
from engine.errors import NotAllowed
from engine.people import credentials, factors, passwords, throttle
from engine.people.throttle import NotProven
from engine.store.tables import Person

PASSWORD = "password"  # noqa: S105 -- a method, not a secret
_CODE = re.compile(r"[\d\s]{6,8}")  # passwords are longer
_NOT_YOU = "This is neither your password nor a code that is good now."


@dataclass(frozen=True)
class ByPassword:
    """Made by ``take`` alone, which has checked it."""

    person_id: str


@dataclass(frozen=True)
class ByCode:
    """Of an app that shows codes."""

    code: str = field(repr=False)


Proof = ByPassword | ByCode


def take(session: Session, typed: str, actor: Actor) -> Proof:
    """What somebody typed as a password or a code; slow by design, so only for reading.

    ``NotProven`` when the password is wrong, to be counted at the edge (``api.proof.counted``);
    ``Throttled`` after too many of these.
    """
    if _CODE.fullmatch(typed):
        return ByCode(typed)
    person = session.get_one(Person, actor.id)
    throttle.require_free(session, throttle.again(person.username))
    password = typed if plain_text.is_plain(typed) else ""
    try:
        passwords.authenticate(session, person.username, password)
    except NotAllowed as error:
        raise _refusal(person) from error
    return ByPassword(person.id)


def require(session: Session, proof: Proof, actor: Actor) -> str:
    """How the actor has proved who they are: "password" or "totp"; errors as of ``take``."""
    person = session.get_one(Person, actor.id)
    counted = throttle.again(person.username)
    # Once more: of many guesses at one time, none may win that comes after those that count.
    throttle.require_free(session, counted)
    if isinstance(proof, ByCode):
        method, is_good = factors.KIND, factors.use_app(session, person.id, proof.code)
    else:
        method, is_good = PASSWORD, proof.person_id == person.id
    if not is_good:
        raise _refusal(person)
    throttle.clear(session, counted)
    return method


def is_asked(session: Session, actor: Actor, session_secret: str | None) -> bool:
    """Whether a new password takes the old one or a code: not right after a sign-in."""
    has_password = session.get_one(Person, actor.id).password_hash is not None
    return has_password and not credentials.is_fresh(session, session_secret, actor)


def _refusal(person: Person) -> NotProven:
    return NotProven(_NOT_YOU, person.username, throttle.again)
