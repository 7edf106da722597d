"""The headers that every answer carries."""

from flask import Response, request

# The diagram tools set styles on elements; nothing runs or loads from anywhere else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.endpoint == "static":
        is_hashed = request.path.startswith("/static/dist/assets/")
        age = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
        headers["Cache-Control"] = age
    else:
        headers["Cache-Control"] = "no-store"
    return response
