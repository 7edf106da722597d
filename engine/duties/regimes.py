"""A regime: a law or a contract that obliges to report, and by when each stage of it is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class Unit(StrEnum):
    HOURS = "hours"  # as they pass
    DAYS = "days"  # whole ones after the day of the event, days off included
    WORKING_DAYS = "working days"  # the same, days off excluded
    MONTHS = "months"  # up to the date of the event, or the last day of a shorter month


class DayOff(StrEnum):
    """Where a time limit goes that falls on a day that is none of the working days."""

    STAYS = "stays"
    END_OF_NEXT = "end of the next working day"
    NOON_OF_NEXT = "noon of the next working day"


class Evidence(StrEnum):
    """What the rules of a regime were read in."""

    OFFICIAL = "official text"
    SECONDARY = "secondary source"
    UNCHECKED = "unchecked"  # nothing was at hand to read: ask counsel first


class Start(StrEnum):
    """What a period may run from, in the words that the file has before the name."""

    FACT = ""
    FIRST_SUBMISSION = "submission of "
    LATEST_SUBMISSION = "latest submission of "


@dataclass(frozen=True)
class Period:
    count: int
    unit: Unit

    def __str__(self) -> str:
        unit = self.unit.value
        return f"{self.count} {unit.removesuffix('s') if self.count == 1 else unit}"


@dataclass(frozen=True)
class Anchor:
    start: Start
    name: str  # of a fact, or of the stage that was submitted


@dataclass(frozen=True)
class Cap:
    """An outer limit of a stage; one that has passed before the stage starts does not bind."""

    anchor: Anchor
    period: Period
    source: str
    only_for: frozenset[str]  # kinds of reporter; empty for all


@dataclass(frozen=True)
class Stage:
    """One report of a regime; without a ``period`` the law says how soon in ``promptness``."""

    id: str
    title: str
    source: str
    anchors: tuple[Anchor, ...]  # the latest of those that are known starts it
    after: Anchor | None  # what must have happened as well
    period: Period | None
    promptness: str
    cap: Cap | None
    day_off: DayOff
    day_off_only_for: frozenset[str]  # kinds of reporter that the rule helps; empty for all
    day_ends: time | None  # when the authority closes, where a day does not end at 24:00
    only_for: frozenset[str]  # kinds of reporter; empty for all
    replaces: str  # a stage that need not be submitted where this one was
    applies_to: str
    contents: str  # what the report says


@dataclass(frozen=True)
class Regime:
    id: str
    title: str
    jurisdiction: str
    source: str
    url: str  # "" where none was checked
    checked_on: date
    checked_by: str
    evidence: Evidence
    valid_from: date | None  # unknown, but in force when it was checked
    valid_until: date | None  # the last day
    applies_to: str
    recipient: str
    calendar: str  # of the bundle: the zone and the working days by which days are counted
    reporters: tuple[str, ...]  # the kinds of reporter between which its rules tell
    if_late: str
    note: str
    facts: Mapping[str, str]  # name -> what has happened, in a sentence without its full stop
    stages: tuple[Stage, ...]

    def stage(self, stage_id: str) -> Stage:
        return next(stage for stage in self.stages if stage.id == stage_id)

    def is_valid_on(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_until or day)

    def caveats(self, day: date) -> list[str]:
        """What to know before one relies on it for something that happened on that day."""
        said = [f"Checked on {self.checked_on} ({self.evidence}) by {self.checked_by}."]
        if not self.is_valid_on(day):
            begin = f" from {self.valid_from}" if self.valid_from else ""
            end = f" until {self.valid_until}" if self.valid_until else ""
            said.append(f"It is valid{begin}{end}, so not on {day}.")
        return said
