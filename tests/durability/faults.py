"""Follows what a driver is told, and lets one thing of it go wrong."""

import sqlite3
from enum import Enum

import psycopg


class Abort(Enum):
    """How a statement goes wrong."""

    REFUSED = "refused"  # the driver raises, and does not execute it
    CLOSED = "closed"  # the connection is gone, and it is not executed
    UNANSWERED = "unanswered"  # it is executed, and the connection goes before the answer comes


class Faults:
    """The hook of a watched driver: see ``driver.watched``."""

    def __init__(self):
        self._ground = None
        self._at, self._how = None, None
        self.followed = []  # for each thing that was said: whether it was a COMMIT
        self.states = []  # before, and after each COMMIT

    def expect_none(self, ground):
        """From now on nothing goes wrong, and the states are kept."""
        self._ground = ground
        self._at, self._how = None, None
        self.followed, self.states = [], [ground.dump()]

    def expect(self, at, how):
        """From now on the thing ``at`` goes wrong, counted from 0; then nothing more."""
        self._ground = None
        self._at, self._how = at, how
        self.followed = []

    def __call__(self, connection, said, run):
        at = len(self.followed)
        self.followed.append(said.is_commit)
        if at == self._at:
            return self._go_wrong(connection, run)
        result = run()
        if said.is_commit and self._ground:
            self.states.append(self._ground.dump())
        return result

    def _go_wrong(self, connection, run):
        if self._how is Abort.REFUSED:
            raise _refusal(connection)
        if self._how is Abort.UNANSWERED:
            run()
        connection.close()
        return run()  # raises what the driver says of a connection that is gone


def _refusal(connection):
    if isinstance(connection, psycopg.Connection):
        return psycopg.errors.IoError("could not write to file")
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error
