"""Spans of OpenTelemetry: of requests and statements, with the ids of the log and no secret."""

import sys

import pytest
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from api import create_app, tracing
from engine.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def spans():
    return InMemorySpanExporter()


@pytest.fixture
def http(database, spans):
    """The application, with its spans kept in memory."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    app = create_app(database, Settings(database.url))
    tracing.instrument(app, database, provider)
    yield app.test_client()
    FlaskInstrumentor().uninstrument_app(app)
    SQLAlchemyInstrumentor().uninstrument()


def of_requests(spans):
    return [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]


def test_a_request_is_a_span_by_its_route_and_statements_of_its_session_are_within(http, spans):
    http.get("/readyz")

    (request,) = of_requests(spans)
    statements = [span for span in spans.get_finished_spans() if span.kind is SpanKind.CLIENT]
    assert request.name == "GET /readyz"
    assert any(span.name.startswith("SELECT") for span in statements)
    assert {span.context.trace_id for span in statements} == {request.context.trace_id}


def test_the_trace_of_the_caller_goes_on_and_the_answer_names_our_span(http, spans):
    answer = http.get("/healthz", headers={"traceparent": f"00-{TRACE}-{'1' * 16}-01"})

    (request,) = of_requests(spans)
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == "1" * 16
    assert answer.headers["traceparent"] == f"00-{TRACE}-{request.context.span_id:016x}-01"


def test_without_a_caller_the_log_goes_by_the_trace_of_the_span(http, spans):
    answer = http.get("/healthz")

    (request,) = of_requests(spans)
    assert answer.headers["traceparent"].split("-")[1] == f"{request.context.trace_id:032x}"


@pytest.mark.parametrize("path", ["/sign-in/s3cret", "/doors/alertmanager/s3cret", "/s3cret"])
def test_no_span_holds_what_a_path_keeps_secret(http, spans, path):
    http.post(path, json={}, headers={"Sec-Fetch-Site": "same-origin"})

    kept = [span.to_json() for span in spans.get_finished_spans()]
    assert kept
    assert "s3cret" not in "".join(kept)


def test_without_a_collector_nothing_is_traced(database, monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)

    app = create_app(database, Settings(database.url))

    assert not getattr(app, "_is_instrumented_by_opentelemetry", False)


def test_a_collector_without_the_packages_is_said_at_once(database, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(ImportError, match=r"Install steadyhand\[otel\]"):
        create_app(database, Settings(database.url))
