"""Time and chance of a simulation: a clock that nobody else moves, and ids that come again."""

import itertools
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

from engine import bundles, clock, identifiers

_START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class VirtualClock:
    """Stands still but for a tick each time it is read; hosts see it with their own deviation."""

    def __init__(self):
        self.minute = 0.0  # as the host that acts sees it
        self._true = 0.0
        self._ticks = 0

    def now(self):
        self._ticks += 1
        return _START + timedelta(minutes=self.minute) + self._ticks * _TICK

    def move(self, minutes):
        self._true += minutes
        self.minute = self._true

    def set_to(self, moment):
        """Let everybody's clock show a moment."""
        self.move((moment - _START) / timedelta(minutes=1) - self._true)

    @contextmanager
    def seen_from(self, host):
        self.minute = self._true + host.deviation
        try:
            yield
        finally:
            self.minute = self._true

    def minute_of(self, moment):
        """The half minute in which a moment lies; ``None`` for none."""
        return moment and (moment - _START) // timedelta(seconds=30) / 2


class Milliseconds:
    """A stand-in for ``time`` where ids are made: each id is later than the one before."""

    def __init__(self):
        self._count = itertools.count(1_000)

    def time_ns(self):
        return next(self._count) * 1_000_000


class Chance:
    """A stand-in for ``secrets`` where ids are made."""

    def __init__(self):
        self.randbits = Random(0).getrandbits


def install(monkeypatch):
    """Let the engine live on a virtual clock, so that a seed replays to the microsecond."""
    virtual = VirtualClock()
    monkeypatch.setattr(clock, "now", virtual.now)
    monkeypatch.setattr(identifiers, "time", Milliseconds())
    monkeypatch.setattr(identifiers, "secrets", Chance())
    # It is kept by id, and these ids come again in the database of the next test.
    monkeypatch.setattr(bundles, "_deployed", {})
    return virtual
