"""What somebody has besides a password: apps that show codes (TOTP, RFC 6238), recovery codes.

Every code counts once. A recovery code is kept as its hash alone and shown once.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyotp
from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from engine import clock, history, plain_text
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import accounts, credentials
from engine.people.throttle import NotProven
from engine.store.tables import Authenticator, Credential, Person

KIND = "totp"
RECOVERY = "recovery"
RECOVERY_CODES = 10
LONGEST_LABEL = 120
ISSUER = "Steadyhand"
_STEP_SECONDS = 30
_KEY_BYTES = 20  # as long as the SHA-1 that the apps compute with (RFC 4226 §4)
_RECOVERY_BYTES = 10  # 80 bits: too many to try, even for somebody who has the hashes
_NO_END = timedelta(days=36_500)
_WRONG = "This code is not right, or it was used before. Wait for the next one."


@dataclass(frozen=True)
class Factors:
    """What one person comes in with."""

    username: str
    has_password: bool
    apps: Sequence[Authenticator]
    recovery_codes_left: int


def look(session: Session, actor: Actor) -> Factors:
    """What the actor has."""
    person = session.get_one(Person, actor.id)
    return Factors(
        username=person.username,
        has_password=person.password_hash is not None,
        apps=apps(session, person.id),
        recovery_codes_left=recovery_codes_left(session, person.id),
    )


def apps(session: Session, person_id: str) -> list[Authenticator]:
    """The apps that show codes for this person, the oldest first."""
    query = select(Authenticator).where(*_of(person_id))
    return list(session.scalars(query.order_by(Authenticator.created_at, Authenticator.id)))


def has_app(session: Session, person_id: str) -> bool:
    """Whether this person is asked for a code at the sign-in."""
    return bool(session.scalar(select(exists().where(*_of(person_id)))))


def new_key() -> str:
    """A key for an app, in base32; nothing is kept until a code proves that the app has it."""
    return _base32(secrets.token_bytes(_KEY_BYTES))


def is_key(text: str) -> bool:
    """Whether this is such a key, which has been to the browser and back."""
    try:
        return len(_bytes(text)) == _KEY_BYTES
    except ValueError:
        return False


def address(key: str, username: str) -> str:
    """What the QR code says to the app."""
    return pyotp.TOTP(key).provisioning_uri(name=username, issuer_name=ISSUER)


def add(session: Session, key: str, code: str, label: str, actor: Actor) -> list[str]:
    """Keep the key of an app that shows ``code``; with the first one come recovery codes.

    ``InvalidAnswers`` for ``code`` or ``label``; ``Conflict`` for who has no password yet.
    """
    person = session.get_one(Person, actor.id)
    if person.password_hash is None:
        raise Conflict("Set a password first: a code is asked for after it.")
    step = _checked(key, code, label)
    is_first = not has_app(session, person.id)
    app = Authenticator(
        id=new_id(),
        person_id=person.id,
        kind=KIND,
        label=label,
        secret=_bytes(key),
        counter=step,
        created_at=clock.now(),
    )
    session.add(app)
    session.flush()
    _record(session, person.id, Event.AUTHENTICATOR_ADDED, actor, kind=KIND, label=label)
    return issue_recovery_codes(session, actor) if is_first else []


def remove(session: Session, authenticator_id: str, actor: Actor) -> None:
    """Forget one of the actor's own apps; with the last one go the recovery codes."""
    named = (Authenticator.id == authenticator_id, *_of(actor.id or ""))
    label = session.scalar(delete(Authenticator).where(*named).returning(Authenticator.label))
    if label is None:
        raise NotFound("You have no such app.")
    _record(session, actor.id or "", Event.AUTHENTICATOR_REMOVED, actor, kind=KIND, label=label)
    if not has_app(session, actor.id or ""):
        _end_recovery_codes(session, actor.id or "")


def issue_recovery_codes(session: Session, actor: Actor) -> list[str]:
    """Ten codes that stand in for an app, each once; those from before end."""
    person_id = actor.id or ""
    if not has_app(session, person_id):
        raise Conflict("Add an app first: recovery codes stand in for it.")
    _end_recovery_codes(session, person_id)
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(_kept(code, person_id) for code in codes)
    _record(session, person_id, Event.RECOVERY_CODES_ISSUED, actor, count=len(codes))
    return codes


