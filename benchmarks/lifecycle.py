"""A lifecycle over HTTP on the shipped process: create, list, complete four times, read.

    python benchmarks/lifecycle.py [--lifecycles 200] [--clients 1 8] [--warmup 20]

Four human tasks an incident (classify, diagnose and solve, confirm, check closure data) on SQLite
with synchronous=FULL; cheroot with 8 threads and the timer worker in one server process, clients
in this process on the same machine. Printed beside each other, in one run: p50 and p95 of each
call, the server's CPU time a lifecycle, SQL statements (without BEGIN) and commits a completion,
and, as the floor, a Flask route that does nothing on the same server. It prints; it does not judge.
"""

import argparse
import http.client
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cheroot.wsgi import Server  # noqa: E402
from flask import Flask, Response, request  # noqa: E402
from sqlalchemy import event  # noqa: E402

from api import create_app  # noqa: E402
from api.server import THREADS  # noqa: E402
from engine import library, worker  # noqa: E402
from engine.actors import SYSTEM, Role  # noqa: E402
from engine.people import accounts, credentials  # noqa: E402
from engine.people.credentials import CredentialKind  # noqa: E402
from engine.settings import Settings  # noqa: E402
from engine.store import migrate  # noqa: E402
from engine.store.database import Database  # noqa: E402

REPORT = {
    "process": "incident",
    "answers": {
        "title": "Mail is down",
        "description": "Nobody can send mail since nine o'clock.",
        "service": "Mail",
        "affected": "everyone",
    },
}
ANSWERS = (
    {"kind": "incident", "category": "messaging", "impact": "medium", "urgency": "medium"},
    {
        "symptoms": "Queue is full",
        "first_contact": "solved",
        "resolution_code": "fixed",
        "resolution_notes": "Queue emptied",
    },
    {"confirmation": "restored", "confirmation_notes": "The reporter sends mail again."},
    {
        "category_check": "yes",
        "cause": "Queue",
        "knowledge_article": "exists",
        "problem_record": "not_needed",
    },
)
CALLS = ("create", "list", *("complete",) * len(ANSWERS), "read")
Timings = dict[str, list[float]]
DESK = ((Role.RESPONDER, "Service Desk"),)


def main() -> None:
    """Measure with each number of clients and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lifecycles", type=int, default=200)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Path(options.serve[0]), int(options.serve[1]))
        return
    for clients in options.clients:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), clients, options.lifecycles, options.warmup)


@dataclass
class Usage:
    """What a stretch of work took: wall and server CPU seconds, and each call's wall seconds."""

    seconds: float
    cpu: float
    timings: Timings


def measure(folder: Path, clients: int, lifecycles: int, warmup: int) -> None:
    """Run against a fresh server and database, and print."""
    port = free_port()
    token = prepare(folder)
    command = [sys.executable, __file__, "--serve", str(folder), str(port)]
    with subprocess.Popen(command) as process:
        try:
            wait_for(port)
            use(process.pid, port, token, clients, warmup, Client.lifecycle)
            floor = use(process.pid, port, token, clients, lifecycles * len(CALLS), Client.nothing)
            work = use(process.pid, port, token, clients, lifecycles, Client.lifecycle)
            completions = lifecycles * len(ANSWERS)
            sql = use(process.pid, port, token, clients, completions, Client.sql_alone)
            counted = Client(port, token, defaultdict(list)).call("", "GET", "/counts")
        finally:
            process.terminate()
    show(clients, lifecycles, work, floor, sql, counted)


