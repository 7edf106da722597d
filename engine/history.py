"""record(): one entry a change, in the change's own transaction; never updated, never deleted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import SYSTEM, Actor
from engine.store.statement import Statement
from engine.store.tables import AuditEntry, table_of


class Event(StrEnum):
    INCIDENT_REPORTED = "incident:reported"
    INCIDENT_CORRECTED = "incident:corrected"
    INCIDENT_RESTRICTED = "incident:restricted"  # who needs to know of it, or that all may again
    REPORT_REPEATED = "report:repeated"  # the same key came in again while open
    SOURCE_RECOVERED = "source:recovered"  # the sender says that it is over
    PROCESS_STARTED = "process:started"
    PROCESS_COMPLETED = "process:completed"
    PROCESS_FAILED = "process:failed"
    PROCESS_SUSPENDED = "process:suspended"
    PROCESS_RESUMED = "process:resumed"
    PROCESS_CANCELLED = "process:cancelled"
    PROCESS_RETRIED = "process:retried"  # a failed step, with corrected data
    PROCESS_MOVED = "process:moved"  # a person ended steps and started others
    PROCESS_MIGRATED = "process:migrated"  # to another version of the process
    ELEMENT_COMPLETED = "element:completed"  # an automatic element of the diagram
    TIMER_FIRED = "timer:fired"
    TIMER_MOVED = "timer:moved"  # a person let it fire at another moment
    MESSAGE_SENT = "message:sent"  # by a person or a programme
    MESSAGE_RECEIVED = "message:received"
    MESSAGE_DISCARDED = "message:discarded"
    SIGNAL_RECEIVED = "signal:received"
    EXCEPTION_ASKED = "exception:asked"  # from a separation of duties, or a restriction
    EXCEPTION_GRANTED = "exception:granted"  # by a second person
    ATTACHMENT_ADDED = "attachment:added"
    ATTACHMENT_WITHDRAWN = "attachment:withdrawn"  # its bytes are gone
    RELATION_ADDED = "relation:added"  # to another incident, which no entry names
    RELATION_WITHDRAWN = "relation:withdrawn"
    REFERENCE_ADDED = "reference:added"  # to a problem, change or asset in another system
    REFERENCE_WITHDRAWN = "reference:withdrawn"
    ROLE_TAKEN_OVER = "role:taken_over"  # by who has it now
    ROLE_HANDED_OVER = "role:handed_over"  # to somebody else than who did it
    ROLE_RENOUNCED = "role:renounced"  # nobody has it now
    WATCHER_ADDED = "watcher:added"
    WATCHER_REMOVED = "watcher:removed"
    PARTNER_INVITED = "partner:invited"  # by a link to one task
    PARTNER_LINK_WITHDRAWN = "partner_link:withdrawn"
    CLOCK_CHANGED = "clock:changed"  # a service clock: started, paused, with another target, ended
    CLOCK_WARNED = "clock:warned"  # so much of its target is used up
    CLOCK_BREACHED = "clock:breached"
    TASK_OPENED = "task:opened"
    TASK_CLAIMED = "task:claimed"
    TASK_RELEASED = "task:released"
    TASK_DELEGATED = "task:delegated"  # given to somebody, by its assignee or a manager
    TASK_COMPLETED = "task:completed"
    TASK_SIGNED = "task:signed"  # beside its completion: by whom, how, and what it meant
    TASK_CANCELLED = "task:cancelled"  # its process went on without it
    BUNDLE_DEPLOYED = "bundle:deployed"
    DRAFT_SAVED = "draft:saved"
    DRAFT_DISCARDED = "draft:discarded"
    PERSON_ADDED = "person:added"
    PERSON_CHANGED = "person:changed"  # the name, or the organisation
    PERSON_DEACTIVATED = "person:deactivated"
    PERSON_ACTIVATED = "person:activated"
    GRANTS_CHANGED = "grants:changed"
    IDENTITY_LINKED = "identity:linked"  # somebody may sign in by a provider
    IDENTITY_UNLINKED = "identity:unlinked"
    ABSENCE_ADDED = "absence:added"  # a deputy does somebody's work for a time
    ABSENCE_ENDED = "absence:ended"
    PERSON_SIGNED_OUT = "person:signed_out"
    PASSWORD_SET = "password:set"  # noqa: S105 -- an event's name
    CREDENTIAL_ISSUED = "credential:issued"  # a sign-in is the issue of a session
    CREDENTIAL_REVOKED = "credential:revoked"
    ORGANISATION_ADDED = "organisation:added"
    ORGANISATION_RENAMED = "organisation:renamed"
    AUTHENTICATOR_ADDED = "authenticator:added"  # an app that shows codes, or a passkey
    AUTHENTICATOR_RENAMED = "authenticator:renamed"
    AUTHENTICATOR_REMOVED = "authenticator:removed"
    AUTHENTICATOR_SUSPECTED = "authenticator:suspected"  # its counter went back: a copy of it?
    RECOVERY_CODES_ISSUED = "recovery_codes:issued"  # which end the ones before
    RECOVERY_CODE_USED = "recovery_code:used"
    FACTORS_RESET = "factors:reset"  # an administrator let somebody in who has lost them
    SIGN_IN_UNLOCKED = "sign_in:unlocked"  # after too many attempts in vain
    DIRECTORY_GROUP_ADDED = "directory_group:added"  # by SCIM
    DIRECTORY_GROUP_CHANGED = "directory_group:changed"  # its name, or who is in it
    DIRECTORY_GROUP_REMOVED = "directory_group:removed"
    DOOR_ADDED = "door:added"
    JOB_RETRIED = "job:retried"  # one that had been given up

    @property
    def is_deviation(self) -> bool:
        """Whether a person took the process in hand; the detail holds the reason."""
        return self in _DEVIATIONS


_DEVIATIONS = frozenset(
    (
        Event.PROCESS_SUSPENDED,
        Event.PROCESS_RESUMED,
        Event.PROCESS_CANCELLED,
        Event.PROCESS_RETRIED,
        Event.PROCESS_MOVED,
        Event.PROCESS_MIGRATED,
        Event.TIMER_MOVED,
        Event.EXCEPTION_GRANTED,
    )
)

_entries = table_of(AuditEntry)
_earlier = _entries.alias()
# The next number of the subject, read in the same statement that uses it.
_NEXT = (
    select(func.coalesce(func.max(_earlier.c.sequence), 0) + 1)
    .where(_earlier.c.subject_id == bindparam("about"))
    .scalar_subquery()
)
_APPEND = Statement(
    insert(_entries).values(sequence=_NEXT),
    columns=[column.name for column in _entries.columns if column.name not in ("id", "sequence")],
)


@dataclass(frozen=True)
class Entry:
    """What one entry says; ``changes`` maps a field to its old and new value."""

    event: Event
    actor: Actor = SYSTEM
    definition_id: str | None = None
    element_id: str | None = None
    element_name: str | None = None
    task_id: str | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)


def record(session: Session, subject_id: str, *entries: Entry) -> None:
    """Append entries about one subject (an incident, a bundle, a person, a door), in order."""
    if not entries:
        return  # a sweep that came second finds nothing left to do
    at = clock.now()
    rows = [_row(entry, subject_id, at) for entry in entries]
    _APPEND.run_each(session, rows)


def of(session: Session, subject_id: str, *, after: int = 0, limit: int = 500) -> list[AuditEntry]:
    """The entries about a subject behind sequence ``after``, oldest first."""
    query = (
        select(AuditEntry)
        .where(AuditEntry.subject_id == subject_id, AuditEntry.sequence > after)
        .order_by(AuditEntry.sequence)
        .limit(limit)
    )
    return list(session.scalars(query))


def latest(session: Session, subject_id: str, limit: int) -> list[AuditEntry]:
    """The last entries about a subject, the newest first."""
    query = (
        select(AuditEntry)
        .where(AuditEntry.subject_id == subject_id)
        .order_by(AuditEntry.sequence.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def difference(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str]
) -> dict[str, tuple[Any, Any]]:
    """The named fields that differ, each with its old and new value."""
    return {k: (old.get(k), new[k]) for k in names if k in new and old.get(k) != new[k]}


def _row(entry: Entry, subject_id: str, at: datetime) -> dict[str, Any]:
    return {
        "subject_id": subject_id,
        "about": subject_id,  # the same once more, where the statement looks for the last entry
        "at": at,
        "event": entry.event,
        "actor_id": entry.actor.id,
        "actor_name": entry.actor.name,
        "definition_id": entry.definition_id,
        "element_id": entry.element_id,
        "element_name": entry.element_name,
        "task_id": entry.task_id,
        "changes": {k: [_plain(old), _plain(new)] for k, (old, new) in entry.changes.items()},
        "detail": {k: _plain(value) for k, value in entry.detail.items()},
    }


def _plain(value: Any) -> Any:
    """A value as JSON keeps it: moments as ISO 8601, numbers of FEEL as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [_plain(v) for v in value]
    return str(value)
