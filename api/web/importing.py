"""Import of a diagram of another tool: what it had to guess, and a new bundle made of it."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from api import security
from api.access import needs
from api.context import changing, reading
from engine import bundles, forms, library
from engine.bpmn.diagram import Node
from engine.bundles import Bundle
from engine.errors import Conflict, InvalidAnswers, InvalidDocument, Refused
from engine.forms import Field, Form
from engine.library import importing
from engine.library.importing import Imported, Origin, Question
from engine.library.importing.words import one_line
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Deployment

blueprint = Blueprint("importing", __name__, url_prefix="/import")

_LONGEST_NAME = 60
_FORM = Form(
    "import",
    (
        Field(
            "textfield",
            "name",
            "Name of the new bundle",
            "Its files and its id are called like it.",
            is_required=True,
            max_length=_LONGEST_NAME,
        ),
    ),
)
_ORIGINS = {
    Origin.STEADYHAND: "Steadyhand",
    Origin.CAMUNDA_7: "Camunda 7, or Activiti or Flowable",
    Origin.CAMUNDA_8: "Camunda 8",
    Origin.DRAWN: "None: it was drawn for people",
}
_SAVE_IT_ANEW = "Save it in your modeler as BPMN 2.0, with the ending .bpmn, and choose that file."
_DRAW_IT = "Draw at least one step inside a pool or process, save, and choose the file again."
_ADVICE = {"not-bpmn": _SAVE_IT_ANEW, "process-missing": _DRAW_IT}
_TOO_LARGE = (
    "This file is larger than 1 MB. Take pictures out of it, or split the diagram into several."
)
_LOST = "The file did not come along with the page. Choose it again."
_MAX_PROBLEMS = 5  # that stand beside the field


@dataclass(frozen=True)
class Upload:
    """The file that a person chose; the pages hand it on, since nothing of it is kept."""

    filename: str
    content: bytes

    @property
    def name(self) -> str:
        return PurePosixPath(self.filename).stem[:_LONGEST_NAME]

    @property
    def packed(self) -> str:
        """The content as a hidden field carries it."""
        return urlsafe_b64encode(zlib.compress(self.content)).decode()


@dataclass(frozen=True)
class Group:
    """What the import asks about one element, or about the file as a whole."""

    name: str
    node: Node | None  # none where the element was left out, or is no step
    process_id: str
    questions: list[Question]


@blueprint.get("")
@needs(Action.EDIT_PROCESS)
def choose() -> ResponseReturnValue:
    return _choose({})


@blueprint.post("")
@needs(Action.EDIT_PROCESS)
def read() -> ResponseReturnValue:
    try:
        upload = _chosen()
        imported = _import(upload, upload.name)
    except InvalidAnswers as error:
        return _choose(error.errors), 422
    except (InvalidDocument, Refused) as error:
        return _choose({"file": _problem(error)}), 422
    return _answer(upload, imported)


@blueprint.post("/deploy")
@needs(Action.EDIT_PROCESS)
def deploy() -> ResponseReturnValue:
    upload = _handed_on()
    try:
        imported = _import(upload, _name())
        deployment = _deploy(upload, imported)
    except InvalidAnswers as error:
        return _answer(upload, _import(upload, upload.name), errors=error.errors), 422
    return _answer(upload, imported, deployment)


@blueprint.post("/files")
@needs(Action.EDIT_PROCESS)
def files() -> ResponseReturnValue:
    """Everything in one ZIP file, for whoever goes on in their own editor."""
    upload = _handed_on()
    try:
        imported = _import(upload, _name())
    except InvalidAnswers as error:
        return _answer(upload, _import(upload, upload.name), errors=error.errors), 422
    bundle = bundles.read(imported.files)
    questions = render_template(
        "questions.txt", upload=upload, groups=_groups(imported.questions, bundle)
    )
    attachment = f'attachment; filename="{bundle.id}.zip"'
    return Response(
        _zipped({**imported.files, "questions.txt": questions.encode()}),
        content_type="application/zip",
        headers={"Content-Disposition": attachment},
    )


def _choose(errors: Mapping[str, str]) -> str:
    with reading() as (_, actor):
        permissions.require(actor, Action.EDIT_PROCESS)
    return render_template("import.html", errors=errors)


def _chosen() -> Upload:
    try:
        sent = request.files.get("file")
    except RequestEntityTooLarge as error:
        security.note_error(error)
        raise InvalidAnswers({"file": _TOO_LARGE}) from error
    if sent is None or not sent.filename:
        raise InvalidAnswers({"file": "Choose a file first: a diagram with the ending .bpmn."})
    with sent.stream as stream:  # a larger one lies in a temporary file
        return Upload(one_line(sent.filename), stream.read())


def _handed_on() -> Upload:
    """What was chosen a page ago; no more of it than could have been sent."""
    stream = zlib.decompressobj()
    try:
        packed = urlsafe_b64decode(request.form["content"])
        content = stream.decompress(packed, current_app.config["MAX_CONTENT_LENGTH"])
    except (ValueError, zlib.error) as error:
        raise BadRequest(_LOST) from error
    if not stream.eof:
        raise BadRequest(_LOST)
    return Upload(one_line(request.form["filename"]), content)


def _name() -> str:
    return str(forms.check(_FORM, forms.from_text(_FORM, request.form))["name"])


def _import(upload: Upload, name: str) -> Imported:
    with reading() as (_, actor):
        return importing.import_for(upload.content, f"{name}.bpmn", actor)


def _problem(error: InvalidDocument | Refused) -> str:
    """What is wrong with the file, and what to do."""
    if isinstance(error, InvalidDocument):
        return f"{error} {_SAVE_IT_ANEW}"
    found = [finding for finding in error.findings if finding.is_error][:_MAX_PROBLEMS]
    told = [f"{f.element_name}: {f.message}" if f.element_name else f.message for f in found]
    return " ".join([*told, *dict.fromkeys(_ADVICE.get(f.rule, "") for f in found)]).strip()


def _deploy(upload: Upload, imported: Imported) -> Deployment:
    """Version 1 of a new bundle; to send the same once more changes nothing."""
    try:
        with changing() as (session, actor):
            note = f"Imported from {upload.filename}"
            return library.deploy_new(session, imported.files, note, actor)
    except Conflict as error:
        raise InvalidAnswers({"name": str(error)}) from error


def _answer(
    upload: Upload,
    imported: Imported,
    deployment: Deployment | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    bundle = bundles.read(imported.files)
    return render_template(
        "imported.html",
        upload=upload,
        imported=imported,
        bundle=bundle,
        origin=_ORIGINS[imported.origin],
        groups=_groups(imported.questions, bundle),
        deployment=deployment,
        form=_FORM,
        sent={"name": request.form.get("name", upload.name)},
        errors=errors or {},
    )


def _groups(questions: Iterable[Question], bundle: Bundle) -> list[Group]:
    """The questions by element, in the order in which they arose; of the whole file first."""
    grouped: dict[str, list[Question]] = {"": []}
    for question in questions:
        grouped.setdefault(question.element_id, []).append(question)
    places = {
        node.id: (diagram.process_id, node)
        for diagram in bundle.diagrams.values()
        for node in diagram.nodes.values()
    }
    found = []
    for element_id, asked in grouped.items():
        process_id, node = places.get(element_id, ("", None))
        name = node.title if node else asked[0].element_name or element_id if asked else ""
        found.append(Group(name, node, process_id, asked))
    return [group for group in found if group.questions]


def _zipped(contents: Mapping[str, bytes]) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
    return made.getvalue()
