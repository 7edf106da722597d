"""The inbox, and the page of one task: take it, give it back, complete it."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api import proof
from api.access import needs
from api.context import changing, reading
from api.web import asked, files, signing, timeline, words
from engine import attachments, due_times, forms, incidents, tasks
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers
from engine.people import accounts, permissions
from engine.people.permissions import Action
from engine.people.throttle import NotProven
from engine.signatures import Unsigned
from engine.store.tables import TaskStatus
from engine.tasks import Assignment, Queue

blueprint = Blueprint("inbox", __name__)

PAGE = 30
_LAST_LINES = 5


@blueprint.get("/inbox")
@needs(Action.READ_TASK)
def find() -> ResponseReturnValue:
    with reading() as (session, actor):
        counts = tasks.count(session, actor)
        # Whoever has nothing in hand wants to see what they could take.
        first = Queue.MINE if counts[Queue.MINE] else Queue.GROUPS
        queue = request.args.get("queue", first, type=Queue)
        found = tasks.find(session, actor, queue, after=_after(), limit=PAGE)
        names = accounts.names(session, [a.task.assignee_id or "" for a in found])
    is_open = [a for a in found if a.task.status is TaskStatus.OPEN]
    return render_template(
        "inbox.html",
        queue=queue,
        counts=counts,
        found=found,
        names=names,
        actor=actor,
        claimable={a.task.id for a in is_open if _may_work(actor, a)},
        more=tasks.sort_key(found[-1].task) if len(found) == PAGE else None,
    )


@blueprint.get("/tasks/<task_id>")
@needs(Action.READ_TASK)
def read(task_id: str) -> ResponseReturnValue:
    return _page(task_id, {}, {})


@blueprint.post("/tasks/<task_id>/claim")
@needs(Action.WORK_TASK)
def claim(task_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        tasks.claim(session, task_id, actor)
    return redirect(url_for(".read", task_id=task_id, said="claimed"), 303)


@blueprint.post("/tasks/<task_id>/release")
@needs(Action.WORK_TASK)
def release(task_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        tasks.release(session, task_id, actor)
    return redirect(url_for(".find", said="released"), 303)


@blueprint.post("/tasks/<task_id>")
@needs(Action.WORK_TASK)
def complete(task_id: str) -> ResponseReturnValue:
    version = request.form.get("version", type=int)
    try:
        signed = signing.of_form()
        with proof.counted(), changing() as (session, actor):
            task = tasks.get(session, task_id, actor).task
            answers = forms.from_text(tasks.worksheet(session, task).form, request.form)
            done = tasks.complete(session, task_id, answers, actor, version, signed)
    except InvalidAnswers as error:
        return _page(task_id, request.form, error.errors), 422
    except (Unsigned, NotProven) as error:
        return _page(task_id, request.form, {signing.SECRET: str(error)}), 422
    except Conflict as error:  # what was typed must not be lost with the race
        return _page(task_id, request.form, {}, refused=str(error)), 409
    number = done.incident.number
    return redirect(url_for("incidents.read", number=number, said="completed"), 303)


def _page(
    task_id: str, sent: Mapping[str, str], errors: Mapping[str, str], refused: str = ""
) -> str:
    with reading() as (session, actor):
        found = tasks.get(session, task_id, actor)
        worksheet = tasks.worksheet(session, found.task)
        reckoning = due_times.explain(session, found.task)
        asked = incidents.questions(session, found.incident)
        entries = incidents.timeline(session, found.incident, actor)
        path = incidents.path(session, found.incident)
        names = accounts.names(session, [found.task.assignee_id or ""])
        why_not = tasks.why_not(session, found, actor)
        attached = attachments.find(session, found.incident, actor)
        shelf = files.of_task(attached, found.incident, found.task, actor)
    lines = timeline.tell(entries, asked, {})
    return render_template(
        "task.html",
        task=found.task,
        incident=found.incident,
        worksheet=worksheet,
        reckoning=reckoning,
        assignee=names.get(found.task.assignee_id or ""),
        is_on_hold=found.is_on_hold,
        held=timeline.held(entries),
        is_mine=found.task.assignee_id == actor.id,
        why_not=why_not,
        may_ask=_may_work(actor, found),
        may_delegate=permissions.may(actor, Action.DELEGATE_TASK, found.task, of=found.incident),
        has_diagram=permissions.may(actor, Action.READ_PROCESS),
        path=path,
        shelf=shelf,
        decided=timeline.decided(lines),
        lines=lines[-_LAST_LINES:],
        labels=words.labels(asked),
        sent=sent,
        errors=errors,
        refused=refused,
    )


def _may_work(actor: Actor, found: Assignment) -> bool:
    return permissions.may(actor, Action.WORK_TASK, found.task, of=found.incident)


def _after() -> tuple[datetime, str] | None:
    due_at = request.args.get("due_at", type=datetime.fromisoformat)
    last = request.args.get("last", type=asked.plain)
    return (due_at, last) if due_at and last else None
