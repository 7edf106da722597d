"""Segregation of duties: what one person may not do together, as bundle.toml says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import manifests
from engine.errors import InvalidDocument

_KNOWN = {"title", "tasks", "not_by_reporter"}


@dataclass(frozen=True)
class Separation:
    """Nobody completes two of these tasks of one incident; nobody one of them twice."""

    title: str
    tasks: frozenset[str]  # ids of elements
    not_by_reporter: bool  # whoever reported the incident does none of them

    def beside(self, element_id: str) -> frozenset[str]:
        """What somebody must not have done who is to do this."""
        others = self.tasks - {element_id}
        return others or self.tasks


def read(manifest: Mapping[str, Any]) -> tuple[Separation, ...]:
    """The ``[[separation]]`` tables of a manifest; ``InvalidDocument`` says what is wrong."""
    remedy = "Write each separation as [[separation]] with title and tasks."
    return tuple(map(_read, manifests.tables(manifest, "separation", remedy)))


def _read(table: Mapping[str, Any]) -> Separation:
    title, tasks = table.get("title"), table.get("tasks")
    manifests.require_known("Separation", table, _KNOWN)
    if not isinstance(title, str) or not title.strip():
        raise InvalidDocument("Give each separation a title, which people will read.")
    if not isinstance(tasks, list) or not tasks or not all(isinstance(t, str) for t in tasks):
        raise InvalidDocument(f"Separation “{title}”: list the ids of its tasks.")
    reporter = table.get("not_by_reporter", False)
    if not isinstance(reporter, bool):
        raise InvalidDocument(f"Separation “{title}”: not_by_reporter is true or false.")
    return Separation(title.strip().rstrip("."), frozenset(tasks), reporter)
