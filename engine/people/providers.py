"""The OpenID Connect provider of an installation, and what its groups may do here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.actors import CUSTOMERS, EVERYWHERE, Role
from engine.settings import OpenId

Granted = tuple[Role, str]  # a role and the group in which it counts
_IN_GROUPS = (Role.RESPONDER, Role.INCIDENT_MANAGER)
_OURS = [role for role in Role if role not in CUSTOMERS]
_NAME = "STEADYHAND_OIDC_GROUPS"


@dataclass(frozen=True)
class Provider:
    """``mapping`` says which grants somebody has who is in a group of the provider's."""

    settings: OpenId
    mapping: Mapping[str, frozenset[Granted]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def mapped(self) -> frozenset[Granted]:
        """Every grant about which the provider decides."""
        return frozenset().union(*self.mapping.values())

    def granted(self, groups: frozenset[str]) -> frozenset[Granted]:
        """What somebody may do here who is in these groups there."""
        return frozenset().union(*(self.mapping.get(group, frozenset()) for group in groups))


def provider(settings: OpenId) -> Provider:
    """The provider by its settings; ``ValueError`` with what to correct in them."""
    if not settings.client_id:
        raise ValueError("STEADYHAND_OIDC_CLIENT_ID is missing; the provider gives it out.")
    return Provider(settings, _mapping(settings.groups.strip()))


def _mapping(text: str) -> dict[str, frozenset[Granted]]:
    if not text:
        return {}
    try:
        found = json.loads(text if text.startswith("{") else Path(text).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{_NAME} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{_NAME} is no JSON object of groups and roles.")  # noqa: TRY004 -- of a setting
    return {group: _granted(roles) for group, roles in found.items()}


def _granted(roles: Any) -> frozenset[Granted]:
    """Of ``role`` or ``role:group``, or a list of such."""
    return frozenset(_grant(role) for role in (roles if isinstance(roles, list) else [roles]))


def _grant(text: Any) -> Granted:
    role, _, group = str(text).partition(":")
    if role not in _OURS:
        raise ValueError(f"{_NAME}: “{role}” is no role; choose one of: {', '.join(_OURS)}.")
    if group and Role(role) not in _IN_GROUPS:
        raise ValueError(f"{_NAME}: “{role}” is not bound to a group: leave the group out.")
    return Role(role), group or EVERYWHERE
