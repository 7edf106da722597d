"""A file as an answer: to be saved, and never shown or run as a page of ours."""

import base64
from io import BytesIO

from flask import Response, send_file

from engine.store.tables import Attachment

# Should a browser open it all the same: without scripts, forms, or anything from elsewhere.
_POLICY = "sandbox; default-src 'none'"


def respond(found: Attachment, content: bytes) -> Response:
    """The bytes under their type and name (RFC 6266), with their digest (RFC 9530)."""
    response = save(found.name, content, found.media_type)
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    response.set_etag(found.sha256)
    return response


def save(name: str, content: bytes, media_type: str) -> Response:
    """Something to be saved under a name."""
    return send_file(
        BytesIO(content),
        mimetype=media_type,
        as_attachment=True,
        download_name=name,
        conditional=False,
        etag=False,
    )
