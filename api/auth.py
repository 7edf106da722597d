"""Who sent this request: a session cookie of a browser, or an API token."""

from urllib.parse import urlsplit

from flask import Response, current_app, g, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden, Unauthorized

from api import browsers
from engine.actors import Actor
from engine.errors import NotAllowed
from engine.people import credentials
from engine.people.credentials import CredentialKind, Holder, Scope

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_READ_ONLY = "This API token may only read. Use one with the scope “write” to change something."


WAY_IN = "Sign in, or send an API token as “Authorization: Bearer …”."


class CrossSite(Forbidden):
    """Another site's page has sent this, with the session of the person who looks at it."""


def actor(session: Session) -> Actor:
    """The person behind the request; 401 when there is none, 403 beyond a token's scope."""
    holder = _holder(session)
    if holder is None:
        raise Unauthorized(WAY_IN)
    g.person_id = holder.actor.id  # for the log
    g.actor = holder.actor  # for the frame of the page
    g.holder = holder  # for what comes after the answer
    if holder.scope is Scope.READ and request.method not in _SAFE_METHODS:
        raise NotAllowed(_READ_ONLY)
    return holder.actor


def is_anybody() -> bool:
    """Whether the request brings a token or a session, be it a good one or not."""
    return "Authorization" in request.headers or session_secret() is not None


def start_session(session: Session, found: Actor) -> str:
    """A new session for somebody who has just proved who they are; the browser's old one ends."""
    return credentials.start_session(
        session, found, label=browser_name(), instead_of=session_secret()
    )


def session_secret() -> str | None:
    return request.cookies.get(_cookie_name())


def browser_name() -> str:
    """By which people know the session again."""
    return browsers.name(request.user_agent.string)


def keep_session(response: Response, secret: str) -> Response:
    """Hand the browser its session."""
    response.set_cookie(
        _cookie_name(),
        secret,
        max_age=credentials.LONGEST_SESSION,
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
        raise CrossSite("This request did not come from Steadyhand's own pages.")


def _holder(session: Session) -> Holder | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.find_holder(session, CredentialKind.TOKEN, token.strip())
    secret = session_secret()
    return credentials.find_holder(session, CredentialKind.SESSION, secret) if secret else None


def _is_own(origin: str | None) -> bool:
    return origin is not None and urlsplit(origin).netloc == request.host


def _is_secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def _cookie_name() -> str:
    # The prefix makes browsers insist on https, which a laptop on 127.0.0.1 does not have.
    return "__Host-steadyhand" if _is_secure() else "steadyhand"
