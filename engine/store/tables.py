"""The rows, without rules: typed columns, keys and indexes."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware and UTC on both sides, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class IncidentStatus(StrEnum):
    NEW = "new"  # reported, not classified yet
    IN_PROGRESS = "in_progress"  # somebody works on it
    ON_HOLD = "on_hold"  # waits on someone outside; has a hold_reason
    RESOLVED = "resolved"  # service restored, confirmation or review outstanding
    CLOSED = "closed"  # done, reviewed as far as its process demands
    CANCELLED = "cancelled"  # was no incident

    @property
    def is_open(self) -> bool:
        return self not in (IncidentStatus.CLOSED, IncidentStatus.CANCELLED)


class InstanceStatus(StrEnum):
    RUNNING = "running"  # waits for a task, a timer or a message
    COMPLETED = "completed"  # reached its end
    FAILED = "failed"  # an element could not finish; others go on, somebody must look
    SUSPENDED = "suspended"  # takes no steps until it is resumed
    CANCELLED = "cancelled"  # ended by a person before its end


class MessageStatus(StrEnum):
    WAITING = "waiting"  # no instance has been able to take it yet
    DELIVERED = "delivered"  # taken; a signal also when its receiver went on without it
    DISCARDED = "discarded"  # given up by a person


class EffectStatus(StrEnum):
    PENDING = "pending"  # to be sent, now or at the next attempt
    DONE = "done"  # the receiver has answered that it has it
    FAILED = "failed"  # given up after so many attempts; a person may try again


class TaskStatus(StrEnum):
    OPEN = "open"  # anyone in the candidate group may claim it
    CLAIMED = "claimed"  # has an assignee
    COMPLETED = "completed"  # answered
    CANCELLED = "cancelled"  # its process went on without it

    @property
    def is_waiting(self) -> bool:
        return self in (TaskStatus.OPEN, TaskStatus.CLAIMED)


def _stored(statuses: type[StrEnum]) -> Enum:
    """A status as its value in a plain text column, and as the enum in Python."""
    return Enum(
        statuses,
        native_enum=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


def _index_where(name: str, condition: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that meet a condition; the others cost it nothing."""
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


# PostgreSQL would sort by the language of its installation, and then not find by beginnings.
_IN_BYTE_ORDER = String(40).with_variant(String(40, collation="C"), "postgresql")


