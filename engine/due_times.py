"""Why a task is due when it is: from what was fixed as it opened, whatever has changed since."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles, clock, clocks
from engine.bpmn.allowances import of_data
from engine.bpmn.progress import DueTime
from engine.bundles import Deployed
from engine.clocks import Explanation
from engine.clocks.explanation import length
from engine.history import Event
from engine.store.tables import AuditEntry, Task


@dataclass(frozen=True)
class Reckoning:
    """How a due time came about."""

    due: DueTime
    drawn: str  # how long the process allows, as its owner wrote it
    without_calendar: datetime  # when it would be due if every hour counted
    working_time: Explanation | None  # ``None``: every hour does count

    @property
    def recounted_at(self) -> datetime | None:
        """When it would be due if it were counted now; ``None`` while that is the same."""
        counted = self.working_time
        return counted.due_at if counted and counted.due_at != self.due.due_at else None

    @property
    def sentence(self) -> str:
        """One line for people."""
        if self.working_time:
            return self.working_time.sentence
        begin, end = self.due.opened_at, self.due.due_at
        return (
            f"{length(end - begin)} run from {_shown(begin)} to {_shown(end)}; every hour counts."
        )


def explain(session: Session, task: Task) -> Reckoning | None:
    """How the due time of a task came about; ``None`` of a task without one.

    What was fixed stays, and so does the version of the process that it was fixed by, though the
    task may have moved to another one. Only holidays and time zones are those known today.
    """
    if task.due_at is None:
        return None
    opening = _opening(session, task)
    version = bundles.deployed(session, opening.definition_id or task.definition_id)
    node = version.definition.diagram.nodes[opening.element_id or task.element_id]
    kept = opening.detail.get("due")
    # Tasks opened without it while every hour of all of them counted.
    by_every_hour = DueTime(task.created_at, node.due_in or "PT0S", None, task.due_at)
    due = of_data(kept) if kept else by_every_hour
    return Reckoning(
        due=due,
        drawn=node.due_in or due.duration,
        without_calendar=clock.after(due.opened_at, due.duration),
        working_time=_working_time(due, version),
    )


def _opening(session: Session, task: Task) -> AuditEntry:
    entries = select(AuditEntry).where(
        AuditEntry.subject_id == task.incident_id,
        AuditEntry.event == Event.TASK_OPENED,
        AuditEntry.task_id == task.id,
    )
    return session.scalars(entries).one()


def _working_time(due: DueTime, version: Deployed) -> Explanation | None:
    if due.calendar is None:
        return None
    calendar = version.bundle.calendars[due.calendar]
    return clocks.explain(due.opened_at, clock.length(due.duration), calendar)


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a %Y-%m-%d %H:%M:%S} UTC"
