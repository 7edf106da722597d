"""A real Steadyhand process to talk to, to kill and to start again."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
START_SECONDS = 30


class Worker:
    """`steadyhand worker` over a database; its log lies in ``data``."""

    def __init__(self, data, database_url, **environment):
        self._log = data / "worker.log"
        self._environment = {**os.environ, "DATABASE_URL": database_url, **environment}
        self.process = None

    def start(self):
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while not self.is_at_work:
            assert time.monotonic() < deadline, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.05)

    def launch(self):
        """Begin to start it, without waiting until it is at work."""
        self._said = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api.server", "worker"],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=self._environment,
            )

    @property
    def is_at_work(self):
        """Whether it has said so since it was started last."""
        return b"at work" in self._log.read_bytes()[self._said :]

    def kill(self):
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


class Server:
    """`steadyhand serve` on a free port over a database; its log lies in ``data``."""

    def __init__(self, data, database_url):
        self.data = data
        self._environment = {**os.environ, "DATABASE_URL": database_url}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None

    def start(self, *arguments):
        self.launch(*arguments)
        self._wait_until_served()

    def launch(self, *arguments):
        """Begin to start it, without waiting until it serves."""
        command = [sys.executable, "-m", "api.server", "--data", str(self.data), "serve"]
        command += ["--port", str(self.port), *arguments]
        with (self.data / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=self._environment
            )

    def kill(self):
        """End it as a power cut would: SIGKILL, nothing is finished."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        """End it politely and return its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(timeout=20)

    @property
    def log(self):
        return (self.data / "server.log").read_text()

    def client(self, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    @property
    def is_at_work(self):
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait_until_served(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log
            if self.is_at_work:
                return
            time.sleep(0.05)
        raise AssertionError(f"No answer within {START_SECONDS} s:\n{self.log}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