class Base(DeclarativeBase):
    type_annotation_map = {
        datetime: UtcDateTime,
        EffectStatus: _stored(EffectStatus),
        IncidentStatus: _stored(IncidentStatus),
        InstanceStatus: _stored(InstanceStatus),
        MessageStatus: _stored(MessageStatus),
        TaskStatus: _stored(TaskStatus),
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# ---- people


class Organisation(Base):
    """A customer, a dealer or a tenant: its people see their own incidents, and no one else's."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime]


class Person(Base):
    __tablename__ = "person"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool]
    # Who does not belong to one of these works for whoever runs this installation.
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    created_at: Mapped[datetime]


class Grant(Base):
    """A role, everywhere, for one candidate group, or for the incidents of one organisation."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("person_id", "role", "group_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    # "" is everywhere; "organisation:" and an id is one organisation.
    group_name: Mapped[str] = mapped_column(String(120))


class Absence(Base):
    """A time in which a deputy does what somebody else may do."""

    __tablename__ = "absence"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    deputy_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Credential(Base):
    """A secret that stands for a person, kept as its SHA-256: session, sign-in link, API token."""

    __tablename__ = "credential"
    __table_args__ = (Index("ix_credential_id", "id", unique=True),)

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    id: Mapped[str | None] = mapped_column(String(36))  # its name on a page
    label: Mapped[str | None] = mapped_column(String(120))  # what it is for, or the browser
    scope: Mapped[str | None] = mapped_column(String(16))  # of an API token: read or write
    last_used_at: Mapped[datetime | None]  # to within some minutes


class Authenticator(Base):
    """What somebody has besides a password: an app that shows codes (TOTP), a passkey."""

    __tablename__ = "authenticator"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # totp, passkey
    label: Mapped[str] = mapped_column(String(120))
    # WebAuthn's credential id, base64url; of a passkey only.
    credential_id: Mapped[str | None] = mapped_column(String(1400), unique=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)  # TOTP's key, or the public key (COSE)
    counter: Mapped[int]  # TOTP: the last time step that was used; WebAuthn: signCount
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class ExternalIdentity(Base):
    """A person as an OpenID Connect provider knows them."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]


class Throttle(Base):
    """How often something was tried in vain, and until when nobody is listened to."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of what is throttled
    failures: Mapped[int]
    last_failed_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class PartnerLink(Base):
    """Lets somebody without an account do one task; kept as its SHA-256."""

    __tablename__ = "partner_link"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))  # who it is for, as the history names them
    created_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class BreakGlass(Base):
    """An exception that one person asks for and another one grants; audited as it is."""

    __tablename__ = "break_glass"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    # Whose duties are to be set aside; without it, a restricted incident is to be opened to one.
    task_id: Mapped[str | None] = mapped_column(ForeignKey("task.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    granted_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    granted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]  # of the question; from the grant on, of what it allows


class SecurityEvent(Base):
    """What was refused, and to whom; it has changed nothing, so it is no history."""

    __tablename__ = "security_event"
    __table_args__ = (Index("ix_security_event_at_id", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[str | None] = mapped_column(String(36))
    actor_name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64))  # where the request came from
    route: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(String(500))


class Door(Base):
    """An address at which another tool reports; its token is kept as SHA-256."""

    __tablename__ = "door"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sender: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(120))
    process_id: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


# ---- the process library


class Deployment(Base):
    """One version of a bundle; never changed once written."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("bundle_id", "version"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    bundle_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(500))
    deployed_at: Mapped[datetime]
    deployed_by: Mapped[str] = mapped_column(String(120))


class DeploymentFile(Base):
    __tablename__ = "deployment_file"

    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ProcessDefinition(Base):
    """One diagram of a deployment."""

    __tablename__ = "process_definition"
    __table_args__ = (UniqueConstraint("process_id", "version"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"), index=True)
    process_id: Mapped[str] = mapped_column(String(120))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(String(200))
    start_form_key: Mapped[str | None] = mapped_column(String(120))


class Draft(Base):
    """The next version of a bundle, while its owner edits it; one a bundle."""

    __tablename__ = "draft"

    bundle_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    based_on: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    version: Mapped[int] = mapped_column()
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(String(120))

    __mapper_args__ = {"version_id_col": version}


class DraftFile(Base):
    """A file that differs from the deployment on which the draft is based."""

    __tablename__ = "draft_file"

    bundle_id: Mapped[str] = mapped_column(ForeignKey("draft.bundle_id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


# ---- incidents and their processes


class Incident(Base):
    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_status_number", "status", "number"),
        Index("ix_incident_reporter_id_number", "reporter_id", "number"),
        Index("ix_incident_organisation_id_number", "organisation_id", "number"),
        Index(
            "ix_incident_restricted",
            "id",
            sqlite_where=text("is_restricted = 1"),
            postgresql_where=text("is_restricted"),
        ),
        _index_where("ix_incident_open", "closed_at IS NULL", "number"),
        # A key recognises one open incident; a closed one gives its key up.
        _index_where(
            "uq_incident_open_dedup_key",
            "dedup_key IS NOT NULL AND closed_at IS NULL",
            "dedup_key",
            unique=True,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    service: Mapped[str] = mapped_column(String(120))
    affected: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str | None] = mapped_column(String(16))
    reported_by: Mapped[str] = mapped_column(String(120))
    reporter_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    status: Mapped[IncidentStatus]
    phase: Mapped[str | None] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(64))
    impact: Mapped[str | None] = mapped_column(String(16))
    urgency: Mapped[str | None] = mapped_column(String(16))
    priority: Mapped[str | None] = mapped_column(String(4))
    is_major: Mapped[bool]
    hold_reason: Mapped[str | None] = mapped_column(String(120))
    resolution_code: Mapped[str | None] = mapped_column(String(32))
    resolution_notes: Mapped[str | None] = mapped_column(Text)
    reopened_count: Mapped[int]
    dedup_key: Mapped[str | None] = mapped_column(String(500))
    occurrences: Mapped[int]
    last_seen_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    # Whose people see its public side.
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"))
    tlp: Mapped[str | None] = mapped_column(String(16))  # Traffic Light Protocol 2.0
    is_restricted: Mapped[bool] = mapped_column(server_default=false())  # to its readers
    # Ids of those who need to know of it; whoever takes a restricted one from the database asks.
    readers = frozenset[str]()

    __mapper_args__ = {"version_id_col": version}


class IncidentReader(Base):
    """Somebody who needs to know of a restricted incident."""

    __tablename__ = "incident_reader"

    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)


class IncidentWord(Base):
    """A word by which the search finds an incident."""

    __tablename__ = "incident_word"
    __table_args__ = (
        # The other way round, to ask of one incident whether it has a word.
        Index("ix_incident_word_number_word", "number", "word"),
        {"sqlite_with_rowid": False},
    )

    word: Mapped[str] = mapped_column(_IN_BYTE_ORDER, primary_key=True)
    number: Mapped[str] = mapped_column(String(20), primary_key=True)


class IncidentNumber(Base):
    """The last number given out in a year."""

    __tablename__ = "incident_number"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class ProcessInstance(Base):
    __tablename__ = "process_instance"
    __table_args__ = (_index_where("ix_process_instance_failed", "status = 'failed'", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), unique=True)
    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"), index=True)
    status: Mapped[InstanceStatus]
    snapshot: Mapped[str] = mapped_column(Text)
    failed_element_id: Mapped[str | None] = mapped_column(String(120))
    failure: Mapped[str | None] = mapped_column(Text)
    next_due_at: Mapped[datetime | None] = mapped_column(index=True)  # of its first timer
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int]


class Task(Base):
    """A user task that waits, or waited, for a person."""

    __tablename__ = "task"
    __table_args__ = (
        # Of the queues: in the order of their lists, and without what is done.
        _index_where("ix_task_waiting", "ended_at IS NULL", "due_at", "id"),
        _index_where(
            "ix_task_waiting_in_group",
            "ended_at IS NULL",
            *("candidate_group", "due_at", "id", "status"),
        ),
        _index_where(
            "ix_task_waiting_with_assignee",
            "assignee_id IS NOT NULL AND ended_at IS NULL",
            *("assignee_id", "due_at", "id", "status", "candidate_group"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # also its name in the snapshot
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), index=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"))
    element_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    phase: Mapped[str | None] = mapped_column(String(16))
    candidate_group: Mapped[str] = mapped_column(String(120))
    form_key: Mapped[str] = mapped_column(String(120))
    status: Mapped[TaskStatus]
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class Signature(Base):
    """Who decided what and meant it; with a passkey it can be checked without us."""

    __tablename__ = "signature"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    meaning: Mapped[str] = mapped_column(String(40))  # approved, reviewed, …
    method: Mapped[str] = mapped_column(String(16))  # password, totp, passkey
    statement: Mapped[str] = mapped_column(Text)  # canonical JSON of what was shown and decided
    assertion: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # WebAuthn's, with the key
    signed_at: Mapped[datetime]


class Subscription(Base):
    """A message, signal or condition for which an instance waits; its row goes with the wait."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_awaits_name_key", "awaits", "name", "key"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # also its name in the snapshot
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), index=True)
    element_id: Mapped[str] = mapped_column(String(120))
    awaits: Mapped[str] = mapped_column(String(16))  # message, signal, conditional
    name: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))  # "" takes a message with any key


