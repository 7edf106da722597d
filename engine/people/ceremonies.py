"""The two ceremonies of Web Authentication Level 3: what the browser is asked, what it answers.

The one module that knows the library ``webauthn``. A person is verified every time (user
verification), so that a passkey counts as two factors; nobody asks who made the authenticator.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import webauthn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.parse_client_data_json import parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from engine import base64url
from engine.errors import NotAllowed
from engine.store.tables import Authenticator, Person

REFUSED = "This passkey was not accepted. Try again, or use another way."

# What the library raises over what somebody else's programme has written.
_UNREADABLE = (WebAuthnException, ValueError, KeyError, TypeError)

Options = dict[str, Any]  # for the browser's parse…OptionsFromJSON
Response = Mapping[str, Any]  # from the browser's PublicKeyCredential.toJSON


@dataclass(frozen=True)
class Site:
    """Where the pages are: passkeys belong to its name, what they sign names its origin."""

    name: str  # of the host, without a port
    origin: str  # such as https://steadyhand.example.org


@dataclass(frozen=True)
class Asked:
    """What to hand to the browser, and the challenge in it."""

    options: Options
    challenge: bytes


@dataclass(frozen=True)
class Made:
    """A new passkey."""

    credential_id: str
    key: bytes  # COSE (RFC 9052), as it is kept
    public_key: bytes  # the same as ``public_key`` writes it
    counter: int


@dataclass(frozen=True)
class Assertion:
    """A signature by a passkey, with what it takes to verify it again."""

    counter: int
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


def ask_to_make(site: Site, person: Person, known: Iterable[Authenticator]) -> Asked:
    """Ask for a passkey that knows whose it is, on a device that has none of them yet."""
    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name="Steadyhand",
        user_id=person.id.encode(),
        user_name=person.username,
        user_display_name=person.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return Asked(options_to_json_dict(options), options.challenge)


def ask_to_sign(
    site: Site, challenge: bytes | None = None, known: Iterable[Authenticator] = ()
) -> Asked:
    """Ask one of these passkeys, or any that the browser has, to sign a challenge."""
    options = webauthn.generate_authentication_options(
        rp_id=site.name,
        challenge=challenge,
        allow_credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Asked(options_to_json_dict(options), options.challenge)


def made(response: Response, challenge: bytes, site: Site) -> Made:
    """Verify what a browser answers to ``ask_to_make``."""
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(response),
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            require_user_verification=True,
        )
        key = verified.credential_public_key
        readable = public_key(key)
    except _UNREADABLE as error:
        raise NotAllowed(REFUSED) from error
    return Made(base64url.encode(verified.credential_id), key, readable, verified.sign_count)


def signed(response: Response, challenge: bytes, site: Site, key: bytes) -> Assertion:
    """Verify what a browser answers to ``ask_to_sign``; the counter is for the caller to judge."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(response),
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise NotAllowed(REFUSED) from error
    return Assertion(
        verified.new_sign_count,
        _part(response, "clientDataJSON"),
        _part(response, "authenticatorData"),
        _part(response, "signature"),
    )


def challenge_in(response: Response) -> bytes:
    """The challenge that a response says it answers."""
    try:
        return parse_client_data_json(_part(response, "clientDataJSON")).challenge
    except _UNREADABLE as error:
        raise NotAllowed(REFUSED) from error


def holder_in(response: Response) -> str:
    """The person that a passkey says it belongs to (its user handle)."""
    return _part(response, "userHandle").decode(errors="replace")


def public_key(key: bytes) -> bytes:
    """A COSE key as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), which every tool reads."""
    decoded = decoded_public_key_to_cryptography(decode_credential_public_key(key))
    return decoded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _part(response: Response, name: str) -> bytes:
    """A part of the authenticator's response."""
    parts = response.get("response")
    text = parts.get(name) if isinstance(parts, Mapping) else None
    if not isinstance(text, str):
        raise NotAllowed(REFUSED)
    try:
        return base64url.decode(text)
    except ValueError as error:
        raise NotAllowed(REFUSED) from error


def _descriptors(passkeys: Iterable[Authenticator]) -> list[PublicKeyCredentialDescriptor]:
    ids = (passkey.credential_id or "" for passkey in passkeys)
    return [PublicKeyCredentialDescriptor(id=base64url.decode(text)) for text in ids]
