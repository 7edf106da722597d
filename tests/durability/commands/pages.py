"""Commands that people give, by the forms of the pages."""

from io import BytesIO

from tests.durability import stage as given
from tests.durability.commands import REASON, request, to_page
from tests.durability.stage import DRAWING, PASSWORD, WHY, incident_of


def _sign_in(stage, _it):
    form = {"username": "dora", "password": PASSWORD}
    return stage.anyone().post("/sign-in", data=form)


def _upload(stage, _it):
    return stage.post("olga", "/import", data={"file": (BytesIO(DRAWING), "look.bpmn")})


def _import(act):
    """Go on with what was uploaded."""
    form = {"filename": "look.bpmn", "name": "look", "content": given.packed(DRAWING)}
    return lambda stage, _it: stage.post("olga", f"/import/{act}", data=form)


_PAGE, _HAND = "/incidents/{it.incident.number}", "/incidents/{it.incident.number}/process"
_TASK = "/tasks/{it.task.id}"
_MESSAGE = "/messages/{it.message.id}/discard"

PAGES = [
    request("POST /sign-in", given.with_password, _sign_in),
    request(
        "POST /sign-in/<link>",
        given.linked,
        lambda stage, it: stage.anyone().post(f"/sign-in/{it.link}"),
    ),
    request(
        "POST /sign-out",
        given.signed_in,
        lambda stage, it: stage.anyone(it.secret).post("/sign-out"),
    ),
    request(
        "POST /password", given.nothing, to_page("/password", password=PASSWORD, again=PASSWORD)
    ),
    request("POST /report", given.nothing, to_page("/report?process=small", title="Mail is down")),
    request("POST /tasks/<task_id>/claim", incident_of("two"), to_page(f"{_TASK}/claim")),
    request("POST /tasks/<task_id>/release", given.claimed, to_page(f"{_TASK}/release")),
    request("POST /tasks/<task_id>", incident_of("two"), to_page(_TASK, note="Fine.")),
    request(
        "POST /incidents/<number>/correct",
        incident_of("small"),
        to_page(f"{_PAGE}/correct", title="Mail is slow", version="{it.incident.version}"),
    ),
    *(
        request(
            "POST /incidents/<number>/process/<any(hold, resume, cancel, revive):name>",
            before,
            to_page(f"{_HAND}/{act}", "max", **REASON),
            act,
        )
        for act, before in (
            ("hold", incident_of("small")),
            ("resume", given.held),
            ("cancel", incident_of("small")),
            ("revive", given.broken),
        )
    ),
    request(
        "POST /incidents/<number>/process/retry/<token_id>",
        given.failed,
        to_page(f"{_HAND}/retry/{{it.token}}", "max", **REASON, **{"variable.note": '["a"]'}),
    ),
    request(
        "POST /incidents/<number>/process/timers/<token_id>",
        incident_of("small"),
        to_page(f"{_HAND}/timers/{{it.timer}}", "max", **REASON, due_at="2026-01-31 10:00"),
    ),
    request(
        "POST /incidents/<number>/process/move",
        incident_of("two"),
        to_page(f"{_HAND}/move", "max", **REASON, withdraw="{it.token}", start="Check"),
    ),
    request(
        "POST /processes/<process_id>/versions/<int:version>/migrate",
        given.overtaken,
        to_page(
            "/processes/small/versions/{it.version}/migrate",
            "olga",
            **REASON,
            to="2",
            incident="{it.incident.id}",
        ),
    ),
    request(
        "POST /messages/<message_id>/discard",
        given.sent,
        to_page(_MESSAGE, "max", **{"reason.{it.message.id}": WHY.text}),
    ),
    request(
        "POST /processes/<process_id>/draft/deploy",
        given.drafted,
        to_page("/processes/small/draft/deploy", "olga"),
    ),
    request(
        "POST /processes/<process_id>/draft/discard",
        given.drafted,
        to_page("/processes/small/draft/discard", "olga"),
    ),
    request(
        "POST /operations/dead-letters/<int:job_id>/retry",
        given.dead_effect,
        to_page(
            "/operations/dead-letters/{it.job_id}/retry",
            "ada",
            **{"reason.{it.job_id}": WHY.text},
        ),
    ),
    request("POST /import/deploy", given.nothing, _import("deploy")),
]

# These take no change, though they are sent like one.
ASKED = [
    request("POST /import", given.nothing, _upload),
    request("POST /import/files", given.nothing, _import("files")),
]
