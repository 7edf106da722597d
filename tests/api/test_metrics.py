"""Metrics: what Prometheus scrapes, who may, and what that costs each request."""

import time
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api import metrics
from engine import health
from engine.health import Step
from engine.store.tables import Incident, InstanceStatus, ProcessInstance, Task
from tests.diagrams import one_task
from tests.factories import client, deploy, open_tasks, report
from tests.gunicorn import Gunicorn

MICROSECONDS = 1e6


def samples(text):
    """Every sample of a scrape: (name, labels) -> value."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(scraped, name, **labels):
    return scraped.get((f"steadyhand_{name}", frozenset(labels.items())), 0)


@pytest.fixture
def scrape(database, cast):
    """Scrapes as the auditor."""
    http = client(database, cast.token("aude"))
    return lambda: samples(http.get("/metrics").text)


@pytest.mark.parametrize(("username", "status"), [("ada", 200), ("aude", 200)])
def test_administrators_and_auditors_may_scrape(database, cast, username, status):
    answer = client(database, cast.token(username)).get("/metrics")

    assert answer.status_code == status
    assert answer.content_type.startswith("text/plain; version=")


@pytest.mark.parametrize("username", ["dora", "max", "olga", "rob"])
def test_nobody_else_may(database, cast, username):
    answer = client(database, cast.token(username)).get("/metrics")

    assert answer.status_code == 403
    assert "steadyhand_" not in answer.text


@pytest.mark.parametrize("token", [None, "made-up"])
def test_a_scraper_without_a_good_token_is_not_sent_to_the_sign_in_page(database, token):
    answer = client(database, token).get("/metrics")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_figures_follow_incidents_and_tasks(database, cast, scrape, time_travel):
    deploy(database, one_task())
    closed, late, failed = (report(database, cast.rob) for _ in range(3))
    with database.transaction() as session:
        session.get_one(Incident, closed.id).closed_at = closed.created_at
        due = open_tasks(database, late, cast.dora)["Look"]
        session.get_one(Task, due.id).due_at = late.created_at + timedelta(minutes=5)
        broken = session.query(ProcessInstance).filter_by(incident_id=failed.id).one()
        broken.status, broken.failure = InstanceStatus.FAILED, "It broke."

    time_travel(timedelta(minutes=6))
    scraped = scrape()

    assert value(scraped, "open_incidents") == 2
    assert value(scraped, "overdue_tasks") == 1
    assert value(scraped, "process_failures") == 1
    assert value(scraped, "timer_lag_seconds") == 0


def test_queues_are_shown_even_when_they_are_empty(scrape):
    scraped = scrape()

    for status in ("todo", "doing", "failed"):
        assert ("steadyhand_jobs", frozenset({("status", status)})) in scraped
    for status in ("pending", "failed"):
        assert ("steadyhand_effects", frozenset({("status", status)})) in scraped


def test_a_request_is_counted_by_its_route_and_never_by_what_a_client_made_up(
    database, cast, scrape
):
    http = client(database, cast.token("aude"))
    read = {"method": "GET", "route": "/api/v1/incidents/<incident_id>", "status": "404"}
    unknown = {"method": "other", "route": "unmatched", "status": "404"}
    before = scrape()

    http.get("/api/v1/incidents/1")
    http.get("/api/v1/incidents/2")
    http.open("/api/made-up", method="MADEUP")
    after = scrape()

    assert _more(before, after, read) == 2
    assert _more(before, after, unknown) == 1
    assert "made-up" not in str(after).lower()


def test_a_step_is_counted_by_what_caused_it(scrape):
    before = scrape()

    with health.timed(Step.COMPLETION):
        pass
    after = scrape()

    name = "step_seconds_count"
    assert value(after, name, step="completion") == value(before, name, step="completion") + 1


def _more(before, after, labels):
    name = "request_seconds_count"
    return value(after, name, **labels) - value(before, name, **labels)


def test_any_of_several_processes_answers_for_all(tmp_path, database, cast):
    server = Gunicorn(tmp_path, database.url).start()
    labels = {"method": "GET", "route": "/healthz", "status": "200"}
    try:
        for _ in range(40):  # a connection each, so that both processes get some
            with server.client() as http:
                assert http.get("/healthz").status_code == 200
        server.reload()
        with server.client(cast.token("ada")) as http:
            scraped = samples(http.get("/metrics").text)
    finally:
        server.stop()

    assert value(scraped, "request_seconds_count", **labels) >= 40


def test_a_duration_costs_a_request_next_to_nothing():
    labels = ("POST", "/api/v1/tasks/<task_id>/complete", "200")
    rounds = 200

    def once():
        began = time.perf_counter()
        for _ in range(rounds):
            metrics._REQUESTS.labels(*labels).observe(0.0015)
        return (time.perf_counter() - began) / rounds * MICROSECONDS

    cost = min(once() for _ in range(50))  # of a machine that does nothing else for a moment

    print(f"{cost:.1f} µs")
    assert cost < 20
