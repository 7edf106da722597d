"""The server under test: as `steadyhand serve` runs it, watched, with two floors beside it.

``/nothing`` does nothing. ``/api/sql-alone`` executes the statements of the last completion once
more and commits, with nothing around them. ``/counts`` tells what completions have executed.
"""

import argparse
import sqlite3
import threading
from dataclasses import dataclass, field
from typing import Any

import psycopg
from flask import Flask, Response, request
from sqlalchemy import event

from api import create_app, logs
from api.server import THREADS, WebServer
from engine import settings, worker
from engine.store.database import Database

Executed = tuple[str, Any, bool]  # a statement, its values, and whether these are several rows
_BUSINESS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")  # without BEGIN, PRAGMA, pings


def main() -> None:
    """Serve the database of ``DATABASE_URL`` until the end of the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    config = settings.from_environment()
    logs.configure(config.log_level)
    database = Database(config.database_url)
    watched = Watched(database)
    watch_driver(database, watched)
    app = create_app(database, config)
    watch_requests(database, app, watched)
    app.add_url_rule("/nothing", view_func=dict)
    app.add_url_rule("/counts", view_func=lambda: watched.counted)
    app.add_url_rule("/api/sql-alone", view_func=watched.run_again, methods=["POST"])
    threading.Thread(target=worker.run, args=(database, threading.Event()), daemon=True).start()
    WebServer(("127.0.0.1", port), app, numthreads=THREADS).start()


@dataclass
class Watched:
    """What completions do to the database: counts of all, and the statements of the last one."""

    database: Database
    here: threading.local = field(default_factory=threading.local)  # of the request in this thread
    counted: dict[str, int] = field(
        default_factory=lambda: {"statements": 0, "commits": 0, "completions": 0}
    )
    last: list[Executed] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def note(self, sql: Any, values: Any, *, is_many: bool) -> None:
        if hasattr(self.here, "statements") and str(sql).startswith(_BUSINESS):
            self.here.statements.append((sql, values, is_many))

    def forget(self) -> None:
        self.here.statements, self.here.commits = [], 0

    def keep(self) -> None:
        self.counted["statements"] += len(self.here.statements)
        self.counted["commits"] += self.here.commits
        self.counted["completions"] += 1
        self.last = self.here.statements

    def run_again(self) -> dict[str, Any]:
        """Every statement of the last completion once more; updates find their version gone."""
        request.get_json()
        if not hasattr(self.here, "driver"):
            self.here.driver = _connect(self.database)
        driver = self.here.driver
        with self.turn:
            cursor = driver.cursor()
            if self.database.engine.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            for sql, values, is_many in self.last:
                (cursor.executemany if is_many else cursor.execute)(sql, values)
                if not is_many and cursor.description:
                    cursor.fetchall()
            driver.commit()
        return {}


def watch_driver(database: Database, watched: Watched) -> None:
    """At the driver, since the statements of every step go straight there."""
    options = _sqlite_options if database.engine.dialect.name == "sqlite" else _postgresql_options
    extra = options(watched)

    @event.listens_for(database.engine, "do_connect")
    def connect(_: object, __: object, ___: object, options: dict[str, Any]) -> None:
        options.update(extra)


def watch_requests(database: Database, app: Flask, watched: Watched) -> None:
    """Note what each completion executes and commits."""

    @event.listens_for(database.engine, "commit")
    def note_commit(_: object) -> None:
        watched.here.commits = getattr(watched.here, "commits", 0) + 1

    @app.before_request
    def forget() -> None:
        watched.forget()

    @app.after_request
    def keep(response: Response) -> Response:
        if request.path.endswith("/complete"):
            watched.keep()
        return response


def _sqlite_options(watched: Watched) -> dict[str, Any]:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
            watched.note(sql, values, is_many=False)
            return super().execute(sql, values)

        def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
            watched.note(sql, rows, is_many=True)
            return super().executemany(sql, rows)

    class Connection(sqlite3.Connection):
        def cursor(self, _: object = None) -> sqlite3.Cursor:
            return super().cursor(Cursor)

    return {"factory": Connection}


def _postgresql_options(watched: Watched) -> dict[str, Any]:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> "Cursor":
            watched.note(query, params, is_many=False)
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
            watched.note(query, params_seq, is_many=True)
            super().executemany(query, params_seq, **options)

    return {"cursor_factory": Cursor}


def _connect(database: Database) -> Any:
    if database.engine.dialect.name == "postgresql":
        url = database.engine.url.set(drivername="postgresql")
        return psycopg.connect(url.render_as_string(hide_password=False))
    driver = sqlite3.connect(database.engine.url.database or "", isolation_level=None)
    driver.execute("PRAGMA synchronous=FULL")
    driver.execute("PRAGMA foreign_keys=ON")
    return driver


if __name__ == "__main__":
    main()
