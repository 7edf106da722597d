"""Commands about exceptions that take two people."""

from engine import break_glass
from tests import factories
from tests.durability import stage as given
from tests.durability.commands import REASON, request, to_api, to_page
from tests.durability.stage import WHY, incident_of

_TASK = "/tasks/{it.task.id}/exception"


def _separated(stage):
    """Its second task is for somebody else than who did the first."""
    it = incident_of("separate")(stage)
    factories.complete(stage.database, it.incident, "Look", stage.cast.dora, note="Fine.")
    waiting = factories.open_tasks(stage.database, it.incident, stage.cast.dora)
    it.task = waiting["Check"]
    return it


def _asked(stage):
    it = _separated(stage)
    it.asked = stage.does(break_glass.ask_for_task, it.task.id, WHY.text, stage.cast.dora)
    return it


API = [
    request(
        "POST /api/v1/exceptions",
        given.restricted,
        to_api("/exceptions", "ada", {"number": "{it.incident.number}", **REASON}),
    ),
    request("POST /api/v1/tasks/<task_id>/exception", _separated, to_api(_TASK, body=REASON)),
    request(
        "POST /api/v1/exceptions/<asked_id>/grant",
        _asked,
        to_api("/exceptions/{it.asked.id}/grant", "max"),
    ),
]
PAGES = [
    request(
        "POST /exceptions",
        given.restricted,
        to_page("/exceptions", "ada", number="{it.incident.number}", reason=WHY.text),
    ),
    request("POST /tasks/<task_id>/exception", _separated, to_page(_TASK, reason=WHY.text)),
    request(
        "POST /exceptions/<asked_id>/grant",
        _asked,
        to_page("/exceptions/{it.asked.id}/grant", "max"),
    ),
]
