"""Incidents: the list, the page of one, and correcting what was reported."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from api.web import asked, files, timeline, words
from api.web import participants as participant_pages
from api.web import relations as relation_pages
from engine import attachments, incidents, participants, references, relations, service_clocks
from engine.actors import Actor
from engine.errors import InvalidAnswers
from engine.history import Event
from engine.people import accounts, permissions
from engine.people.permissions import Action
from engine.store.tables import Incident, Task, TaskStatus

blueprint = Blueprint("incidents", __name__, url_prefix="/incidents")

PAGE = 30
LONGEST_SEARCH = 200


@blueprint.get("")
@needs(Action.READ_INCIDENT)
def find() -> ResponseReturnValue:
    text = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    # Who searches does not know whether it is closed by now.
    show = request.args.get("show", "all" if text else "open")
    before = request.args.get("before", type=asked.plain)
    with reading() as (session, actor):
        found = incidents.find(
            session, actor, text=text, only_open=show != "all", before=before, limit=PAGE
        )
    more = found[-1].number if len(found) == PAGE else None
    return render_template("incidents.html", found=found, text=text, show=show, more=more)


@blueprint.get("/<number>")
@needs(Action.READ_INCIDENT)
def read(number: str) -> ResponseReturnValue:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        shelf = files.of_incident(attachments.find(session, incident, actor), incident, actor)
        related = relations.find(session, incident, actor)
        taking_part = participants.find(session, incident, actor)
        if not permissions.may(actor, Action.READ_INSIDE, incident):
            told = timeline.tell(incidents.timeline(session, incident, actor), {}, {})
            labels = words.labels(incidents.questions(session, incident))
            return render_template(
                "incident_public.html",
                incident=incident,
                lines=told,
                labels=labels,
                shelf=shelf,
                related=related,
                actor=actor,
                watchers=participant_pages.watching(taking_part),
            )
        referred = references.find(session, incident, actor)
        standing = incidents.standing(session, incident)
        steps = incidents.next_steps(session, incident, actor)
        names = accounts.names(session, [task.assignee_id or "" for task in steps])
        asked = incidents.questions(session, incident)
        entries = incidents.timeline(session, incident, actor)
        path = incidents.path(session, incident)
        clocks = service_clocks.find(session, incident, actor)
    open_steps = [task for task in steps if task.status is TaskStatus.OPEN]
    return render_template(
        "incident.html",
        incident=incident,
        standing=standing,
        steps=steps,
        names=names,
        actor=actor,
        readable={t.id for t in steps if _may_see(actor, t, incident)},
        claimable={t.id for t in open_steps if _may_work(actor, t, incident)},
        lines=timeline.tell(entries, asked, relation_pages.named(related)),
        labels=words.labels(asked),
        path=path,
        clocks=clocks,
        shelf=shelf,
        related=relation_pages.live(related),
        referred=referred,
        leading=participant_pages.leading(taking_part),
        watchers=participant_pages.watching(taking_part),
        may_lead=permissions.may(actor, Action.LEAD_INCIDENT, incident),
        may_relate=permissions.may(actor, Action.RELATE_INCIDENT, incident),
        may_close=incident.closed_at is None
        and permissions.may(actor, Action.CONTROL_PROCESS, incident),
        held=timeline.held(entries),
        may_correct=incident.status.is_open
        and permissions.may(actor, Action.CORRECT_INCIDENT, incident),
        may_restrict=permissions.may(actor, Action.RESTRICT_INCIDENT, incident),
        has_diagram=permissions.may(actor, Action.READ_PROCESS),
        has_audit=permissions.may(actor, Action.READ_AUDIT),
        is_signed=any(entry.event == Event.TASK_SIGNED for entry in entries),
    )


def _may_see(actor: Actor, task: Task, incident: Incident) -> bool:
    return permissions.may(actor, Action.READ_TASK, task, of=incident)


def _may_work(actor: Actor, task: Task, incident: Incident) -> bool:
    return permissions.may(actor, Action.WORK_TASK, task, of=incident)


@blueprint.get("/<number>/correct")
@needs(Action.CORRECT_INCIDENT)
def correction(number: str) -> ResponseReturnValue:
    return _correction(number, {}, {})


@blueprint.post("/<number>/correct")
@needs(Action.CORRECT_INCIDENT)
def correct(number: str) -> ResponseReturnValue:
    version = request.form.get("version", -1, type=int)
    try:
        with changing() as (session, actor):
            form = incidents.correction_form(session, incidents.get(session, number, actor))
            values = incidents.corrections(form, request.form)
            incidents.correct(session, number, values, version, actor)
    except InvalidAnswers as error:
        return _correction(number, request.form, error.errors), 422
    return redirect(url_for(".read", number=number, said="corrected"), 303)


def _correction(number: str, sent: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        permissions.require(actor, Action.CORRECT_INCIDENT, incident)
        form = incidents.correction_form(session, incident)
    current = {name: getattr(incident, name) for name in incidents.CORRECTABLE}
    return render_template(
        "correct.html",
        incident=incident,
        form=form,
        sent=sent or current,
        version=sent.get("version", incident.version),
        errors=errors,
    )
