"""What was promised about an incident, and how much of it is used up."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import Base, index_where


class ServiceClock(Base):
    """A service clock of an incident: what happened to it, and what follows from that."""

    __tablename__ = "service_clock"
    __table_args__ = (
        UniqueConstraint("incident_id", "title"),
        index_where("ix_service_clock_next_at", "next_at IS NOT NULL", "next_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"))
    kind: Mapped[str] = mapped_column(String(16))  # respond, resolve
    title: Mapped[str] = mapped_column(String(120))
    turns: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # the truth; the rest follows from it
    due_at: Mapped[datetime | None]  # none while it is paused, or met in time
    next_at: Mapped[datetime | None]  # when somebody is to be told next
    told: Mapped[int]  # the last percentage of which somebody was told
    stopped_at: Mapped[datetime | None]
