"""Passkeys: add, rename and remove one's own, sign in with one, let one sign a decision."""

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, plain_text
from engine.actors import SYSTEM, Actor
from engine.errors import Conflict, NotAllowed, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import ceremonies, challenges, credentials
from engine.people.ceremonies import REFUSED, Assertion, Made, Options, Response, Site
from engine.people.challenges import Purpose
from engine.store.tables import Authenticator, Person

KIND = "passkey"
LONGEST_LABEL = 120
_LONGEST_ID = 1_400  # as text; the standard allows 1023 bytes


class Suspected(NotAllowed):
    """The counter of a passkey went back: somebody may have a copy of it.

    What was tried is undone. Whoever catches this calls ``suspect`` in a transaction of its own.
    """

    def __init__(self, passkey_id: str, counter: int) -> None:
        super().__init__(REFUSED)
        self.passkey_id = passkey_id
        self.counter = counter


def of(session: Session, person_id: str | None) -> list[Authenticator]:
    """Somebody's passkeys, the oldest first."""
    query = select(Authenticator).where(
        Authenticator.person_id == person_id, Authenticator.kind == KIND
    )
    return list(session.scalars(query.order_by(Authenticator.created_at, Authenticator.id)))


def require_fresh(session: Session, session_secret: str | None, actor: Actor) -> None:
    """So that a session left open, or an API token, does not become a way in for good."""
    if not credentials.is_fresh(session, session_secret, actor):
        raise NotAllowed("Sign in again first: passkeys are changed right after a sign-in.")


def ask_to_add(session: Session, site: Site, actor: Actor) -> Options:
    """What the browser needs to make a passkey for the actor."""
    person = session.get_one(Person, actor.id)
    asked = ceremonies.ask_to_make(site, person, of(session, person.id))
    challenges.keep(session, Purpose.ADD, asked.challenge, person.id)
    return asked.options


def add(
    session: Session, response: Response, label: str, site: Site, actor: Actor
) -> Authenticator:
    """Keep the passkey that a browser has made; ``label`` is what its owner calls it."""
    named, challenge = _checked(label), ceremonies.challenge_in(response)
    person = session.get_one(Person, actor.id)
    challenges.use(session, Purpose.ADD, challenge, person.id)
    made = ceremonies.made(response, challenge, site)
    _require_new(session, made)
    # By its hash anybody can tell later whose key a signature was made with.
    key_hash = hashlib.sha256(made.public_key).hexdigest()
    _record(session, person.id, Event.AUTHENTICATOR_ADDED, actor, label=named, key_sha256=key_hash)
    passkey = Authenticator(
        id=new_id(),
        person_id=person.id,
        kind=KIND,
        label=named,
        credential_id=made.credential_id,
        secret=made.key,
        counter=made.counter,
        created_at=clock.now(),
    )
    session.add(passkey)
    session.flush()
    return passkey


def rename(session: Session, passkey_id: str, label: str, actor: Actor) -> None:
    named, passkey = _checked(label), _own(session, passkey_id, actor)
    was, passkey.label = passkey.label, named
    session.flush()
    _record(session, passkey.person_id, Event.AUTHENTICATOR_RENAMED, actor, label=named, was=was)


def remove(session: Session, passkey_id: str, actor: Actor) -> None:
    """Forget a passkey; the caller asks for ``require_fresh`` first."""
    passkey = _own(session, passkey_id, actor)
    session.delete(passkey)
    session.flush()
    _record(session, passkey.person_id, Event.AUTHENTICATOR_REMOVED, actor, label=passkey.label)


def ask_to_sign_in(session: Session, site: Site) -> Options:
    """What the browser needs to offer whichever passkeys it has for this site."""
    asked = ceremonies.ask_to_sign(site)
    challenges.keep(session, Purpose.SIGN_IN, asked.challenge)
    return asked.options


