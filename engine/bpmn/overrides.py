"""What we change in SpiffWorkflow where it leaves no room to subclass; each with its reason.

They are written for one build of it: ``install`` refuses any other.
"""

import time
from importlib.metadata import version
from typing import Any

from SpiffWorkflow.task import Task

BUILD = "3.2.0"


def install() -> None:
    """Put every override in place; doing it twice changes nothing."""
    found = version("SpiffWorkflow")
    if found != BUILD:
        raise RuntimeError(f"Steadyhand is written for SpiffWorkflow {BUILD}, not {found}.")
    Task._set_state = _set_state  # noqa: SLF001 -- there is no public place for it


def _set_state(task: Any, value: int) -> None:
    # SpiffWorkflow's own gathers and writes a log entry each time, even when nobody logs: about a
    # tenth of a step.
    if value != task._state:  # noqa: SLF001
        task._state = value  # noqa: SLF001
        task.last_state_change = time.time()
