"""The process of an incident in a person's hands: where it stands, and a page for each change."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from api.web import moments
from engine import incidents, instances
from engine.actors import Actor
from engine.bpmn.progress import OpenTimer
from engine.errors import Conflict, InvalidAnswers
from engine.forms import Field, Form
from engine.instances import REASON_LENGTH, Move, Overview, Reason
from engine.instances.overview import FailedStep
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Incident

blueprint = Blueprint("control", __name__, url_prefix="/incidents/<number>/process")

REASON = Field(
    "textarea",
    "reason",
    "Why?",
    "A sentence for those who read the history later.",
    is_required=True,
    max_length=REASON_LENGTH,
)
_VARIABLE = "variable."  # before a variable's name, as the key of its field


@dataclass(frozen=True)
class Act:
    """Something that needs nothing but a reason."""

    title: str
    consequence: str
    do: Callable[..., object]  # session, incident, reason, actor
    said: str


ACTS = {
    "hold": Act(
        "Put the process on hold",
        "Tasks stay where they are, and nobody can complete one. Timers and messages wait, too.",
        instances.suspend,
        "held",
    ),
    "resume": Act(
        "Let the process go on",
        "Tasks can be completed again. What became due meanwhile happens within seconds.",
        instances.resume,
        "resumed",
    ),
    "cancel": Act(
        "Cancel the incident",
        "The process ends here for good: open tasks are cancelled and nothing is waited for.",
        instances.cancel,
        "cancelled",
    ),
    "revive": Act(
        "Let the process try again",
        "The process stopped as a whole. It goes on from where it stood.",
        instances.take_up,
        "resumed",
    ),
}


@blueprint.get("")
@needs(Action.READ_AUDIT)
def look(number: str) -> ResponseReturnValue:
    return _page(number, {})


@blueprint.get(f"/<any({', '.join(ACTS)}):name>")
@needs(Action.CONTROL_PROCESS)
def ask(number: str, name: str) -> ResponseReturnValue:
    return _ask_for(number, ACTS[name], {})


@blueprint.post(f"/<any({', '.join(ACTS)}):name>")
@needs(Action.CONTROL_PROCESS)
def act(number: str, name: str) -> ResponseReturnValue:
    chosen = ACTS[name]
    try:
        with changing() as (session, actor):
            chosen.do(session, incidents.get(session, number, actor), _reason(), actor)
    except InvalidAnswers as error:
        return _ask_for(number, chosen, error.errors), 422
    return redirect(url_for(".look", number=number, said=chosen.said), 303)


@blueprint.get("/retry/<token_id>")
@needs(Action.CONTROL_PROCESS)
def correction(number: str, token_id: str) -> ResponseReturnValue:
    return _ask_again(number, token_id, {})


@blueprint.post("/retry/<token_id>")
@needs(Action.CONTROL_PROCESS)
def retry(number: str, token_id: str) -> ResponseReturnValue:
    try:
        corrections = _corrections()
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            instances.retry(session, incident, token_id, corrections, _reason(), actor)
    except InvalidAnswers as error:
        errors = {k if k == "reason" else f"{_VARIABLE}{k}": v for k, v in error.errors.items()}
        return _ask_again(number, token_id, errors), 422
    return redirect(url_for(".look", number=number, said="retried"), 303)


@blueprint.get("/move")
@needs(Action.CONTROL_PROCESS)
def preview(number: str) -> ResponseReturnValue:
    return _preview(number, {})


@blueprint.post("/move")
@needs(Action.CONTROL_PROCESS)
def move(number: str) -> ResponseReturnValue:
    try:
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            instances.move(session, incident, _wanted(), _reason(), actor)
    except InvalidAnswers as error:
        return _preview(number, error.errors)
    return redirect(url_for(".look", number=number, said="moved"), 303)


@blueprint.get("/timers/<token_id>")
@needs(Action.CONTROL_PROCESS)
def timer(number: str, token_id: str) -> ResponseReturnValue:
    return _ask_when(number, token_id, {})


@blueprint.post("/timers/<token_id>")
@needs(Action.CONTROL_PROCESS)
def move_timer(number: str, token_id: str) -> ResponseReturnValue:
    try:
        (due_at,) = moments.typed("due_at")
        with changing() as (session, actor):
            incident = incidents.get(session, number, actor)
            instances.move_timer(session, incident, token_id, due_at, _reason(), actor)
    except InvalidAnswers as error:
        return _ask_when(number, token_id, error.errors), 422
    return redirect(url_for(".look", number=number, said="timer"), 303)


def _reason() -> Reason:
    return Reason(request.form.get("reason", ""), request.form.get("version", type=int))


def _wanted() -> Move:
    return Move(tuple(request.values.getlist("withdraw")), tuple(request.values.getlist("start")))


def _look(number: str) -> tuple[Incident, Overview, Actor]:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        return incident, instances.look(session, incident, actor), actor


def _page(number: str, errors: Mapping[str, str]) -> str:
    with reading() as (session, actor):
        incident = incidents.get(session, number, actor)
        overview = instances.look(session, incident, actor)
        path = incidents.path(session, incident)
    return render_template(
        "control.html",
        incident=incident,
        overview=overview,
        path=path,
        may_control=permissions.may(actor, Action.CONTROL_PROCESS, incident),
        names={s.place.token_id: s.place.node.title for s in overview.standings},
        form=_move_form(overview),
        sent=request.args,
        errors=errors,
    )


def _move_form(overview: Overview) -> Form:
    """Which tokens may end, and what may start in the place of one of them."""
    movable = [standing.place for standing in overview.standings if standing.place.is_movable]
    targets = {node.id: node.title for place in movable for node in place.targets}
    tokens = tuple((place.token_id, place.node.title) for place in movable)
    ends = Field("select", "withdraw", "What ends?", options=tokens, is_required=True)
    begins = Field(
        "select", "start", "What starts instead?", options=tuple(targets.items()), is_required=True
    )
    return Form("move", (ends, begins))


def _ask_for(number: str, chosen: Act, errors: Mapping[str, str]) -> str:
    return _intervene(
        _look(number), chosen.title, errors, Form("act", (REASON,)), consequence=chosen.consequence
    )


def _ask_again(number: str, token_id: str, errors: Mapping[str, str]) -> str:
    seen = _look(number)
    step = next((step for step in seen[1].failures if step.token_id == token_id), None)
    if step is None:
        raise Conflict("This step has not failed, or was tried again meanwhile.")
    form = Form("retry", (*_variables(step), REASON))
    title = f"Try “{step.element_name}” again"
    kept = [(f"before.{name}", _as_text(value)) for name, value in step.reads.items()]
    return _intervene(seen, title, errors, form, consequence=step.message, kept=kept)


def _ask_when(number: str, token_id: str, errors: Mapping[str, str]) -> str:
    seen = _look(number)
    places = (standing.place for standing in seen[1].standings)
    waits = (place.wait for place in places if place.token_id == token_id)
    wait = next((wait for wait in waits if isinstance(wait, OpenTimer)), None)
    if wait is None:
        raise Conflict("This timer has fired, or nobody waits for it any more.")
    due_at = f"{wait.due_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    hint = "In UTC. A moment in the past lets it fire within seconds."
    when = Field("textfield", "due_at", "When is it due?", hint, default=due_at, is_required=True)
    title = f"Move the timer “{wait.node.title}”"
    consequence = "What follows from it waits until then."
    return _intervene(seen, title, errors, Form("timer", (when, REASON)), consequence=consequence)


def _variables(step: FailedStep) -> Iterable[Field]:
    for name, value in step.reads.items():
        hint = "A text stands in quotes, as in JSON."
        default = _as_text(value)
        yield Field("textfield", _VARIABLE + name, name, hint, default=default, is_required=True)


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _corrections() -> dict[str, Any]:
    """What differs from what was there; ``InvalidAnswers`` for what is no JSON."""
    corrections, errors = {}, {}
    for key in request.form:
        name = key.removeprefix(_VARIABLE)
        if key != name and request.form[key] != request.form.get(f"before.{name}"):
            try:
                corrections[name] = json.loads(request.form[key])
            except (ValueError, RecursionError):
                errors[name] = (
                    "Write a number, true, false, null, a text in quotes, or a list in brackets."
                )
    if errors:
        raise InvalidAnswers(errors)
    return corrections


def _preview(number: str, errors: Mapping[str, str]) -> ResponseReturnValue:
    """What a move would do; a move that makes no sense is said where it was chosen."""
    try:
        with reading() as (session, actor):
            incident = incidents.get(session, number, actor)
            would = instances.preview_move(session, incident, _wanted(), actor)
    except InvalidAnswers as error:
        return _page(number, error.errors), 422
    seen, form, wanted = _look(number), Form("move", (REASON,)), _wanted()
    begins = ", ".join(f"“{name}”" for name in _names(seen[1], wanted.start))
    kept = [("withdraw", token) for token in wanted.withdraw]
    kept += [("start", element) for element in wanted.start]
    page = _intervene(seen, f"Start {begins} instead", errors, form, would=would, kept=kept)
    return page, 422 if errors else 200


def _names(overview: Overview, element_ids: Iterable[str]) -> Iterator[str]:
    targets = {n.id: n.title for s in overview.standings for n in s.place.targets}
    return (targets.get(element_id, element_id) for element_id in element_ids)


def _intervene(
    seen: tuple[Incident, Overview, Actor],
    title: str,
    errors: Mapping[str, str],
    form: Form,
    **more: Any,
) -> str:
    incident, overview, actor = seen
    permissions.require(actor, Action.CONTROL_PROCESS, incident)
    return render_template(
        "intervene.html",
        incident=incident,
        version=request.form.get("version", overview.instance.version),
        title=title,
        form=form,
        sent=request.form,
        errors=errors,
        **more,
    )
