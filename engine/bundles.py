"""A bundle: the diagrams, decisions and forms that are deployed together, read and ready to run."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import dmn, forms
from engine.bpmn import diagram
from engine.bpmn.definition import Definition, compile_definition
from engine.bpmn.diagram import Diagram
from engine.dmn import Decision, DmnError
from engine.errors import Finding, InvalidDocument, Refused
from engine.forms import Form
from engine.store.tables import DeploymentFile

Files = Mapping[str, bytes]  # path -> content

MANIFEST = "bundle.toml"
_ID = re.compile(r"[a-z0-9_-]{1,64}")
_TITLE_LENGTH = 200


@dataclass
class Bundle:
    """What the files of a bundle say; ``findings`` are about files that say nothing we can read."""

    id: str = ""
    title: str = ""
    diagrams: dict[str, Diagram] = field(default_factory=dict)  # path -> diagram
    decisions: dict[str, Decision] = field(default_factory=dict)  # decision id -> decision
    forms: dict[str, Form] = field(default_factory=dict)  # form key -> form
    start_forms: dict[str, str] = field(default_factory=dict)  # process id -> form key
    findings: list[Finding] = field(default_factory=list)

    def compile(self) -> dict[str, Definition]:
        """Process id -> definition; the diagrams must have passed the linter."""
        return {d.process_id: compile_definition(d, self.decisions) for d in self.diagrams.values()}


@dataclass(frozen=True)
class Deployed:
    """One version of a bundle, compiled."""

    bundle: Bundle
    definitions: Mapping[str, Definition]


_deployed: dict[str, Deployed] = {}


def deployed(session: Session, deployment_id: str) -> Deployed:
    """A deployed bundle; compiled once a process, since a deployment never changes."""
    found = _deployed.get(deployment_id)
    if found is None:
        bundle = read(files_of(session, deployment_id))
        found = _deployed[deployment_id] = Deployed(bundle, bundle.compile())
    return found


def files_of(session: Session, deployment_id: str) -> dict[str, bytes]:
    query = select(DeploymentFile).where(DeploymentFile.deployment_id == deployment_id)
    return {row.path: row.content for row in session.scalars(query)}


def read(files: Files) -> Bundle:
    """Read every file; what cannot be read becomes a finding."""
    bundle = Bundle()
    for path in sorted(files):
        try:
            _read_file(bundle, path, files[path])
        except InvalidDocument as error:
            bundle.findings.append(Finding("file-invalid", path, "", "", str(error)))
        except DmnError as error:
            bundle.findings.append(
                Finding("decision-invalid", path, error.element_id, error.element_name, str(error))
            )
        except Refused as error:
            bundle.findings += error.findings
    return bundle


def digest(files: Files) -> str:
    """SHA-256 over the canonical list of paths and the SHA-256 of each file."""
    listing = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    canonical = json.dumps(listing, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read_file(bundle: Bundle, path: str, content: bytes) -> None:
    name = PurePosixPath(path)
    if name.name == MANIFEST:
        _read_manifest(bundle, content)
    elif name.suffix == ".bpmn":
        drawn = diagram.read(content)
        if drawn.process_id != name.stem:
            raise InvalidDocument(
                f"The process is called “{drawn.process_id}”; name its file like that."
            )
        bundle.diagrams[path] = drawn
    elif name.suffix == ".dmn":
        for decision in dmn.parse(content):
            if decision.id in bundle.decisions:
                raise InvalidDocument(f"Two decisions are called “{decision.id}”.")
            bundle.decisions[decision.id] = decision
    elif name.suffix == ".json" and name.parts[0] == "forms":
        bundle.forms[name.stem] = forms.read(content, path)
    else:
        raise InvalidDocument(
            "A bundle holds .bpmn, .dmn and bundle.toml files, and forms as .json."
        )


def _read_manifest(bundle: Bundle, content: bytes) -> None:
    try:
        manifest = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidDocument(f"This is not TOML: {error}.") from error
    bundle.id = str(manifest.get("id", ""))
    if not _ID.fullmatch(bundle.id):
        raise InvalidDocument("Give the bundle an id of lower-case letters, digits, _ and -.")
    bundle.title = str(manifest.get("title", bundle.id))[:_TITLE_LENGTH]
    starts = manifest.get("start", [])
    if not isinstance(starts, list) or not all(isinstance(start, dict) for start in starts):
        raise InvalidDocument("Write each start as [[start]] with process and form.")
    bundle.start_forms = {str(s.get("process", "")): str(s.get("form", "")) for s in starts}