def use(
    pid: int, port: int, token: str, clients: int, times: int, do: Callable[["Client"], None]
) -> Usage:
    """Have ``clients`` threads do something ``times`` times in all."""
    timings: Timings = defaultdict(list)
    todo = iter(range(times))
    taking = threading.Lock()

    def work() -> None:
        client = Client(port, token, timings)
        while True:
            with taking:
                if next(todo, None) is None:
                    return
            do(client)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    started, cpu_before = time.perf_counter(), cpu_seconds(pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Usage(time.perf_counter() - started, cpu_seconds(pid) - cpu_before, timings)


def show(
    clients: int,
    lifecycles: int,
    work: Usage,
    floor: Usage,
    sql: Usage,
    counted: Mapping[str, int],
) -> None:
    """Print one table."""
    requests = sum(map(len, work.timings.values()))
    nothing_cpu = 1000 * floor.cpu / len(floor.timings["nothing"])
    sql_cpu = 1000 * sql.cpu / len(sql.timings["SQL alone"])
    changes = CALLS.count("complete") + CALLS.count("create")
    completions = counted["completions"]
    print(f"\n{clients} client(s), {lifecycles} lifecycles, {requests} requests")
    print(f"  lifecycles a second            {lifecycles / work.seconds:8.1f}")
    print(f"  server CPU ms a lifecycle      {1000 * work.cpu / lifecycles:8.2f}")
    print(f"    do-nothing for each call     {nothing_cpu * len(CALLS):8.2f}")
    alone = sql_cpu * changes + nothing_cpu * (len(CALLS) - changes)
    print(f"    SQL alone for each change    {alone:8.2f}")
    print(f"  SQL statements a completion    {counted['statements'] / completions:8.2f}")
    print(f"  commits a completion           {counted['commits'] / completions:8.2f}")
    print(f"  {'call':<10}{'n':>6}{'p50 ms':>9}{'p95 ms':>9}{'p50 / nothing':>15}")
    nothing = statistics.median(floor.timings["nothing"])
    for name, seconds in {**floor.timings, **sql.timings, **work.timings}.items():
        median = statistics.median(seconds)
        p95 = statistics.quantiles(seconds, n=20)[-1]
        ratio = median / nothing
        print(f"  {name:<10}{len(seconds):>6}{1000 * median:>9.2f}{1000 * p95:>9.2f}{ratio:>15.1f}")


class Client:
    """One connection of one person at the service desk."""

    def __init__(self, port: int, token: str, timings: Timings) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._timings = timings

    def lifecycle(self) -> None:
        """Create, list, complete four tasks, read."""
        incident_id = self.call("create", "POST", "/api/v1/incidents", REPORT)["id"]
        waiting = f"/api/v1/tasks?incident={incident_id}"
        task = self.call("list", "GET", waiting)["items"][0]["task"]
        for answers in ANSWERS:
            path, body = f"/api/v1/tasks/{task['id']}/complete", {"answers": answers}
            task = next(iter(self.call("complete", "POST", path, body)["next_tasks"]), None)
        incident = self.call("read", "GET", f"/api/v1/incidents/{incident_id}")
        if incident["status"] != "closed":
            raise SystemExit(f"The incident is {incident['status']}, not closed.")

    def nothing(self) -> None:
        """The floor: a route that does nothing."""
        self.call("nothing", "GET", "/nothing")

    def sql_alone(self) -> None:
        """The other floor: the statements of a completion and nothing around them."""
        self.call("SQL alone", "POST", "/api/sql-alone", {"answers": ANSWERS[0]})

    def call(self, name: str, method: str, path: str, body: object = None) -> dict:
        """One request; its time goes to ``timings``."""
        started = time.perf_counter()
        self._connection.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self._timings[name].append(time.perf_counter() - started)
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {content.decode()}")
        return json.loads(content)


def prepare(folder: Path) -> str:
    """A database with the shipped process and one person; returns their API token."""
    database = open_database(folder)
    migrate.upgrade(database)
    with database.transaction() as session:
        library.load_shipped(session)
        person = accounts.add(session, "dora", "Dora Desk", DESK, SYSTEM)
        token = credentials.issue(session, person.id, CredentialKind.TOKEN, SYSTEM)
    database.close()
    return token


def open_database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'steadyhand.db'}")


def serve(folder: Path, port: int) -> None:
    """The server under test, as `steadyhand serve` runs it, watched, with the floors beside it."""
    database = open_database(folder)
    app = create_app(database, Settings(database.url))
    watched = Watched(folder / "steadyhand.db")
    watch(database, app, watched)
    app.add_url_rule("/nothing", view_func=dict)
    app.add_url_rule("/counts", view_func=lambda: watched.counted)
    app.add_url_rule("/api/sql-alone", view_func=watched.run_again, methods=["POST"])
    threading.Thread(target=worker.run, args=(database, threading.Event()), daemon=True).start()
    Server(("127.0.0.1", port), app, numthreads=THREADS).start()


def watch(database: Database, app: Flask, watched: "Watched") -> None:
    """Note what each request executes and commits."""
    watch_driver(database, watched)

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


def watch_driver(database: Database, watched: "Watched") -> None:
    """At the driver, since the statements of every step go straight there."""

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

    @event.listens_for(database.engine, "do_connect")
    def connect(_: object, __: object, ___: object, options: dict[str, Any]) -> None:
        options["factory"] = Connection


Executed = tuple[str, Any, bool]  # a statement, its values, and whether these are several rows


@dataclass
class Watched:
    """What completions do to the database: counts of all, and the statements of the last one."""

    path: Path
    here: threading.local = field(default_factory=threading.local)  # of the request in this thread
    counted: dict[str, int] = field(
        default_factory=lambda: {"statements": 0, "commits": 0, "completions": 0}
    )
    last: list[Executed] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def note(self, sql: str, values: Any, *, is_many: bool) -> None:
        if hasattr(self.here, "statements") and not sql.startswith(("BEGIN", "PRAGMA")):
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
            self.here.driver = sqlite3.connect(self.path, isolation_level=None)
            self.here.driver.execute("PRAGMA synchronous=FULL")
            self.here.driver.execute("PRAGMA foreign_keys=ON")
        driver: sqlite3.Connection = self.here.driver
        with self.turn:
            driver.execute("BEGIN IMMEDIATE")
            for sql, values, is_many in self.last:
                if is_many:
                    driver.executemany(sql, values)
                else:
                    driver.execute(sql, values).fetchall()
            driver.execute("COMMIT")
        return {}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    main()
