"""The OpenID Connect provider of an installation, and what its groups may do here."""

from dataclasses import dataclass, field

from engine.people.grants import GroupMapping, parse_mapping
from engine.settings import OpenId


@dataclass(frozen=True)
class Provider:
    settings: OpenId
    mapping: GroupMapping = field(default_factory=GroupMapping)

    @property
    def name(self) -> str:
        return self.settings.name


def provider(settings: OpenId) -> Provider:
    """The provider by its settings; ``ValueError`` with what to correct in them."""
    if not settings.client_id:
        raise ValueError("STEADYHAND_OIDC_CLIENT_ID is missing; the provider gives it out.")
    try:
        return Provider(settings, parse_mapping(settings.groups))
    except ValueError as error:
        raise ValueError(f"STEADYHAND_OIDC_GROUPS: {error}") from error
