"""The process library: which processes there are, in which versions, and their diagrams."""

from flask import Response

from api.access import needs
from api.context import reading
from api.rest.bundle_schemas import ProcessSchema, ShelfSchema
from api.rest.strict import StrictBlueprint
from engine import library
from engine.library import Shelf
from engine.people.permissions import Action
from engine.store.tables import ProcessDefinition

blueprint = StrictBlueprint(
    "rest_processes", __name__, url_prefix="/api/v1/processes", description="Process library"
)


@blueprint.get("")
@blueprint.response(200, ShelfSchema(many=True))
@needs(Action.READ_PROCESS)
def find() -> list[Shelf]:
    """List every process in its newest version."""
    with reading() as (session, actor):
        return library.shelves(session, actor)


@blueprint.get("/<process_id>/versions")
@blueprint.response(200, ProcessSchema(many=True))
@needs(Action.READ_PROCESS)
def versions(process_id: str) -> list[ProcessDefinition]:
    """List the versions of a process, newest first."""
    with reading() as (session, actor):
        return library.versions(session, process_id, actor)


@blueprint.get("/<process_id>/versions/<int:version>/diagram")
@blueprint.response(200, content_type="application/xml")
@needs(Action.READ_PROCESS)
def diagram(process_id: str, version: int) -> Response:
    """Read the BPMN file of a version, byte for byte as it was deployed."""
    with reading() as (session, actor):
        definition = library.get_version(session, process_id, version, actor)
        content = library.get_file(session, definition.deployment_id, definition.path)
    return Response(content, content_type="application/xml")
