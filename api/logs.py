"""Logs: one JSON object a line on stderr, or coloured lines for a person at a terminal.

Everything goes through one chain, whoever logs: this project and its libraries by ``logging``, and
one line a request from here. A line names the route, never the path: sign-in links and doors carry
their secret in it.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper, add_log_level, format_exc_info
from structlog.stdlib import ExtraAdder, add_logger_name
from structlog.typing import Processor

from api import tracing

Line = MutableMapping[str, Any]

# Asked every few seconds by a machine; nobody reads that they were asked.
_PROBES = {"health.live", "health.ready", "metrics.scrape", "static"}
# Chatty below these, in words that only their authors need.
_QUIET = dict.fromkeys(("alembic", "asyncio", "procrastinate", "urllib3"), logging.WARNING)
# gunicorn's write in their own way until they are told not to.
_HAS_ITS_OWN = ("gunicorn.error", "gunicorn.access")
_SECRETS = (
    re.compile(r"(/sign-in/|/partner/|/doors/[^/\s]+/|bearer\s+|steadyhand=)[^\s'\"?&;,]+", re.I),
    re.compile(r"(://[^:/@\s]+:)[^@/\s]+(?=@)"),  # the password in an address
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CHAIN: list[Processor] = [
    merge_contextvars,
    add_log_level,
    add_logger_name,
    ExtraAdder(),
    TimeStamper(fmt="iso"),
]

logger = logging.getLogger("steadyhand.request")


def configure(level: str = "INFO") -> None:
    """Send every log line of this process through the chain.

    ``ValueError`` for a level that there is not, once the log can take that as well.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    _take_over(logging.INFO if number is None else number)
    if number is None:
        known = ", ".join(("DEBUG", "INFO", "WARNING", "ERROR"))
        raise ValueError(f"STEADYHAND_LOG_LEVEL is “{level}”; choose one of: {known}.")


def register(app: Flask) -> None:
    app.before_request(_bind_trace)
    app.after_request(_tell)


class LoggedFlask(Flask):
    """Flask, but an unexpected error is logged by its route: Flask would name the path."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: none of our functions is async, and Flask asks eleven times a request."""
        return func

    def log_exception(self, exc_info: Any) -> None:
        self.logger.error("Unexpected error in %s", tracing.route(), exc_info=exc_info)


def trace_id() -> str:
    """The id under which the log has the request at hand (W3C Trace Context)."""
    return tracing.trace().id


def _take_over(level: int) -> None:
    formatter = structlog.stdlib.ProcessorFormatter
    rendering = _for_terminal() if sys.stderr.isatty() else _for_machines()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        formatter(
            foreign_pre_chain=_CHAIN, processors=[formatter.remove_processors_meta, *rendering]
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, quiet))
    for name in _HAS_ITS_OWN:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _bind_trace() -> None:
    clear_contextvars()
    bind_contextvars(trace_id=trace_id())


def _tell(response: Response) -> Response:
    """One line a request; those of probes only for whoever looks for them."""
    level = logging.DEBUG if request.endpoint in _PROBES else logging.INFO
    if logger.isEnabledFor(level):
        logger.log(level, "request", extra=_told(response))
    return response


def _told(response: Response) -> dict[str, Any]:
    """Who asked, for what and about which incident, as far as the request said."""
    told = {
        "method": tracing.method(),
        "route": tracing.route(),
        "status": response.status_code,
        "ms": round(tracing.seconds() * 1000, 1),
        "person": g.get("person_id"),
        "incident": (request.view_args or {}).get("incident_id"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _for_machines() -> list[Processor]:
    return [format_exc_info, _hide_secrets, JSONRenderer()]


def _for_terminal() -> list[Processor]:
    # What is formatted already is printed as it is.
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return [format_exc_info, _hide_secrets, _escape, renderer]


def _hide_secrets(_logger: object, _method: str, line: Line) -> Line:
    """The last wall, for words of libraries: what looks like a secret of ours is not written."""
    for name in ("event", "exception"):
        for secret in _SECRETS:
            if name in line:
                line[name] = secret.sub(r"\1…", str(line[name]))
    return line


def _escape(_logger: object, _method: str, line: Line) -> Line:
    """What somebody sent may not begin a line of its own on a terminal, nor colour it."""
    for name, value in line.items():
        if isinstance(value, str):
            parts = value.split("\n") if name == "exception" else [value]
            line[name] = "\n  ".join(_CONTROL.sub(_spelt, part) for part in parts)
    return line


def _spelt(control: re.Match[str]) -> str:
    return repr(control[0])[1:-1]
