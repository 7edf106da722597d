"""Commands about one's own passkeys: the sign-in with one, and what they sign."""

import json
from types import SimpleNamespace

from engine import signatures, tasks
from engine.people import credentials, passkeys
from engine.people.ceremonies import Site
from engine.people.passkeys import Suspected
from tests import factories
from tests.durability import stage as given
from tests.durability.commands import Command, request, to_api
from tests.durability.stage import PASSWORD
from tests.engine.authenticator import Device

SITE = Site("localhost", "http://localhost")
_ACCOUNT = "/account/passkeys"
_ONE = f"{_ACCOUNT}/{{it.passkey.id}}"


def _signed_in(stage):
    """A browser whose person has just signed in, and a device."""
    secret = stage.does(credentials.start_session, stage.cast.dora)
    return SimpleNamespace(secret=secret, device=Device(SITE))


def _asked(stage):
    it = _signed_in(stage)
    options = stage.does(passkeys.ask_to_add, SITE, stage.cast.dora)
    it.made = json.dumps(it.device.make(options))
    return it


def _added(stage):
    it = _asked(stage)
    it.passkey = stage.does(passkeys.add, json.loads(it.made), "Key", SITE, stage.cast.dora)
    return it


def _answered(stage):
    it = _added(stage)
    it.signed = json.dumps(it.device.sign(stage.does(passkeys.ask_to_sign_in, SITE)))
    return it


def _to_sign(stage):
    """A task that asks for a signature, and somebody with a passkey to give it."""
    it = _added(stage)
    it.incident = factories.report(stage.database, stage.cast.dora, "signed")
    it.task = factories.open_tasks(stage.database, it.incident, stage.cast.dora)["Look"]
    return it


def _with_password(stage):
    given.with_password(stage)
    return _to_sign(stage)


def _decided(stage):
    """The same, and the passkey has signed."""
    it = _to_sign(stage)
    answers = {"note": "Fine."}
    asked = stage.does(tasks.ask_to_sign, it.task.id, answers, SITE, stage.cast.dora)
    it.signed, it.at = json.dumps(it.device.sign(asked.options)), asked.at.isoformat()
    return it


def signed(stage):
    """The same, and the task is done."""
    it = _decided(stage)
    signature = {"meaning": "approved", "credential": json.loads(it.signed), "at": it.at}
    body = {"answers": {"note": "Fine."}, "signature": signature}
    stage.post("dora", f"/api/v1/tasks/{it.task.id}/complete", json=body)
    it.signature = stage.does(signatures.of_task, it.task.id).id
    return it


def _press(path, **form):
    """A form of a page, in the browser of whoever signed in; texts may name what was given."""
    return lambda stage, it: stage.anyone(it.secret).post(
        path.format(it=it),
        data={key.format(it=it): text.format(it=it) for key, text in form.items()},
    )


def _sent(path):
    """The form of a sign-in, which anybody may send."""
    return lambda stage, it: stage.anyone().post(path, data={"credential": it.signed})


PAGES = [
    request("POST /account/passkeys/options", _signed_in, _press(f"{_ACCOUNT}/options")),
    request(
        "POST /account/passkeys",
        _asked,
        _press(_ACCOUNT, label="Key", credential="{it.made}"),
    ),
    request(
        "POST /account/passkeys/<passkey_id>/rename",
        _added,
        _press(f"{_ONE}/rename", **{"label.{it.passkey.id}": "Old key"}),
    ),
    request("POST /account/passkeys/<passkey_id>/remove", _added, _press(f"{_ONE}/remove")),
    request(
        "POST /sign-in/passkey/options",
        given.nothing,
        lambda stage, _it: stage.anyone().post("/sign-in/passkey/options"),
    ),
    request("POST /sign-in/passkey", _answered, _sent("/sign-in/passkey")),
    request(
        "POST /tasks/<task_id>/signature",
        _to_sign,
        _press("/tasks/{it.task.id}/signature", note="Fine."),
    ),
    request(
        "POST /tasks/<task_id>",
        _decided,
        _press(
            "/tasks/{it.task.id}",
            note="Fine.",
            **{
                "signature.meaning": "approved",
                "signature.credential": "{it.signed}",
                "signature.at": "{it.at}",
            },
        ),
        "signed",
    ),
]

API = [
    request(
        "POST /api/v1/tasks/<task_id>/signature",
        _to_sign,
        to_api("/tasks/{it.task.id}/signature", body={"answers": {"note": "Fine."}}),
    ),
    request(
        "POST /api/v1/tasks/<task_id>/complete",
        _with_password,
        to_api(
            "/tasks/{it.task.id}/complete",
            body={
                "answers": {"note": "Fine."},
                "signature": {"meaning": "approved", "password": PASSWORD},
            },
        ),
        "signed",
    ),
]

# By itself: the request is refused, and undone, before.
WORKER = [
    Command(
        "a copied passkey is suspected",
        _added,
        lambda stage, it: stage.does(passkeys.suspect, Suspected(it.passkey.id, 0)),
    ),
]
