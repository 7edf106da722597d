"""Bundles: deploy one whole, or edit the draft of its next version file by file."""

from typing import Any

from flask import Response, request

from api.access import needs
from api.context import changing, reading
from api.rest import paging
from api.rest.bundle_schemas import (
    BundleSchema,
    DeployDraftSchema,
    DeploymentSchema,
    DraftCheckSchema,
    ImportedSchema,
    ImportQuerySchema,
)
from api.rest.strict import StrictBlueprint
from engine import library
from engine.library import importing
from engine.people.permissions import Action
from engine.store.tables import Deployment

_FILE = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}

blueprint = StrictBlueprint(
    "rest_bundles", __name__, url_prefix="/api/v1/bundles", description="Bundles and drafts"
)


@blueprint.post("")
@blueprint.arguments(BundleSchema())
@blueprint.response(201, DeploymentSchema)
@blueprint.alt_response(422, description="Refused by the checks; each finding names its element")
@needs(Action.EDIT_PROCESS)
def deploy(body: dict[str, Any]) -> Deployment:
    """Deploy a bundle as its next version; the same content again is the same version."""
    files = {path: content.encode() for path, content in body["files"].items()}
    with changing() as (session, actor):
        return library.deploy(session, files, body["note"], actor)


@blueprint.post("/import")
@blueprint.doc(requestBody=_FILE)
@blueprint.arguments(ImportQuerySchema, location="query")
@blueprint.response(200, ImportedSchema)
@blueprint.alt_response(422, description="Nothing can be made of the file; the rules say why")
@needs(Action.EDIT_PROCESS)
def import_diagram(query: dict[str, Any]) -> dict[str, Any]:
    """Make a bundle draft of a BPMN 2.0 file of any tool, the body; nothing is kept.

    Every guess is a question. Deploy the files, changed or not, as a bundle.
    """
    content = request.get_data()
    with reading() as (_, actor):
        imported = importing.import_for(content, query["name"], actor)
    files = {path: file.decode() for path, file in imported.files.items()}
    return {"origin": imported.origin, "files": files, "questions": imported.questions}


@blueprint.get("/<bundle_id>/draft/<path:path>")
@blueprint.response(200, content_type="application/xml")
@needs(Action.EDIT_PROCESS)
def read_draft(bundle_id: str, path: str) -> Response:
    """Read a file as the draft has it; the ETag names the draft's version."""
    with reading() as (session, actor):
        content, version = library.read_draft(session, bundle_id, path, actor)
    return Response(content, content_type="application/xml", headers=paging.entity_tag(version))


@blueprint.put("/<bundle_id>/draft/<path:path>")
@blueprint.doc(requestBody=_FILE)
@blueprint.response(200, DraftCheckSchema)
@blueprint.alt_response(412, description="Somebody else saved the draft")
@blueprint.alt_response(422, description="The file cannot be read")
@blueprint.alt_response(428, description="If-Match is required")
@needs(Action.EDIT_PROCESS)
def save_draft(bundle_id: str, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Save a file of the draft; it may be unfinished, and the findings say what is missing."""
    version = paging.required_version()
    content = request.get_data()
    with changing() as (session, actor):
        draft = library.save_draft(session, bundle_id, path, content, version, actor)
        findings = library.check_draft(session, bundle_id, {}, actor)
    tag = paging.entity_tag(draft.version)
    return {"etag": tag["ETag"], "findings": findings}, tag


@blueprint.post("/<bundle_id>/check/<path:path>")
@blueprint.doc(requestBody=_FILE)
@blueprint.response(200, DraftCheckSchema)
@needs(Action.EDIT_PROCESS)
def check(bundle_id: str, path: str) -> dict[str, Any]:
    """Check the draft with this content of one file; nothing is kept."""
    content = request.get_data()
    with reading() as (session, actor):
        return {"findings": library.check_draft(session, bundle_id, {path: content}, actor)}


@blueprint.post("/<bundle_id>/draft")
@blueprint.arguments(DeployDraftSchema())
@blueprint.response(201, DeploymentSchema)
@blueprint.alt_response(409, description="Another version was deployed meanwhile")
@blueprint.alt_response(422, description="Refused by the checks")
@needs(Action.EDIT_PROCESS)
def deploy_draft(body: dict[str, Any], bundle_id: str) -> Deployment:
    """Deploy the draft as the next version."""
    with changing() as (session, actor):
        return library.deploy_draft(session, bundle_id, body["note"], actor)


@blueprint.delete("/<bundle_id>/draft")
@blueprint.response(204)
@needs(Action.EDIT_PROCESS)
def discard_draft(bundle_id: str) -> None:
    """Throw the draft away."""
    with changing() as (session, actor):
        library.discard_draft(session, bundle_id, actor)
