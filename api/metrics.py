"""Figures for Prometheus: durations as this server sees them, and counts from the database.

Several gunicorn processes keep their durations in files below ``PROMETHEUS_MULTIPROC_DIR``, so that
any of them answers for all. The counts are those of the whole installation: scrape one process.
"""

import os
from collections.abc import Iterable, Mapping

from flask import Blueprint, Flask, Response
from flask.typing import ResponseReturnValue
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from werkzeug.exceptions import Unauthorized

from api import security, tracing
from api.access import needs
from api.context import reading
from engine import health
from engine.errors import NotAllowed
from engine.health import Figures
from engine.people.permissions import Action

# Around what a completion takes (1.5 ms), and up to where a proxy gives up.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_REQUESTS = Histogram(
    "steadyhand_request_seconds",
    "Duration of HTTP requests",
    ["method", "route", "status"],
    buckets=_BUCKETS,
)
_STEPS = Histogram(
    "steadyhand_step_seconds",
    "Duration of steps of processes, by what caused them",
    ["step"],
    buckets=_BUCKETS,
)

blueprint = Blueprint("metrics", __name__)


def register(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.after_request(_observe)


@blueprint.get("/metrics")
@needs(Action.READ_METRICS)
def scrape() -> ResponseReturnValue:
    """For an administrator or an auditor; Prometheus sends an API token of one as its Bearer."""
    with reading() as (session, actor):
        figures = health.measure(session, actor)
    counts = CollectorRegistry()
    counts.register(Counts(figures))
    shown = generate_latest(_durations()) + generate_latest(counts)
    return Response(shown, content_type=CONTENT_TYPE_LATEST)


@blueprint.errorhandler(Unauthorized)
def handle_stranger(error: Unauthorized) -> ResponseReturnValue:
    """Not the way to the sign-in page, which a scraper would take for an answer."""
    security.note_error(error)
    asked = {"WWW-Authenticate": 'Bearer realm="Steadyhand"'}
    return Response(str(error.description), 401, asked, content_type="text/plain; charset=utf-8")


@blueprint.errorhandler(NotAllowed)
def handle_refusal(error: NotAllowed) -> ResponseReturnValue:
    security.note_error(error)
    return Response(str(error), 403, content_type="text/plain; charset=utf-8")


class Counts(Collector):
    """One look at the database, in Prometheus' words."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        figures = self._figures
        yield _by_status("steadyhand_jobs", "Jobs; those that failed are dead", figures.jobs)
        yield _by_status("steadyhand_effects", "Unsent effects of the outbox", figures.effects)
        single = {
            "open_incidents": ("Incidents that are not closed", figures.open_incidents),
            "process_failures": ("Process instances stuck on an error", figures.process_failures),
            "overdue_tasks": ("Waiting tasks past their due time", figures.overdue_tasks),
            "timer_lag_seconds": ("How long the oldest due timer has waited", figures.timer_lag),
        }
        for name, (meaning, value) in single.items():
            yield GaugeMetricFamily(f"steadyhand_{name}", meaning, value)
        if figures.since_heartbeat is not None:
            meaning = "Since any worker last showed that it lives"
            name = "steadyhand_worker_heartbeat_age_seconds"
            yield GaugeMetricFamily(name, meaning, figures.since_heartbeat)


def _observe(response: Response) -> Response:
    labels = tracing.method(), tracing.route(), str(response.status_code)
    _REQUESTS.labels(*labels).observe(tracing.seconds())
    return response


def _durations() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def _by_status(name: str, meaning: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["status"])
    for status, count in counts.items():
        family.add_metric([status], count)
    return family


health.listen(lambda step, took: _STEPS.labels(step).observe(took))
