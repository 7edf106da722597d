"""A server process under load: started, watched from outside, and clients that keep it busy."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60
Timings = dict[str, list[float]]  # name of the call -> seconds of each


@dataclass(frozen=True)
class Served:
    """A running server."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """User and system time so far (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Memory that it holds now (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@dataclass(frozen=True)
class Usage:
    """What a stretch of work took: wall and server CPU seconds, and each call's wall seconds."""

    seconds: float
    cpu: float
    timings: Timings


class Client:
    """One connection of one person at the service desk."""

    def __init__(self, port: int, token: str, timings: Timings) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._timings = timings

    def call(self, name: str, method: str, path: str, body: object = None) -> Any:
        """One request; its time goes to the timings."""
        started = time.perf_counter()
        self._connection.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self._timings[name].append(time.perf_counter() - started)
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {content.decode()}")
        return json.loads(content)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def running(module: str, *arguments: str, database_url: str) -> Iterator[Served]:
    """A Python module that serves on ``--port``; its output lies in a file until it ends."""
    port = free_port()
    command = [sys.executable, "-m", module, *arguments, "--port", str(port)]
    environment = {**os.environ, "DATABASE_URL": database_url}
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for(port, process, log)
            yield Served(process.pid, port)
        finally:
            process.terminate()


def use(
    served: Served, token: str, clients: int, times: int, do: Callable[[Client], None]
) -> Usage:
    """Have ``clients`` threads do something ``times`` times in all."""
    timings: Timings = defaultdict(list)
    todo = iter(range(times))
    taking = threading.Lock()

    def work() -> None:
        with closing(Client(served.port, token, timings)) as client:
            while _is_one_left(todo, taking):
                do(client)

    started, cpu_before = time.perf_counter(), served.cpu_seconds()
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(work) for _ in range(clients)]:
            done.result()
    return Usage(time.perf_counter() - started, served.cpu_seconds() - cpu_before, timings)


def _is_one_left(todo: Iterator[int], taking: threading.Lock) -> bool:
    with taking:
        return next(todo, None) is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    log.seek(0)
    raise SystemExit(f"The server did not start.\n{log.read().decode()}")
