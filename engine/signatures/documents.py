"""A signature as a file that anybody can check without us: it needs no database and no network.

It holds the statement that was signed and, of a passkey, what it said and its public key. Nothing
stands in it twice but the hashes, which anybody can work out again; so nothing in it can be changed
unnoticed. What it says in words is in the statement.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from engine import base64url
from engine.errors import InvalidDocument
from engine.store.tables import Signature

FORMAT = "steadyhand-signature-1"
PASSKEY = "passkey"
METHODS = ("password", "totp", PASSKEY)
# Base64url without padding (RFC 4648 §5), but for the site, which is the name of a host.
PARTS = ("site", "client_data", "authenticator_data", "signature", "public_key")
_HASH = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True)
class Document:
    """What the file holds, beside its format; the hashes are SHA-256 in hexadecimal."""

    method: str
    statement: str
    statement_sha256: str
    assertion: Mapping[str, str] | None  # of a passkey
    public_key_sha256: str | None


def of(signature: Signature) -> dict[str, Any]:
    """The file of a signature, as JSON takes it."""
    kept = signature.assertion
    assertion = {name: kept[name] for name in PARTS} if kept else None
    document = Document(
        method=signature.method,
        statement=signature.statement,
        statement_sha256=sha256(signature.statement.encode()),
        assertion=assertion,
        public_key_sha256=sha256(base64url.decode(assertion["public_key"])) if assertion else None,
    )
    return {"format": FORMAT, **asdict(document)}


def read(content: bytes) -> Document:
    """A file that somebody brings; ``InvalidDocument`` unless it has the form of a signature."""
    try:
        found = json.loads(content, object_pairs_hook=_once)
        # Half a character (a lone surrogate) fits into JSON, and has no hash.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidDocument("This is not JSON, so it is no signature.") from error
    if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
        raise InvalidDocument(f"This is no signature of Steadyhand: its format is not {FORMAT}.")
    if set(found) != set(Document.__dataclass_fields__):
        raise InvalidDocument("Something is missing in this signature, or does not belong there.")
    document = Document(**found)
    _require_texts(document)
    _require_assertion(document)
    return document


def key_hash(content: bytes) -> str:
    """The SHA-256 of a public key in a file: PEM, DER, or the hash itself, as the history has it.

    ``InvalidDocument`` for anything else.
    """
    text = content.strip()
    if _HASH.fullmatch(text):
        return text.decode()
    try:
        is_pem = text.startswith(b"-----")
        key = load_pem_public_key(text) if is_pem else load_der_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidDocument(
            "This is no public key: bring one as PEM or DER, or its SHA-256 in hexadecimal."
        ) from error
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Whoever reads a name twice may read another value than we do."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidDocument("A name stands twice in this file.")
    return found


def _require_texts(document: Document) -> None:
    texts = (document.statement, document.statement_sha256, document.public_key_sha256 or "")
    if not all(isinstance(text, str) for text in texts):
        raise InvalidDocument("Something in this signature is no text.")
    if document.method not in METHODS:
        raise InvalidDocument("Nobody signs like that: the method is not known.")


def _require_assertion(document: Document) -> None:
    of_passkey = (document.assertion, document.public_key_sha256)
    has_both, has_none = None not in of_passkey, of_passkey == (None, None)
    if not (has_both if document.method == PASSKEY else has_none):
        raise InvalidDocument("What a passkey said goes with its method and the hash of its key.")
    if document.assertion is not None:
        _require_parts(document.assertion)


def _require_parts(assertion: object) -> None:
    if not isinstance(assertion, dict) or set(assertion) != set(PARTS):
        raise InvalidDocument("Something is missing in “assertion”, or does not belong there.")
    for name, text in assertion.items():
        if not isinstance(text, str) or not (name == "site" or _is_base64url(text)):
            raise InvalidDocument(f"“{name}” is not written as a signature has it.")


def _is_base64url(text: str) -> bool:
    try:
        base64url.decode(text)
    except ValueError:
        return False
    return True
