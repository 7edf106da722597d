"""The process library: versions of bundles, their checks, and the draft of the next one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine import bundles, clock, history
from engine.actors import SYSTEM, Actor
from engine.bundles import Bundle, Files
from engine.errors import Conflict, Finding, NotFound, Refused, StaleVersion
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.library.checks import check
from engine.people import accounts, permissions
from engine.people.permissions import Action
from engine.store.tables import (
    Deployment,
    DeploymentFile,
    Draft,
    DraftFile,
    Incident,
    ProcessDefinition,
    ProcessInstance,
)

__all__ = ["check"]

_REPOSITORY = Path(__file__).resolve().parents[2]
_INSTALLED = Path(__file__).resolve().parent / "shipped"


@dataclass(frozen=True)
class Shelf:
    """One process in the library: its newest version, and how many incidents run it."""

    definition: ProcessDefinition
    deployment: Deployment
    open_incidents: int
    has_draft: bool


@dataclass(frozen=True)
class Edition:
    """One version of a process, with the deployment that brought it."""

    definition: ProcessDefinition
    deployment: Deployment


@dataclass(frozen=True)
class Workbench:
    """What an owner edits a process with: its newest edition, the draft, and what is at hand."""

    edition: Edition
    draft: Draft | None
    bundle: Bundle  # as the draft has it; what cannot be read is left out
    groups: list[str]


def shelves(session: Session, actor: Actor) -> list[Shelf]:
    """Every process, newest version only."""
    permissions.require(actor, Action.READ_PROCESS)
    newest = (
        select(ProcessDefinition.process_id, func.max(ProcessDefinition.version).label("version"))
        .group_by(ProcessDefinition.process_id)
        .subquery()
    )
    rows = session.execute(
        select(ProcessDefinition, Deployment, Draft)
        .join(
            newest,
            (newest.c.process_id == ProcessDefinition.process_id)
            & (newest.c.version == ProcessDefinition.version),
        )
        .join(Deployment, Deployment.id == ProcessDefinition.deployment_id)
        .outerjoin(Draft, Draft.bundle_id == Deployment.bundle_id)
        .order_by(ProcessDefinition.name)
    )
    running = _running(session)
    return [
        Shelf(definition, deployment, running.get(definition.process_id, 0), draft is not None)
        for definition, deployment, draft in rows
    ]


def versions(session: Session, process_id: str, actor: Actor) -> list[ProcessDefinition]:
    """Every version of a process, newest first."""
    permissions.require(actor, Action.READ_PROCESS)
    found = list(
        session.scalars(
            select(ProcessDefinition)
            .where(ProcessDefinition.process_id == process_id)
            .order_by(ProcessDefinition.version.desc())
        )
    )
    if not found:
        raise NotFound(f"There is no process “{process_id}”.")
    return found


def get_version(session: Session, process_id: str, version: int, actor: Actor) -> ProcessDefinition:
    found = versions(session, process_id, actor)
    for definition in found:
        if definition.version == version:
            return definition
    raise NotFound(f"“{process_id}” has no version {version}.")


def editions(session: Session, process_id: str, actor: Actor) -> list[Edition]:
    """Every version of a process with its deployment, newest first."""
    found = versions(session, process_id, actor)
    ids = [definition.deployment_id for definition in found]
    rows = session.scalars(select(Deployment).where(Deployment.id.in_(ids)))
    deployments = {deployment.id: deployment for deployment in rows}
    return [Edition(definition, deployments[definition.deployment_id]) for definition in found]


def edition(session: Session, process_id: str, version: int, actor: Actor) -> Edition:
    definition = get_version(session, process_id, version, actor)
    return Edition(definition, get_deployment(session, definition.deployment_id))


def contents(session: Session, edition: Edition, actor: Actor) -> Bundle:
    """The diagrams, decisions and forms of a version."""
    permissions.require(actor, Action.READ_PROCESS)
    return bundles.deployed(session, edition.definition.id).bundle


def get_deployment(session: Session, deployment_id: str) -> Deployment:
    return session.get_one(Deployment, deployment_id)


def get_file(session: Session, deployment_id: str, path: str) -> bytes:
    file = session.get(DeploymentFile, (deployment_id, path))
    if file is None:
        raise NotFound(f"This version has no file {path}.")
    return file.content


def deploy(session: Session, files: Files, note: str, actor: Actor) -> Deployment:
    """Make the next version of a bundle; the same content again is the same version.

    Raises ``Refused`` with every finding when the checks do not pass.
    """
    permissions.require(actor, Action.EDIT_PROCESS)
    return deploy_from_host(session, files, note, actor)


def deploy_from_host(session: Session, files: Files, note: str, actor: Actor) -> Deployment:
    """The same for whoever has the command line of the machine, and for the shipped bundles."""
    findings = check(files)
    if findings:
        raise Refused(findings)
    bundle = bundles.read(files)
    _require_own_processes(session, bundle)
    latest = _latest(session, bundle.id)
    sha256 = bundles.digest(files)
    if latest and latest.sha256 == sha256:
        return latest
    deployment = Deployment(
        id=new_id(),
        bundle_id=bundle.id,
        version=latest.version + 1 if latest else 1,
        title=bundle.title,
        sha256=sha256,
        note=note,
        deployed_at=clock.now(),
        deployed_by=actor.name,
    )
    session.add(deployment)
    session.flush()
    _add_content(session, deployment, bundle, files)
    detail = {"version": deployment.version, "sha256": sha256, "note": note}
    entry = Entry(Event.BUNDLE_DEPLOYED, actor, detail=detail)
    history.record(session, _subject(bundle.id), entry)
    session.flush()
    return deployment


def read_directory(directory: Path) -> dict[str, bytes]:
    """The files of ``processes/<domain>`` and its ``forms/<domain>``, by their path in a bundle."""
    domain, root = directory.resolve().name, directory.resolve().parents[1]
    files = {}
    for part in ("processes", "forms"):
        for file in sorted((root / part / domain).glob("*.*")):
            if file.suffix in (".bpmn", ".dmn", ".toml", ".json"):
                files[f"{part}/{domain}/{file.name}"] = file.read_bytes()
    if not files:
        raise NotFound(f"There is no bundle in {directory}.")
    return files


def load_shipped(session: Session) -> None:
    """Deploy each shipped bundle of which there is no version yet."""
    root = _INSTALLED if _INSTALLED.is_dir() else _REPOSITORY
    known = set(session.scalars(select(Deployment.bundle_id).distinct()))
    for manifest in sorted((root / "processes").glob(f"*/{bundles.MANIFEST}")):
        if manifest.parent.name not in known:
            deploy_from_host(session, read_directory(manifest.parent), "As shipped", SYSTEM)


# ---- the draft of the next version


def draft_files(session: Session, bundle_id: str) -> dict[str, bytes]:
    """The newest version of a bundle with the draft's changes on top."""
    latest = _latest(session, bundle_id)
    if latest is None:
        raise NotFound(f"There is no bundle “{bundle_id}”.")
    files = bundles.files_of(session, latest.id)
    for file in session.scalars(select(DraftFile).where(DraftFile.bundle_id == bundle_id)):
        files[file.path] = file.content
    return files


