"""Legal duties: who must be told by when, as regimes say, and why it is then.

From the bottom up:

    regimes        what a regime says: its stages, periods, caps and rules for days off
    entries        the entries of a regime's file; stage_reading, reading: the file of a regime
    moments        days and moments at the recipient
    periods        where a period ends: hours, days, working days, months
    limits         caps, and limits that move past days off
    known          what is known so far: start facts, submissions, who reports
    fields         what a report asks for at which stage, and what is still missing
    deadlines      deadlines(): each stage, due when and why, or what it waits for
"""

from engine.duties import fields
from engine.duties.deadlines import Deadline, State, deadlines
from engine.duties.known import Known
from engine.duties.moments import shown, shown_end
from engine.duties.periods import Kind, Segment
from engine.duties.reading import read
from engine.duties.regimes import Evidence, Regime, Stage

__all__ = [
    "Deadline",
    "Evidence",
    "Kind",
    "Known",
    "Regime",
    "Segment",
    "Stage",
    "State",
    "deadlines",
    "fields",
    "read",
    "shown",
    "shown_end",
]
