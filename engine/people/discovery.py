"""What an OpenID Connect provider says of itself: its addresses and its keys.

OpenID Connect Discovery 1.0 §4, remembered for an hour. A provider that does not answer costs its
sign-ins and nothing else.
"""

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from authlib.oidc.discovery import get_well_known_url  # type: ignore[import-untyped] # has no types
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from engine import clock, outbound
from engine.outbound import NotReached, Reach
from engine.settings import OpenId

LONGEST_ISSUER = 255  # characters
_SECONDS = 5.0  # for one answer
_KNOWN_FOR = timedelta(hours=1)
_SILENT_FOR = timedelta(seconds=10)  # nobody else waits for one that has just not answered
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_KINDS: Mapping[str, type[RSAKey | ECKey]] = {"RSA": RSAKey, "EC": ECKey}  # by ``kty``

logger = logging.getLogger("steadyhand.openid")


class ProviderSilent(Exception):
    """The provider does not answer, or not as one; the log says what."""


@dataclass(frozen=True)
class Metadata:
    """§3, as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    scopes: frozenset[str]
    client_methods: frozenset[str]  # by which the token endpoint knows its clients


@dataclass(frozen=True)
class Reply:
    """What the provider answered; ``said`` is empty if that was no JSON object."""

    status: int
    said: Mapping[str, Any]


@dataclass
class _Remembered:
    """What it said, or that it said nothing, and until when nobody asks again."""

    until: datetime
    metadata: Metadata | None = None
    keys: KeySet | None = None


class Source:
    """The provider as it can be asked."""

    def __init__(self, settings: OpenId, reach: Reach) -> None:
        self._settings = settings
        self._reach = outbound.as_set_by_operator(settings.issuer, reach)
        self._remembered = _Remembered(until=clock.now())
        self._asking = threading.Lock()

    def metadata(self) -> Metadata:
        """Asked by one thread for all; ``ProviderSilent`` for ten seconds after it failed."""
        with self._asking:
            if clock.now() >= self._remembered.until:
                # Before it is asked, so that it counts if that fails.
                self._remembered = _Remembered(clock.now() + _SILENT_FOR)
                found = self._discovered()
                self._remembered = _Remembered(clock.now() + _KNOWN_FOR, found)
        found_before = self._remembered.metadata
        if found_before is None:
            raise ProviderSilent(f"{self._settings.name} does not answer.")
        return found_before

    def keys(self, *, anew: bool = False) -> KeySet:
        """The keys with which it signs."""
        remembered = self._remembered
        if remembered.keys is None or anew:
            reply = self.ask("GET", self.metadata().jwks_uri)
            if reply.status != 200:
                raise self.silent(f"its keys are not to be had: {reply.status}")
            remembered.keys = _signing(reply.said)
        return remembered.keys

    def ask(self, method: str, url: str, **sent: Any) -> Reply:
        """One request to the provider; ``ProviderSilent`` if nothing comes back in five seconds."""
        try:
            answer = outbound.send(method, url, within=self._reach, seconds=_SECONDS, **sent)
        except NotReached as error:
            raise self.silent(str(error)) from error
        return Reply(answer.status, _object(answer.body))

    def silent(self, problem: str) -> ProviderSilent:
        """The error for something that the provider should have answered; logged here."""
        logger.warning("%s cannot let anybody in: %s", self._settings.name, problem)
        return ProviderSilent(f"{self._settings.name} does not answer.")

    def _discovered(self) -> Metadata:
        issuer = self._settings.issuer
        reply = self.ask("GET", str(get_well_known_url(issuer, external=True)))
        found = _metadata(reply.said) if reply.status == 200 else None
        if found is None:
            raise self.silent(f"{issuer} answers {reply.status}, and not as a provider does")
        if found.issuer.rstrip("/") != issuer.rstrip("/") or len(found.issuer) > LONGEST_ISSUER:
            raise self.silent(f"{issuer} says that it is another: {found.issuer:.100}")
        return found


def _metadata(said: Mapping[str, Any]) -> Metadata | None:
    """``None`` without what is needed."""
    issuer, userinfo = said.get("issuer"), said.get("userinfo_endpoint")
    if not isinstance(issuer, str) or not all(_is_address(said.get(name)) for name in _NEEDED):
        return None
    return Metadata(
        issuer=issuer,
        userinfo_endpoint=userinfo if _is_address(userinfo) else None,
        scopes=_texts(said.get("scopes_supported")),
        client_methods=_texts(said.get("token_endpoint_auth_methods_supported")),
        **{name: said[name] for name in _NEEDED},
    )


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and urlsplit(value).scheme in ("https", "http")
    except ValueError:
        return False


def _texts(value: Any) -> frozenset[str]:
    each = value if isinstance(value, list) else []
    return frozenset(text for text in each if isinstance(text, str))


def _signing(said: Mapping[str, Any]) -> KeySet:
    """Those keys that can sign; a set may hold kinds that nobody knows yet."""
    keys = said.get("keys")
    return KeySet(list(_known(keys if isinstance(keys, list) else [])))


def _known(keys: list[Any]) -> Iterator[RSAKey | ECKey]:
    for key in keys:
        kind = _KINDS.get(str(key.get("kty"))) if isinstance(key, dict) else None
        if kind is not None and key.get("use") != "enc":
            with suppress(JoseError, ValueError, TypeError, KeyError):
                yield kind.import_key(key)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
