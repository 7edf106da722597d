"""Real Steadyhand processes to talk to, to kill and to start again."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
START_SECONDS = 30


class Programme:
    """A command of Steadyhand over a database; its log lies in ``data``."""

    command = ()

    def __init__(self, data, database_url, **environment):
        self.data = data
        self._environment = {**os.environ, "DATABASE_URL": database_url, **environment}
        self._log = data / f"{type(self).__name__.lower()}.log"
        self._begins_at = 0  # in the log: what it said since it was started last
        self.process = None

    def start(self, *arguments):
        self.launch(*arguments)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_at_work:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"Not at work in time:\n{self.log}"
            time.sleep(0.05)

    def launch(self, *arguments):
        """Begin to start it, without waiting until it is at work."""
        command = [sys.executable, "-m", "api.server", "--data", str(self.data)]
        command += [*self.command, *arguments]
        with self._log.open("ab") as log:
            self._begins_at = log.tell()
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=self._environment
            )

    def kill(self):
        """End it as a power cut would: SIGKILL, nothing is finished."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """End it politely and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)

    @property
    def log(self):
        return self._log.read_text()


class Worker(Programme):
    command = ("worker",)

    @property
    def is_at_work(self):
        """Whether it has said so."""
        return b"at work" in self._log.read_bytes()[self._begins_at :]


class Server(Programme):
    """`steadyhand serve` on a free port."""

    def __init__(self, data, database_url, **environment):
        super().__init__(data, database_url, **environment)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = ("serve", "--port", str(self.port))

    @property
    def is_at_work(self):
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def client(self, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
