"""Files that come with a request: taken and looked at before the view, and before any transaction.

Only routes that say so take one; everywhere else a body stays small.
"""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from api import idempotency, security
from engine import attachments
from engine.attachments import MEGABYTE, Rules, Upload
from engine.errors import InvalidAnswers
from engine.security_log import Kind
from engine.settings import Settings

View = TypeVar("View", bound=Callable[..., object])
Look = Callable[..., None]

FIELD = "file"
_RULES = "steadyhand.uploads"
_AROUND = 64 * 1024  # bytes of a request that are not of its file
_LOOK = "takes_file"


def takes_file(look: Look) -> Callable[[View], View]:
    """Declare that a view takes a file; stands directly above ``@needs``.

    ``look`` raises for whoever may not add it, so that nobody else keeps the scanner busy; it gets
    what stands in the address.
    """

    def declare(view: View) -> View:
        setattr(view, _LOOK, look)
        return view

    return declare


def register(app: Flask, settings: Settings) -> None:
    app.extensions[_RULES] = Rules(settings.longest_upload * MEGABYTE, settings.clamd)
    looks = {
        endpoint: getattr(view, _LOOK)
        for endpoint, view in app.view_functions.items()
        if hasattr(view, _LOOK)
    }

    @app.before_request
    def take() -> None:
        look = looks.get(request.endpoint or "")
        if look is not None and request.method == "POST":
            idempotency.sent_key()  # what cannot be one is told before anything else
            look(**(request.view_args or {}))
            g.upload = _taken(rules())


def rules() -> Rules:
    found: Rules = current_app.extensions[_RULES]
    return found


def taken() -> Upload:
    """The file of this request, which fits."""
    found: Upload = g.upload
    return found


def _taken(allowed: Rules) -> Upload:
    request.max_content_length = allowed.longest + _AROUND
    name = ""
    try:
        name, content = _sent(allowed)
        return attachments.check(name, content, allowed)
    except InvalidAnswers as error:
        security.note(Kind.UPLOAD_REFUSED, f"“{name}”: {error.errors[FIELD]}")
        raise


def _sent(allowed: Rules) -> tuple[str, bytes]:
    try:
        # Keeps the bytes for the fingerprint of an Idempotency-Key; once read as a form they are
        # gone. 413 comes before anything is read, where the request says how long it is.
        request.get_data()
        files = request.files.getlist(FIELD)
    except RequestEntityTooLarge as error:
        raise attachments.too_large(allowed) from error
    if len(files) != 1 or not files[0].filename:
        raise InvalidAnswers({FIELD: "Choose one file."})
    with files[0].stream as stream:
        return files[0].filename, stream.read()
