"""Messages between processes: which wait, why, and the form that gives one up."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from api.web import asked
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.instances import messages
from engine.instances.messages import Tracked
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import MessageStatus

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

PAGE = 100
_REASON = "reason."  # before a message's id, as the key of its field


@blueprint.get("")
@needs(Action.READ_MESSAGES)
def find() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/<message_id>/discard")
@needs(Action.DISCARD_MESSAGE)
def discard(message_id: str) -> ResponseReturnValue:
    key = _REASON + message_id
    try:
        with changing() as (session, actor):
            messages.discard(session, message_id, request.form.get(key, ""), actor)
    except InvalidAnswers as error:
        return _page({key: error.errors["reason"]}), 422
    return redirect(url_for(".find", said="given_up"), 303)


def _page(errors: Mapping[str, str]) -> str:
    status = request.args.get("status", MessageStatus.WAITING, type=MessageStatus)
    with reading() as (session, actor):
        found = messages.find(session, actor, status=status, after=_after(), limit=PAGE)
    last = found[-1].message if len(found) == PAGE else None
    return render_template(
        "messages.html",
        chosen=status,
        statuses=MessageStatus,
        found=sorted(found, key=_urgency),
        form=Form("discard", tuple(map(_reason, found))),
        may_discard=permissions.may(actor, Action.DISCARD_MESSAGE),
        sent=request.form,
        errors=errors,
        last=last,
    )


def _urgency(tracked: Tracked) -> tuple[bool, float]:
    """What went wrong comes first, then the newest."""
    message = tracked.message
    return message.problem is None, -message.created_at.timestamp()


def _reason(tracked: Tracked) -> Field:
    """Its own question for each message, since all of them stand on one page."""
    return Field(
        "textarea",
        _REASON + tracked.message.id,
        "Why?",
        "A sentence for those who read the history later.",
        is_required=True,
        max_length=messages.LONGEST_REASON,
    )


def _after() -> tuple[datetime, str] | None:
    sent_at = request.args.get("sent_at", type=datetime.fromisoformat)
    last = request.args.get("last", type=asked.plain)
    return (sent_at, last) if sent_at and last else None
