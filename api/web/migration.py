"""The page on which incidents move to another version of their process."""

from collections.abc import Iterable, Mapping

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from api import migration
from api.access import needs
from api.context import reading
from api.web.control import REASON
from engine import instances, library
from engine.bpmn.diagram import Diagram
from engine.errors import InvalidAnswers
from engine.forms import Form
from engine.instances import Order, Plan
from engine.instances.migration import ElementPlan
from engine.people.permissions import Action
from engine.store.tables import ProcessDefinition

blueprint = Blueprint(
    "migration", __name__, url_prefix="/processes/<process_id>/versions/<int:version>/migrate"
)

_MAPPED = "map."  # before an element's id, as the key of its field


@blueprint.get("")
@needs(Action.MIGRATE_PROCESS)
def plan(process_id: str, version: int) -> ResponseReturnValue:
    return _page(process_id, version, {})


@blueprint.post("")
@needs(Action.MIGRATE_PROCESS)
def migrate(process_id: str, version: int) -> ResponseReturnValue:
    _, new, order = _order(process_id, version)
    try:
        done = migration.migrate(
            order, request.form.getlist("incident"), request.form.get("reason", "")
        )
    except InvalidAnswers as error:
        return _page(process_id, version, error.errors), 422
    return render_template("migrated.html", new=new, version=version, done=done)


def _page(process_id: str, version: int, errors: Mapping[str, str]) -> str:
    old, new, order = _order(process_id, version)
    with reading() as (session, actor):
        others = [d for d in library.versions(session, process_id, actor) if d.version != version]
        planned = Plan([], [])
        if new.version != old.version:
            planned = instances.plan_migration(session, order, None, actor)
        edition = library.edition(session, process_id, new.version, actor)
        diagrams = library.contents(session, edition, actor).diagrams.values()
    return render_template(
        "migrate.html",
        old=old,
        new=new,
        others=others,
        plan=planned,
        mapping=order.mapping,
        choices={e.element_id: _choices(e, diagrams) for e in planned.elements},
        form=Form("migrate", (REASON,)),
        sent=request.form,
        errors=errors,
    )


def _order(process_id: str, version: int) -> tuple[ProcessDefinition, ProcessDefinition, Order]:
    """What was asked for; without another version, the newest."""
    sent: MultiDict[str, str] = request.values
    with reading() as (session, actor):
        old = library.get_version(session, process_id, version, actor)
        to = sent.get("to", library.versions(session, process_id, actor)[0].version, type=int)
        new = library.get_version(session, process_id, to, actor)
    mapping = {
        key.removeprefix(_MAPPED): target
        for key, target in sent.items()
        if key.startswith(_MAPPED) and target
    }
    return old, new, Order(old.id, new.id, mapping)


def _choices(element: ElementPlan, diagrams: Iterable[Diagram]) -> list[tuple[str, str]]:
    """The elements of the new version that could take its place: those of its kind."""
    return [
        (node.id, node.title)
        for diagram in diagrams
        if diagram.process_id == element.process_id
        for node in diagram.of_kind(element.kind)
    ]
