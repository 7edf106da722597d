"""Verify a signature by a passkey from its record alone (WebAuthn Level 3 §7.2).

Shares nothing with what made it but the canonical form: no database, no library of WebAuthn.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from engine import base64url
from engine.signatures import canonical

_PRESENT, _VERIFIED = 0x01, 0x04  # flags of the authenticator data
_PARTS = ("client_data", "authenticator_data", "signature", "public_key")


@dataclass(frozen=True)
class _Record:
    site: str
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    public_key: bytes


def check(statement: str, assertion: Mapping[str, Any]) -> list[str]:
    """What speaks against a signature, a sentence each; nothing when it is good.

    ``statement`` and ``assertion`` are as the table ``signature`` keeps them. Whose key it is says
    the history of the person: its ``authenticator:added`` holds the SHA-256 of the public key.
    """
    try:
        record = _read(assertion)
    except (KeyError, TypeError, ValueError):
        return ["The record is not complete."]
    return [*_form(statement), *_client_data(statement, record), *_authenticator(record)]


def _read(assertion: Mapping[str, Any]) -> _Record:
    parts = {name: base64url.decode(assertion[name]) for name in _PARTS}
    return _Record(site=str(assertion["site"]), **parts)


def _form(statement: str) -> Iterator[str]:
    try:
        is_canonical = canonical.write(json.loads(statement)) == statement
    except (ValueError, RecursionError):
        is_canonical = False
    if not is_canonical:
        yield "The statement is not canonical JSON."


def _client_data(statement: str, record: _Record) -> Iterator[str]:
    """What the browser says that it had signed, and where."""
    try:
        said = json.loads(record.client_data)
        kind, challenge, origin = said["type"], said["challenge"], said["origin"]
        host = urlsplit(origin).hostname
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield "What the browser said cannot be read."
        return
    if kind != "webauthn.get":
        yield "The browser was not asked for a signature."
    if challenge != base64url.encode(hashlib.sha256(statement.encode()).digest()):
        yield "Another statement was signed."
    if host != record.site:
        yield f"It was signed at {origin}, which is not {record.site}."


def _authenticator(record: _Record) -> Iterator[str]:
    """What the authenticator says, and whether it was that one."""
    data = record.authenticator_data
    if data[:32] != hashlib.sha256(record.site.encode()).digest():
        yield f"The passkey does not belong to {record.site}."
    if len(data) < 37 or not data[32] & _PRESENT or not data[32] & _VERIFIED:
        yield "The passkey did not verify who held it."
    signed = data + hashlib.sha256(record.client_data).digest()
    if not _is_signed(record, signed):
        yield "The signature does not fit the public key."


def _is_signed(record: _Record, content: bytes) -> bool:
    try:
        key = load_der_public_key(record.public_key)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(record.signature, content, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(record.signature, content)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(record.signature, content, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
