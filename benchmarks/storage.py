"""Rows and bytes an incident: what a whole lifecycle leaves in each table, indexes included.

Measured as the difference that many lifecycles make to the pages of a table. The floor is what
people typed, in bytes of UTF-8 JSON.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import inspect, text

from api import create_app
from benchmarks import work
from benchmarks.figures import Figure, say
from benchmarks.places import Place
from engine.settings import Settings
from engine.store.database import Database

_SQLITE = """
SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize)
FROM dbstat s LEFT JOIN sqlite_master m ON m.name = s.name GROUP BY 1
"""
_POSTGRESQL = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Size:
    lifecycles: int


@dataclass(frozen=True)
class Filled:
    """What a table holds."""

    rows: int
    size: int  # bytes


FULL = Size(lifecycles=500)
SHORT = Size(lifecycles=5)
_TYPED = len(json.dumps([work.REPORT["answers"], *work.ANSWERS], ensure_ascii=False).encode())


def run(size: Size, opened: Sequence[Place]) -> Iterator[Figure]:
    """Table by table, on each database."""
    for place in opened:
        say(f"{place.name}, {size.lifecycles} lifecycles")
        with place.fresh() as database:
            token = work.prepare(database)
            before = _filled(database)
            app = create_app(database, Settings(database.url))
            for _ in range(size.lifecycles):
                work.lifecycle(_caller(app, token))
            after = _filled(database)
        yield from _figures(before, after, size.lifecycles, place.name)


def _figures(
    before: dict[str, Filled], after: dict[str, Filled], lifecycles: int, on: str
) -> Iterator[Figure]:
    grown = {
        name: Filled(now.rows - before[name].rows, now.size - before[name].size)
        for name, now in after.items()
    }
    for name, more in sorted(grown.items(), key=lambda item: -item[1].size):
        if more.rows > 0:
            yield Figure(f"{name}: rows", on, more.rows / lifecycles, "")
            yield Figure(f"{name}: bytes", on, more.size / lifecycles, "B")
    rows, size = (sum(getattr(more, what) for more in grown.values()) for what in ("rows", "size"))
    yield Figure("all: rows", on, rows / lifecycles, "")
    yield Figure("all: bytes", on, size / lifecycles, "B", _TYPED)


def _filled(database: Database) -> dict[str, Filled]:
    is_sqlite = database.engine.dialect.name == "sqlite"
    with database.reading() as session:
        sizes = dict(session.execute(text(_SQLITE if is_sqlite else _POSTGRESQL)).all())
        return {
            name: Filled(
                session.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0,  # noqa: S608 -- ours
                sizes.get(name, 0),
            )
            for name in inspect(session.connection()).get_table_names()
        }


def _caller(app: Flask, token: str) -> work.Call:
    client = app.test_client()

    def call(_: str, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.open(path, method=method, json=body, headers=headers)
        if answer.status_code >= 400:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.get_json()

    return call
