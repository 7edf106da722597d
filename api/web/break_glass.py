"""Exceptions: ask for one, and grant what somebody else has asked for."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from engine import break_glass, tasks
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.instances import REASON_LENGTH
from engine.people import permissions
from engine.people.permissions import Action

blueprint = Blueprint("break_glass", __name__)
_REASON = Field("textarea", "reason", "Why?", is_required=True, max_length=REASON_LENGTH)
_TO_KNOW = Form(
    "to-know", (Field("textfield", "number", "Number of the incident", is_required=True), _REASON)
)
_FOR_TASK = Form("for-task", (_REASON,))


@blueprint.get("/exceptions")
@needs(Action.BREAK_GLASS)
def find() -> ResponseReturnValue:
    return _page({}, {})


@blueprint.post("/exceptions")
@needs(Action.BREAK_GLASS)
def ask_to_know() -> ResponseReturnValue:
    number, reason = request.form.get("number", ""), request.form.get("reason", "")
    try:
        with changing() as (session, actor):
            break_glass.ask_to_know(session, number, reason, actor)
    except InvalidAnswers as error:
        return _page(request.form, error.errors), 422
    return redirect(url_for(".find", said="exception_asked"), 303)


@blueprint.post("/exceptions/<asked_id>/grant")
@needs(Action.BREAK_GLASS)
def grant(asked_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        break_glass.grant(session, asked_id, actor)
    return redirect(url_for(".find", said="exception_granted"), 303)


@blueprint.get("/tasks/<task_id>/exception")
@needs(Action.WORK_TASK)
def explain(task_id: str) -> ResponseReturnValue:
    return _task_page(task_id, {}, {})


@blueprint.post("/tasks/<task_id>/exception")
@needs(Action.WORK_TASK)
def ask_for_task(task_id: str) -> ResponseReturnValue:
    try:
        with changing() as (session, actor):
            break_glass.ask_for_task(session, task_id, request.form.get("reason", ""), actor)
    except InvalidAnswers as error:
        return _task_page(task_id, request.form, error.errors), 422
    return redirect(url_for("inbox.read", task_id=task_id, said="exception_asked"), 303)


def _page(sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        waiting = break_glass.waiting(session, actor)
    return render_template(
        "exceptions.html", waiting=waiting, actor=actor, form=_TO_KNOW, sent=sent, errors=errors
    )


def _task_page(task_id: str, sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        assignment = tasks.get(session, task_id, actor)
        permissions.require(actor, Action.WORK_TASK, assignment.task, of=assignment.incident)
        why_not = tasks.why_not(session, assignment, actor)
    return render_template(
        "exception.html",
        task=assignment.task,
        why_not=why_not,
        form=_FOR_TASK,
        sent=sent,
        errors=errors,
    )