def recovery_codes_left(session: Session, person_id: str) -> int:
    counted = select(func.count()).select_from(Credential).where(*_recovery(person_id))
    return session.scalar(counted) or 0


def reset(session: Session, username: str, actor: Actor) -> int:
    """Forget every app and recovery code of somebody who lost them, and return how many apps."""
    person = accounts.get(session, username)
    gone = delete(Authenticator).where(*_of(person.id)).returning(Authenticator.id)
    removed = len(list(session.scalars(gone)))
    _end_recovery_codes(session, person.id)
    _record(session, person.id, Event.FACTORS_RESET, actor, apps=removed)
    return removed


def use(session: Session, person: Person, code: str) -> None:
    """Use a code of an app or a recovery code up; ``NotProven`` if it is good for nothing."""
    if not (use_app(session, person.id, code) or _use_recovery_code(session, person, code)):
        raise NotProven(_WRONG, person.username)


def use_app(session: Session, person_id: str, code: str) -> bool:
    """Use a code of an app up; whether it was good for something."""
    # Every app is asked, so that the time tells nothing and a code is used up in all of them.
    used = [_use_step(session, app, code) for app in apps(session, person_id)]
    return any(used)


def _checked(key: str, code: str, label: str) -> int:
    """The time step of the code with which an app proves that it has the key."""
    plain_text.checked_line("label", label, LONGEST_LABEL, "Give the app a name.")
    step = _step(key, code) if is_key(key) else None
    if step is None:
        message = "The app shows another code. Check that its clock is right, and type the next."
        raise InvalidAnswers({"code": message})
    return step


def _step(key: str, code: str) -> int | None:
    """The time step whose code this is: now, the one before or the next; RFC 6238 §5.2."""
    totp, now = pyotp.TOTP(key), int(clock.now().timestamp()) // _STEP_SECONDS
    given = _plain(code).encode()
    # All three are compared, whichever fits: the time that it takes tells nothing.
    fitting = [
        step
        for step in (now - 1, now, now + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), given)
    ]
    return fitting[-1] if fitting else None


def _use_step(session: Session, app: Authenticator, code: str) -> bool:
    step = _step(_base32(app.secret), code)
    if step is None:
        return False
    # Asked and noted in one statement: of two that come with one code at once, one wins.
    unused = (Authenticator.id == app.id, Authenticator.counter < step)
    used = update(Authenticator).where(*unused).values(counter=step, last_used_at=clock.now())
    return session.scalar(used.returning(Authenticator.id)) is not None


def _use_recovery_code(session: Session, person: Person, code: str) -> bool:
    hashed = credentials.digest(_plain(code))
    used = delete(Credential).where(*_recovery(person.id), Credential.secret_hash == hashed)
    if session.scalar(used.returning(Credential.person_id)) is None:
        return False
    left = recovery_codes_left(session, person.id)
    actor = Actor(person.id, person.name)
    _record(session, person.id, Event.RECOVERY_CODE_USED, actor, left=left)
    return True


def _kept(code: str, person_id: str) -> Credential:
    return Credential(
        secret_hash=credentials.digest(_plain(code)),
        kind=RECOVERY,
        person_id=person_id,
        created_at=clock.now(),
        expires_at=clock.now() + _NO_END,
    )


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _end_recovery_codes(session: Session, person_id: str) -> None:
    session.execute(delete(Credential).where(*_recovery(person_id)))


def _of(person_id: str) -> tuple[ColumnElement[bool], ...]:
    return Authenticator.person_id == person_id, Authenticator.kind == KIND


def _recovery(person_id: str) -> tuple[ColumnElement[bool], ...]:
    return Credential.person_id == person_id, Credential.kind == RECOVERY


def _plain(code: str) -> str:
    """A code as it is compared, however somebody has grouped it; of what is no text, nothing."""
    return "".join(code.split()).replace("-", "").lower() if plain_text.is_plain(code) else ""


def _bytes(key: str) -> bytes:
    return base64.b32decode(key)


def _base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode()


def _record(
    session: Session, person_id: str, event: Event, actor: Actor, **detail: str | int
) -> None:
    history.record(session, person_id, Entry(event, actor, detail=detail))
