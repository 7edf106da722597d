"""What a regime does to a time limit once it is counted: caps it, or moves it past days off."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time

from engine.clocks import Calendar
from engine.duties.moments import DAY, at, day_shown, end_of, is_working, last_day_before, shown_end
from engine.duties.periods import Kind, Segment, TimeLimit, next_working_day
from engine.duties.regimes import DayOff, Stage

_NOON = time(12)


def capped(limit: TimeLimit, since: datetime, cap_at: datetime, said: str) -> TimeLimit:
    """The limit, cut at the cap, which ``said`` names.

    A cap that has passed before the stage starts does not bind: Delegated Regulation (EU) 2025/301
    art. 5(2) says so of an incident that is classified as major later than a day after awareness.
    """
    if cap_at < since:
        return _explained(limit, f"{said}: before it began to run, so it does not count.")
    if cap_at >= limit.due_at:
        return _explained(limit, f"{said}: no sooner.")
    segments = tuple(_cut(limit.segments, cap_at))
    limit = replace(limit, segments=segments, safe_at=min(limit.safe_at, cap_at))
    return _explained(limit, f"{said}: sooner, so it counts.")


def moved(limit: TimeLimit, stage: Stage, calendar: Calendar) -> TimeLimit:
    """The limit, moved to the next working day by the rule of its stage if it ends on a day off.

    Regulation 1182/71 art. 3(4) moves it to the end of that day, Delegated Regulation (EU)
    2025/301 art. 5(4) to its noon.
    """
    last = last_day_before(limit.due_at, calendar.zone)
    if is_working(last, calendar):
        return limit
    if stage.day_off is DayOff.STAYS:
        return _explained(limit, f"It stays on a day off: {_day_off(last, calendar)}.")
    following = next_working_day(last, calendar)
    end = _moved_end(stage, following, calendar)
    days_off = "; ".join(_days_off(last, following, calendar))
    reason = (
        f"It ends on a day off ({days_off}), so it moves to the {stage.day_off.value}: "
        f"{shown_end(end, calendar.zone)}."
    )
    segment = Segment(Kind.MOVED, limit.due_at, end, reason)
    return _explained(replace(limit, segments=(*limit.segments, segment)), reason)


def unhelped(limit: TimeLimit, stage: Stage, calendar: Calendar) -> TimeLimit:
    """The limit for a reporter whom the rule for days off does not help, or may not."""
    last = last_day_before(limit.due_at, calendar.zone)
    if is_working(last, calendar):
        return limit
    helped = " and ".join(f"“{kind}”" for kind in sorted(stage.day_off_only_for))
    day_off = _day_off(last, calendar)
    return _explained(
        limit, f"It stays on a day off ({day_off}): it moves only for a reporter of kind {helped}."
    )


def _explained(limit: TimeLimit, sentence: str) -> TimeLimit:
    return replace(limit, why=(*limit.why, sentence))


def _cut(segments: tuple[Segment, ...], cap_at: datetime) -> Iterator[Segment]:
    for segment in segments:
        if segment.start < cap_at or segment is segments[0]:
            yield replace(segment, end=min(segment.end, cap_at))


def _moved_end(stage: Stage, day: date, calendar: Calendar) -> datetime:
    if stage.day_off is DayOff.NOON_OF_NEXT:
        return at(day, _NOON, calendar.zone)
    return end_of(day, calendar.zone, stage.day_ends)


def _days_off(first: date, following: date, calendar: Calendar) -> Iterator[str]:
    for number in range((following - first) // DAY):
        yield _day_off(first + number * DAY, calendar)


def _day_off(day: date, calendar: Calendar) -> str:
    return f"{day_shown(day)}, {calendar.day(day).reason}"
