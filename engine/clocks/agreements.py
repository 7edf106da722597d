"""Read the ``[[service_clock]]`` tables of a bundle: what is measured, and by which decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine import manifests
from engine.errors import InvalidDocument

_KNOWN = {"kind", "title", "decision", "duration", "calendar", "pauses"}
_LONGEST = 120
_REMEDY = "Write each as [[service_clock]] with kind, title, decision, duration and calendar."


class ServiceKind(StrEnum):
    """What the target is about, and so when it is met."""

    RESPOND = "respond"  # somebody has begun to work on it
    RESOLVE = "resolve"  # the service is restored; open again, it goes on


@dataclass(frozen=True)
class Agreement:
    """A target that every incident of the bundle has; the decision says how long and in what."""

    kind: ServiceKind
    title: str
    decision: str
    duration: str  # its output with an ISO 8601 duration; without one there is no target yet
    calendar: str  # its output with the name of a calendar
    pauses: (
        frozenset[str] | None
    )  # reasons of a hold in which the clock stands still; ``None``: any

    def is_paused_for(self, reason: str) -> bool:
        return self.pauses is None or reason in self.pauses


def read(manifest: Mapping[str, Any]) -> tuple[Agreement, ...]:
    """The agreements of a manifest; ``InvalidDocument`` says what is wrong."""
    found = tuple(map(_agreement, manifests.tables(manifest, "service_clock", _REMEDY)))
    titles = [agreement.title for agreement in found]
    for title in titles:
        if titles.count(title) > 1:
            raise InvalidDocument(f"Two service clocks are called “{title}”. Rename one.")
    return found


def _agreement(table: Mapping[str, Any]) -> Agreement:
    title = _text("A service clock", table, "title")
    where = f"Service clock “{title}”"
    manifests.require_known(where, table, _KNOWN)
    return Agreement(
        kind=_kind(where, table.get("kind")),
        title=title,
        decision=_text(where, table, "decision"),
        duration=_text(where, table, "duration"),
        calendar=_text(where, table, "calendar"),
        pauses=_pauses(where, table.get("pauses", [])),
    )


def _text(where: str, table: Mapping[str, Any], key: str) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
        raise InvalidDocument(f"{where}: give a {key}, of at most {_LONGEST} characters.")
    return text.strip()


def _kind(where: str, kind: object) -> ServiceKind:
    if kind not in list(ServiceKind):
        known = " or ".join(ServiceKind)
        raise InvalidDocument(f"{where}: {kind!r} is no kind. Write {known}.")
    return ServiceKind(str(kind))


def _pauses(where: str, reasons: object) -> frozenset[str] | None:
    if reasons == "any":
        return None
    if not isinstance(reasons, list) or not all(isinstance(reason, str) for reason in reasons):
        raise InvalidDocument(f"{where}: list the reasons of a hold that pause it, or write “any”.")
    return frozenset(reasons)
