"""A POST with an Idempotency-Key acts once, however often it comes; the answer is the same.

draft-ietf-httpapi-idempotency-key-header: all that such a request changes, and its answer, are one
transaction. Without the key a request takes none of this road.
"""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from api import auth
from api.context import whole_request
from engine import idempotency
from engine.attachments import Upload
from engine.idempotency import Answer, Request
from engine.people.credentials import digest

HEADER = "Idempotency-Key"
FIELD = "idempotency_key"  # of a page's form, which cannot send a header
REPLAYED = "Idempotency-Replayed"

# Cookies and passwords: neither they nor anything made from them may be kept.
_NEVER = ("sign_in.", "passkeys.", "second_factor.")
_PROOFS = ("password", "code")  # of a signature in a body
_PROOF_FIELD = "signature.secret"  # of one in a form
_SHOWS_SECRET = "shows_secret"  # noqa: S105 -- the name of a mark
_FORM = "application/x-www-form-urlencoded"
_KEY = re.compile(rf"[\x20-\x7e]{{1,{idempotency.LONGEST_KEY}}}")
_REMADE = ("Content-Length",)  # by every response for itself

View = Callable[..., ResponseReturnValue]
Marked = TypeVar("Marked", bound=Callable[..., object])


class _Refused(Exception):
    """Undoes the request with its key: what was refused may be corrected and sent again."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def register(app: Flask) -> None:
    """Let every POST that ``app`` has by now take a key, but for those of the sign-in."""
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    for endpoint in posts:
        if not endpoint.startswith(_NEVER):
            app.view_functions[endpoint] = _once(app.ensure_sync(app.view_functions[endpoint]))


def shows_secret(view: Marked) -> Marked:
    """Declare that a view answers with a secret, which nobody keeps: it takes no key."""
    setattr(view, _SHOWS_SECRET, True)
    return view


def _is_secret(view: Callable[..., object]) -> bool:
    return bool(getattr(view, _SHOWS_SECRET, False))


def _once(view: View) -> View:
    @wraps(view)
    def answer(**arguments: object) -> ResponseReturnValue:
        key = sent_key() if request.method == "POST" else None
        if key is not None and _is_secret(view):
            raise BadRequest(
                f"The answer holds a secret that is not kept: send it without {HEADER}."
            )
        if key is None:
            return view(**arguments)
        sent = _fingerprint()  # before the transaction: a slow sender must not hold it open
        try:
            with whole_request() as session:
                return _answer(session, Request(_principal(session), key, sent), view, arguments)
        except _Refused as refused:
            return refused.response

    return answer


def _answer(session: Session, asked: Request, view: View, arguments: dict[str, object]) -> Response:
    kept = idempotency.claim(session, asked)
    if kept is not None:
        return _replay(kept, asked)
    response = current_app.make_response(view(**arguments))
    if response.status_code >= 400:
        raise _Refused(response)
    idempotency.keep(session, asked, _kept(response, asked))
    return response


def sent_key() -> str | None:
    """The key of this request, ``None`` without one; 400 for what cannot be a key."""
    key = request.headers.get(HEADER)
    if key is None and request.mimetype == _FORM:
        request.get_data()  # keeps the bytes: once read as a form they would be gone
        key = request.form.get(FIELD)
    if key is not None and not _KEY.fullmatch(key):
        most = idempotency.LONGEST_KEY
        raise BadRequest(f"{HEADER} takes 1 to {most} printable ASCII characters, such as a UUID.")
    return key


def _fingerprint() -> str:
    asked = json.dumps([request.method, request.full_path])
    return hashlib.sha256(asked.encode() + _without_proof()).hexdigest()


def _without_proof() -> bytes:
    """The body, but for the password or the code with which somebody signs."""
    upload: Upload | None = g.get("upload")
    if upload is not None:  # each time it is sent, another boundary parts it from the fields
        return json.dumps([*request.form.items(multi=True), upload.name, upload.sha256]).encode()
    content, body = request.get_data(), request.get_json(silent=True)
    signature = body.get("signature") if isinstance(body, dict) else None
    if isinstance(body, dict) and isinstance(signature, dict):
        rest = {name: part for name, part in signature.items() if name not in _PROOFS}
        return json.dumps({**body, "signature": rest}).encode()
    if _PROOF_FIELD in request.form:
        fields = request.form.items(multi=True)
        return json.dumps([field for field in fields if field[0] != _PROOF_FIELD]).encode()
    return content


def _principal(session: Session) -> str:
    """Whose key it is: a person's, or of the door, which is whoever knows its address."""
    if request.path.startswith("/doors/"):
        return f"door:{digest(request.path)}"
    return f"person:{auth.actor(session).id}"


def _kept(response: Response, asked: Request) -> Answer:
    headers = {name: value for name, value in response.headers.items() if name not in _REMADE}
    return Answer(response.status_code, headers, response.get_data(), asked.hash)


def _replay(kept: Answer, asked: Request) -> Response:
    if kept.request_hash != asked.hash:
        raise UnprocessableEntity(_reused())
    response = Response(kept.body, kept.status, dict(kept.headers))
    response.headers[REPLAYED] = "true"
    return response


def _reused() -> str:
    if HEADER in request.headers:
        return f"This {HEADER} came with another request before. Use a new one for each request."
    return "This form was sent before, with other answers. Open it anew to send something else."
