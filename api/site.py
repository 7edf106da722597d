"""Where these pages are, as the browser that asks for them knows it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app, request

from engine.people.ceremonies import Site


def of_request() -> Site:
    """What passkeys are bound to: the host as the browser names it (WebAuthn §13.4.9)."""
    scheme = "https" if current_app.config["SESSION_COOKIE_SECURE"] else "http"
    return Site(
        name=urlsplit(f"//{request.host}").hostname or "", origin=f"{scheme}://{request.host}"
    )


def has_name() -> bool:
    """Whether this is a name; browsers bind no passkey to the address of a machine."""
    try:
        ip_address(of_request().name)
    except ValueError:
        return True
    return False
