"""Where the built browser parts are. Without a build the pages work, with no diagrams."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIST = Path(__file__).parent / "static" / "dist"
_URL = "/static/dist/"
_ENTRY = "src/main.js"


@dataclass(frozen=True)
class Entry:
    """URL paths of what every page loads."""

    script: str | None = None
    styles: tuple[str, ...] = ()


def main_script() -> str | None:
    """The script of every page, for ``<script type="module" src=…>``; none without a build."""
    return _built().script


def main_styles() -> list[str]:
    """The style sheets of that script."""
    return list(_built().styles)


def read(dist: Path) -> Entry:
    """What Vite's manifest in this folder says of the entry."""
    try:
        manifest = json.loads((dist / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Entry()
    entry = manifest[_ENTRY]
    return Entry(
        script=_URL + entry["file"],
        styles=tuple(_URL + path for path in entry.get("css", [])),
    )


@cache
def _built() -> Entry:
    # Once a process: a new build has new file names, and comes with a new start of the server.
    return read(DIST)
