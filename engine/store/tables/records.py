"""What happened, what is to happen outside, and what was answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import Base
from engine.store.tables.statuses import EffectStatus


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
