"""The real scanner, with a list of its own that knows nothing but the EICAR test file."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

from tests.files import EICAR

CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
NAME = "Steadyhand.Test.EICAR"
_PATIENCE = 60  # seconds


@contextmanager
def running(directory):
    """The address of a scanner that runs: the path of its socket, and a port of this machine."""
    lists, place, port = directory / "lists", directory / "clamd.sock", _free_port()
    lists.mkdir()
    # Signatures of any content, wherever in the file it lies (ClamAV, “Extended signatures”).
    (lists / "test.ndb").write_text(f"{NAME}:0:*:{EICAR.hex()}\n")
    settings = {
        "Foreground": "yes",
        "DatabaseDirectory": lists,
        "LocalSocket": place,
        "TCPSocket": port,
        "TCPAddr": "127.0.0.1",
        "TemporaryDirectory": directory,
        "LogFile": directory / "clamd.log",
        "User": "root",
    }
    configuration = directory / "clamd.conf"
    configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    if os.getuid():
        configuration.write_text(configuration.read_text().replace("User root\n", ""))
    process = subprocess.Popen([CLAMD, "--config-file", configuration])
    try:
        _wait(place, process)
        yield str(place), f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait(place, process):
    until = time.monotonic() + _PATIENCE
    while not place.exists():
        assert process.poll() is None, "clamd has ended"
        assert time.monotonic() < until, "clamd does not listen"
        time.sleep(0.05)
