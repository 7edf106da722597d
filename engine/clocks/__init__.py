"""Working time: calendars of a bundle, moments that are due in them, and why they are.

From the bottom up:

    public_holidays   of a country or a part of it, by name
    calendars         which times of which days are open
    reading           the ``[[calendar]]`` tables of a bundle
    stretches         open and closed time, one stretch behind the other
    working_time      due(), elapsed()
    explanation       explain(): what was counted, what was not, and why
    agreements        the ``[[service_clock]]`` tables of a bundle
    service           course(): a target with its pauses and changes, its warnings and its breach
"""

from engine.clocks.calendars import Calendar
from engine.clocks.explanation import Explanation, Kind, Segment, explain
from engine.clocks.reading import read
from engine.clocks.stretches import LONGEST
from engine.clocks.working_time import due, elapsed

__all__ = [
    "LONGEST",
    "Calendar",
    "Explanation",
    "Kind",
    "Segment",
    "due",
    "elapsed",
    "explain",
    "read",
]
