"""A host that never comes back, and one that was only paused: others do their jobs, once."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine import jobs, outbox
from engine.store.tables import Effect, EffectStatus
from tests.server import Worker

DONE_ELSEWHERE_WITHIN = 45  # seconds


class Receiver:
    """Another system, which answers only once it is told to."""

    def __init__(self):
        self.keys, self.answering = [], threading.Event()

    @contextmanager
    def served(self):
        receiver = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.keys.append(self.headers["Idempotency-Key"])
                receiver.answering.wait(60)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        with Quiet(("127.0.0.1", 0), Answers) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()

    def wait_for(self, number):
        wait_until(lambda: len(self.keys) >= number, 20)


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Whoever asked is dead."""


def wait_until(is_so, seconds):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)


def effects(database):
    with database.reading() as session:
        found = session.query(Effect).order_by(Effect.key)
        return [(e.key, e.status, e.attempts, e.result, e.ended_at) for e in found]


def are_done(database):
    return {status for _, status, *_ in effects(database)} == {EffectStatus.DONE}


@pytest.mark.timeout(240)
def test_jobs_of_hosts_that_are_gone_or_paused_are_done_once_elsewhere(database, tmp_path):
    with database.transaction() as session:
        for number in range(4):
            outbox.alert(session, f"Alert {number}", {})
    receiver = Receiver()
    with receiver.served() as url:
        paused, dead, alive = (host(tmp_path, name, database, url) for name in "abc")
        paused.start()
        receiver.wait_for(4)  # it is sending all of them
        os.kill(paused.process.pid, signal.SIGSTOP)
        with database.transaction() as session:
            outbox.alert(session, "Alert 4", {})
        dead.start()
        receiver.wait_for(5)
        dead.kill()
        gone = time.monotonic()
        receiver.answering.set()
        alive.start()

        wait_until(lambda: are_done(database), DONE_ELSEWHERE_WITHIN)

        taken = time.monotonic() - gone
        before = effects(database)
        os.kill(paused.process.pid, signal.SIGCONT)
        time.sleep(3)
        after = effects(database)
        with database.transaction() as session:
            outbox.alert(session, "Alert 5", {})
        assert alive.stop() == 0
        wait_until(lambda: are_done(database), 20)  # by the one that woke up
        assert paused.stop() == 0

    print(f"done elsewhere {taken:.1f} s after the host was gone")
    assert after == before
    assert {attempts for _, _, attempts, *_ in before} == {1}
    with database.reading() as session:
        assert jobs.counts(session) == {}


def host(folder, name, database, url):
    (folder / name).mkdir()
    return Worker(folder / name, database.url, STEADYHAND_ALERT_URL=url)
