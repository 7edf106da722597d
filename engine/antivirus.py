"""Asks clamd, where an installation has one, whether it knows a file as malware (clamd(8))."""

import socket
import struct

_PATIENCE = 20.0  # seconds, for each thing that is said
_CHUNK = 64 * 1024
_LONGEST_ANSWER = 4096


class Unreachable(Exception):
    """The scanner gave no verdict; nothing may be taken without one."""


def find_malware(content: bytes, address: str) -> str | None:
    """The name of what the scanner found; ``address`` is ``host:port`` or the path of a socket."""
    try:
        with _connected(address) as connection:
            connection.sendall(b"zINSTREAM\0")
            for at in range(0, len(content), _CHUNK):
                chunk = content[at : at + _CHUNK]
                connection.sendall(struct.pack(">I", len(chunk)) + chunk)
            connection.sendall(struct.pack(">I", 0))
            said = _answer(connection)
    except (OSError, ValueError) as error:
        raise Unreachable("The virus scanner does not answer.") from error
    if said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    if said != "stream: OK":
        raise Unreachable("The virus scanner could not look at the file.")
    return None


def _connected(address: str) -> socket.socket:
    if "/" not in address:
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), _PATIENCE)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_PATIENCE)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _answer(connection: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < _LONGEST_ANSWER:
        part = connection.recv(_LONGEST_ANSWER)
        if not part:
            break
        said += part
    return said.rstrip(b"\0").decode("ascii", "replace").strip()
