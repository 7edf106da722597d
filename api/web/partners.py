"""Links for partners: making and withdrawing them, and the page to which they lead."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import Open, needs
from api.context import changing, database, reading, transaction
from api.idempotency import shows_secret
from api.web import files
from engine import attachments, forms, partners, tasks
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.people.permissions import Action

blueprint = Blueprint("partners", __name__)

_DAYS = (("1", "one day"), ("3", "three days"), ("14", "two weeks"))
_FORM = Form(
    "partner",
    (
        Field(
            "textfield",
            "name",
            "Who is it for?",
            description="A person and their company; the history names them like that.",
            is_required=True,
            max_length=partners.LONGEST_NAME,
        ),
        Field("select", "days", "How long does the link work?", options=_DAYS, is_required=True),
    ),
)


@blueprint.get("/tasks/<task_id>/partners")
@needs(Action.WORK_TASK)
def ask(task_id: str) -> ResponseReturnValue:
    return _page(task_id, {}, {})


@blueprint.post("/tasks/<task_id>/partners")
@needs(Action.WORK_TASK)
@shows_secret
def invite(task_id: str) -> ResponseReturnValue:
    name, days = request.form.get("name", ""), request.form.get("days", "")
    try:
        with changing() as (session, actor):
            secret = partners.invite(session, task_id, name, days, actor)
    except InvalidAnswers as error:
        return _page(task_id, request.form, error.errors), 422
    return _page(task_id, {}, {}, url_for(".visit", secret=secret, _external=True))


@blueprint.post("/tasks/<task_id>/partners/<link_id>/withdraw")
@needs(Action.WORK_TASK)
def withdraw(task_id: str, link_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        partners.withdraw(session, task_id, link_id, actor)
    return redirect(url_for(".ask", task_id=task_id, said="withdrawn"), 303)


@blueprint.get("/partner/<secret>")
@needs(Open.SECRET)
def visit(secret: str) -> ResponseReturnValue:
    return _visit(secret, {}, {})


@blueprint.post("/partner/<secret>")
@needs(Open.SECRET)
def complete(secret: str) -> ResponseReturnValue:
    try:
        with transaction() as session:
            form = partners.visit(session, secret).worksheet.form
            partners.complete(session, secret, forms.from_text(form, request.form))
    except InvalidAnswers as error:
        return _visit(secret, request.form, error.errors), 422
    return render_template("partner_done.html")


def _page(
    task_id: str, sent: Mapping[str, str], errors: Mapping[str, str], address: str = ""
) -> str:
    with reading() as (session, actor):
        task = tasks.get(session, task_id, actor).task
        made = partners.links(session, task_id, actor)
    return render_template(
        "partners.html",
        task=task,
        made=made,
        form=_FORM,
        sent=sent,
        errors=errors,
        address=address,
    )


def _visit(secret: str, sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with database().reading() as session:
        found = partners.visit(session, secret)
        attached = attachments.find(session, found.assignment.incident, found.actor)
        shelf = files.of_partner(attached, found, secret)
    return render_template(
        "partner.html",
        task=found.assignment.task,
        incident=found.assignment.incident,
        worksheet=found.worksheet,
        shelf=shelf,
        sent=sent,
        errors=errors,
    )
