"""Signing on the page of a task: what its form says of it, and what a passkey is asked."""

from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api import signing, site
from api.access import needs
from api.context import changing
from api.web.passkeys import response
from engine import forms, tasks
from engine.people.permissions import Action
from engine.signatures import Signing

blueprint = Blueprint("signing", __name__)

# Fields of the form beside the questions, whose keys have no dots.
MEANING, SECRET, CREDENTIAL, AT = (
    f"signature.{name}" for name in ("meaning", "secret", "credential", "at")
)


@blueprint.post("/tasks/<task_id>/signature")
@needs(Action.WORK_TASK)
def ask(task_id: str) -> ResponseReturnValue:
    """What the script hands to ``navigator.credentials.get``, for the answers in the form."""
    with changing() as (session, actor):
        task = tasks.get(session, task_id, actor).task
        answers = forms.from_text(tasks.worksheet(session, task).form, request.form)
        asked = tasks.ask_to_sign(session, task_id, answers, site.of_request(), actor)
    return {"publicKey": asked.options, AT: asked.at.isoformat()}


def of_form() -> Signing | None:
    """The signature in the form at hand, if there is one."""
    meaning, secret = request.form.get(MEANING, ""), request.form.get(SECRET, "")
    at = request.form.get(AT, type=datetime.fromisoformat)
    if request.form.get(CREDENTIAL) and at:
        return signing.by_passkey(meaning, response(CREDENTIAL), at)
    return signing.by_proof(meaning, secret) if secret else None
