"""Tasks and incidents on the path of every step: read and changed without the unit of work."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.errors import Conflict
from engine.store.statement import Statement
from engine.store.tables import Base, Incident, Task, table_of

Row = TypeVar("Row", bound=Base)

_INCIDENT = Statement(
    select(*table_of(Incident).columns).where(Incident.id == bindparam("incident_id"))
)


def change(session: Session, row: Task | Incident, **values: Any) -> None:
    """Write ``values`` if nobody has changed the row since we read it; ``Conflict`` otherwise."""
    values["version"] = row.version + 1
    statement = _statement(type(row), tuple(values))
    read = {"read_id": row.id, "read_version": row.version}
    if statement.run(session, read | values) != 1:
        raise Conflict("Somebody else changed this just now. Look at it again.")
    for name, value in values.items():
        # Already written: the unit of work has nothing left to do.
        set_committed_value(row, name, value)


def renew(session: Session, incident: Incident) -> None:
    """Bring an incident up to date, once its process is locked: it may have changed until then."""
    ((*values,),) = _INCIDENT.find(session, {"incident_id": incident.id})
    for name, value in zip(_names(Incident), values, strict=True):
        set_committed_value(incident, name, value)


def of(kind: type[Row], values: Mapping[str, Any]) -> Row:
    """A row from the values of all its columns; no session watches it."""
    row = kind()
    # As a session does when it loads: these values are what the database holds.
    row.__dict__.update(values)
    return row


def take(kind: type[Row], values: Iterator[Any]) -> Row:
    """A row from the next values of a result, which has all columns of its table in order."""
    return of(kind, dict(zip(_names(kind), values, strict=False)))


@cache
def _names(kind: type[Base]) -> tuple[str, ...]:
    return tuple(table_of(kind).columns.keys())


@cache
def _statement(kind: type[Task | Incident], names: tuple[str, ...]) -> Statement:
    """Built once for each set of columns."""
    table = table_of(kind)
    return Statement(
        update(table)
        .where(table.c.id == bindparam("read_id"), table.c.version == bindparam("read_version"))
        .values({name: bindparam(name) for name in names})
    )
