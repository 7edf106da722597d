"""Bytes as text in an address, a cookie or JSON: base64url without padding (RFC 4648 §5)."""

import base64


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode(text: str) -> bytes:
    """What it stands for; ``ValueError`` unless it is written in the one way that there is."""
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(content) != text:
        raise ValueError("This is not base64url.")
    return content
