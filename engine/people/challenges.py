"""What is answered once, soon, and for one purpose: by a passkey, or by a provider.

Kept as a hash that covers the purpose and the person, so that what was asked for one thing, or of
one person, answers nothing else. What a passkey is asked is kept until the answer. A sign-in by a
provider is kept by the browser that has begun it; of that one, the answer is kept.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import UpdateBase, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotAllowed
from engine.store.statement import Statement
from engine.store.tables import Challenge, table_of

LIFETIME = timedelta(minutes=5)


class Purpose(StrEnum):
    ADD = "add a passkey"
    SIGN_IN = "sign in"
    SIGN = "sign a decision"
    PROVIDER = "sign in by a provider"


def keep(session: Session, purpose: Purpose, challenge: bytes, person_id: str = "") -> None:
    """Remember that this was asked."""
    key = _key(purpose, challenge, person_id)
    session.add(Challenge(key=key, expires_at=clock.now() + LIFETIME))
    session.flush()


def use(session: Session, purpose: Purpose, challenge: bytes, person_id: str = "") -> None:
    """Take it away; ``NotAllowed`` when it was not asked, was answered before, or is too old."""
    asked = delete(Challenge).where(Challenge.key == _key(purpose, challenge, person_id))
    good_until = session.scalar(asked.returning(Challenge.expires_at))
    if good_until is None or good_until <= clock.now():
        raise NotAllowed("That took too long, or was answered before. Try again.")


def is_first_answer(session: Session, purpose: Purpose, asked: bytes, until: datetime) -> bool:
    """Remember that this was answered, as long as an answer could come; False the second time."""
    return bool(_ANSWERED.run(session, {"key": _key(purpose, asked, ""), "expires_at": until}))


def purge(session: Session) -> None:
    """Delete what can be answered no more."""
    session.execute(delete(Challenge).where(Challenge.expires_at < clock.now()))


def _key(purpose: Purpose, challenge: bytes, person_id: str) -> str:
    about = f"challenge\n{purpose}\n{person_id}\n".encode()
    return hashlib.sha256(about + challenge).hexdigest()


def _insert(dialect_name: str) -> UpdateBase:
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    statement: UpdateBase = dialect.insert(table_of(Challenge)).on_conflict_do_nothing()
    return statement


_ANSWERED = Statement(_insert)
