"""The way in: a password or a link, then a code for whoever has an app that shows them.

Between the two stands a pending sign-in, good for five minutes and for nothing but the code.
Every failure is told in the same words and counted, whether there is such a person or not.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import clock, history, plain_text
from engine.actors import Actor
from engine.errors import NotAllowed, NotFound
from engine.history import Entry, Event
from engine.people import credentials, factors, passwords, throttle
from engine.people.throttle import NotProven
from engine.store.tables import Credential, Person

PENDING = "pending"
PENDING_LASTS = timedelta(minutes=5)


@dataclass(frozen=True)
class Browser:
    """What is known of where a sign-in comes from."""

    address: str
    name: str = ""
    session_secret: str | None = None  # of the session that it brought along, which ends


@dataclass(frozen=True)
class Admission:
    """A secret for the browser: of a session, or of a sign-in that still needs a code."""

    secret: str
    needs_code: bool


def check_password(session: Session, username: str, password: str, browser: Browser) -> Actor:
    """Whose these are; ``NotProven`` or ``Throttled``. Slow by design, so only for reading."""
    # Nobody has a name that no database keeps: nobody's is looked for, which takes as long.
    known = username if plain_text.is_plain(username) else ""
    throttle.require_free(session, *_counted(known, browser))
    try:
        return passwords.authenticate(session, known, password)
    except NotAllowed as error:
        raise NotProven(str(error), known) from error


def admit(session: Session, actor: Actor, browser: Browser) -> Admission:
    """Let in whoever has just proved their password, unless an app is to show a code first."""
    person = session.get_one(Person, actor.id)
    # Once more: of many guesses at one time, none may win that comes after those that count.
    throttle.require_free(session, *_counted(person.username, browser))
    return _next(session, person, browser)


def redeem_link(session: Session, link: str, browser: Browser) -> Admission:
    """Use a one-time link up; it stands for the password, not for the code."""
    actor = credentials.use_link(session, link)
    return _next(session, session.get_one(Person, actor.id), browser)


def find_pending(session: Session, secret: str) -> Person | None:
    """Who has yet to show a code."""
    query = select(Person).join(Credential, Credential.person_id == Person.id)
    return session.scalar(
        query.where(
            Credential.secret_hash == credentials.digest(secret),
            Credential.kind == PENDING,
            Credential.expires_at > clock.now(),
            Person.is_active,
        )
    )


def give_code(session: Session, secret: str, code: str, browser: Browser) -> str:
    """Finish a pending sign-in with a code and return the secret of the session.

    ``NotFound`` when it took too long; ``NotProven`` or ``Throttled`` as with a password.
    """
    person = find_pending(session, secret)
    if person is None:
        raise NotFound("This sign-in took too long. Begin again with your password.")
    throttle.require_free(session, *_counted(person.username, browser))
    factors.use(session, person, code)
    _end_pending(session, person)
    return _let_in(session, person, browser)


def _next(session: Session, person: Person, browser: Browser) -> Admission:
    if factors.has_app(session, person.id):
        return Admission(_hold(session, person), needs_code=True)
    return Admission(_let_in(session, person, browser), needs_code=False)


def _let_in(session: Session, person: Person, browser: Browser) -> str:
    throttle.clear(session, throttle.person(person.username))
    return credentials.start_session(
        session,
        Actor(person.id, person.name),
        label=browser.name,
        instead_of=browser.session_secret,
    )


def _hold(session: Session, person: Person) -> str:
    secret = secrets.token_urlsafe(32)
    _end_pending(session, person)
    session.add(
        Credential(
            secret_hash=credentials.digest(secret),
            kind=PENDING,
            person_id=person.id,
            created_at=clock.now(),
            expires_at=clock.now() + PENDING_LASTS,
        )
    )
    actor, detail = Actor(person.id, person.name), {"kind": PENDING}
    history.record(session, person.id, Entry(Event.CREDENTIAL_ISSUED, actor, detail=detail))
    return secret


def _end_pending(session: Session, person: Person) -> None:
    """Only the latest counts: who begins twice has forgotten the first, or is not the same."""
    pending = (Credential.person_id == person.id, Credential.kind == PENDING)
    session.execute(delete(Credential).where(*pending))


def _counted(username: str, browser: Browser) -> tuple[throttle.Subject, throttle.Subject]:
    return throttle.person(username), throttle.address(browser.address)
