"""Files of an incident: on its page, on the pages of its tasks, and by the link of a partner."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api import downloads, uploads
from api.access import Open, needs
from api.context import changing, database, reading, transaction
from engine import attachments, incidents, media_types, partners, tasks
from engine.actors import Actor
from engine.attachments import MEGABYTE
from engine.errors import InvalidAnswers, TooLarge
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Attachment, Incident, Task

blueprint = Blueprint("files", __name__)


@dataclass(frozen=True)
class Shelf:
    """The files that a page shows, and where it sends one more."""

    files: list[Attachment]
    folder: str  # each file lies there under its id
    address: str  # takes one more
    may_add: bool
    asks_who_sees: bool  # whether one may add a file that the customer does not see
    withdrawable: frozenset[str]  # ids
    kinds: str = media_types.TAKEN

    @property
    def most(self) -> int:
        """Megabytes of a file."""
        return uploads.rules().longest // MEGABYTE


def of_incident(files: list[Attachment], incident: Incident, actor: Actor) -> Shelf:
    address = url_for("files.read", number=incident.number)
    may_add = permissions.may(actor, Action.ADD_FILE, incident)
    return _shelf(files, incident, actor, address, may_add=may_add)


def of_task(files: list[Attachment], incident: Incident, task: Task, actor: Actor) -> Shelf:
    may_work = permissions.may(actor, Action.WORK_TASK, task, of=incident)
    return _shelf(
        files,
        incident,
        actor,
        url_for("files.read_of_task", task_id=task.id),
        may_add=may_work and task.status.is_waiting,
    )


def of_partner(files: list[Attachment], found: partners.Visit, secret: str) -> Shelf:
    address = url_for("files.read_by_link", secret=secret)
    task, incident = found.assignment.task, found.assignment.incident
    return Shelf(
        files,
        address,
        address,
        may_add=task.status.is_waiting and incident.closed_at is None,
        asks_who_sees=False,
        withdrawable=frozenset(),
    )


def _shelf(
    files: list[Attachment], incident: Incident, actor: Actor, address: str, *, may_add: bool
) -> Shelf:
    return Shelf(
        files,
        url_for("files.read", number=incident.number),
        address,
        may_add=may_add and incident.closed_at is None,
        asks_who_sees=permissions.may(actor, Action.READ_INSIDE, incident),
        withdrawable=frozenset(
            file.id for file in files if attachments.may_withdraw(incident, file, actor)
        ),
    )


@blueprint.errorhandler(InvalidAnswers)
def show_again(error: InvalidAnswers) -> ResponseReturnValue:
    """The page of the files, with what is wrong beside its field."""
    shown = {"number": read, "task_id": read_of_task, "secret": read_by_link}
    names = request.view_args or {}
    name = next(name for name in shown if name in names)
    status = 413 if isinstance(error, TooLarge) else 422
    return shown[name](names[name], error, names.get("attachment_id")), status


def _look(number: str) -> None:
    with reading() as (session, actor):
        attachments.require_room(incidents.get(session, number, actor), actor, None)


def _look_at_task(task_id: str) -> None:
    with reading() as (session, actor):
        found = tasks.get(session, task_id, actor)
        attachments.require_room(found.incident, actor, found.task)


def _look_by_link(secret: str) -> None:
    with database().reading() as session:
        partners.visit(session, secret)


@blueprint.get("/incidents/<number>/files")
@needs(Action.READ_INCIDENT)
def read(number: str, error: InvalidAnswers | None = None, about: str | None = None) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        shelf = of_incident(attachments.find(session, incident, actor), incident, actor)
    back = url_for("incidents.read", number=incident.number)
    return _page(incident, shelf, back, incident.title, error, about)


@blueprint.post("/incidents/<number>/files")
@uploads.takes_file(_look)
@needs(Action.ADD_FILE)
def add(number: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        incident = incidents.get(session, number, actor)
        attachments.add(session, incident, uploads.taken(), actor, is_public=_is_public())
    return _added("incidents.read", number=number)


@blueprint.get("/incidents/<number>/files/<attachment_id>")
@needs(Action.READ_INCIDENT)
def download(number: str, attachment_id: str) -> Response:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        return downloads.respond(*attachments.read(session, incident, attachment_id, actor))


@blueprint.post("/incidents/<number>/files/<attachment_id>/withdraw")
@needs(Action.WITHDRAW_FILE)
def withdraw(number: str, attachment_id: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    with changing() as (session, actor):
        incident = incidents.get(session, number, actor)
        attachments.withdraw(session, incident, attachment_id, reason, actor)
    return redirect(url_for(".read", number=number, said="file_withdrawn"), 303)


@blueprint.get("/tasks/<task_id>/files")
@needs(Action.READ_TASK)
def read_of_task(task_id: str, error: InvalidAnswers | None = None, _: str | None = None) -> str:
    with reading() as (session, actor):
        found = tasks.get(session, task_id, actor)
        files = attachments.find(session, found.incident, actor)
        shelf = of_task(files, found.incident, found.task, actor)
    back = url_for("inbox.read", task_id=task_id)
    return _page(found.incident, shelf, back, found.task.name, error)


@blueprint.post("/tasks/<task_id>/files")
@uploads.takes_file(_look_at_task)
@needs(Action.WORK_TASK)
def add_to_task(task_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        incident = tasks.get(session, task_id, actor).incident
        attachments.add(
            session, incident, uploads.taken(), actor, is_public=_is_public(), task_id=task_id
        )
    return _added("inbox.read", task_id=task_id)


@blueprint.get("/partner/<secret>/files")
@needs(Open.SECRET)
def read_by_link(secret: str, error: InvalidAnswers | None = None, _: str | None = None) -> str:
    with database().reading() as session:
        found = partners.visit(session, secret)
        files = attachments.find(session, found.assignment.incident, found.actor)
        shelf = of_partner(files, found, secret)
    back = url_for("partners.visit", secret=secret)
    return _page(found.assignment.incident, shelf, back, found.assignment.task.name, error)


@blueprint.post("/partner/<secret>/files")
@uploads.takes_file(_look_by_link)
@needs(Open.SECRET)
def add_by_link(secret: str) -> ResponseReturnValue:
    with transaction() as session:
        found = partners.visit(session, secret)
        attachments.add(
            session,
            found.assignment.incident,
            uploads.taken(),
            found.actor,
            is_public=False,
            task_id=found.actor.only_task,
        )
    return _added("partners.visit", secret=secret)


@blueprint.get("/partner/<secret>/files/<attachment_id>")
@needs(Open.SECRET)
def download_by_link(secret: str, attachment_id: str) -> Response:
    with database().reading() as session:
        found = partners.visit(session, secret)
        incident = found.assignment.incident
        return downloads.respond(*attachments.read(session, incident, attachment_id, found.actor))


def _page(
    incident: Incident,
    shelf: Shelf,
    back: str,
    title: str,
    error: InvalidAnswers | None,
    about: str | None = None,
) -> str:
    errors = error.errors if error else {}
    return render_template(
        "files.html",
        incident=incident,
        shelf=shelf,
        back=back,
        title=title,
        errors=errors,
        about=about,
    )


def _is_public() -> bool:
    return request.form.get("is_public") == "yes"


def _added(endpoint: str, **names: Any) -> ResponseReturnValue:
    return redirect(url_for(endpoint, **names, said="file_added", _anchor="files"), 303)
