"""What an incident belongs together with, and whom it concerns."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import Base, index_where
from engine.store.tables.kinds import IncidentRole, ReferenceKind, RelationKind


class IncidentRelation(Base):
    """Two incidents that belong together; kept when it is withdrawn."""

    __tablename__ = "incident_relation"
    __table_args__ = (
        index_where(
            "uq_incident_relation_live",
            "withdrawn_at IS NULL",
            *("incident_id", "other_id", "kind"),
            unique=True,
        ),
        # One parent at most, and a duplicate of one.
        index_where(
            "uq_incident_relation_single",
            "withdrawn_at IS NULL AND kind <> 'related_to'",
            *("incident_id", "kind"),
            unique=True,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[RelationKind]
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    added_by: Mapped[str] = mapped_column(String(120))
    added_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ExternalReference(Base):
    """What another system keeps that an incident has to do with; kept when it is withdrawn."""

    __tablename__ = "external_reference"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    kind: Mapped[ReferenceKind]
    system: Mapped[str] = mapped_column(String(80))
    reference: Mapped[str] = mapped_column(String(120))  # as that system calls it
    url: Mapped[str] = mapped_column(String(500))  # http or https; empty if there is none
    added_by: Mapped[str] = mapped_column(String(120))
    added_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class IncidentParticipant(Base):
    """Somebody who leads an incident or follows it, for a time."""

    __tablename__ = "incident_participant"
    __table_args__ = (
        index_where(
            "uq_incident_participant_held",
            "renounced_at IS NULL",
            *("incident_id", "role", "person_id"),
            unique=True,
        ),
        # One holder at a time.
        index_where(
            "uq_incident_participant_holder",
            "renounced_at IS NULL AND role <> 'watcher'",
            *("incident_id", "role"),
            unique=True,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    role: Mapped[IncidentRole]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    assumed_at: Mapped[datetime]
    renounced_at: Mapped[datetime | None]
