"""Incidents, who may know of them, and how they are found."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import IN_BYTE_ORDER, Base, index_where
from engine.store.tables.statuses import IncidentStatus


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
        index_where("ix_incident_open", "closed_at IS NULL", "number"),
        # A key recognises one open incident; a closed one gives its key up.
        index_where(
            "uq_incident_open_dedup_key",
            "dedup_key IS NOT NULL AND closed_at IS NULL",
            "dedup_key",
            unique=True,
        ),
        # What has ended may begin again.
        index_where(
            "ix_incident_closed_dedup_key",
            "dedup_key IS NOT NULL AND closed_at IS NOT NULL",
            *("dedup_key", "number"),
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

    word: Mapped[str] = mapped_column(IN_BYTE_ORDER, primary_key=True)
    number: Mapped[str] = mapped_column(String(20), primary_key=True)


class IncidentNumber(Base):
    """The last number given out in a year."""

    __tablename__ = "incident_number"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class Attachment(Base):
    """A file that belongs to an incident, or to one task of it."""

    __tablename__ = "attachment"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    task_id: Mapped[str | None] = mapped_column(ForeignKey("task.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))  # as its sender called it
    media_type: Mapped[str] = mapped_column(String(100))  # by its content, not by its name
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # under which its content lies
    is_public: Mapped[bool]  # to the customer
    added_by: Mapped[str] = mapped_column(String(120))
    added_by_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]  # its content is gone then


class AttachmentContent(Base):
    """The bytes of a file; equal files share them."""

    __tablename__ = "attachment_content"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