def find_draft(session: Session, bundle_id: str) -> Draft | None:
    return session.get(Draft, bundle_id)


def read_draft(session: Session, bundle_id: str, path: str, actor: Actor) -> tuple[bytes, int]:
    """A file as the draft has it, and the draft's version (0 while there is no draft)."""
    permissions.require(actor, Action.EDIT_PROCESS)
    content = draft_files(session, bundle_id).get(path)
    if content is None:
        raise NotFound(f"The bundle has no file {path}.")
    draft = session.get(Draft, bundle_id)
    return content, draft.version if draft else 0


def workbench(session: Session, process_id: str, actor: Actor) -> Workbench:
    """What the owner needs to edit a process; without a draft, its newest version."""
    permissions.require(actor, Action.EDIT_PROCESS)
    newest = editions(session, process_id, actor)[0]
    bundle = bundles.read(draft_files(session, newest.deployment.bundle_id))
    lanes = {node.lane for drawn in bundle.diagrams.values() for node in drawn.nodes.values()}
    return Workbench(
        edition=newest,
        draft=find_draft(session, newest.deployment.bundle_id),
        bundle=bundle,
        groups=sorted({lane for lane in lanes if lane} | set(accounts.groups(session))),
    )


def check_draft(
    session: Session, bundle_id: str, changed: Mapping[str, bytes], actor: Actor
) -> list[Finding]:
    """What the checks say about the draft with some files changed; nothing is kept."""
    permissions.require(actor, Action.EDIT_PROCESS)
    return check({**draft_files(session, bundle_id), **changed})


