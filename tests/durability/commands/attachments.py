"""Commands about files of incidents, and of tasks by the link of a partner."""

from io import BytesIO
from types import SimpleNamespace

from engine import attachments, incidents, partners
from engine.attachments import Upload
from tests.durability import stage as given
from tests.durability.commands import REASON, request, to_api, to_page
from tests.durability.stage import incident_of

_ADDRESS = "/api/v1/incidents/<incident_id>/attachments"
_API = "/api/v1/incidents/{it.incident.id}/attachments"
_PAGE = "/incidents/{it.incident.number}/files"
_FILE = Upload("notes.txt", "text/plain", b"Nothing works.\n")


def with_file(stage):
    """Dora has added a file that the customer may see."""
    it = incident_of("small")(stage)

    def add(session):
        incident = incidents.get(session, it.incident.id, stage.cast.dora)
        return attachments.add(session, incident, _FILE, stage.cast.dora, is_public=True)

    return SimpleNamespace(**vars(it), attachment_id=stage.does(add).id)


def _invited(stage):
    it = given.claimed(stage)
    it.secret = stage.does(partners.invite, it.task.id, "Paul of Pumps Ltd", "3", stage.cast.dora)
    return it


def _sent():
    return {"file": (BytesIO(b"Nothing works.\n"), "notes.txt")}


def _to(path):
    return lambda stage, it: stage.post("dora", path.format(it=it), data=_sent())


def _by_link(stage, it):
    return stage.anyone().post(f"/partner/{it.secret}/files", data=_sent())


API = [
    request(f"POST {_ADDRESS}", incident_of("small"), _to(_API)),
    request(f"POST {_ADDRESS}", with_file, _to(_API), "equal to another"),
    request(
        f"POST {_ADDRESS}/<attachment_id>/withdraw",
        with_file,
        to_api("/incidents/{it.incident.id}/attachments/{it.attachment_id}/withdraw", body=REASON),
    ),
]
PAGES = [
    request("POST /incidents/<number>/files", incident_of("small"), _to(_PAGE)),
    request("POST /tasks/<task_id>/files", given.claimed, _to("/tasks/{it.task.id}/files")),
    request("POST /partner/<secret>/files", _invited, _by_link),
    request(
        "POST /incidents/<number>/files/<attachment_id>/withdraw",
        with_file,
        to_page(f"{_PAGE}/{{it.attachment_id}}/withdraw", **REASON),
    ),
]
