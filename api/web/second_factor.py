"""The apps that show somebody codes, and the recovery codes that stand in for them."""

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api import proof
from api.access import Open, needs
from api.context import reading
from engine.errors import InvalidAnswers
from engine.people import factors
from engine.people.throttle import NotProven

blueprint = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")

_GROUP = 4  # characters of a key that are read in one go


@blueprint.get("")
@needs(Open.SIGNED_IN)
def look() -> ResponseReturnValue:
    return _page({})


@blueprint.get("/add")
@needs(Open.SIGNED_IN)
def ask() -> ResponseReturnValue:
    return _enrolment(factors.new_key(), {})


@blueprint.post("/add")
@needs(Open.SIGNED_IN)
def add() -> ResponseReturnValue:
    key, code = _key(), request.form.get("code", "")
    label = request.form.get("label", "").strip()
    try:
        with proof.proven(request.form.get("proof", "")) as (session, actor):
            codes = factors.add(session, key, code, label, actor)
    except NotProven as error:
        return _enrolment(key, {"proof": str(error)}), 422
    except InvalidAnswers as error:
        return _enrolment(key, error.errors), 422
    if codes:
        return render_template("recovery_codes.html", codes=codes, is_first=True)
    return redirect(url_for(".look", said="app"), 303)


@blueprint.post("/<authenticator_id>/remove")
@needs(Open.SIGNED_IN)
def remove(authenticator_id: str) -> ResponseReturnValue:
    try:
        with proof.proven(request.form.get(f"proof-{authenticator_id}", "")) as (session, actor):
            factors.remove(session, authenticator_id, actor)
    except NotProven as error:
        return _page({authenticator_id: str(error)}), 422
    return redirect(url_for(".look", said="app_gone"), 303)


@blueprint.post("/recovery-codes")
@needs(Open.SIGNED_IN)
def issue_recovery_codes() -> ResponseReturnValue:
    try:
        with proof.proven(request.form.get("proof-codes", "")) as (session, actor):
            codes = factors.issue_recovery_codes(session, actor)
    except NotProven as error:
        return _page({"codes": str(error)}), 422
    return render_template("recovery_codes.html", codes=codes, is_first=False)


def _page(errors: dict[str, str]) -> str:
    """``errors`` by the id of an app, or ``codes``: each has a form of its own."""
    with reading() as (session, actor):
        known = factors.look(session, actor)
    return render_template(
        "second_factor.html",
        known=known,
        all_codes=factors.RECOVERY_CODES,
        errors={f"proof-{form}": message for form, message in errors.items()},
    )


def _key() -> str:
    """The key that the page has shown; a new one in place of what is none."""
    shown = request.form.get("key", "")
    return shown if factors.is_key(shown) else factors.new_key()


def _enrolment(key: str, errors: dict[str, str]) -> str:
    with reading() as (session, actor):
        known = factors.look(session, actor)
    qr = segno.make(factors.address(key, known.username), micro=False)
    return render_template(
        "second_factor_add.html",
        known=known,
        errors=errors,
        key=key,
        groups=[key[start : start + _GROUP] for start in range(0, len(key), _GROUP)],
        # Dark on light whatever the page looks like: cameras expect it.
        qr=qr.svg_data_uri(scale=5, dark="#000", light="#fff"),
    )
