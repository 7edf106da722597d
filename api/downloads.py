"""A file as an answer: to be saved, and never shown or run as a page of ours."""

import base64
from urllib.parse import quote

from flask import Response

from engine.store.tables import Attachment

# Should a browser open it all the same: without scripts, forms, or anything from elsewhere.
_POLICY = "sandbox; default-src 'none'"


def respond(found: Attachment, content: bytes) -> Response:
    """The bytes under their type and name (RFC 6266), with their digest (RFC 9530)."""
    charset = "; charset=utf-8" if found.media_type.startswith("text/") else ""
    response = Response(content, content_type=found.media_type + charset)
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    response.headers["Content-Disposition"] = _disposition(found.name)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    response.headers["ETag"] = f'"{found.sha256}"'
    return response


def _disposition(name: str) -> str:
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
