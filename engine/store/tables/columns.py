"""What all tables share: types of columns, names of indexes."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import DateTime, Dialect, Enum, Index, MetaData, String, Table, text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from engine.store.tables.kinds import IncidentRole, ReferenceKind, RelationKind
from engine.store.tables.statuses import (
    EffectStatus,
    IncidentStatus,
    InstanceStatus,
    MessageStatus,
    TaskStatus,
)


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


# PostgreSQL would sort by the language of its installation, and then not find by beginnings.
IN_BYTE_ORDER = String(40).with_variant(String(40, collation="C"), "postgresql")


def stored(members: type[StrEnum]) -> Enum:
    """A status or a kind as its value in a plain text column, and as the enum in Python."""
    return Enum(
        members,
        native_enum=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


def index_where(name: str, condition: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that meet a condition; the others cost it nothing."""
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class Base(DeclarativeBase):
    type_annotation_map = {
        datetime: UtcDateTime,
        EffectStatus: stored(EffectStatus),
        IncidentRole: stored(IncidentRole),
        IncidentStatus: stored(IncidentStatus),
        InstanceStatus: stored(InstanceStatus),
        MessageStatus: stored(MessageStatus),
        ReferenceKind: stored(ReferenceKind),
        RelationKind: stored(RelationKind),
        TaskStatus: stored(TaskStatus),
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(rows: type[Base]) -> Table:
    """The table behind a class of rows, for statements on the path of every step."""
    return cast("Table", rows.__table__)
