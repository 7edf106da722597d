"""What a scenario expects, compared with where its incident stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy.orm import Session

from engine import history, incidents
from engine.bpmn.diagram import Kind
from engine.history import Event
from engine.library.scenarios.reading import FACTS
from engine.library.scenarios.scenario import Expectation
from engine.library.scenarios.stage import DIRECTOR, Unexpected
from engine.store.tables import AuditEntry, Incident, Task

_FINISHED = (Event.ELEMENT_COMPLETED, Event.TASK_COMPLETED, Event.TIMER_FIRED)
_MOST_ENTRIES = 100_000


@dataclass(frozen=True)
class Seen:
    """Where an incident stands, and how it came there."""

    facts: Mapping[str, Any]
    data: Mapping[str, Any]  # the variables of its process, as they were set last
    tasks: list[Task]
    finished: list[AuditEntry]  # an entry for each element, in order
    is_ended: bool


def look(session: Session, incident_id: str) -> Seen:
    incident = session.get_one(Incident, incident_id)
    entries = history.of(session, incident_id, limit=_MOST_ENTRIES)
    finished = [entry for entry in entries if entry.event in _FINISHED]
    return Seen(
        facts={name: getattr(incident, name) for name in FACTS},
        data=_data(finished),
        tasks=incidents.next_steps(session, incident, DIRECTOR),
        finished=finished,
        is_ended=any(entry.event == Event.PROCESS_COMPLETED for entry in entries),
    )


def compare(expected: Expectation, seen: Seen) -> None:
    """``Unexpected`` with a sentence for each thing that is not as expected."""
    problems = [
        *_open(expected, seen),
        *_due(expected, seen),
        *_values(expected.incident, seen.facts, "The incident's"),
        *_values(expected.data, seen.data, "The variable"),
        *_path(expected, seen),
        *_ended(expected, seen),
    ]
    if problems:
        raise Unexpected(" ".join(problems))


def find_task(name: str, waiting: Iterable[Task]) -> Task | None:
    """The task of that name or element that is due first."""
    return next((task for task in waiting if name in (task.name, task.element_id)), None)


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names) or "nothing"


def _data(finished: Iterable[AuditEntry]) -> dict[str, Any]:
    """What operations change are facts of the incident; all other changes are variables."""
    data: dict[str, Any] = {}
    for entry in finished:
        if entry.detail.get("kind") != Kind.SERVICE_TASK:
            data |= {name: new for name, (_, new) in entry.changes.items()}
    return data


def _open(expected: Expectation, seen: Seen) -> Iterator[str]:
    if expected.open is None:
        return
    left = list(seen.tasks)
    for name in expected.open:
        task = find_task(name, left)
        if task is None:
            yield f"“{name}” should be open; open is {_names(seen.tasks)}."
        else:
            left.remove(task)
    if left:
        yield f"{_names(left)} should not be open."


def _due(expected: Expectation, seen: Seen) -> Iterator[str]:
    for name, due_at in expected.due.items():
        task = find_task(name, seen.tasks)
        if task is None:
            yield f"“{name}” should be due; open is {_names(seen.tasks)}."
        elif task.due_at != due_at:
            is_due = _shown(task.due_at, due_at.tzinfo)
            yield f"“{name}” should be due at {due_at.isoformat()}; it is due {is_due}."


def _shown(due_at: datetime | None, zone: tzinfo | None) -> str:
    return "at no time" if due_at is None else f"at {due_at.astimezone(zone).isoformat()}"


def _values(expected: Mapping[str, Any], found: Mapping[str, Any], what: str) -> Iterator[str]:
    for name, value in expected.items():
        if found.get(name) != value:
            yield f"{what} {name} should be {_said(value)}; it is {_said(found.get(name))}."


def _said(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)


def _path(expected: Expectation, seen: Seen) -> Iterator[str]:
    ahead = iter(seen.finished)
    for name in expected.path:
        if not any(name in (entry.element_name, entry.element_id) for entry in ahead):
            went = listed(entry.element_name or "" for entry in seen.finished)
            yield f"The path should come to “{name}” then; it went {went}."
            return


def _ended(expected: Expectation, seen: Seen) -> Iterator[str]:
    if expected.ended is None:
        return
    if not seen.is_ended:
        yield f"It should have ended at “{expected.ended}”; open is {_names(seen.tasks)}."
        return
    ends = (entry for entry in reversed(seen.finished) if entry.detail.get("kind") == Kind.END)
    end = next(ends, None)
    if end is None or expected.ended not in (end.element_name, end.element_id):
        where = f"“{end.element_name}”" if end else "no end event"
        yield f"It should have ended at “{expected.ended}”; it ended at {where}."


def _names(waiting: Iterable[Task]) -> str:
    return listed(task.name for task in waiting)
