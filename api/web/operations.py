"""The page of those who look after the installation: what failed, and what is due next."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from engine import upkeep
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.instances import REASON_LENGTH, Reason
from engine.people import permissions
from engine.people.permissions import Action
from engine.upkeep import Letter

blueprint = Blueprint("operations", __name__, url_prefix="/operations")

_REASON = "reason."  # before a letter's id, as the key of its field


@blueprint.get("")
@needs(Action.LOOK_AFTER)
def look() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/dead-letters/<int:job_id>/retry")
@needs(Action.RETRY_JOB)
def retry(job_id: int) -> ResponseReturnValue:
    key = f"{_REASON}{job_id}"
    try:
        with changing() as (session, actor):
            upkeep.try_again(session, job_id, Reason(request.form.get(key, "")), actor)
    except InvalidAnswers as error:
        return _page({key: error.errors["reason"]}), 422
    return redirect(url_for(".look", said="job"), 303)


def _page(errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        seen = upkeep.look(session, actor)
    return render_template(
        "operations.html",
        seen=seen,
        form=Form("retry", tuple(map(_reason, seen.letters))),
        may_retry=permissions.may(actor, Action.RETRY_JOB),
        may_break_glass=permissions.may(actor, Action.BREAK_GLASS),
        may_move=permissions.may(actor, Action.CONTROL_PROCESS),
        sent=request.form,
        errors=errors,
    )


def _reason(letter: Letter) -> Field:
    """Its own question for each letter, since all of them stand on one page."""
    return Field(
        "textarea",
        f"{_REASON}{letter.letter.id}",
        "Why?",
        "What has changed, so that it will work now. For those who read the history later.",
        is_required=True,
        max_length=REASON_LENGTH,
    )
