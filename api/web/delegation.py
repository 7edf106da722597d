"""The page on which a task is given to somebody."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from engine import delegation, tasks
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.instances import REASON_LENGTH
from engine.people import permissions
from engine.people.permissions import Action

blueprint = Blueprint("delegation", __name__, url_prefix="/tasks/<task_id>/delegate")

_FORM = Form(
    "delegation",
    (
        Field("textfield", "to", "Who shall do it?", "A username.", is_required=True),
        Field("textarea", "reason", "Why?", is_required=True, max_length=REASON_LENGTH),
    ),
)


@blueprint.get("")
@needs(Action.DELEGATE_TASK)
def ask(task_id: str) -> ResponseReturnValue:
    return _page(task_id, {}, {})


@blueprint.post("")
@needs(Action.DELEGATE_TASK)
def delegate(task_id: str) -> ResponseReturnValue:
    to, reason = request.form.get("to", ""), request.form.get("reason", "")
    try:
        with changing() as (session, actor):
            delegation.delegate(session, task_id, to, reason, actor)
    except InvalidAnswers as error:
        return _page(task_id, request.form, error.errors), 422
    return redirect(url_for("inbox.read", task_id=task_id, said="delegated"), 303)


def _page(task_id: str, sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        found = tasks.get(session, task_id, actor)
        permissions.require(actor, Action.DELEGATE_TASK, found.task, of=found.incident)
    return render_template("delegate.html", task=found.task, form=_FORM, sent=sent, errors=errors)
