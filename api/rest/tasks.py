"""Tasks: the inbox, and what a person does with a task."""

from datetime import datetime
from typing import Any

from marshmallow import fields

from api import proof, signing, site
from api.access import needs
from api.context import changing, reading
from api.rest import paging
from api.rest.strict import StrictBlueprint
from api.rest.task_schemas import (
    AnswersSchema,
    AssignmentPageSchema,
    AssignmentSchema,
    CompletedSchema,
    CompletionSchema,
    DelegationSchema,
    ToSignSchema,
    WorksheetSchema,
)
from engine import delegation, due_times, tasks
from engine.people.permissions import Action
from engine.signatures import Question, Signing
from engine.tasks import Assignment, Queue

blueprint = StrictBlueprint("rest_tasks", __name__, url_prefix="/api/v1/tasks", description="Tasks")

Tagged = tuple[Assignment, dict[str, str]]


class TaskArguments(paging.PageArguments):
    queue = fields.Enum(Queue, by_value=True, load_default=Queue.ALL)
    incident = fields.String(load_default=None, metadata={"description": "Id of one incident"})


@blueprint.get("")
@blueprint.arguments(TaskArguments(), location="query")
@blueprint.response(200, AssignmentPageSchema)
@needs(Action.READ_TASK)
def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """List waiting tasks you may see, the one due first on top."""
    limit = arguments["limit"]
    after = paging.decode_cursor(arguments["cursor"], datetime, str)
    with reading() as (session, actor):
        found = tasks.find(
            session,
            actor,
            arguments["queue"],
            incident_id=arguments["incident"],
            after=after,
            limit=limit,
        )
    next_cursor = None
    if len(found) == limit:
        due_at, task_id = tasks.sort_key(found[-1].task)
        next_cursor = paging.encode_cursor(due_at.isoformat(), task_id)
    return {"items": found, "next_cursor": next_cursor}


@blueprint.get("/<task_id>")
@blueprint.response(200, WorksheetSchema)
@needs(Action.READ_TASK)
def read(task_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a task with its instructions and the fields of its form."""
    with reading() as (session, actor):
        assignment = tasks.get(session, task_id, actor)
        worksheet = tasks.worksheet(session, assignment.task)
        due = due_times.explain(session, assignment.task)
        why_not = tasks.why_not(session, assignment, actor)
    content = {
        "task": assignment.task,
        "incident": assignment.incident,
        "is_on_hold": assignment.is_on_hold,
        "instructions": worksheet.node.instructions,
        "signature_meaning": worksheet.node.signature,
        "due": due,
        "why_not": why_not,
        "fields_": worksheet.form.inputs,
    }
    return content, paging.entity_tag(assignment.task.version)


@blueprint.post("/<task_id>/claim")
@blueprint.response(200, AssignmentSchema)
@blueprint.alt_response(409, description="Somebody else has it")
@needs(Action.WORK_TASK)
def claim(task_id: str) -> Tagged:
    """Take an open task of one of your groups."""
    with changing() as (session, actor):
        assignment = tasks.claim(session, task_id, actor, paging.expected_version())
    return _tagged(assignment)


@blueprint.post("/<task_id>/release")
@blueprint.response(200, AssignmentSchema)
@blueprint.alt_response(409, description="Not waiting any more")
@needs(Action.WORK_TASK)
def release(task_id: str) -> Tagged:
    """Give a task back to its group."""
    with changing() as (session, actor):
        assignment = tasks.release(session, task_id, actor, paging.expected_version())
    return _tagged(assignment)


@blueprint.post("/<task_id>/delegate")
@blueprint.arguments(DelegationSchema())
@blueprint.response(200, AssignmentSchema)
@blueprint.alt_response(409, description="Not waiting any more, or theirs already")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.DELEGATE_TASK)
def delegate(body: dict[str, Any], task_id: str) -> Tagged:
    """Give a task to somebody who may do it: hand yours on, or assign it as an incident manager."""
    with changing() as (session, actor):
        given = delegation.delegate(
            session, task_id, body["to"], body["reason"], actor, paging.expected_version()
        )
    return _tagged(given)


@blueprint.post("/<task_id>/complete")
@blueprint.arguments(CompletionSchema())
@blueprint.response(200, CompletedSchema)
@blueprint.alt_response(403, description="Somebody else has claimed it")
@blueprint.alt_response(409, description="Not waiting any more")
@blueprint.alt_response(412, description="Changed since you looked (If-Match)")
@needs(Action.WORK_TASK)
def complete(body: dict[str, Any], task_id: str) -> Tagged:
    """Complete a task with the answers to its form; its process runs on to the next wait.

    An open task of one of your groups is claimed by this. A task with a “signature_meaning” takes
    a signature: 403 says what is missing of it.
    """
    signed = _signing(body["signature"])
    with proof.counted(), changing() as (session, actor):
        assignment = tasks.complete(
            session, task_id, body["answers"], actor, paging.expected_version(), signed
        )
    return _tagged(assignment)


@blueprint.post("/<task_id>/signature")
@blueprint.arguments(AnswersSchema())
@blueprint.response(200, ToSignSchema)
@blueprint.alt_response(403, description="Somebody else has claimed it, or you have no passkey")
@blueprint.alt_response(409, description="Not waiting any more")
@needs(Action.WORK_TASK)
def ask_to_sign(body: dict[str, Any], task_id: str) -> Question:
    """Ask for what your passkey is to sign before you complete a task with these answers.

    Good for five minutes and for these answers; send what the passkey says with them.
    """
    with changing() as (session, actor):
        return tasks.ask_to_sign(session, task_id, body["answers"], site.of_request(), actor)


def _signing(sent: dict[str, Any] | None) -> Signing | None:
    if sent is None:
        return None
    typed = sent.get("password") or sent.get("code")
    if typed is not None:
        return signing.by_proof(sent["meaning"], typed)
    return signing.by_passkey(sent["meaning"], sent["credential"], sent["at"])


def _tagged(assignment: Assignment) -> Tagged:
    return assignment, paging.entity_tag(assignment.task.version)
