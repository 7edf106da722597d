"""Where these pages are, as the browser that asks for them knows it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from engine.people.ceremonies import Site

_LONGEST_PATH = 500


def of_request() -> Site:
    """What passkeys are bound to: the host as the browser names it (WebAuthn §13.4.9)."""
    scheme = "https" if current_app.config["SESSION_COOKIE_SECURE"] else "http"
    return Site(
        name=urlsplit(f"//{request.host}").hostname or "", origin=f"{scheme}://{request.host}"
    )


def local(target: str) -> str | None:
    """The same, if it is a path of ours that a browser may open; never another site's."""
    parts = urlsplit(target)
    is_elsewhere = parts.scheme or parts.netloc or "\\" in target or len(target) > _LONGEST_PATH
    if is_elsewhere or not target.startswith("/"):
        return None
    try:
        current_app.url_map.bind("").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return target


def has_name() -> bool:
    """Whether this is a name; browsers bind no passkey to the address of a machine."""
    try:
        ip_address(of_request().name)
    except ValueError:
        return True
    return False
