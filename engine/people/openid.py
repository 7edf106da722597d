"""The client of an OpenID Connect provider: authorization code flow with PKCE (RFC 7636).

OpenID Connect Core 1.0 §3.1. Authlib knows the protocol, joserfc the signatures; requests go
through ``outbound``. Nothing is kept on our side between the two halves of a sign-in: the browser
holds a random text, and state, nonce and verifier are hashes of it. Who has not begun a sign-in in
this browser cannot end it there.
"""

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped] # Authlib ships no types
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]
    create_s256_code_challenge,
)
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from sqlalchemy.orm import Session

from engine import base64url, clock
from engine.errors import NotAllowed, NotGenuine
from engine.outbound import Reach
from engine.people import challenges
from engine.people.challenges import Purpose
from engine.people.discovery import Metadata, Source
from engine.people.external import Identity
from engine.people.providers import Provider

ALGORITHMS = ("RS256", "PS256", "ES256")  # never “none”, never one with a shared secret
LIFETIME = timedelta(minutes=10)  # between the two halves
_LEEWAY = 60  # seconds between the provider's clock and ours
_LONGEST_SUBJECT = 255  # characters

logger = logging.getLogger("steadyhand.openid")


@dataclass(frozen=True)
class Attempt:
    """One sign-in that somebody has begun; what their browser keeps of it is ``sealed``."""

    began_at: int  # seconds since 1970
    random: str = field(repr=False)
    next_path: str = ""  # where they go from there
    person_id: str = ""  # who links an identity to their account

    @property
    def sealed(self) -> str:
        return base64url.encode(json.dumps(asdict(self)).encode())

    @property
    def state(self) -> str:
        return self._derived("state")

    @property
    def nonce(self) -> str:
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        return self._derived("verifier")

    def _derived(self, purpose: str) -> str:
        """43 characters, from which nobody learns the random text or another hash."""
        # Over the whole, so that neither moment, path nor person can be changed on the way.
        made = hmac.digest(
            self.random.encode(), f"{purpose} {self.sealed}".encode(), hashlib.sha256
        )
        return base64url.encode(made)


def attempt(next_path: str = "", person_id: str = "") -> Attempt:
    return Attempt(_now(), secrets.token_urlsafe(32), next_path, person_id)


def unsealed(text: str) -> Attempt:
    """The attempt that a browser brings back; ``NotGenuine`` if it is none, or too old."""
    try:
        found = Attempt(**json.loads(base64url.decode(text)))
        _require_types(found)
    except (ValueError, TypeError) as error:
        raise NotGenuine(
            "This sign-in did not begin in this browser, or has ended already. Start again."
        ) from error
    if not 0 <= _now() - found.began_at < LIFETIME.total_seconds():
        raise NotGenuine("This sign-in took too long. Start again.")
    return found


def use_up(session: Session, begun: Attempt) -> None:
    """Take the answer to an attempt; ``NotGenuine`` the second time."""
    until = clock.now() + LIFETIME
    if not challenges.is_first_answer(session, Purpose.PROVIDER, begun.state.encode(), until):
        raise NotGenuine("This sign-in has been used already. Start again.")


