"""A bundle: the diagrams, decisions and forms that are deployed together, read and ready to run.

Its scenarios are deployed with it, as what it was tested by.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clocks, dmn, duties, forms, manifests, separation
from engine.bpmn import reader
from engine.bpmn.definition import Definition, compile_definition
from engine.bpmn.diagram import Diagram
from engine.clocks import Calendar, agreements
from engine.clocks.agreements import Agreement
from engine.dmn import Decision, DmnError
from engine.duties import Regime
from engine.duties.fields import Field
from engine.errors import Finding, InvalidDocument, Refused
from engine.feel import with_calendars
from engine.forms import Form
from engine.separation import Separation
from engine.store.tables import DeploymentFile, ProcessDefinition

Files = Mapping[str, bytes]  # path -> content

MANIFEST = "bundle.toml"
FIELDS = ".fields.toml"  # of the reports of the regime in the file of the same name
_ID = re.compile(r"[a-z0-9_-]{1,64}")
_TITLE_LENGTH = 200


@dataclass
class Bundle:
    """What the files of a bundle say; ``findings`` are about files that say nothing we can read."""

    id: str = ""
    title: str = ""
    diagrams: dict[str, Diagram] = field(default_factory=dict)  # path -> diagram
    decisions: dict[str, Decision] = field(default_factory=dict)  # decision id -> decision
    decision_paths: dict[str, str] = field(default_factory=dict)  # decision id -> path
    forms: dict[str, Form] = field(default_factory=dict)  # form key -> form
    start_forms: dict[str, str] = field(default_factory=dict)  # process id -> form key
    separations: tuple[Separation, ...] = ()
    calendars: dict[str, Calendar] = field(default_factory=dict)  # name -> calendar
    agreements: tuple[Agreement, ...] = ()  # what is promised about each incident
    regimes: dict[str, Regime] = field(default_factory=dict)  # path -> regime
    report_fields: dict[str, tuple[Field, ...]] = field(default_factory=dict)  # path -> fields
    is_deployed_by_another: bool = False  # than those who edited it
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Deployed:
    """One diagram of a deployed bundle, compiled, with what lies beside it."""

    process_id: str
    version: int
    name: str
    definition: Definition
    bundle: Bundle
    definition_ids: Mapping[str, str]  # process id -> definition, of this and what it may call


_deployed: dict[str, Deployed] = {}


def deployed(session: Session, definition_id: str) -> Deployed:
    """A deployed process by the id of its definition; kept, since a deployment never changes."""
    if definition_id not in _deployed:
        row = session.get_one(ProcessDefinition, definition_id)
        bundle = read(files_of(session, row.deployment_id))
        processes = {drawn.process_id: drawn for drawn in bundle.diagrams.values()}
        definition = compile_definition(
            bundle.diagrams[row.path], bundle.decisions, processes, bundle.calendars
        )
        _deployed[definition_id] = Deployed(
            row.process_id,
            row.version,
            row.name,
            definition,
            bundle,
            _definition_ids(session, row.deployment_id),
        )
    return _deployed[definition_id]


def _definition_ids(session: Session, deployment_id: str) -> dict[str, str]:
    query = select(ProcessDefinition.process_id, ProcessDefinition.id)
    rows = session.execute(query.where(ProcessDefinition.deployment_id == deployment_id))
    return {row.process_id: row.id for row in rows}


def files_of(session: Session, deployment_id: str) -> dict[str, bytes]:
    query = select(DeploymentFile).where(DeploymentFile.deployment_id == deployment_id)
    return {row.path: row.content for row in session.scalars(query)}


def read(files: Files) -> Bundle:
    """Read every file; what cannot be read becomes a finding."""
    bundle = Bundle()
    # The manifest first: its calendars are what expressions count by.
    for path in sorted(files, key=lambda path: (PurePosixPath(path).name != MANIFEST, path)):
        try:
            _read_file(bundle, path, files)
        except InvalidDocument as error:
            bundle.findings.append(Finding("file-invalid", path, "", "", str(error)))
        except DmnError as error:
            bundle.findings.append(
                Finding("decision-invalid", path, error.element_id, error.element_name, str(error))
            )
        except Refused as error:
            bundle.findings += error.findings
    return bundle


def is_scenario(path: str) -> bool:
    """Whether a file says how the processes are to run, and nothing that does."""
    name = PurePosixPath(path)
    return name.parent.name == "tests" and name.suffix == ".json" and name.parts[0] == "processes"


def digest(files: Files) -> str:
    """SHA-256 over the canonical list of paths and the SHA-256 of each file."""
    listing = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    canonical = json.dumps(listing, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read_file(bundle: Bundle, path: str, files: Files) -> None:
    name, content = PurePosixPath(path), files[path]
    if name.name == MANIFEST:
        _read_manifest(bundle, content)
    elif name.suffix == ".bpmn":
        _read_diagram(bundle, path, content)
    elif name.suffix == ".dmn":
        _read_decisions(bundle, path, files)
    elif path.endswith(FIELDS):
        bundle.report_fields[path] = duties.fields.read(content)
    elif name.suffix == ".toml":
        bundle.regimes[path] = duties.read(content, name.stem)
    elif name.suffix == ".json" and name.parts[0] == "forms":
        _require_new("forms", name.stem, bundle.forms)
        bundle.forms[name.stem] = forms.read(content, path)
    elif not is_scenario(path):
        raise InvalidDocument(
            "A bundle holds .bpmn, .dmn and .toml files, and forms and tests as .json."
        )


def _read_diagram(bundle: Bundle, path: str, content: bytes) -> None:
    drawn = reader.read(content)
    if drawn.process_id != PurePosixPath(path).stem:
        raise InvalidDocument(
            f"The process is called “{drawn.process_id}”; name its file like that."
        )
    known = [other.process_id for other in bundle.diagrams.values()]
    _require_new("processes", drawn.process_id, known)
    bundle.diagrams[path] = drawn


def _read_decisions(bundle: Bundle, path: str, files: Files) -> None:
    others = [files[other] for other in files if other.endswith(".dmn") and other != path]
    with with_calendars(bundle.calendars):
        decisions = dmn.parse(files[path], others)
    for decision in decisions:
        _require_new("decisions", decision.id, bundle.decisions)
        bundle.decisions[decision.id] = decision
        bundle.decision_paths[decision.id] = path


def _require_new(what: str, name: str, known: Container[str]) -> None:
    if name in known:
        raise InvalidDocument(f"Two {what} are called “{name}”.")


def _read_switch(manifest: Mapping[str, Any], name: str) -> bool:
    switch = manifest.get(name, False)
    if not isinstance(switch, bool):
        raise InvalidDocument(f"{name} is true or false.")
    return switch


def _read_manifest(bundle: Bundle, content: bytes) -> None:
    if bundle.id:
        raise InvalidDocument(f"A bundle has one {MANIFEST}; this is the second.")
    try:
        manifest = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidDocument(f"This is not TOML: {error}.") from error
    bundle.id = str(manifest.get("id", ""))
    if not _ID.fullmatch(bundle.id):
        raise InvalidDocument("Give the bundle an id of lower-case letters, digits, _ and -.")
    bundle.title = str(manifest.get("title", bundle.id))[:_TITLE_LENGTH]
    starts = manifests.tables(
        manifest, "start", "Write each start as [[start]] with process and form."
    )
    bundle.separations = separation.read(manifest)
    bundle.calendars = clocks.read(manifest)
    bundle.agreements = agreements.read(manifest)
    bundle.is_deployed_by_another = _read_switch(manifest, "deployed_by_another")
    bundle.start_forms = {str(s.get("process", "")): str(s.get("form", "")) for s in starts}
