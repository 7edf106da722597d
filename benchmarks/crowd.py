"""Many incidents at once: what real lifecycles have written, copied in bulk under new names.

The incidents of the demonstration stand in seven phases, from new to closed. Each copy has the
rows that its original's lifecycle made (incident, process instance, tasks, subscriptions, words,
audit entries); numbers, titles, groups, assignees and due times are spread by a fixed seed.
"""

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from engine import clock, demo, library
from engine.actors import SYSTEM, Actor, Role
from engine.people import accounts
from engine.store import words
from engine.store.database import Database
from engine.store.tables import (
    AuditEntry,
    Incident,
    IncidentNumber,
    IncidentWord,
    ProcessInstance,
    Subscription,
    Task,
    TaskStatus,
    table_of,
)

BATCH = 2_000
HOSTS = 997  # so many different hosts are named in titles
DESKS = ("", "", "", " North", " South", " East", " West")  # what follows a group's name
WORKERS = 40
Row = dict[str, Any]
_incidents, _instances, _tasks, _words = map(
    table_of, (Incident, ProcessInstance, Task, IncidentWord)
)
_subscriptions, _entries = table_of(Subscription), table_of(AuditEntry)
_COPIED = (_incidents, _instances, _tasks, _subscriptions, _words)


@dataclass(frozen=True)
class Original:
    """An incident of the demonstration with everything that is its own."""

    incident: Row
    instance: Row
    tasks: Sequence[Row]
    subscriptions: Sequence[Row]

    @property
    def is_open(self) -> bool:
        return self.incident["closed_at"] is None


def gather(database: Database, still_open: int, *, closed: int = 0) -> Actor:
    """Fill an empty database; returns a responder of the Service Desk with tasks in hand."""
    with database.transaction() as session:
        library.load_shipped(session)
        people = list(_people(session))
        if still_open or closed:
            demo.seed(session)
            drawn = random.Random(still_open)  # noqa: S311 -- the same crowd each time
            plan = _plan(originals(session), still_open, closed)
            drawn.shuffle(plan)
            copy(session, plan, people, drawn)
    settle(database)
    return people[0]


def originals(session: Session) -> list[Original]:
    """Every incident that is there."""
    incidents = session.execute(select(_incidents).order_by(_incidents.c.number)).mappings()
    return [_original(session, dict(incident)) for incident in incidents]


def copy(
    session: Session, plan: Iterable[Original], people: Sequence[Actor], drawn: random.Random
) -> None:
    """Write one copy of each planned original, in the order of their numbers."""
    first = session.scalar(select(IncidentNumber.last)) or 0
    numbered = enumerate(plan, first + 1)
    last = first
    while batch := list(itertools.islice(numbered, BATCH)):
        last = batch[-1][0]
        rows: dict[Table, list[Row]] = {table: [] for table in _COPIED}
        for serial, original in batch:
            _copy_one(rows, original, serial, people, drawn)
        for table in _COPIED:
            write(session, table, rows[table])
        _copy_entries(session, rows[_incidents], {o.incident["id"] for _, o in batch})
    session.execute(text("UPDATE incident_number SET last = :last"), {"last": last})


def renamed(old_id: str, serial: int) -> str:
    """An id for a copy: still a UUID, and found again by its beginning."""
    return f"{old_id[:24]}{serial:012x}"


def write(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Add rows by the fastest way that the database has."""
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), rows)
        return
    columns = ", ".join(f'"{name}"' for name in rows[0])
    driver = connection.connection.cursor()
    with driver.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as stream:
        for row in rows:
            stream.write_row([_for_copy(value) for value in row.values()])


def _for_copy(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return str(value)
    return Jsonb(value) if isinstance(value, dict) else value


def _plan(found: Sequence[Original], still_open: int, closed: int) -> list[Original]:
    """Which originals to copy, so that with them there are that many."""
    plan: list[Original] = []
    for wanted, is_open in ((still_open, True), (closed, False)):
        some = [original for original in found if original.is_open is is_open]
        plan += itertools.islice(itertools.cycle(some), max(wanted - len(some), 0))
    return plan


def _people(session: Session) -> Iterator[Actor]:
    grants = frozenset({(Role.RESPONDER, "Service Desk")})
    for number in range(WORKERS):
        person = accounts.add(session, f"worker{number}", f"Worker {number}", grants, SYSTEM)
        yield Actor(person.id, person.name, grants)


def _original(session: Session, incident: Row) -> Original:
    def of(table: Table, column: str, value: str) -> list[Row]:
        query = select(table).where(table.c[column] == value)
        return [dict(row) for row in session.execute(query).mappings()]

    (instance,) = of(_instances, "incident_id", incident["id"])
    tasks = of(_tasks, "incident_id", incident["id"])
    return Original(incident, instance, tasks, of(_subscriptions, "instance_id", instance["id"]))


def _copy_one(
    rows: dict[Table, list[Row]],
    original: Original,
    serial: int,
    people: Sequence[Actor],
    drawn: random.Random,
) -> None:
    ids = {"incident_id": renamed(original.incident["id"], serial)}
    ids["instance_id"] = renamed(original.instance["id"], serial)
    incident = original.incident | {
        "id": ids["incident_id"],
        "number": f"{original.incident['number'][:9]}{serial:06d}",
        "title": f"{original.incident['title']}, host srv{drawn.randrange(HOSTS):03d}",
        "reporter_id": drawn.choice(people).id,
    }
    rows[_incidents].append(incident)
    rows[_words] += words.rows_of(incident["number"], incident["title"], incident["service"])
    snapshot = original.instance["snapshot"]
    for task in original.tasks:
        new = renamed(task["id"], serial)
        snapshot = snapshot.replace(task["id"], new)
        rows[_tasks].append(_task(task | ids | {"id": new}, people, drawn))
    for waits in original.subscriptions:
        new = renamed(waits["id"], serial)
        snapshot = snapshot.replace(waits["id"], new)
        rows[_subscriptions].append(waits | {"id": new, "instance_id": ids["instance_id"]})
    instance = {"id": ids["instance_id"], "incident_id": ids["incident_id"], "snapshot": snapshot}
    rows[_instances].append(original.instance | instance)


def _task(task: Row, people: Sequence[Actor], drawn: random.Random) -> Row:
    if task["ended_at"] is not None:
        return task
    is_dateless = drawn.random() < 0.2
    due_at = clock.now() + timedelta(minutes=drawn.randrange(-600, 20_000))
    spread = {
        "candidate_group": task["candidate_group"] + drawn.choice(DESKS),
        "due_at": None if is_dateless else due_at,
    }
    if drawn.random() < 0.25:
        spread |= {"status": TaskStatus.CLAIMED, "assignee_id": drawn.choice(people).id}
    return task | spread


def _copy_entries(session: Session, incidents: Sequence[Row], copied_ids: set[str]) -> None:
    """The audit entries stay in the database: they are by far the most rows."""
    names = [c.name for c in _entries.columns if c.name not in ("id", "subject_id")]
    copies = select(_incidents.c.id, *(_entries.c[name] for name in names)).where(
        _incidents.c.number.between(incidents[0]["number"], incidents[-1]["number"]),
        _entries.c.subject_id.in_(copied_ids),
        func.substr(_entries.c.subject_id, 1, 24) == func.substr(_incidents.c.id, 1, 24),
    )
    session.execute(insert(_entries).from_select(["subject_id", *names], copies))


def settle(database: Database) -> None:
    """What a PostgreSQL server does by itself after a minute."""
    if database.engine.dialect.name == "postgresql":
        engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")
