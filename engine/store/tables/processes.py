"""The processes of incidents, and what they wait for."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import Base, index_where
from engine.store.tables.statuses import InstanceStatus, MessageStatus, TaskStatus


class ProcessInstance(Base):
    __tablename__ = "process_instance"
    __table_args__ = (index_where("ix_process_instance_failed", "status = 'failed'", "id"),)

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
        index_where("ix_task_waiting", "ended_at IS NULL", "due_at", "id"),
        index_where(
            "ix_task_waiting_in_group",
            "ended_at IS NULL",
            *("candidate_group", "due_at", "id", "status"),
        ),
        index_where(
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
