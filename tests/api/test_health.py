"""Health: what a load balancer is told; a dead database takes a node out, late workers do not."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine import health, instances
from engine.health import Step
from engine.store.database import Database
from tests.diagrams import bundle
from tests.factories import ROOT, client
from tests.hands import HOUR, Hand, timed
from tests.revisions import migrated_to

# A folder is no database, and port 1 has no server.
NO_DATABASE = {
    "sqlite": f"sqlite:///{ROOT}",
    "postgresql": "postgresql://nobody:secret@127.0.0.1:1/none",
}
SECONDS_AGO = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0 - :seconds",
    "postgresql": "now() - make_interval(secs => :seconds)",
}


@pytest.fixture
def ready(database):
    """What ``/readyz`` answers: status code and body."""

    def ask():
        answer = client(database).get("/readyz")
        return answer.status_code, answer.get_json()

    return ask


def beat(database, seconds):
    """A worker showed that it lives, so long ago."""
    moment = SECONDS_AGO[database.engine.dialect.name]
    written = f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES ({moment})"  # noqa: S608
    with database.transaction() as session:
        session.execute(text(written), {"seconds": seconds})


def test_a_process_lives_even_without_a_database(database):
    gone = Database(NO_DATABASE[database.engine.dialect.name])

    answer = client(gone).get("/healthz")

    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_all_is_well_with_a_worker_and_nothing_due(database, ready):
    beat(database, 5)

    status, body = ready()

    assert (status, body["status"]) == (200, "ok")
    assert {name: check["status"] for name, check in body["checks"].items()} == dict.fromkeys(
        ("database", "migrations", "worker", "timers"), "ok"
    )
    assert 5 <= body["checks"]["worker"]["seconds"] < 15


def test_the_worker_seen_last_counts(database, ready):
    beat(database, 300)
    beat(database, 5)

    status, body = ready()

    assert (status, body["status"]) == (200, "ok")


@pytest.mark.parametrize("seconds", [None, 45])
def test_late_workers_degrade_a_node_that_serves_on(database, ready, seconds):
    if seconds:
        beat(database, seconds)

    status, body = ready()

    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["worker"]["status"] == "late"
    assert body["checks"]["database"]["status"] == "ok"


@pytest.mark.parametrize(("minutes", "verdict"), [(59, "ok"), (60.5, "ok"), (65, "late")])
def test_a_timer_that_nobody_fires_is_late_after_a_minute(
    database, cast, ready, time_travel, minutes, verdict
):
    Hand(database, cast, bundle(*timed()))

    time_travel(timedelta(minutes=minutes))
    status, body = ready()

    assert status == 200
    assert body["checks"]["timers"]["status"] == verdict
    assert body["checks"]["timers"]["seconds"] == pytest.approx(max(0, minutes * 60 - 3600), abs=20)


def test_the_timer_of_a_suspended_process_is_not_late(database, cast, ready, time_travel):
    hand = Hand(database, cast, bundle(*timed()))
    hand.does(instances.suspend)

    time_travel(2 * HOUR)
    _, body = ready()

    assert body["checks"]["timers"] == {"status": "ok", "seconds": 0.0}


def test_a_node_without_its_database_is_not_ready_and_does_not_say_why(database):
    gone = Database(NO_DATABASE[database.engine.dialect.name])

    answer = client(gone).get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json() == {"status": "failed", "checks": {"database": {"status": "failed"}}}


def test_a_node_is_not_ready_before_the_migrations_of_its_release(database, ready):
    with migrated_to(database, "0001"):
        status, body = ready()

    assert (status, body["status"]) == (503, "failed")
    assert body["checks"]["migrations"] == {"status": "failed"}


def test_a_node_serves_on_once_the_next_release_has_migrated(database, ready):
    with migrated_to(database, "9999"):
        status, body = ready()

    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["migrations"] == {"status": "late"}


def test_who_listens_hears_what_steps_took(monkeypatch):
    heard = []
    monkeypatch.setattr(health, "_listeners", [])
    health.listen(lambda step, seconds: heard.append((step, seconds)))

    with health.timed(Step.TIMERS):
        pass

    ((step, seconds),) = heard
    assert step is Step.TIMERS
    assert 0 <= seconds < 1
