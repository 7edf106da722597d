"""A request that may come again with the same key: its answer is kept with what it has done.

The key is claimed first and the answer kept last, in the one transaction of the effect. A twin
that comes meanwhile waits at the claim, then finds the answer; a rollback leaves no trace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import UpdateBase, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import clock
from engine.store.statement import Statement
from engine.store.tables import IdempotencyKey, table_of

LIFETIME = timedelta(hours=24)
LONGEST_KEY = 255

_NO_STATUS = 0  # of a key whose request is being worked on; no other transaction ever sees it
_keys = table_of(IdempotencyKey)
_ITS_KEY = (
    _keys.c.principal == bindparam("its_principal"),
    _keys.c.key == bindparam("its_key"),
)


@dataclass(frozen=True)
class Request:
    """Who sent what under which key."""

    principal: str
    key: str
    hash: str  # SHA-256, in hex, of all that makes it this request and no other


@dataclass(frozen=True)
class Answer:
    """What was answered, to be answered again."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    request_hash: str


def claim(session: Session, request: Request) -> Answer | None:
    """The answer kept under this key within the last 24 hours.

    ``None`` for the first to come; it holds the key until its transaction ends, and others wait.
    """
    now = clock.now()
    claimed = {
        "principal": request.principal,
        "key": request.key,
        "request_hash": request.hash,
        "status": _NO_STATUS,
        "headers": {},
        "body": b"",
        "created_at": now,
        "kept_since": now - LIFETIME,
    }
    if _CLAIM.find(session, claimed):
        return None
    ((status, headers, body, request_hash),) = _KEPT.find(session, _names(request))
    return Answer(status, headers, body, request_hash)


def keep(session: Session, request: Request, answer: Answer) -> None:
    """Keep the answer to a request that has claimed its key."""
    kept = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    _KEEP.run(session, _names(request) | kept)


def purge(session: Session) -> int:
    """Forget the answers that are older than 24 hours and say how many; for a sweep."""
    return _PURGE.run(session, {"kept_since": clock.now() - LIFETIME})


def _names(request: Request) -> dict[str, object]:
    return {"its_principal": request.principal, "its_key": request.key}


def _claim(dialect_name: str) -> UpdateBase:
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    inserted = dialect.insert(_keys)
    # A key that has outlived its day is as good as new, whether or not it was purged.
    claimed = inserted.on_conflict_do_update(
        index_elements=[_keys.c.principal, _keys.c.key],
        set_={
            "request_hash": inserted.excluded.request_hash,
            "created_at": inserted.excluded.created_at,
        },
        where=_keys.c.created_at < bindparam("kept_since", type_=_keys.c.created_at.type),
    )
    # A row comes back for who has the key. The row count would not tell: psycopg's is -1 here.
    statement: UpdateBase = claimed.returning(_keys.c.key)
    return statement


_CLAIM = Statement(_claim)
_KEPT = Statement(
    select(_keys.c.status, _keys.c.headers, _keys.c.body, _keys.c.request_hash).where(*_ITS_KEY)
)
_KEEP = Statement(
    update(_keys)
    .where(*_ITS_KEY)
    .values(status=bindparam("status"), headers=bindparam("headers"), body=bindparam("body"))
)
_PURGE = Statement(delete(_keys).where(_keys.c.created_at < bindparam("kept_since")))
