"""What an installation may set, read from the environment once."""

import os
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_DATA = Path(".steadyhand")


@dataclass(frozen=True)
class OpenId:
    """How people sign in by another system, an OpenID Connect provider."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = "your organisation"  # as the button says it
    adds_people: bool = False  # whom the provider knows and we do not
    groups: str = ""  # JSON: value of the claim -> role or role:group; or the path of such a file
    groups_claim: str = "groups"


@dataclass(frozen=True)
class Settings:
    database_url: str
    is_secure: bool = False  # served over https: cookies are marked Secure
    alert_url: str | None = None  # told by POST when a process or a job needs a person
    log_level: str = "INFO"
    openid: OpenId | None = None
    longest_upload: int = 10  # MB of a file that is added to an incident
    clamd: str = ""  # host:port or socket of a virus scanner that looks at such files
    scim_groups: str = ""  # JSON: group of a directory -> role or role:group; or a file's path
    outbound_allow: str = ""  # hosts and networks that are no public addresses and may be asked


def from_environment(data: Path | None = None) -> Settings:
    """``DATABASE_URL`` wins; without it, a SQLite file in ``data`` (or ``STEADYHAND_DATA``)."""
    directory = data or Path(os.environ.get("STEADYHAND_DATA", DEFAULT_DATA))
    default = f"sqlite:///{directory.resolve() / 'steadyhand.db'}"
    return Settings(
        database_url=os.environ.get("DATABASE_URL", default),
        is_secure=os.environ.get("STEADYHAND_HTTPS", "") == "1",
        alert_url=os.environ.get("STEADYHAND_ALERT_URL") or None,
        log_level=os.environ.get("STEADYHAND_LOG_LEVEL", "INFO"),
        openid=_openid(),
        longest_upload=int(os.environ.get("STEADYHAND_MAX_UPLOAD") or Settings.longest_upload),
        clamd=os.environ.get("STEADYHAND_CLAMD", ""),
        scim_groups=os.environ.get("STEADYHAND_SCIM_GROUPS", ""),
        outbound_allow=os.environ.get("STEADYHAND_OUTBOUND_ALLOW", ""),
    )


def _openid() -> OpenId | None:
    issuer = os.environ.get("STEADYHAND_OIDC_ISSUER", "")
    if not issuer:
        return None
    return OpenId(
        issuer=issuer,
        client_id=os.environ.get("STEADYHAND_OIDC_CLIENT_ID", ""),
        client_secret=os.environ.get("STEADYHAND_OIDC_CLIENT_SECRET", ""),
        name=os.environ.get("STEADYHAND_OIDC_NAME") or OpenId.name,
        adds_people=os.environ.get("STEADYHAND_OIDC_ADDS_PEOPLE", "") == "1",
        groups=os.environ.get("STEADYHAND_OIDC_GROUPS", ""),
        groups_claim=os.environ.get("STEADYHAND_OIDC_GROUPS_CLAIM") or OpenId.groups_claim,
    )
