"""Memory of a worker process: what `steadyhand serve` holds after a warm-up of lifecycles.

Resident memory (VmRSS) of one process with the web server's 8 threads and the worker. The floor is
a Python process that has imported the packages on which Steadyhand depends, and nothing of ours.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import serving, work
from benchmarks.figures import Figure, say
from benchmarks.places import Place


@dataclass(frozen=True)
class Size:
    lifecycles: int


FULL = Size(lifecycles=200)
SHORT = Size(lifecycles=3)
CLIENTS = 8
_BARE = """
import alembic, cheroot.wsgi, click, flask, flask_smorest, lxml.etree, marshmallow, procrastinate
import prometheus_client, psycopg, pwdlib, SpiffWorkflow, sqlalchemy, sqlalchemy.orm, structlog
from pathlib import Path
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))
"""


def run(size: Size, opened: Sequence[Place]) -> Iterator[Figure]:
    """On each database."""
    floor = _bare()
    for place in opened:
        say(f"{place.name}, {size.lifecycles} lifecycles to warm up")
        with place.fresh() as database:
            token = work.prepare(database)
            with serving.running("api.server", "serve", database_url=database.url) as served:
                idle = served.megabytes()
                serving.use(served, token, CLIENTS, size.lifecycles, _lifecycle)
                warm = served.megabytes()
        yield Figure("at the start", place.name, idle, "MB", floor)
        what = f"after {size.lifecycles} lifecycles"
        yield Figure(what, place.name, warm, "MB", floor, "≤ 120 MB")


def _lifecycle(client: serving.Client) -> None:
    work.lifecycle(client.call)


def _bare() -> float:
    done = subprocess.run([sys.executable, "-c", _BARE], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024
