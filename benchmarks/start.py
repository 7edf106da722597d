"""Cold start: from the command `steadyhand serve` to the first page, on a migrated database.

Wall time, the median of several starts; files are in the system's cache. The floor is a Python
process that ends at once.
"""

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from benchmarks import serving
from benchmarks.figures import Figure, say
from benchmarks.places import Place


@dataclass(frozen=True)
class Size:
    starts: int


FULL = Size(starts=5)
SHORT = Size(starts=1)


def run(size: Size, opened: Sequence[Place]) -> Iterator[Figure]:
    """On each database."""
    floor = statistics.median(_python() for _ in range(size.starts))
    for place in opened:
        say(f"{place.name}, {size.starts} start(s)")
        with place.fresh() as database:
            seconds = [_start(database.url) for _ in range(size.starts)]
        yield Figure("first page", place.name, statistics.median(seconds), "s", floor, "≤ 2 s")


def _start(database_url: str) -> float:
    started = time.perf_counter()
    with serving.running("api.server", "serve", database_url=database_url) as served:
        with closing(
            http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
        ) as connection:
            connection.request("GET", "/sign-in")
            answer = connection.getresponse()
            answer.read()
        if answer.status != 200:
            raise SystemExit(f"The first page: {answer.status}")
        return time.perf_counter() - started


def _python() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return time.perf_counter() - started