class Client:
    """Signs people in by one provider."""

    def __init__(self, provider: Provider, reach: Reach) -> None:
        self.provider = provider
        self._source = Source(provider.settings, reach)

    def knows(self, issuer: str) -> bool:
        """Whether an identity is of this provider, and not of one that was here before."""
        return issuer.rstrip("/") == self.provider.settings.issuer.rstrip("/")

    def address(self, begun: Attempt, callback: str) -> str:
        """Where the browser goes to sign in; ``ProviderSilent`` if nobody would be there."""
        metadata = self._source.metadata()
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                client_id=self.provider.settings.client_id,
                response_type="code",
                redirect_uri=callback,
                scope=self._scope(metadata),
                state=begun.state,
                nonce=begun.nonce,
                code_challenge=create_s256_code_challenge(begun.verifier),
                code_challenge_method="S256",
            )
        )

    def identify(self, begun: Attempt, callback: str, answer: Mapping[str, str]) -> Identity:
        """Whom the provider means by ``answer``, the query with which the browser came back.

        ``NotGenuine`` if it is no answer to this attempt, ``NotAllowed`` if the provider lets them
        not in, ``ProviderSilent`` if it cannot be asked.
        """
        metadata = self._source.metadata()
        self._require_answer(begun, answer, metadata)
        tokens = self._tokens(begun, callback, answer["code"])
        claims = self._claims(begun, tokens)
        return self._identity({**self._more(claims, tokens), **claims})

    def _scope(self, metadata: Metadata) -> str:
        groups = self.provider.settings.groups_claim
        has_groups = self.provider.mapping.roles and groups in metadata.scopes
        return f"openid profile {groups}" if has_groups else "openid profile"

    def _require_answer(
        self, begun: Attempt, answer: Mapping[str, str], metadata: Metadata
    ) -> None:
        is_ours = hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode())
        # RFC 9207: an answer of another provider.
        if not is_ours or answer.get("iss", metadata.issuer) != metadata.issuer:
            raise NotGenuine("This does not belong to the sign-in that you began. Start again.")
        if "error" in answer:
            raise NotAllowed(f"{self.provider.name} did not let you in. Try again, or ask there.")
        if not answer.get("code"):
            raise NotGenuine("This is half an answer. Start again.")

    def _tokens(self, begun: Attempt, callback: str, code: str) -> Mapping[str, Any]:
        """Hand the code in: RFC 6749 §4.1.3."""
        metadata, settings = self._source.metadata(), self.provider.settings
        body = prepare_token_request(
            "authorization_code", redirect_uri=callback, code=code, code_verifier=begun.verifier
        )
        how = ClientAuth(
            settings.client_id,
            settings.client_secret,
            _client_method(metadata, settings.client_secret),
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url, headers, body = how.prepare("POST", metadata.token_endpoint, headers, body)
        reply = self._source.ask("POST", url, headers=headers, body=body.encode())
        problem = reply.said.get("error")
        if problem == "invalid_grant":
            raise NotGenuine("This sign-in has been used already, or took too long. Start again.")
        if reply.status != 200 or not isinstance(reply.said.get("id_token"), str):
            raise self._source.silent(f"its token endpoint answers {reply.status}, {problem!r:.80}")
        return reply.said

    def _claims(self, begun: Attempt, tokens: Mapping[str, Any]) -> dict[str, Any]:
        """What the ID token says, once it is proved genuine: §3.1.3.7."""
        settings = self.provider.settings
        expected = {
            "iss": {"essential": True, "value": self._source.metadata().issuer},
            "aud": {"essential": True, "value": settings.client_id},
        }
        known = {
            "nonce": begun.nonce,
            "client_id": settings.client_id,
            "access_token": tokens.get("access_token"),
        }
        try:
            token = self._verified(tokens["id_token"])
            claims = CodeIDToken(token.claims, token.header, expected, known)
            claims.validate(now=_now(), leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            logger.warning("%s: the ID token is refused: %s", self.provider.name, error)
            raise NotGenuine(
                f"What {self.provider.name} says of you cannot be trusted. Start again."
            ) from error
        return dict(claims)

    def _verified(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, self._source.keys(), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            # The provider has new keys.
            return jwt.decode(id_token, self._source.keys(anew=True), algorithms=ALGORITHMS)

    def _more(self, claims: Mapping[str, Any], tokens: Mapping[str, Any]) -> Mapping[str, Any]:
        """Claims that some providers tell only when they are asked: §5.3."""
        endpoint = self._source.metadata().userinfo_endpoint
        access_token = tokens.get("access_token")
        if not (self._wanted() - claims.keys()) or not endpoint or not access_token:
            return {}
        asked = {"Authorization": f"Bearer {access_token}"}
        reply = self._source.ask("GET", endpoint, headers=asked)
        if reply.status != 200:
            # Going on would take grants away from somebody whose groups nobody knows.
            raise self._source.silent(f"its userinfo endpoint answers {reply.status}")
        if reply.said.get("sub") != claims["sub"]:
            raise NotGenuine("What the provider says is of somebody else. Start again.")
        return reply.said

    def _wanted(self) -> set[str]:
        settings = self.provider.settings
        groups = {settings.groups_claim} if self.provider.mapping.roles else set()
        return groups | ({"name", "preferred_username"} if settings.adds_people else set())

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = claims["sub"]
        if _text(subject) != subject or not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise NotGenuine(f"{self.provider.name} does not say who you are. Start again.")
        groups = claims.get(self.provider.settings.groups_claim) or []
        return Identity(
            issuer=claims["iss"],
            subject=subject,
            name=_text(claims.get("name")),
            username=_text(claims.get("preferred_username")),
            groups=frozenset(map(str, groups if isinstance(groups, list) else [groups])),
        )


def _require_types(found: Attempt) -> None:
    texts = (found.random, found.next_path, found.person_id)
    if type(found.began_at) is not int or not all(isinstance(text, str) for text in texts):
        raise TypeError("This was not sealed by us.")


def _client_method(metadata: Metadata, secret: str) -> str:
    if not secret:
        return "none"
    # Where there is a choice: in the body a secret may hold any character.
    return (
        "client_secret_post"
        if "client_secret_post" in metadata.client_methods
        else "client_secret_basic"
    )


def _text(value: Any) -> str:
    """Without what no name holds, and a database does not take."""
    text = value if isinstance(value, str) else ""
    return "".join(c for c in text if c.isprintable()).strip()


def _now() -> int:
    return int(clock.now().timestamp())
