"""Who sent this request: a session cookie of a browser, or an API token."""

from urllib.parse import urlsplit

from flask import Response, g, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden, Unauthorized

from api import browsers
from api.cookies import Cookie
from engine.actors import Actor
from engine.errors import NotAllowed
from engine.people import credentials
from engine.people.credentials import CredentialKind, Holder, Scope

_SESSION = Cookie("steadyhand", credentials.LONGEST_SESSION)
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_PROGRAMMES = ("/api/", "/doors/", "/scim/")  # paths at which no browser has any business
_READ_ONLY = "This API token may only read. Use one with the scope “write” to change something."
_SCIM_ONLY = "An API token with the scope “scim” is good for SCIM, and for nothing else."
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
    if holder.scope is Scope.SCIM and not request.path.startswith("/scim/"):
        raise NotAllowed(_SCIM_ONLY)
    return holder.actor


def is_programme() -> bool:
    """Whether the request is to what programmes use, which answers in JSON."""
    return request.path.startswith(_PROGRAMMES)


def is_anybody() -> bool:
    """Whether the request brings a token or a session, be it a good one or not."""
    return "Authorization" in request.headers or session_secret() is not None


def start_session(session: Session, found: Actor) -> str:
    """A new session for somebody who has just proved who they are; the browser's old one ends."""
    return credentials.start_session(
        session, found, label=browser_name(), instead_of=session_secret()
    )


def session_secret() -> str | None:
    return _SESSION.value


def browser_name() -> str:
    """By which people know the session again."""
    return browsers.name(request.user_agent.string)


def keep_session(response: Response, secret: str) -> Response:
    """Hand the browser its session."""
    return _SESSION.keep(response, secret)


def drop_session(response: Response) -> Response:
    return _SESSION.drop(response)


def require_same_origin() -> None:
    """A browser's unsafe request must come from our own pages (CSRF).

    Programmes that carry no session cookie have nothing to forge: doors and API tokens.
    """
    if request.method in _SAFE_METHODS or (is_programme() and session_secret() is None):
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
