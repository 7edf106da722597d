"""The process library: every version of a process, and the draft of the next one."""

from collections.abc import Iterable, Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.access import needs
from api.context import changing, reading
from engine import library
from engine.errors import Finding, Refused
from engine.operations import CATALOGUE
from engine.people import permissions
from engine.people.permissions import Action

blueprint = Blueprint("processes", __name__, url_prefix="/processes")


@blueprint.get("")
@needs(Action.READ_PROCESS)
def find() -> ResponseReturnValue:
    with reading() as (session, actor):
        shelves = library.shelves(session, actor)
    may_edit = permissions.may(actor, Action.EDIT_PROCESS)
    return render_template("processes.html", shelves=shelves, may_edit=may_edit)


@blueprint.get("/<process_id>")
@needs(Action.READ_PROCESS)
def read(process_id: str) -> ResponseReturnValue:
    with reading() as (session, actor):
        editions = library.editions(session, process_id, actor)
        draft = library.find_draft(session, editions[0].deployment.bundle_id)
    may_edit = permissions.may(actor, Action.EDIT_PROCESS)
    return render_template("process.html", editions=editions, draft=draft, may_edit=may_edit)


@blueprint.get("/<process_id>/versions/<int:version>")
@needs(Action.READ_PROCESS)
def version(process_id: str, version: int) -> ResponseReturnValue:
    with reading() as (session, actor):
        edition = library.edition(session, process_id, version, actor)
        bundle = library.contents(session, edition, actor)
        newest = library.versions(session, process_id, actor)[0]
    return render_template(
        "version.html",
        edition=edition,
        bundle=bundle,
        diagram=bundle.diagrams[edition.definition.path],
        newest=newest,
        operations=CATALOGUE,
        may_edit=permissions.may(actor, Action.EDIT_PROCESS),
    )


@blueprint.get("/<process_id>/draft")
@needs(Action.EDIT_PROCESS)
def draft(process_id: str) -> ResponseReturnValue:
    return _draft(process_id, ())


@blueprint.post("/<process_id>/draft/deploy")
@needs(Action.EDIT_PROCESS)
def deploy(process_id: str) -> ResponseReturnValue:
    note = request.form.get("note", "").strip()
    try:
        with changing() as (session, actor):
            bundle_id = library.workbench(session, process_id, actor).edition.deployment.bundle_id
            library.deploy_draft(session, bundle_id, note, actor)
    except Refused as error:
        return _draft(process_id, error.findings), 422
    return redirect(url_for(".read", process_id=process_id, said="deployed"), 303)


@blueprint.post("/<process_id>/draft/discard")
@needs(Action.EDIT_PROCESS)
def discard(process_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        bundle_id = library.workbench(session, process_id, actor).edition.deployment.bundle_id
        library.discard_draft(session, bundle_id, actor)
    return redirect(url_for(".read", process_id=process_id, said="discarded"), 303)


def _draft(process_id: str, findings: Sequence[Finding]) -> str:
    with reading() as (session, actor):
        bench = library.workbench(session, process_id, actor)
    decisions = [{"value": d.id, "label": d.name} for d in bench.bundle.decisions.values()]
    return render_template(
        "draft.html",
        bench=bench,
        findings=findings,
        note=request.form.get("note", ""),
        offered={
            "forms": _choices(bench.bundle.forms),
            "decisions": decisions,
            "operations": _operations(),
            "groups": bench.groups,
        },
    )


def _choices(keys: Iterable[str]) -> list[dict[str, str]]:
    return [{"value": key, "label": key} for key in sorted(keys)]


def _operations() -> list[dict[str, object]]:
    return [
        {
            "value": name,
            "label": operation.title,
            "parameters": [{"id": k, "label": label} for k, label in operation.parameters.items()],
        }
        for name, operation in CATALOGUE.items()
    ]
