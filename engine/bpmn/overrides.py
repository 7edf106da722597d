"""What we change in SpiffWorkflow where it leaves no room to subclass; each with its reason.

Overrides and subclasses are written for one build of it: ``install`` refuses any other.
"""

import hashlib
import inspect
import time
from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.workflow import Workflow

# SHA-256 of the source of each class that we subclass or change, as of SpiffWorkflow 3.2.0.
SOURCES: dict[type, str] = {
    Task: "92063c04a76674f01b6a04f4be93adad0c59d27e4b26440011fd57cefb744591",
    TaskSpec: "43dc36a3bc3b3b6ea3fd6b6e2a24a9314ef33059d46147791ae899b25acf498c",
    Workflow: "fd90e7900533a3e49e8ad8564e3b73de20f76e2b9b83932dd9e64420c1c5afe1",
}


def install() -> None:
    """Put every override in place; doing it twice changes nothing."""
    require(SOURCES)
    Task._set_state = _set_state  # noqa: SLF001 -- there is no public place for it


def require(sources: Mapping[type, str]) -> None:
    """Refuse classes whose source is another than the one that we know."""
    for changed, expected in sources.items():
        found = hashlib.sha256(inspect.getsource(changed).encode()).hexdigest()
        if found != expected:
            raise RuntimeError(
                f"{changed.__module__}.{changed.__name__} of SpiffWorkflow is not the one that"
                " Steadyhand was written for. Install the version that requirements.lock names."
            )


def _set_state(task: Any, value: int) -> None:
    # SpiffWorkflow's own gathers and writes a log entry each time, even when nobody logs: about a
    # tenth of a step.
    if value != task._state:  # noqa: SLF001
        task._state = value  # noqa: SLF001
        task.last_state_change = time.time()
