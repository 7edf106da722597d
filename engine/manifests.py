"""The tables of a manifest, ``bundle.toml``: that they are tables, and say only what is known."""

from collections.abc import Mapping, Set
from typing import Any

from engine.errors import InvalidDocument

Table = Mapping[str, Any]


def tables(table: Table, key: str, remedy: str) -> list[Table]:
    """The tables under a key, as ``[[key]]`` writes them; ``remedy`` says how for anything else."""
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InvalidDocument(remedy)
    return found


def require_known(where: str, table: Table, known: Set[str]) -> None:
    """``InvalidDocument`` names a key that nobody reads: it can only be misspelt."""
    if unknown := sorted(table.keys() - known):
        raise InvalidDocument(
            f"{where}: “{unknown[0]}” means nothing here. Known are {', '.join(sorted(known))}."
        )
