"""A lifecycle over HTTP: create, list, complete four times, read, by 1 and by 8 clients.

The server is one process as `steadyhand serve` runs it: cheroot with 8 threads and the worker, on
SQLite with synchronous=FULL or on PostgreSQL; the clients are threads of this process on the same
machine. Measured: lifecycles a second, the server's CPU time a lifecycle, p50 of each call, SQL
statements (without BEGIN) and commits a completion. Floors of the same run: a route of the same
server that does nothing, for each call, and the SQL of a completion alone, for each change.
"""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from benchmarks import serving, work
from benchmarks.figures import Figure, say
from benchmarks.places import Place
from benchmarks.serving import Client, Usage
from engine.store.database import Database


@dataclass(frozen=True)
class Size:
    lifecycles: int
    warmup: int
    clients: tuple[int, ...]


FULL = Size(lifecycles=400, warmup=40, clients=(1, 8))
SHORT = Size(lifecycles=8, warmup=2, clients=(2,))
CPU_GOALS = {"SQLite": "≤ 10 ms", "PostgreSQL": "≤ 15 ms"}
_CHANGES = work.CALLS.count("complete") + work.CALLS.count("create")


@dataclass(frozen=True)
class Run:
    """Each kind of work that one server was given, and what its completions executed."""

    work: Usage
    nothing: Usage
    sql: Usage
    counted: dict[str, int]


def run(size: Size, opened: Sequence[Place]) -> Iterator[Figure]:
    """With each number of clients on each database."""
    for place in opened:
        for clients in size.clients:
            say(f"{place.name}, {clients} client(s), {size.lifecycles} lifecycles")
            with place.fresh() as database:
                measured = measure(database, size, clients)
            yield from _figures(measured, size.lifecycles, clients, place.name)


def measure(database: Database, size: Size, clients: int) -> Run:
    """Give a server of its own all kinds of work, one after another."""
    token = work.prepare(database)
    with serving.running("benchmarks.watched", database_url=database.url) as served:

        def use(times: int, do: str) -> Usage:
            return serving.use(served, token, clients, times, _WORK[do])

        use(size.warmup, "lifecycle")
        nothing = use(size.lifecycles * len(work.CALLS), "nothing")
        done = use(size.lifecycles, "lifecycle")
        sql = use(size.lifecycles * len(work.ANSWERS), "sql")
        with closing(Client(served.port, token, {"": []})) as client:
            counted = client.call("", "GET", "/counts")
    return Run(done, nothing, sql, counted)


def _figures(run: Run, lifecycles: int, clients: int, on: str) -> Iterator[Figure]:
    with_clients = f"{clients} client(s): "
    nothing = run.nothing.cpu / len(run.nothing.timings["nothing"])
    sql = run.sql.cpu / len(run.sql.timings["sql"])
    least_cpu = sql * _CHANGES + nothing * (len(work.CALLS) - _CHANGES)
    least_seconds = run.sql.seconds / len(run.sql.timings["sql"]) * _CHANGES
    yield Figure(
        f"{with_clients}lifecycles a second",
        on,
        lifecycles / run.work.seconds,
        "/s",
        1 / least_seconds,
        "≥ 80" if clients == 8 else "",
    )
    yield Figure(
        f"{with_clients}server CPU a lifecycle",
        on,
        1000 * run.work.cpu / lifecycles,
        "ms",
        1000 * least_cpu,
        CPU_GOALS[on],
    )
    for name, seconds in run.work.timings.items():
        floor = run.sql.timings["sql"] if name in ("create", "complete") else None
        least = statistics.median(floor or run.nothing.timings["nothing"])
        p50 = 1000 * statistics.median(seconds)
        yield Figure(f"{with_clients}{name} p50", on, p50, "ms", 1000 * least)
    for what in ("statements", "commits"):
        each = run.counted[what] / run.counted["completions"]
        goal = "6" if what == "statements" else "1"
        yield Figure(f"{with_clients}{what} a completion", on, each, "", None, goal)


_WORK = {
    "lifecycle": lambda client: work.lifecycle(client.call),
    "nothing": lambda client: client.call("nothing", "GET", "/nothing"),
    "sql": lambda client: client.call(
        "sql", "POST", "/api/sql-alone", {"answers": work.ANSWERS[0]}
    ),
}
