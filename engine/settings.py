"""What an installation may set, read from the environment once."""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA = Path(".steadyhand")


@dataclass(frozen=True)
class Settings:
    database_url: str
    is_secure: bool = False  # served over https: cookies are marked Secure
    alert_url: str | None = None  # told by POST when a process or a job needs a person
    log_level: str = "INFO"


def from_environment(data: Path | None = None) -> Settings:
    """``DATABASE_URL`` wins; without it, a SQLite file in ``data`` (or ``STEADYHAND_DATA``)."""
    directory = data or Path(os.environ.get("STEADYHAND_DATA", DEFAULT_DATA))
    default = f"sqlite:///{directory.resolve() / 'steadyhand.db'}"
    return Settings(
        database_url=os.environ.get("DATABASE_URL", default),
        is_secure=os.environ.get("STEADYHAND_HTTPS", "") == "1",
        alert_url=os.environ.get("STEADYHAND_ALERT_URL") or None,
        log_level=os.environ.get("STEADYHAND_LOG_LEVEL", "INFO"),
    )
