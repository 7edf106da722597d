"""Service clocks of incidents, what belongs together, and what other systems know of them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _relations()
    _service_clocks()
    _references()
    _participants()


def _relations() -> None:
    kinds = sa.Enum(
        *("child_of", "duplicate_of", "related_to"),
        name="relationkind",
        native_enum=False,
        length=16,
    )
    op.create_table(
        "incident_relation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", kinds, nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("other_id", sa.String(length=36), nullable=False),
        sa.Column("added_by", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_relation_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["incident.id"], name=op.f("fk_incident_relation_other_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_relation")),
    )
    op.create_index("ix_incident_relation_incident_id", "incident_relation", ["incident_id"])
    op.create_index("ix_incident_relation_other_id", "incident_relation", ["other_id"])
    _index_where(
        "uq_incident_relation_live",
        "incident_relation",
        ["incident_id", "other_id", "kind"],
        "withdrawn_at IS NULL",
        unique=True,
    )
    _index_where(
        "uq_incident_relation_single",
        "incident_relation",
        ["incident_id", "kind"],
        "withdrawn_at IS NULL AND kind <> 'related_to'",
        unique=True,
    )
    _index_where(
        "ix_incident_closed_dedup_key",
        "incident",
        ["dedup_key", "number"],
        "dedup_key IS NOT NULL AND closed_at IS NOT NULL",
    )


def _service_clocks() -> None:
    op.create_table(
        "service_clock",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("turns", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_service_clock_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_clock")),
        sa.UniqueConstraint(
            "incident_id", "title", name=op.f("uq_service_clock_incident_id_title")
        ),
    )
    _index_where("ix_service_clock_next_at", "service_clock", ["next_at"], "next_at IS NOT NULL")


def _references() -> None:
    kinds = sa.Enum(
        *("problem", "change", "asset"), name="referencekind", native_enum=False, length=16
    )
    op.create_table(
        "external_reference",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("kind", kinds, nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("added_by", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_external_reference_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_reference")),
    )
    op.create_index("ix_external_reference_incident_id", "external_reference", ["incident_id"])


def _participants() -> None:
    roles = sa.Enum(
        *("commander", "deputy", "scribe", "liaison", "watcher"),
        name="incidentrole",
        native_enum=False,
        length=16,
    )
    op.create_table(
        "incident_participant",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("role", roles, nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("assumed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_participant_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_incident_participant_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_participant")),
    )
    op.create_index("ix_incident_participant_incident_id", "incident_participant", ["incident_id"])
    op.create_index("ix_incident_participant_person_id", "incident_participant", ["person_id"])
    _index_where(
        "uq_incident_participant_held",
        "incident_participant",
        ["incident_id", "role", "person_id"],
        "renounced_at IS NULL",
        unique=True,
    )
    _index_where(
        "uq_incident_participant_holder",
        "incident_participant",
        ["incident_id", "role"],
        "renounced_at IS NULL AND role <> 'watcher'",
        unique=True,
    )


def _index_where(
    name: str, table: str, columns: list[str], condition: str, *, unique: bool = False
) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
