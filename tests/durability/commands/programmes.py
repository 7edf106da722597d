"""Commands that programmes give: to the API, and at the doors."""

from types import SimpleNamespace

from tests.durability import stage as given
from tests.durability.commands import REASON, request, to_api
from tests.durability.stage import DRAFT, NEXT, SMALL, incident_of

REPORT = {"process": "small", "answers": {"title": "Mail is down"}}
ANSWERS = {"answers": {"note": "Fine."}}


def _files(files):
    return {path: content.decode() for path, content in files.items()}


def _notify(status):
    return lambda stage, it: stage.anyone().post(
        f"/doors/alertmanager/{it.token}", json=given.alert(status)
    )


_INCIDENT, _PROCESS = "/incidents/{it.incident.id}", "/incidents/{it.incident.id}/process"
_TASK = "/tasks/{it.task.id}"
_MAIL = {"name": "Mail", "key": "Mail"}
_MOVE = {"withdraw": ["{it.token}"], "start": ["Check"]}
_SOON = {"due_at": "2026-01-31T10:00:00Z"}
_RULE = SimpleNamespace(timer="<token_id>")
_AGAIN = {"token": "{it.token}", "corrections": {"note": ["a"]}}

API = [
    request("POST /api/v1/incidents", given.nothing, to_api("/incidents", body=REPORT)),
    request(
        "PATCH /api/v1/incidents/<incident_id>",
        incident_of("small"),
        to_api(_INCIDENT, body={"service": "Shop"}, method="PATCH", matches=True),
    ),
    *(
        request(
            f"POST /api/v1/incidents/<incident_id>/process/{act}".format(it=_RULE),
            before,
            to_api(f"{_PROCESS}/{act}", "max", {**REASON, **more}),
            which,
        )
        for act, before, more, which in (
            ("suspend", incident_of("small"), {}, ""),
            ("resume", given.held, {}, ""),
            ("cancel", incident_of("small"), {}, ""),
            ("retry", given.failed, _AGAIN, "a failed step"),
            ("retry", given.broken, {}, "what broke as a whole"),
            ("move", incident_of("two"), _MOVE, ""),
            ("timers/{it.timer}", incident_of("small"), _SOON, ""),
        )
    ),
    request(
        "POST /api/v1/processes/<process_id>/versions/<int:version>/migrate",
        given.overtaken,
        to_api("/processes/small/versions/{it.version}/migrate", "olga", {**REASON, "to": 2}),
    ),
    request("POST /api/v1/tasks/<task_id>/claim", incident_of("two"), to_api(f"{_TASK}/claim")),
    request("POST /api/v1/tasks/<task_id>/release", given.claimed, to_api(f"{_TASK}/release")),
    *(
        request(
            "POST /api/v1/tasks/<task_id>/complete",
            before,
            to_api(f"{_TASK}/complete", body=ANSWERS),
            which,
        )
        for before, which in (
            (given.claimed, "claimed"),
            (incident_of("two"), "open"),
            (incident_of("small"), "the last one"),
            (incident_of("failing"), "the next step fails"),
            (incident_of("waiting"), "a message is awaited next"),
            (given.with_colleague, "a signal is thrown next"),
        )
    ),
    request(
        "POST /api/v1/messages", given.nothing, to_api("/messages", body=_MAIL), "nobody waits"
    ),
    request("POST /api/v1/messages", given.awaited, to_api("/messages", body=_MAIL), "awaited"),
    request(
        "POST /api/v1/messages/<message_id>/discard",
        given.sent,
        to_api("/messages/{it.message.id}/discard", "max", REASON),
    ),
    request(
        "POST /api/v1/bundles",
        given.nothing,
        lambda stage, _it: stage.post("olga", "/api/v1/bundles", json={"files": _files(NEXT)}),
    ),
    *(
        request(
            "PUT /api/v1/bundles/<bundle_id>/draft/<path:path>",
            before,
            lambda stage, it, version=version: stage.send(
                "olga", "PUT", f"/api/v1/bundles/small/draft/{DRAFT}", version, data=SMALL[DRAFT]
            ),
            which,
        )
        for before, version, which in ((given.nothing, 0, "begun"), (given.drafted, 1, "again"))
    ),
    request(
        "POST /api/v1/bundles/<bundle_id>/draft",
        given.drafted,
        to_api("/bundles/small/draft", "olga", {}),
    ),
    request(
        "DELETE /api/v1/bundles/<bundle_id>/draft",
        given.drafted,
        to_api("/bundles/small/draft", "olga", method="DELETE"),
    ),
]

API += [
    request(
        "POST /api/v1/operations/dead-letters/<int:job_id>/retry",
        before,
        to_api("/operations/dead-letters/{it.job_id}/retry", "ada", REASON),
        which,
    )
    for before, which in ((given.dead_effect, "an effect"), (given.dead_timers, "timers"))
]

DOORS = [
    request("POST /doors/alertmanager/<token>", before, _notify(status), which)
    for before, status, which in (
        (given.door, "firing", "first"),
        (given.firing_door, "firing", "repeated"),
        (given.firing_door, "resolved", "resolved"),
        (given.ended_door, "firing", "begun again"),
    )
]

# These take no change, though they are sent like one.
ASKED = [
    request(
        "POST /api/v1/bundles/import",
        given.nothing,
        lambda stage, _it: stage.post("olga", "/api/v1/bundles/import", data=given.DRAWING),
    ),
    request(
        "POST /api/v1/bundles/<bundle_id>/check/<path:path>",
        given.nothing,
        lambda stage, _it: stage.post(
            "olga", f"/api/v1/bundles/small/check/{DRAFT}", data=NEXT[DRAFT]
        ),
    ),
]