def sign_in(session: Session, response: Response, site: Site) -> Actor:
    """Who answered with their passkey; the caller starts their session, and asks no more."""
    challenge = ceremonies.challenge_in(response)
    challenges.use(session, Purpose.SIGN_IN, challenge)
    passkey = _answering(session, response)
    person = session.get_one(Person, passkey.person_id)
    if not person.is_active or ceremonies.holder_in(response) != person.id:
        raise NotAllowed(REFUSED)
    _verify(session, passkey, response, challenge, site)
    return Actor(person.id, person.name)


def ask_to_sign(session: Session, content_hash: bytes, site: Site, actor: Actor) -> Options:
    """What the browser needs to let one of the actor's passkeys sign a hash."""
    mine = of(session, actor.id)
    if not mine:
        raise NotAllowed("You have no passkey yet. Add one, or sign with your password.")
    challenges.keep(session, Purpose.SIGN, content_hash, actor.id or "")
    return ceremonies.ask_to_sign(site, content_hash, mine).options


def signed(
    session: Session, response: Response, content_hash: bytes, site: Site, actor: Actor
) -> tuple[Authenticator, Assertion]:
    """Which of the actor's passkeys signed the hash that ``ask_to_sign`` was asked for."""
    if ceremonies.challenge_in(response) != content_hash:
        raise NotAllowed("This is not what your passkey signed. Look at it again, and sign it.")
    passkey = _answering(session, response)
    if passkey.person_id != actor.id:
        raise NotAllowed(REFUSED)
    challenges.use(session, Purpose.SIGN, content_hash, passkey.person_id)
    return passkey, _verify(session, passkey, response, content_hash, site)


def suspect(session: Session, suspected: Suspected) -> None:
    """Write down that the counter of a passkey went back."""
    passkey = session.get_one(Authenticator, suspected.passkey_id)
    counters = {"counter": suspected.counter, "known": passkey.counter}
    event = Event.AUTHENTICATOR_SUSPECTED
    _record(session, passkey.person_id, event, SYSTEM, label=passkey.label, **counters)


def _verify(
    session: Session, passkey: Authenticator, response: Response, challenge: bytes, site: Site
) -> Assertion:
    assertion = ceremonies.signed(response, challenge, site, passkey.secret)
    # A passkey that lives on several devices does not count: its counter stays at zero.
    does_count = assertion.counter or passkey.counter
    if does_count and assertion.counter <= passkey.counter:
        raise Suspected(passkey.id, assertion.counter)
    passkey.counter, passkey.last_used_at = assertion.counter, clock.now()
    session.flush()
    return assertion


def _answering(session: Session, response: Response) -> Authenticator:
    """The passkey that a response says it comes from, kept from others until the end."""
    query = select(Authenticator).where(
        Authenticator.credential_id == str(response.get("id")), Authenticator.kind == KIND
    )
    passkey = session.scalar(query.with_for_update())
    if passkey is None:
        raise NotAllowed("Steadyhand does not know this passkey. Choose another one.")
    return passkey


def _own(session: Session, passkey_id: str, actor: Actor) -> Authenticator:
    passkey = session.get(Authenticator, passkey_id)
    if passkey is None or passkey.kind != KIND or passkey.person_id != actor.id:
        raise NotFound("You have no such passkey.")
    return passkey


def _require_new(session: Session, made: Made) -> None:
    known = select(Authenticator.id).where(Authenticator.credential_id == made.credential_id)
    if len(made.credential_id) > _LONGEST_ID or session.scalar(known) is not None:
        raise Conflict("This passkey cannot be added, or is here already. Use another one.")


def _record(
    session: Session, person_id: str, event: Event, actor: Actor, **detail: str | int
) -> None:
    entry = Entry(event, actor, detail={"kind": KIND, **detail})
    history.record(session, person_id, entry)


def _checked(label: str) -> str:
    missing = "Give the passkey a name, such as “Blue security key”."
    return plain_text.checked_line("label", label, LONGEST_LABEL, missing)