class Message(Base):
    """A message on its way to one instance; a signal has a row for each that waited for it."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_status_created_at_id", "status", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    awaits: Mapped[str] = mapped_column(String(16))  # message or signal
    name: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    payload: Mapped[Any] = mapped_column(JSON)
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incident.id"))  # whose alone it is
    sent_by: Mapped[str] = mapped_column(String(120))
    status: Mapped[MessageStatus]
    receiver_id: Mapped[str | None] = mapped_column(ForeignKey("incident.id"))  # who has taken it
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    attempts: Mapped[int]  # that went wrong
    next_attempt_at: Mapped[datetime | None]  # not before, after one that went wrong
    problem: Mapped[str | None] = mapped_column(Text)  # of the last attempt


# ---- what leaves, and what came in twice


class Effect(Base):
    """Something to be done outside (the outbox), written with the change that wants it."""

    __tablename__ = "effect"
    __table_args__ = (Index("ix_effect_status_created_at", "status", "created_at"),)

    key: Mapped[str] = mapped_column(String(200), primary_key=True)  # the receiver's, to tell twins
    kind: Mapped[str] = mapped_column(String(32))  # who sends it, and where to
    payload: Mapped[Any] = mapped_column(JSON)
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incident.id"), index=True)
    status: Mapped[EffectStatus]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    attempts: Mapped[int]
    result: Mapped[str | None] = mapped_column(Text)  # what the receiver answered, or the problem


class IdempotencyKey(Base):
    """The answer to a request that may come again with the same key; kept for a day."""

    __tablename__ = "idempotency_key"

    principal: Mapped[str] = mapped_column(String(200), primary_key=True)  # who sent it
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of method, address and body
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """Who did what when; appended, never updated or deleted."""

    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("subject_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(120))  # an incident, a bundle, a person, a door
    sequence: Mapped[int]  # 1, 2, 3 … per subject
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[str | None] = mapped_column(String(120))
    actor_name: Mapped[str] = mapped_column(String(120))
    definition_id: Mapped[str | None] = mapped_column(ForeignKey("process_definition.id"))
    element_id: Mapped[str | None] = mapped_column(String(120))
    element_name: Mapped[str | None] = mapped_column(String(200))
    task_id: Mapped[str | None] = mapped_column(String(36))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)  # field -> [old, new]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


def table_of(rows: type[Base]) -> Table:
    """The table behind a class of rows, for statements on the path of every step."""
    return cast("Table", rows.__table__)
