"""What a diagram may do to its incident: the catalogue that service tasks call by name.

An operation is a pure function from the incident's facts and its parameters to the facts that
change; ``instances`` writes them down. It raises ``ValueError`` when it cannot be done, which stops
the instance as a process failure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine import clock
from engine.store.tables import Incident, IncidentStatus

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """``parameters`` maps a parameter's name to its label in the modeler."""

    title: str
    parameters: Mapping[str, str]
    apply: Callable[[Facts, Facts], Facts]


# The fields that diagrams may read as ``incident.…``.
READABLE = (
    "number",
    "title",
    "description",
    "service",
    "affected",
    "channel",
    "severity",
    "status",
    "category",
    "impact",
    "urgency",
    "priority",
    "is_major",
    "hold_reason",
    "resolution_code",
    "resolution_notes",
    "reopened_count",
)


def facts(incident: Incident) -> dict[str, Any]:
    """What diagrams and decisions may read of an incident."""
    return {name: getattr(incident, name) for name in READABLE}


LEVELS = ("high", "medium", "low")
PRIORITIES = ("P1", "P2", "P3", "P4")


def _classify(_: Facts, parameters: Facts) -> Facts:
    for name in ("impact", "urgency"):
        _require_one_of(name, parameters[name], LEVELS)
    _require_one_of("priority", parameters["priority"], PRIORITIES)
    return {
        "status": IncidentStatus.IN_PROGRESS,
        "category": _text(parameters["category"], 64),
        "impact": parameters["impact"],
        "urgency": parameters["urgency"],
        "priority": parameters["priority"],
    }


def _declare_major(_: Facts, __: Facts) -> Facts:
    return {"is_major": True}


def _hold(_: Facts, parameters: Facts) -> Facts:
    reason = _text(parameters["reason"], 120)
    if not reason:
        raise ValueError("An incident goes on hold with a reason.")
    return {"status": IncidentStatus.ON_HOLD, "hold_reason": reason}


def _resume(_: Facts, __: Facts) -> Facts:
    return {"status": IncidentStatus.IN_PROGRESS, "hold_reason": None}


def _resolve(_: Facts, parameters: Facts) -> Facts:
    return {
        "status": IncidentStatus.RESOLVED,
        "resolution_code": _text(parameters["resolution_code"], 32),
        "resolution_notes": _text(parameters["resolution_notes"]),
        "resolved_at": clock.now(),
    }


def _reopen(facts: Facts, _: Facts) -> Facts:
    return {
        "status": IncidentStatus.IN_PROGRESS,
        "resolved_at": None,
        "reopened_count": facts["reopened_count"] + 1,
    }


def _close(facts: Facts, _: Facts) -> Facts:
    if facts["status"] != IncidentStatus.RESOLVED:
        raise ValueError("An incident is resolved before it is closed.")
    return {"status": IncidentStatus.CLOSED, "closed_at": clock.now()}


def _cancel(_: Facts, parameters: Facts) -> Facts:
    return {
        "status": IncidentStatus.CANCELLED,
        "resolution_notes": _text(parameters["reason"]),
        "closed_at": clock.now(),
    }


def _text(value: Any, longest: int = 20_000) -> str | None:
    text = None if value is None else str(value)
    if text and len(text) > longest:
        raise ValueError(f"“{text[:40]}…” is longer than {longest} characters.")
    return text


def _require_one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"The {name} is {value!r}, not one of {', '.join(allowed)}.")


CATALOGUE: Mapping[str, Operation] = {
    "incident.classify": Operation(
        "Record the classification",
        {
            "category": "Category",
            "impact": "Impact: high, medium, low",
            "urgency": "Urgency: high, medium, low",
            "priority": "Priority: P1 to P4",
        },
        _classify,
    ),
    "incident.declare_major": Operation(
        "Declare a major incident", {"reason": "Reason"}, _declare_major
    ),
    "incident.hold": Operation("Put on hold", {"reason": "Reason"}, _hold),
    "incident.resume": Operation("Resume after hold", {}, _resume),
    "incident.resolve": Operation(
        "Mark as resolved",
        {"resolution_code": "Resolution code", "resolution_notes": "Resolution notes"},
        _resolve,
    ),
    "incident.reopen": Operation("Reopen", {"reason": "Reason"}, _reopen),
    "incident.close": Operation("Close", {}, _close),
    "incident.cancel": Operation("Cancel: was no incident", {"reason": "Reason"}, _cancel),
}
