"""By when each stage of a regime is due, what it still waits for, and why.

Nothing is remembered: whoever corrects a fact asks again, with the fact as it is now.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from engine.clocks import Calendar
from engine.duties import limits, periods
from engine.duties.known import Known, checked
from engine.duties.moments import shown, shown_end
from engine.duties.periods import Segment, TimeLimit
from engine.duties.regimes import Anchor, Cap, DayOff, Period, Regime, Stage, Start


class State(StrEnum):
    WAITING = "waiting"  # something has not happened yet, or nobody has said so
    PROMPT = "prompt"  # it has begun, and the law names no period
    DUE = "due"
    SUBMITTED = "submitted"
    REPLACED = "replaced"  # another stage was submitted in its place


@dataclass(frozen=True)
class Deadline:
    """One stage; moments in UTC, and in ``why`` the sentences that say where they come from."""

    stage: Stage
    state: State
    why: tuple[str, ...]
    since: datetime | None = None
    limit: TimeLimit | None = None  # none while it waits, and where the law names no period
    submitted_at: datetime | None = None  # the first time

    @property
    def due_at(self) -> datetime | None:
        return self.limit.due_at if self.limit else None

    @property
    def safe_at(self) -> datetime | None:
        """Up to when it is in time by every reading of the law."""
        return self.limit.safe_at if self.limit else None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """From ``since`` to ``due_at``, without a gap."""
        return self.limit.segments if self.limit else ()

    @property
    def is_late(self) -> bool:
        """Whether it was submitted too late."""
        return bool(self.submitted_at and self.due_at and self.submitted_at > self.due_at)


@dataclass(frozen=True)
class _Case:
    regime: Regime
    calendar: Calendar
    known: Known

    def said(self, anchor: Anchor) -> str:
        if anchor.start is Start.FACT:
            return f"“{self.regime.facts[anchor.name]}”"
        return f"the {anchor.start.value}“{self.regime.stage(anchor.name).title}”"


def deadlines(regime: Regime, calendar: Calendar, known: Known) -> list[Deadline]:
    """The deadline of each stage that is for this reporter, in the order of the regime.

    Raises ``ValueError`` with a sentence for a fact, a stage or a kind of reporter that the regime
    does not have, and for a moment that cannot be counted from.
    """
    case = _Case(regime, calendar, checked(known, regime))
    stages = (stage for stage in regime.stages if case.known.is_for(stage.only_for))
    return [_with_submission(_deadline(case, stage), case.known, regime) for stage in stages]


def _deadline(case: _Case, stage: Stage) -> Deadline:
    """The deadline as it is while this stage is not submitted."""
    begun = _begun(case, stage)
    if begun is None:
        return Deadline(stage, State.WAITING, tuple(_waiting(case, stage)))
    since, anchor = begun
    why = f"It runs from {case.said(anchor)}: {shown(since, case.calendar.zone)}."
    if stage.period is None:
        return Deadline(stage, State.PROMPT, (why, _prompt(stage)), since)
    limit = _limit(case, stage, stage.period, since)
    return Deadline(stage, State.DUE, (why, *limit.why), since, limit)


def _begun(case: _Case, stage: Stage) -> tuple[datetime, Anchor] | None:
    if stage.after and case.known.find(stage.after) is None:
        return None
    found = [(case.known.find(anchor), anchor) for anchor in stage.anchors]
    begun = [(moment, anchor) for moment, anchor in found if moment is not None]
    return max(begun, key=lambda each: each[0], default=None)


def _limit(case: _Case, stage: Stage, period: Period, since: datetime) -> TimeLimit:
    limit = periods.count(period, since, case.calendar, stage.day_ends)
    if stage.cap and case.known.is_for(stage.cap.only_for):
        limit = _capped(case, limit, stage.cap, since)
    if stage.day_off is DayOff.STAYS or case.known.helps(stage.day_off_only_for):
        return limits.moved(limit, stage, case.calendar)
    return limits.unhelped(limit, stage, case.calendar)


def _capped(case: _Case, limit: TimeLimit, cap: Cap, since: datetime) -> TimeLimit:
    cap_at = _cap_at(case, cap)
    return limits.capped(limit, since, cap_at, _said(case, cap, cap_at)) if cap_at else limit


def _cap_at(case: _Case, cap: Cap) -> datetime | None:
    start = case.known.find(cap.anchor)
    return periods.count(cap.period, start, case.calendar, None).due_at if start else None


def _said(case: _Case, cap: Cap, cap_at: datetime) -> str:
    shown = shown_end(cap_at, case.calendar.zone)
    return f"The cap, {cap.period} from {case.said(cap.anchor)} ({cap.source}), is {shown}"


def _waiting(case: _Case, stage: Stage) -> Iterator[str]:
    if not any(case.known.find(anchor) for anchor in stage.anchors):
        yield f"It waits for {' or '.join(case.said(anchor) for anchor in stage.anchors)}."
    if stage.after and case.known.find(stage.after) is None:
        yield f"It waits for {case.said(stage.after)}."
    if stage.period:
        yield f"Then it runs for {stage.period}."
    if stage.cap and case.known.is_for(stage.cap.only_for) and (at := _cap_at(case, stage.cap)):
        yield f"{_said(case, stage.cap, at)}, and counts if it has begun to run by then."


def _prompt(stage: Stage) -> str:
    return f"The law names no period: {stage.promptness}."


def _with_submission(deadline: Deadline, known: Known, regime: Regime) -> Deadline:
    stage = deadline.stage
    submitted_at = min(known.submissions.get(stage.id, ()), default=None)
    if submitted_at:
        return replace(deadline, state=State.SUBMITTED, submitted_at=submitted_at)
    instead = (other.id for other in regime.stages if other.replaces == stage.id)
    if any(known.submissions.get(each) for each in instead):
        return replace(deadline, state=State.REPLACED)
    return deadline
