"""Who sent this request: a session cookie of a browser, or an API token."""

from urllib.parse import urlsplit

from flask import Response, current_app, g, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden, Unauthorized

from engine.actors import Actor
from engine.people import credentials
from engine.people.credentials import CredentialKind

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_COOKIE_HOURS = 12


def actor(session: Session) -> Actor:
    """The person behind the request; 401 when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = credentials.find_actor(session, CredentialKind.TOKEN, token.strip())
    else:
        secret = session_secret()
        found = credentials.find_actor(session, CredentialKind.SESSION, secret) if secret else None
    if found is None:
        raise Unauthorized("Sign in, or send an API token as “Authorization: Bearer …”.")
    g.person_id = found.id  # for the log
    g.actor = found  # for the frame of the page
    return found


def session_secret() -> str | None:
    return request.cookies.get(_cookie_name())


def keep_session(response: Response, secret: str) -> Response:
    """Hand the browser its session."""
    response.set_cookie(
        _cookie_name(),
        secret,
        max_age=_COOKIE_HOURS * 3600,
        httponly=True,
        samesite="Lax",
        secure=_is_secure(),
    )
    return response


def drop_session(response: Response) -> Response:
    response.delete_cookie(_cookie_name(), secure=_is_secure(), httponly=True, samesite="Lax")
    return response


def require_same_origin() -> None:
    """A browser's unsafe request must come from our own pages (CSRF).

    Programmes that carry no session cookie have nothing to forge: doors and API tokens.
    """
    is_programme = request.path.startswith(("/api/", "/doors/")) and session_secret() is None
    if request.method in _SAFE_METHODS or is_programme:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    is_ours = site in ("same-origin", "none") if site else _is_own(origin)
    if not is_ours:
        raise Forbidden("This request did not come from Steadyhand's own pages.")


def _is_own(origin: str | None) -> bool:
    return origin is not None and urlsplit(origin).netloc == request.host


def _is_secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def _cookie_name() -> str:
    # The prefix makes browsers insist on https, which a laptop on 127.0.0.1 does not have.
    return "__Host-steadyhand" if _is_secure() else "steadyhand"
