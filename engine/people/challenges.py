"""What an authenticator is asked to sign: good for five minutes, once, and for one purpose.

Kept as a hash that covers the purpose and the person, so that what was asked for one thing, or of
one person, answers nothing else. The rows lie with the throttle, which forgets them a day later: at
a sign-in nobody knows yet whose it is, and a credential always belongs to somebody.
"""

import hashlib
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotAllowed
from engine.store.tables import Throttle

LIFETIME = timedelta(minutes=5)


class Purpose(StrEnum):
    ADD = "add a passkey"
    SIGN_IN = "sign in"
    SIGN = "sign a decision"


def keep(session: Session, purpose: Purpose, challenge: bytes, person_id: str = "") -> None:
    """Remember that this was asked."""
    now = clock.now()
    key, until = _key(purpose, challenge, person_id), now + LIFETIME
    session.add(Throttle(key=key, failures=0, last_failed_at=now, blocked_until=until))
    session.flush()


def use(session: Session, purpose: Purpose, challenge: bytes, person_id: str = "") -> None:
    """Take it away; ``NotAllowed`` when it was not asked, was answered before, or is too old."""
    asked = delete(Throttle).where(Throttle.key == _key(purpose, challenge, person_id))
    good_until = session.scalar(asked.returning(Throttle.blocked_until))
    if good_until is None or good_until <= clock.now():
        raise NotAllowed("That took too long, or was answered before. Try again.")


def _key(purpose: Purpose, challenge: bytes, person_id: str) -> str:
    about = f"challenge\n{purpose}\n{person_id}\n".encode()
    return hashlib.sha256(about + challenge).hexdigest()
