"""The headers that every answer carries, and the log of what was refused."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.exceptions import NotFound as MissingPage

from api import auth, tracing
from api.context import database
from engine import outbound, security_log
from engine.errors import Gone, NotAllowed, NotFound, NotGenuine
from engine.security_log import COLUMNS, NOBODY, Kind, Refusal, Sieve
from engine.store import outages

SIEVE = "steadyhand.sieve"
SHOWN = "steadyhand.shown"  # gives the names of all that the API shows of anything
# The diagram tools set styles on elements; nothing runs or loads from anywhere else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_A_YEAR = f"max-age={365 * 24 * 3600}"
_BY_STATUS = {413: Kind.SIZE_REFUSED, 429: Kind.RATE_REFUSED}


def register(app: Flask) -> None:
    app.before_request(_require_text)
    app.extensions[SIEVE] = Sieve()
    app.after_request(_keep_log)
    app.after_request(add_headers)


def _require_text() -> None:
    """Nothing here has a NUL in its name, and PostgreSQL would not look for it."""
    if "\0" in request.path:
        raise MissingPage


def add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = _A_YEAR
    if request.endpoint == "static":
        is_hashed = request.path.startswith("/static/dist/assets/")
        age = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
        headers["Cache-Control"] = age
    else:
        headers["Cache-Control"] = "no-store"
    return response


def note(kind: Kind, detail: str) -> None:
    """Have the security log say that something of the request at hand was refused.

    It is written once the request is over: whatever was refused is rolled back by then.
    """
    noted: list[tuple[Kind, str]] = g.setdefault("refusals", [])
    noted.append((kind, detail))


def note_error(error: Exception) -> None:
    """The same for an error that is about to be answered, if it is one that matters."""
    if isinstance(error, NotAllowed | NotFound | Gone):
        note(_kind_of(error), str(error))
    elif isinstance(error, HTTPException):
        _note_http_error(error)


def note_unreached(error: Exception) -> None:
    """The same for another system that nobody could ask, if its address is one inside."""
    refused = outbound.refusal_behind(error)
    if refused:
        note(Kind.ADDRESS_REFUSED, str(refused))


def note_unasked(pointers: Iterable[str]) -> None:
    """Mass assignment: fields that nobody asked for, named like something that a thing here has.

    Any other name can only be misspelt, and sets nothing wherever it comes to.
    """
    shown: Callable[[], frozenset[str]] = current_app.extensions[SHOWN]
    unasked = {pointer.rpartition("/")[2] for pointer in pointers}
    names = sorted(unasked & (COLUMNS | shown()))
    if names:
        note(Kind.FIELD_REFUSED, f"Fields that nobody asked for: {', '.join(names)}.")


def _kind_of(error: NotAllowed | NotFound | Gone) -> Kind:
    if isinstance(error, NotGenuine):
        return Kind.SIGNATURE_REFUSED
    if g.get("actor") is None:
        return Kind.CREDENTIAL_REFUSED  # of a link or a door, which nobody else has to show
    is_permission = isinstance(error, NotAllowed)
    return Kind.PERMISSION_REFUSED if is_permission else Kind.THING_REFUSED


def _note_http_error(error: HTTPException) -> None:
    if isinstance(error, Unauthorized):
        _note_credential()
    elif isinstance(error, auth.CrossSite):
        note(Kind.CROSS_SITE_REFUSED, str(error.description))
    elif error.code in _BY_STATUS:
        note(_BY_STATUS[error.code], str(error.description))


def _note_credential() -> None:
    """Nobody is refused who has shown nothing: that is how everyone begins."""
    if "Authorization" in request.headers:
        note(Kind.CREDENTIAL_REFUSED, "An API token that is forged, has expired or was revoked.")
    elif auth.session_secret():
        note(Kind.CREDENTIAL_REFUSED, "A session that is forged, has expired or was ended.")


def _keep_log(response: Response) -> Response:
    actor, address = g.get("actor") or NOBODY, request.remote_addr or ""
    for kind, detail in (*g.get("refusals", ()), *_escapes(response.status_code)):
        _write(Refusal(kind, detail, actor, address, tracing.route()))
    return response


def _write(refusal: Refusal) -> None:
    sieve: Sieve = current_app.extensions[SIEVE]
    detail = sieve.passes(refusal)
    if detail is None:
        return
    try:
        with database().transaction() as session:
            security_log.record(session, replace(refusal, detail=detail))
    except outages.ERRORS as error:  # what was refused stays so, whatever the database says
        kind, route = refusal.kind, refusal.route
        current_app.logger.warning("Not in the security log: %s at %s", kind, route, exc_info=error)


def _escapes(status: int) -> Iterator[tuple[Kind, str]]:
    """Whether a name in the request leads out of its folder, to which nothing ever follows it."""
    if any(map(_is_outside, _names(status))):
        yield Kind.NAME_REFUSED, "The name of a file that leads out of its folder."


def _names(status: int) -> Iterator[str]:
    yield request.path.lstrip("/")
    yield request.args.get("name", "")
    yield from (value for value in (request.view_args or {}).values() if isinstance(value, str))
    if status == 422:  # the body was looked at, so it is not too large to be looked at again
        with suppress(HTTPException):
            yield from _sent_names()


def _sent_names() -> list[str]:
    body = request.get_json(silent=True)
    files = body.get("files") if isinstance(body, dict) else None
    uploads = [upload.filename or "" for upload in request.files.values()]
    return [request.form.get("filename", ""), *uploads, *(files if isinstance(files, dict) else ())]


def _is_outside(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    is_absolute = len(parts) > 1 and not parts[0]
    return is_absolute or ".." in parts or "\0" in name
