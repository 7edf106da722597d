"""Inbox, incident list and search with 0, 1,000, 10,000 and 100,000 open incidents.

The server's time for a request: the WSGI application is called and its answer read, with
permission, SQL and page, without a socket between. Half as many closed incidents lie beside the
open ones. Medians; the floor is a route of the same application that does nothing.
"""

import io
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults

from flask import Flask

from api import create_app
from benchmarks import crowd
from benchmarks.figures import Figure, say
from benchmarks.places import Place
from engine import clock
from engine.actors import SYSTEM
from engine.people import credentials
from engine.people.credentials import CredentialKind
from engine.settings import Settings
from engine.store.database import Database


@dataclass(frozen=True)
class Size:
    open_incidents: tuple[int, ...]
    rounds: int


FULL = Size(open_incidents=(0, 1_000, 10_000, 100_000), rounds=200)
SHORT = Size(open_incidents=(0, 60), rounds=3)
GOALS = {10_000: "≤ 5 ms", 100_000: "≤ 10 ms"}
REQUESTS = {
    "inbox": ("/inbox", ""),
    "inbox, groups": ("/inbox", "queue=groups"),
    "inbox, all": ("/inbox", "queue=all"),
    "incidents": ("/incidents", ""),
    "tasks as JSON": ("/api/v1/tasks", "queue=groups"),
    "incidents as JSON": ("/api/v1/incidents", "open=true"),
    "search, common word": ("/incidents", "q=printer"),
    "search, rare word": ("/incidents", "q=srv042"),
    "search, two words": ("/incidents", "q=printer+srv042"),
    "search, no such word": ("/incidents", "q=xylophone"),
    "search, number": ("/incidents", "q=INC-{year}-000042"),
    "search, serial": ("/incidents", "q=42"),
}


def run(size: Size, opened: Sequence[Place]) -> Iterator[Figure]:
    """Each list for each crowd on each database."""
    for place in opened:
        for count in size.open_incidents:
            say(f"{place.name}, filling in {count:,} open incidents")
            with place.fresh() as database:
                token = _fill(database, count)
                say(f"{place.name}, {len(REQUESTS)} requests, {size.rounds} times each")
                yield from _figures(database, token, size.rounds, count, place.name)


def _fill(database: Database, count: int) -> str:
    person = crowd.gather(database, count, closed=count // 2)
    with database.transaction() as session:
        return credentials.issue(session, str(person.id), CredentialKind.TOKEN, SYSTEM)


def _figures(database: Database, token: str, rounds: int, count: int, on: str) -> Iterator[Figure]:
    app = create_app(database, Settings(database.url))
    app.add_url_rule("/nothing", view_func=dict)
    floor = _median(app, token, ("/nothing", ""), rounds)
    for name, (path, query) in REQUESTS.items():
        asked = (path, query.format(year=clock.now().year))
        p50 = _median(app, token, asked, rounds)
        yield Figure(f"{count:,} open: {name}", on, p50, "ms", floor, GOALS.get(count, ""))


def _median(app: Flask, token: str, asked: tuple[str, str], rounds: int) -> float:
    """Milliseconds, without the first calls: they write the statements."""
    seconds = [_seconds(app, token, asked) for _ in range(rounds + 2)]
    return 1000 * statistics.median(seconds[2:])


def _seconds(app: Flask, token: str, asked: tuple[str, str]) -> float:
    environ: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {token}", "wsgi.input": io.BytesIO()}
    environ["PATH_INFO"], environ["QUERY_STRING"] = asked
    setup_testing_defaults(environ)
    statuses: list[str] = []
    started = time.perf_counter()
    answer = app.wsgi_app(environ, lambda status, *_: statuses.append(status))
    length = sum(map(len, answer))
    seconds = time.perf_counter() - started
    answer.close()
    if statuses != ["200 OK"] or not length:
        raise SystemExit(f"{asked}: {statuses}")
    return seconds
