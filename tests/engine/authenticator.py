"""An authenticator in memory: makes passkeys and signs with them, as a browser would hand it on."""

import hashlib
import json
import secrets

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from engine import base64url
from engine.people.ceremonies import Site

PRESENT, VERIFIED, NEW_KEY = 0x01, 0x04, 0x40
SITE = Site("steadyhand.test", "https://steadyhand.test")


class Device:
    """Holds one passkey; its counter, what it says of its site and of its user can be set."""

    def __init__(self, site=SITE):
        self.id = secrets.token_bytes(16)
        self.site = site
        self.counter = 1
        self.flags = PRESENT | VERIFIED
        self.holder = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options):
        """Answer ``navigator.credentials.create``."""
        self.holder = base64url.decode(options["user"]["id"])
        key = len(self.id).to_bytes(2, "big") + self.id + self._public_key()
        data = self._data(self.flags | NEW_KEY) + bytes(16) + key
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options)
        return self._answer(clientDataJSON=client_data, attestationObject=made)

    def sign(self, options):
        """Answer ``navigator.credentials.get``; each time its counter goes on."""
        self.counter += 1
        data = self._data(self.flags)
        client_data = self._client_data("webauthn.get", options)
        signed = data + hashlib.sha256(client_data).digest()
        return self._answer(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=self._key.sign(signed, ec.ECDSA(hashes.SHA256())),
            userHandle=self.holder,
        )

    def _data(self, flags):
        site = hashlib.sha256(self.site.name.encode()).digest()
        return site + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client_data(self, kind, options):
        said = {"type": kind, "challenge": options["challenge"], "origin": self.site.origin}
        return json.dumps(said).encode()

    def _public_key(self):
        """As COSE writes it: an elliptic key for ES256 on P-256."""
        numbers = self._key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _answer(self, **parts):
        named = base64url.encode(self.id)
        encoded = {name: base64url.encode(part) for name, part in parts.items()}
        return {"id": named, "rawId": named, "type": "public-key", "response": encoded}