def save_draft(
    session: Session, bundle_id: str, path: str, content: bytes, version: int, actor: Actor
) -> Draft:
    """Keep a changed file; ``version`` is the draft's that the owner looked at, 0 for none yet.

    A draft may be unfinished: only what cannot be read at all is refused.
    """
    permissions.require(actor, Action.EDIT_PROCESS)
    if path not in draft_files(session, bundle_id):
        raise NotFound(f"The bundle has no file {path}.")
    _require_readable(path, content)
    draft = session.get(Draft, bundle_id)
    if (draft.version if draft else 0) != version:
        raise StaleVersion("Somebody else saved this draft. Reload to see their version.")
    now = clock.now()
    if draft is None:
        latest = _latest(session, bundle_id)
        based_on = latest.id if latest else ""
        draft = Draft(bundle_id=bundle_id, based_on=based_on, saved_at=now, saved_by=actor.name)
        session.add(draft)
    draft.saved_at, draft.saved_by = now, actor.name
    session.flush()
    session.merge(DraftFile(bundle_id=bundle_id, path=path, content=content))
    detail = {"path": path, "sha256": bundles.digest({path: content})}
    history.record(session, _subject(bundle_id), Entry(Event.DRAFT_SAVED, actor, detail=detail))
    session.flush()
    return draft


def deploy_draft(session: Session, bundle_id: str, note: str, actor: Actor) -> Deployment:
    """Deploy the draft as the next version and put it away."""
    permissions.require(actor, Action.EDIT_PROCESS)
    draft = session.get(Draft, bundle_id)
    if draft is None:
        raise Conflict("There is no draft to deploy.")
    latest = _latest(session, bundle_id)
    if latest is None or latest.id != draft.based_on:
        raise Conflict(
            "Another version was deployed since this draft was begun. Discard the draft."
        )
    deployment = deploy(session, draft_files(session, bundle_id), note, actor)
    _delete_draft(session, draft)
    return deployment


def discard_draft(session: Session, bundle_id: str, actor: Actor) -> None:
    permissions.require(actor, Action.EDIT_PROCESS)
    draft = session.get(Draft, bundle_id)
    if draft is None:
        raise NotFound("There is no draft to discard.")
    _delete_draft(session, draft)
    history.record(session, _subject(bundle_id), Entry(Event.DRAFT_DISCARDED, actor))


def _subject(bundle_id: str) -> str:
    return f"bundle:{bundle_id}"


def _delete_draft(session: Session, draft: Draft) -> None:
    session.execute(delete(DraftFile).where(DraftFile.bundle_id == draft.bundle_id))
    session.delete(draft)
    session.flush()


def _require_readable(path: str, content: bytes) -> None:
    unreadable = [f for f in bundles.read({path: content}).findings if f.rule == "file-invalid"]
    if unreadable:
        raise Refused(unreadable)


def _require_own_processes(session: Session, bundle: bundles.Bundle) -> None:
    """A process id belongs to one bundle for good: its versions count on."""
    ids = [diagram.process_id for diagram in bundle.diagrams.values()]
    other = session.scalar(
        select(ProcessDefinition.process_id)
        .join(Deployment, Deployment.id == ProcessDefinition.deployment_id)
        .where(ProcessDefinition.process_id.in_(ids), Deployment.bundle_id != bundle.id)
    )
    if other:
        raise Conflict(f"Another bundle has a process “{other}”. Choose another id.")


def _latest(session: Session, bundle_id: str) -> Deployment | None:
    return session.scalar(
        select(Deployment)
        .where(Deployment.bundle_id == bundle_id)
        .order_by(Deployment.version.desc())
        .limit(1)
    )


def _add_content(
    session: Session, deployment: Deployment, bundle: bundles.Bundle, files: Files
) -> None:
    for path, content in files.items():
        session.add(DeploymentFile(deployment_id=deployment.id, path=path, content=content))
    for path, diagram in bundle.diagrams.items():
        session.add(
            ProcessDefinition(
                id=new_id(),
                deployment_id=deployment.id,
                process_id=diagram.process_id,
                version=deployment.version,
                name=diagram.name,
                path=path,
                start_form_key=bundle.start_forms.get(diagram.process_id),
            )
        )


def _running(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(ProcessDefinition.process_id, func.count(Incident.id))
        .join(ProcessInstance, ProcessInstance.definition_id == ProcessDefinition.id)
        .join(Incident, Incident.id == ProcessInstance.incident_id)
        .where(Incident.closed_at.is_(None))
        .group_by(ProcessDefinition.process_id)
    )
    return dict(rows.all())
