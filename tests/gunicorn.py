"""A real gunicorn with our configuration: to talk to, to reload, to replace while it runs."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

from tests.server import ROOT, free_port

STOP_SECONDS = 60


class Gunicorn:
    """Processes over a migrated database; log and process id lie in ``data``."""

    def __init__(self, data, database_url, processes=2, **environment):
        self._data = data
        self.url = f"http://127.0.0.1:{free_port()}"
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "STEADYHAND_BIND": self.url.removeprefix("http://"),
            "WEB_CONCURRENCY": str(processes),
            **environment,
        }
        self._first = None
        self.master = None  # process id

    def start(self):
        """Start it and return when it serves."""
        self.launch()
        self._wait("No answer", self._answers)
        return self

    def launch(self):
        """Start it, whatever comes of it."""
        # The script, not ``-m``: USR2 starts again what was started, and a module would find
        # gunicorn's own ``http`` before Python's.
        command = [str(Path(sys.executable).with_name("gunicorn")), "-c", "deploy/gunicorn.conf.py"]
        command += ["--pid", str(self._pid_file), "api.wsgi:app"]
        with (self._data / "gunicorn.log").open("ab") as log:
            self._first = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=self._environment
            )
        self.master = self._first.pid

    def wait(self):
        """The exit code, once it has ended by itself."""
        return self._first.wait(timeout=STOP_SECONDS)

    def reload(self):
        """Roll the processes, and return when the new ones serve and the old ones have ended."""
        before = self.processes()
        os.kill(self.master, signal.SIGHUP)
        self.wait_for_others_than(before)

    def wait_for_others_than(self, processes):
        """Return when others serve in their place."""
        self._wait("No others", lambda: self.processes() and processes.isdisjoint(self.processes()))
        self._wait("No answer", self._answers)

    def replace(self):
        """Roll gunicorn itself: a new master beside the old one, which then ends."""
        old, began_by = self.master, Path(f"{self._pid_file}.2")
        os.kill(old, signal.SIGUSR2)
        self._wait("No second master", began_by.exists)
        self.master = int(began_by.read_text())
        self._wait("No second processes", lambda: len(self.processes()) == 2)
        os.kill(old, signal.SIGTERM)
        self._wait("The old master stays", lambda: not _lives(old))

    def processes(self):
        """The process ids of those that serve under the master."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children")
        return set(children.read_text().split())

    def stop(self):
        with suppress(ProcessLookupError):
            os.kill(self.master, signal.SIGTERM)
        self._wait("It stays", lambda: not _lives(self.master))
        self._first.wait()

    def client(self, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    @property
    def log(self):
        """What it wrote, without a line for each request."""
        lines = (self._data / "gunicorn.log").read_text().splitlines()
        return "\n".join(line for line in lines if '"event": "request"' not in line)

    @property
    def _pid_file(self):
        return self._data / "gunicorn.pid"

    def _answers(self):
        assert _lives(self.master), self.log
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def _wait(self, otherwise, is_so):
        deadline = time.monotonic() + STOP_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, f"{otherwise} within {STOP_SECONDS} s:\n{self.log}"
            time.sleep(0.05)


def _lives(process_id):
    """Whether it runs; one that has ended and was not waited for does not."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
