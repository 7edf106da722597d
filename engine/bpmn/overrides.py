"""What we change in SpiffWorkflow where it leaves no room to subclass; each with its reason.

They are written for one build of it: another one is refused when this module is imported.
"""

from importlib.metadata import version
from typing import Any

from SpiffWorkflow.task import Task

BUILD = "3.2.0"


def install() -> None:
    """Put every override in place; doing it twice changes nothing."""
    found = version("SpiffWorkflow")
    if found != BUILD:
        raise RuntimeError(f"Steadyhand is written for SpiffWorkflow {BUILD}, not {found}.")
    Task.collect_log_extras = _no_log_extras


def _no_log_extras(_task: Task, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    # SpiffWorkflow gathers them at each change of state even when nobody logs: a tenth of a step.
    return extra or {}
