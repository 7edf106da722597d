"""Changes one row on the path of every step: one statement, without the unit of work."""

from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, Update, bindparam, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.errors import Conflict
from engine.store.tables import Incident, Task, table_of


def change(session: Session, row: Task | Incident, **values: Any) -> None:
    """Write ``values`` if nobody has changed the row since we read it; ``Conflict`` otherwise."""
    values["version"] = row.version + 1
    statement = _statement(type(row), tuple(values))
    read = {"read_id": row.id, "read_version": row.version}
    result = session.connection().execute(statement, read | values)
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise Conflict("Somebody else changed this just now. Look at it again.")
    for name, value in values.items():
        # Already written: the unit of work has nothing left to do.
        set_committed_value(row, name, value)


@cache
def _statement(kind: type[Task | Incident], names: tuple[str, ...]) -> Update:
    """Built once for each set of columns: building a statement costs more than running it."""
    table = table_of(kind)
    return (
        update(table)
        .where(table.c.id == bindparam("read_id"), table.c.version == bindparam("read_version"))
        .values({name: bindparam(name) for name in names})
    )
