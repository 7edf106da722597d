"""The outbox: sent after the commit, at least once, with one key, and never forgotten."""

import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine import jobs, outbox, worker
from engine.jobs import Job
from engine.outbox import NotSent, Outside
from engine.store.tables import Effect, EffectStatus, ProcessInstance
from tests.diagrams import bundle, line, user_task
from tests.hands import Hand, over


@contextmanager
def receiver(*statuses):
    """Another system: answers with these statuses, then with 200; yields its URL and its post."""
    got, left = [], list(statuses)

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((self.headers["Idempotency-Key"], body))
            self.send_response(left.pop(0) if left else 200)
            self.end_headers()
            self.wfile.write(b"thank you")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/alerts", got
        server.shutdown()


@pytest.fixture
def key(database):
    """Of an effect that waits to be sent."""
    with database.transaction() as session:
        outbox.alert(session, "A process failed", {"message": "No such list."})
    with database.reading() as session:
        return session.query(Effect).one().key


def effect(database):
    with database.reading() as session:
        return session.query(Effect).one()


def test_an_effect_is_sent_with_its_key_and_the_answer_is_kept(database, key):
    with receiver() as (url, got):
        outbox.send(database, Outside(alert_url=url), key)

    ((sent_key, body),) = got
    assert sent_key == key
    assert (body["title"], body["detail"]) == ("A process failed", {"message": "No such list."})
    kept = effect(database)
    assert (kept.status, kept.result, kept.attempts) == (EffectStatus.DONE, "200: thank you", 1)


def test_an_effect_that_was_sent_is_not_sent_again(database, key):
    with receiver() as (url, got):
        for _ in range(2):
            outbox.send(database, Outside(alert_url=url), key)

    assert len(got) == 1


def test_attempts_after_an_error_carry_the_same_key(database, key):
    with receiver(503, 500) as (url, got):
        for _ in range(2):
            with pytest.raises(NotSent, match=r"answered 50[03]: thank you"):
                outbox.send(database, Outside(alert_url=url), key)
        outbox.send(database, Outside(alert_url=url), key)

    assert [sent_key for sent_key, _ in got] == [key] * 3
    assert (effect(database).status, effect(database).attempts) == (EffectStatus.DONE, 3)


def test_a_receiver_that_is_away_is_told_in_the_effect(database, key):
    with receiver() as (url, _):
        pass  # gone before anything is sent

    with pytest.raises(NotSent):
        outbox.send(database, Outside(alert_url=url), key)

    assert effect(database).status is EffectStatus.PENDING
    assert "The receiver could not be reached" in effect(database).result


def test_without_an_address_nobody_is_told_and_the_effect_says_so(database, key):
    outbox.send(database, Outside(), key)

    assert "STEADYHAND_ALERT_URL" in effect(database).result


def test_nothing_is_sent_for_a_transaction_that_rolled_back(database):
    with pytest.raises(RuntimeError), database.transaction() as session:
        outbox.alert(session, "Never", {})
        raise RuntimeError

    with database.reading() as session:
        assert (session.query(Effect).count(), jobs.counts(session)) == (0, {})


def test_nothing_is_locked_while_an_effect_is_sent(database, key):
    """The receiver writes to the same database before it answers."""

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self):
            with database.transaction() as session:
                outbox.alert(session, "Meanwhile", {})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        outbox.send(database, Outside(f"http://127.0.0.1:{server.server_port}/"), key)
        server.shutdown()

    with database.reading() as session:
        assert session.query(Effect).count() == 2


def test_an_effect_is_given_up_and_tried_again_by_a_person(database, key):
    worker.give_up(database, Job.SEND_EFFECT, key, "NotSent: 503")
    given_up = effect(database)
    with database.transaction() as session:
        outbox.try_again(session, key)

    with receiver() as (url, got):
        outbox.send(database, Outside(url), key)

    assert (given_up.status, given_up.result) == (EffectStatus.FAILED, "NotSent: 503")
    assert len(got) == 1


def test_an_effect_whose_job_is_lost_is_found_and_has_one_again(database, key, time_travel):
    with database.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM procrastinate_jobs")
    early = worker.run_once(database)
    time_travel(timedelta(minutes=2))

    picked_up = [worker.run_once(database) for _ in range(2)]

    assert (early, picked_up) == (0, [1, 0])
    with database.reading() as session:
        assert jobs.counts(session) == {"todo": 1}


def test_a_step_that_fails_tells_the_administrators(database, cast):
    held = Hand(database, cast, bundle(*line(user_task("Look"), over("note"))))

    held.completes("Look", note="no list")

    told = effect(database)
    assert told.incident_id == held.incident.id
    assert told.payload["title"] == f"A step of {held.incident.number} failed"
    assert told.payload["detail"]["element"] == "Do Each"
    with database.reading() as session:
        assert session.query(ProcessInstance).one().failure == told.payload["detail"]["message"]
