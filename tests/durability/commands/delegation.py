"""Commands that give a task to somebody."""

from tests.durability.commands import request, to_api, to_page
from tests.durability.stage import WHY, incident_of

_GIVEN = {"to": "dora", "reason": WHY.text}

API = [
    request(
        "POST /api/v1/tasks/<task_id>/delegate",
        incident_of("two"),
        to_api("/tasks/{it.task.id}/delegate", "max", _GIVEN),
        "assigned",
    ),
]
PAGES = [
    request(
        "POST /tasks/<task_id>/delegate",
        incident_of("two"),
        to_page("/tasks/{it.task.id}/delegate", "max", **_GIVEN),
    ),
]
