"""A disk that remembers every write and sync, and what may be left of it when the power goes.

What was synced is there. Of everything later, each write may be there, be missing, or be torn at
a sector, whatever became of those before it: that is also what a reordered one looks like.
"""

from dataclasses import dataclass
from pathlib import Path

import apsw

SECTOR = 512
NAME = "recording"


@dataclass(frozen=True)
class Op:
    """What happened to a file, or that somebody was told that something is durable."""

    kind: str  # write, truncate, sync, delete, acknowledged
    file: str = ""
    at: int = 0  # an offset or a size; of what is acknowledged, its number
    data: bytes = b""


class RecordingDisk(apsw.VFS):
    """SQLite writes through it to real files; ``ops`` tells what it did, in order."""

    def __init__(self):
        super().__init__(NAME, "")
        self.ops = []

    def xOpen(self, name, flags):  # noqa: N802 -- apsw's
        return _RecordedFile(name, flags, self.ops)

    def xDelete(self, name, sync_folder):  # noqa: N802
        super().xDelete(name, sync_folder)
        self.ops.append(Op("delete", Path(name).name))

    def acknowledge(self, number):
        self.ops.append(Op("acknowledged", at=number))


class _RecordedFile(apsw.VFSFile):
    def __init__(self, name, flags, ops):
        super().__init__("", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name, self._ops = Path(path or "temporary").name, ops

    def xWrite(self, data, offset):  # noqa: N802
        super().xWrite(data, offset)
        self._ops.append(Op("write", self._name, offset, bytes(data)))

    def xTruncate(self, size):  # noqa: N802
        super().xTruncate(size)
        self._ops.append(Op("truncate", self._name, size))

    def xSync(self, flags):  # noqa: N802
        super().xSync(flags)
        self._ops.append(Op("sync", self._name))


@dataclass(frozen=True)
class Image:
    """What is left after a power cut."""

    acknowledged: int  # the last number that was
    files: dict[str, bytes]


def images(ops, files, count, chance):
    """``count`` images of power cuts at random moments; ``files`` is what was there at first."""
    cuts = sorted(chance.randrange(len(ops) + 1) for _ in range(count))
    disk = _Disk({name: bytearray(content) for name, content in files.items()}, {})
    acknowledged, done = 0, 0
    for cut in cuts:
        for op in ops[done:cut]:
            if op.kind == "acknowledged":
                acknowledged = op.at
            else:
                disk.take(op)
        done = cut
        yield Image(acknowledged, disk.left(chance))


@dataclass
class _Disk:
    synced: dict[str, bytearray]
    pending: dict[str, list[Op]]  # file -> what has been asked for since its last sync

    def take(self, op):
        if op.kind == "sync":
            for waiting in self.pending.pop(op.file, []):
                _apply(self.synced, waiting)
        elif op.kind == "delete":
            self.pending.pop(op.file, None)
            self.synced.pop(op.file, None)
        else:
            self.pending.setdefault(op.file, []).append(op)

    def left(self, chance):
        """What is synced, with some of the rest."""
        files = {name: bytearray(content) for name, content in self.synced.items()}
        kept = chance.choice((0.0, 0.3, 0.7, 1.0))
        for waiting in self.pending.values():
            for op in waiting:
                if chance.random() < kept:
                    for part in _torn(op, chance):
                        _apply(files, part)
        return {name: bytes(content) for name, content in files.items()}


def _torn(op, chance):
    """A write as a whole, or in one of three cases some of its sectors."""
    if op.kind != "write" or chance.random() < 2 / 3:
        return [op]
    starts = range(0, len(op.data), SECTOR)
    return [
        Op("write", op.file, op.at + start, op.data[start : start + SECTOR])
        for start in starts
        if chance.random() < 1 / 2
    ]


def _apply(files, op):
    content = files.setdefault(op.file, bytearray())
    if op.kind == "truncate":
        del content[op.at :]
        return
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(op.data)] = op.data
