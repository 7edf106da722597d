"""Service clocks of incidents: they follow what happens to their incident, and warn.

A clock follows its incident in the transaction of each change. Its turns are the truth; when it is
due and whom to tell when follows from them, and lies beside them for the sweep.
"""

from engine.service_clocks.following import follow
from engine.service_clocks.showing import Shown, Stage, State, find
from engine.service_clocks.warning import find_due, silence, tell

__all__ = ["Shown", "Stage", "State", "find", "find_due", "follow", "silence", "tell"]
