"""Who there is, and who may do what."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import Base


class Organisation(Base):
    """A customer, a dealer or a tenant: its people see their own incidents, and no one else's."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime]


class Person(Base):
    __tablename__ = "person"
    __table_args__ = (Index("uq_person_external_id", "external_id", unique=True),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool]
    # Who does not belong to one of these works for whoever runs this installation.
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    created_at: Mapped[datetime]
    # The name that the directory gave them which keeps them here by SCIM (RFC 7643 externalId).
    external_id: Mapped[str | None] = mapped_column(String(255))


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


class DirectoryGroup(Base):
    """A group as a directory keeps it here by SCIM; a setting says which roles it stands for."""

    __tablename__ = "directory_group"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    external_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DirectoryMember(Base):
    """Somebody in such a group."""

    __tablename__ = "directory_member"

    group_id: Mapped[str] = mapped_column(ForeignKey("directory_group.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)


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
