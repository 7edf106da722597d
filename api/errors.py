"""Turns what the engine says into RFC 9457 problems for programmes and pages for people."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, Response, current_app, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest, HTTPException

from api import auth, security
from api.context import database
from engine.antivirus import Unreachable
from engine.errors import (
    Conflict,
    InvalidAnswers,
    InvalidDocument,
    NotAllowed,
    NotFound,
    NotGenuine,
    Refused,
    StaleVersion,
    TooLarge,
)
from engine.store import migrate, outages
from engine.store.migrate import State
from engine.store.outages import Outage

_STATUS: dict[type[Exception], tuple[int, str]] = {
    NotFound: (404, "Not found"),
    NotGenuine: (400, "Start again"),
    NotAllowed: (403, "Not allowed"),
    StaleVersion: (412, "Changed since you looked"),
    Conflict: (409, "Conflict"),
    TooLarge: (413, "Content too large"),
    InvalidAnswers: (422, "Answers need another look"),
    InvalidDocument: (422, "Unreadable file"),
    Refused: (422, "Refused by the checks"),
}


@dataclass(frozen=True)
class _Refusal:
    """What is said while the database serves no changes, or nothing at all."""

    status: int
    title: str
    detail: str
    retry_after: int  # seconds


_REFUSALS = {
    Outage.UNREACHABLE: _Refusal(
        503, "Database cannot be reached", "Steadyhand cannot reach its database just now.", 5
    ),
    Outage.BUSY: _Refusal(
        503, "Database is busy", "Too much is going on at once; this had to give way.", 1
    ),
    Outage.FULL: _Refusal(
        507,
        "Disk is full",
        "The disk of the database is full: everything can be read, nothing can be changed.",
        30,
    ),
}
_SCANNER_AWAY = 60  # seconds
# An answer that got lost does not tell whether the change is made.
_REPEAT = "Send the request again later; with an Idempotency-Key it acts once, come what may."

# Where the web framework has only its own words.
_SAID = {
    400: "This is not a request that can be read; the errors say where.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "A request holds at most 1 MB. Send less at a time.",
    415: "Send JSON as Content-Type application/json.",
    422: "Some of what was sent does not fit; the errors say what.",
}
_WITH_FILE = "multipart/form-data"
_UNASKED = "Unknown field."  # marshmallow's words
_UNEXPECTED = "Something went wrong on our side and is in the log. Nothing was changed; try again."


def register(app: Flask) -> None:
    for kind in _STATUS:
        app.register_error_handler(kind, handle_engine_error)
    app.register_error_handler(Unreachable, handle_no_verdict)
    app.register_error_handler(StaleDataError, handle_lost_race)
    for raised in outages.ERRORS:
        app.register_error_handler(raised, handle_outage)
    app.register_error_handler(HTTPException, handle_http_error)
    app.register_error_handler(RecursionError, handle_too_deep)


def handle_engine_error(error: Exception) -> ResponseReturnValue:
    security.note_error(error)
    status, title = next(entry for kind, entry in _STATUS.items() if isinstance(error, kind))
    return _answer(status, title, str(error), list(_pointers(error)))


def handle_no_verdict(error: Unreachable) -> ResponseReturnValue:
    """Nothing is taken that nobody has looked at."""
    current_app.logger.warning("No verdict of the virus scanner", exc_info=error)
    detail = f"{error} Nothing was kept; try again later."
    retry = [("Retry-After", str(_SCANNER_AWAY))]
    return _answer(503, "Virus scanner is away", detail, [], retry)


def handle_lost_race(_: StaleDataError) -> ResponseReturnValue:
    """Two requests changed one row; the later one gives way."""
    return handle_engine_error(Conflict("Somebody else changed this just now. Look at it again."))


def handle_outage(error: Exception) -> ResponseReturnValue:
    """What the database refuses for now; whatever else it says is a mistake of ours."""
    kind = outages.kind_of(error)
    if kind is None and migrate.state(database()) is State.BEHIND:
        kind = Outage.UNREACHABLE  # what needs tables that are not there yet
    if kind is None:
        raise error
    refusal = _REFUSALS[kind]
    # The first line alone: the others may hold what nobody should read in a log.
    reason = str(getattr(error, "orig", error)).partition("\n")[0]
    current_app.logger.warning("%s: %s", refusal.title, reason)
    detail = f"{refusal.detail} {_REPEAT}" if auth.is_programme() else refusal.detail
    retry = [("Retry-After", str(refusal.retry_after))]
    return _answer(refusal.status, refusal.title, detail, [], retry)


def handle_too_deep(error: RecursionError) -> ResponseReturnValue:
    """JSON that is nested a thousand times; logged, since it could be a loop of our own."""
    current_app.logger.warning("Too deep", exc_info=error)
    return handle_http_error(BadRequest("What you sent is nested too deeply."))


def handle_http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    cause = getattr(error, "original_exception", None)
    if cause is not None and outages.kind_of(cause):
        return handle_outage(cause)  # which came while another answer was being written
    security.note_error(error)
    if status == 401 and not auth.is_programme():
        next_path = request.full_path if request.method == "GET" else None
        return redirect(url_for("sign_in.form", next=next_path))
    invalid = list(_invalid_fields(error))
    security.note_unasked(field["pointer"] for field in invalid if field["detail"] == _UNASKED)
    return _answer(status, error.name, _detail(error), invalid, error.get_headers())


def _detail(error: HTTPException) -> str:
    status = error.code or 500
    if status >= 500:
        return _UNEXPECTED  # the text of an unexpected error may hold anything
    has_own_words = error.description and error.description != type(error).description
    return str(error.description) if has_own_words else _SAID.get(status, str(error.description))


def _answer(
    status: int,
    title: str,
    detail: str,
    errors: list[dict[str, Any]],
    headers: list[tuple[str, str]] | None = None,
) -> Response:
    if request.path.startswith("/scim/"):
        response = scim_error(status, detail)
    elif auth.is_programme():
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        if errors:
            body["errors"] = errors
        response = Response(json.dumps(body), status, content_type="application/problem+json")
    else:
        page = render_template("error.html", status=status, title=title, detail=detail)
        response = Response(page, status)
    for name, value in headers or []:
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Steadyhand"'
    return response


def scim_error(status: int, detail: str, scim_type: str | None = None) -> Response:
    """What RFC 7644 §3.12 has instead of a problem; ``scim_type`` is one of its table 9."""
    schema = "urn:ietf:params:scim:api:messages:2.0:Error"
    body = {"schemas": [schema], "status": str(status), "detail": detail}
    if scim_type:
        body["scimType"] = scim_type
    return Response(json.dumps(body), status, content_type="application/scim+json")


def _pointers(error: Exception) -> Iterator[dict[str, Any]]:
    """RFC 9457 §3: each error with a JSON pointer, or a finding with its element."""
    if isinstance(error, InvalidAnswers):
        for field, message in error.errors.items():
            yield {"pointer": f"{_holder(field)}/{_part(field)}", "detail": message}
    if isinstance(error, Refused):
        for finding in error.findings:
            yield asdict(finding)


def _holder(field: str) -> str:
    """Where in the body a field stands that the engine refused."""
    if request.mimetype == _WITH_FILE:
        return "#"
    body = request.get_json(silent=True)
    if isinstance(body, dict) and "answers" not in body:
        return "#/corrections" if field in body.get("corrections", ()) else "#"
    return "#/answers"


def _invalid_fields(error: HTTPException) -> Iterator[dict[str, Any]]:
    """What marshmallow said about a body or a query, flattened into pointers."""
    data = getattr(error, "data", None) or {}
    for location, messages in (data.get("messages") or {}).items():
        root = "#" if location == "json" else location
        yield from _flatten(root, messages)


def _part(key: object) -> str:
    """A key as one part of a JSON pointer (RFC 6901 §3)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _flatten(pointer: str, messages: Any) -> Iterator[dict[str, Any]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            inside = pointer if key == "_schema" else f"{pointer}/{_part(key)}"
            yield from _flatten(inside, inner)
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield {"pointer": pointer, "detail": str(message)}
