"""Everything that a database holds: read past the engine, put back, and told without chance.

Two runs of one command differ in identifiers, secrets and moments. ``told`` names those that a
state did not have before by what they are, so that everything else can be compared.
"""

import re
import sqlite3
from collections import Counter
from dataclasses import dataclass

import psycopg
from sqlalchemy import inspect

_STATIC = {"alembic_version"}
_CHANCE = re.compile(
    r"(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<hash>\b[0-9a-f]{64}\b)"
    r"|(?P<challenge>(?<=\"challenge\":\")[\w-]{43})"
    r"|(?P<password>\$argon2[^\s\"]+)"
    r"|(?P<moment>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::?\d\d)?|Z)?)"
    r"|(?P<seconds>\b1\d{9}\.\d+|(?<=_seconds\":)\d+)"
)


@dataclass(frozen=True)
class Table:
    name: str
    keys: tuple[int, ...]  # where the primary key stands in a row
    links: dict[int, str]  # where a row points at those of another table


def grounds(database):
    """What lies under a database of either kind."""
    kind = {"sqlite": _Sqlite, "postgresql": _Postgresql}
    return kind[database.engine.dialect.name](database)


class _Ground:
    def __init__(self, database):
        self._url = database.engine.url
        self.tables = _tables(database)

    def dump(self):
        """Table -> its rows, each a tuple of texts."""
        return {table.name: Counter(self._rows(table.name)) for table in self.tables}

    def is_same(self, found, expected, before, beside=()):
        """Whether nothing but chance tells two states apart, beside some tables.

        What was there before must be the very same.
        """
        names = [name for name in expected if name not in beside]
        if expected == before or found == expected:
            return all(found[name] == expected[name] for name in names)
        found, expected = self.told(found, before), self.told(expected, before)
        return all(found[name] == expected[name] for name in names)

    def told(self, dump, before):
        """The same without chance: what is new since ``before`` goes by what it is."""
        known = {found[0] for found in _CHANCE.finditer(repr(before))}
        new = {table.name: _new_keys(table, dump, before) for table in self.tables}
        return {
            table.name: Counter(_told(table, row, known, new) for row in dump[table.name])
            for table in self.tables
        }


class _Sqlite(_Ground):
    def __init__(self, database):
        super().__init__(database)
        self._file = sqlite3.connect(self._url.database, isolation_level=None)
        self._file.execute("PRAGMA synchronous=OFF")

    def save(self):
        """All that is there, to be put back."""
        saved = sqlite3.connect(":memory:")
        self._file.backup(saved)
        return saved

    def restore(self, saved):
        saved.backup(self._file)

    def close(self):
        self._file.close()

    def _rows(self, name):
        rows = self._file.execute(f'SELECT * FROM "{name}"')  # noqa: S608 -- a table of ours
        return (tuple(map(_text, row)) for row in rows)


class _Postgresql(_Ground):
    def __init__(self, database):
        super().__init__(database)
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(url, autocommit=True)
        # Neither foreign keys nor triggers: what is put back was right when it was saved.
        self._connection.execute("SET session_replication_role = replica")

    def save(self):
        """All that is there, to be put back."""
        return {table.name: self._copy(table.name) for table in self.tables}

    def restore(self, saved):
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for name, content in saved.items():
                if self._copy(name) != content:
                    cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608 -- a table of ours
                    with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
                        copy.write(content)

    def close(self):
        self._connection.close()

    def _copy(self, name):
        with self._connection.cursor().copy(f'COPY "{name}" TO STDOUT') as copy:
            return b"".join(copy)

    def _rows(self, name):
        lines = self._copy(name).decode().splitlines()
        return (tuple(map(_text, line.split("\t"))) for line in lines)


def _tables(database):
    found = inspect(database.engine)
    return [_table(found, name) for name in found.get_table_names() if name not in _STATIC]


def _table(found, name):
    place = [column["name"] for column in found.get_columns(name)].index
    keys = found.get_pk_constraint(name)["constrained_columns"]
    links = {
        place(column): link["referred_table"]
        for link in found.get_foreign_keys(name)
        for column in link["constrained_columns"]
    }
    return Table(name, tuple(map(place, keys)), links)


def _text(cell):
    """A cell as text; bytes as what they say where they are text."""
    if isinstance(cell, str) and cell.startswith("\\\\x"):
        cell = bytes.fromhex(cell[3:])
    return cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)


def _new_keys(table, dump, before):
    known = {row[place] for row in before[table.name] for place in table.keys}
    return {row[place] for row in dump[table.name] for place in table.keys} - known


def _told(table, row, known, new):
    own = dict.fromkeys(table.keys, table.name) | table.links

    def say(found):
        return found[0] if found[0] in known else f"<{found.lastgroup}>"

    return tuple(
        f"<new {own[place]}>"
        if place in own and cell in new[own[place]]
        else _CHANCE.sub(say, cell)
        for place, cell in enumerate(row)
    )
