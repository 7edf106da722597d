"""What each route asks of whoever calls it; one that does not say so stops the start.

The engine asks the question, with the thing that the request is about. What stands here says which
question that is: for readers, and for the test that asks every route as everybody.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from flask import Flask, request
from werkzeug.exceptions import Unauthorized

from api import auth
from engine.people.permissions import Action

View = TypeVar("View", bound=Callable[..., object])


class Open(StrEnum):
    """Routes that ask for no permission of a role."""

    ANYBODY = "anybody"
    SECRET = "whoever has the secret in its address"  # noqa: S105 -- says what a route asks
    SIGNED_IN = "whoever is signed in, about themselves"


_DECLARED = "needs"
# Of Flask itself: files of the pages.
_OF_FLASK = {"static": Open.ANYBODY}


def needs(permission: Action | Open) -> Callable[[View], View]:
    """Declare what a view asks; stands directly above it."""

    def declare(view: View) -> View:
        setattr(view, _DECLARED, permission)
        return view

    return declare


def register(app: Flask) -> None:
    """Refuse whoever brings nothing to go by, before anything else is looked at."""
    asks = declared(app)

    @app.before_request
    def require_credentials() -> None:
        is_open = asks.get(request.endpoint or "", Open.ANYBODY) in (Open.ANYBODY, Open.SECRET)
        if not is_open and not auth.is_anybody():
            raise Unauthorized(auth.WAY_IN)


def declared(app: Flask) -> dict[str, Action | Open]:
    """Endpoint -> what it asks; ``RuntimeError`` names those that do not say."""
    found: dict[str, Action | Open | None] = {
        endpoint: _OF_FLASK.get(endpoint, getattr(view, _DECLARED, None))
        for endpoint, view in app.view_functions.items()
    }
    silent = sorted(endpoint for endpoint, permission in found.items() if permission is None)
    if silent:
        raise RuntimeError(
            f"These routes do not say what they ask: {', '.join(silent)}."
            " Put @needs(…) of api.access directly above their views."
        )
    return {endpoint: permission for endpoint, permission in found.items() if permission}
