"""The trace of a request: W3C Trace Context always, OpenTelemetry spans where they are set up.

Spans are sent when ``OTEL_EXPORTER_OTLP_ENDPOINT`` names a collector; the SDK's other ``OTEL_…``
variables hold too. They show requests and what sessions ask the database; the statements of
``engine.store.statement`` go straight to the driver and are part of their request's span only.
"""

import os
import re
import secrets
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from flask import Flask, Response, g, request

from engine.store.database import Database

# https://www.w3.org/TR/trace-context/#traceparent-header; later versions may append fields.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?"
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_MISSING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed."
    " Install steadyhand[otel], or unset the variable."
)


@dataclass(frozen=True)
class Trace:
    """Where a request stands in its trace, and when it began."""

    id: str  # 32 hexadecimal digits
    span_id: str  # 16, of this request
    flags: str
    began: float  # time.perf_counter()


def register(app: Flask, database: Database) -> None:
    """Give every request its trace; before anything else that wants to know of it."""
    app.before_request(_begin)
    app.after_request(_name_trace)
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        instrument(app, database, _exporting())


def trace() -> Trace:
    """The trace of the request at hand."""
    found: Trace = g.trace
    return found


def seconds() -> float:
    """How long the request at hand has taken until now."""
    return time.perf_counter() - trace().began


def route() -> str:
    """The route of the request at hand as a template: a path may hold a secret or anything else."""
    return request.url_rule.rule if request.url_rule else "unmatched"


def method() -> str:
    """The method of the request at hand; a client may make up its own, without end."""
    return request.method if request.method in _METHODS else "other"


def instrument(app: Flask, database: Database, provider: Any) -> None:
    """Have OpenTelemetry make spans of requests and statements; a ``TracerProvider`` takes them."""
    made_by = {"tracer_provider": provider}
    _part("instrumentation.flask").FlaskInstrumentor().instrument_app(app, **made_by)
    # It names SQLAlchemy 2.0 as the newest that it knows; the events it uses are there in 2.1.
    sql = _part("instrumentation.sqlalchemy").SQLAlchemyInstrumentor()
    sql.instrument(engine=database.engine, skip_dep_check=True, **made_by)
    app.before_request(_adopt_span)


def _exporting() -> Any:
    """A provider that sends in the background, by HTTP."""
    try:
        exporter = _part("exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter()
        sdk = _part("sdk.trace")
    except ImportError as error:
        raise ImportError(_MISSING) from error
    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "steadyhand")}
    provider = sdk.TracerProvider(resource=_part("sdk.resources").Resource.create(named))
    provider.add_span_processor(_part("sdk.trace.export").BatchSpanProcessor(exporter))
    return provider


def _part(name: str) -> Any:
    """A part of OpenTelemetry: an extra, and slow to import, so only once it is wanted."""
    return import_module(f"opentelemetry.{name}")


def _begin() -> None:
    began = time.perf_counter()
    received = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    trace_id, flags = received.groups() if received else (secrets.token_hex(16), "00")
    g.trace = Trace(trace_id, secrets.token_hex(8), flags, began)


def _adopt_span() -> None:
    """Go by OpenTelemetry's ids, and take paths out of its span: links and doors are secrets."""
    span = _part("trace").get_current_span()
    span.update_name(f"{method()} {route()}")
    for name in ("http.target", "http.url", "url.path", "url.full"):
        span.set_attribute(name, route())
    context = span.get_span_context()
    g.trace = Trace(
        id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        flags=f"{context.trace_flags:02x}",
        began=trace().began,
    )


def _name_trace(response: Response) -> Response:
    here = trace()
    response.headers["traceparent"] = f"00-{here.id}-{here.span_id}-{here.flags}"
    return response
