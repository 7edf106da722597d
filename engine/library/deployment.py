"""Makes the next version of a bundle, from a page, a folder, or as shipped."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bundles, clock, history
from engine.actors import SYSTEM, Actor
from engine.bundles import Bundle, Files
from engine.errors import Conflict, NotFound, Refused
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.library import approval
from engine.library.catalogue import find_latest
from engine.library.checks import check
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Deployment, DeploymentFile, ProcessDefinition

_REPOSITORY = Path(__file__).resolve().parents[2]
_INSTALLED = Path(__file__).resolve().parent / "shipped"
_NOTE_LENGTH = 500


def deploy(session: Session, files: Files, note: str, actor: Actor) -> Deployment:
    """Make the next version of a bundle; the same content again is the same version.

    Raises ``Refused`` with every finding when one of them is an error.
    """
    permissions.require(actor, Action.EDIT_PROCESS)
    approval.require_known(session, files)
    return deploy_from_host(session, files, note, actor)


def deploy_new(session: Session, files: Files, note: str, actor: Actor) -> Deployment:
    """The same for a bundle that must be new; ``Conflict`` where another one has its id."""
    bundle_id = bundles.read(files).id
    latest = find_latest(session, bundle_id)
    if latest and latest.sha256 != bundles.digest(files):
        raise Conflict(f"There is a bundle “{bundle_id}” already. Choose another name.")
    return deploy(session, files, note, actor)


def deploy_from_host(session: Session, files: Files, note: str, actor: Actor) -> Deployment:
    """The same for whoever has the command line of the machine, and for the shipped bundles."""
    findings = check(files)
    if any(finding.is_error for finding in findings):
        raise Refused(findings)
    bundle = bundles.read(files)
    _require_own_processes(session, bundle)
    latest = find_latest(session, bundle.id)
    sha256 = bundles.digest(files)
    if latest and latest.sha256 == sha256:
        return latest
    deployment = Deployment(
        id=new_id(),
        bundle_id=bundle.id,
        version=latest.version + 1 if latest else 1,
        title=bundle.title,
        sha256=sha256,
        note=note[:_NOTE_LENGTH],
        deployed_at=clock.now(),
        deployed_by=actor.name,
    )
    session.add(deployment)
    session.flush()
    _add_content(session, deployment, bundle, files)
    detail = {"version": deployment.version, "sha256": sha256, "note": note}
    entry = Entry(Event.BUNDLE_DEPLOYED, actor, detail=detail)
    history.record(session, approval.subject(bundle.id), entry)
    session.flush()
    return deployment


def read_directory(directory: Path) -> dict[str, bytes]:
    """The files of ``processes/<domain>``, its ``tests`` and ``forms/<domain>``, by their path."""
    domain, root = directory.resolve().name, directory.resolve().parents[1]
    files = {}
    for part in (f"processes/{domain}", f"processes/{domain}/tests", f"forms/{domain}"):
        for file in sorted((root / part).glob("*.*")):
            if file.suffix in (".bpmn", ".dmn", ".toml", ".json"):
                files[f"{part}/{file.name}"] = file.read_bytes()
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


def _require_own_processes(session: Session, bundle: Bundle) -> None:
    """A process id belongs to one bundle for good: its versions count on."""
    ids = [diagram.process_id for diagram in bundle.diagrams.values()]
    other = session.scalar(
        select(ProcessDefinition.process_id)
        .join(Deployment, Deployment.id == ProcessDefinition.deployment_id)
        .where(ProcessDefinition.process_id.in_(ids), Deployment.bundle_id != bundle.id)
    )
    if other:
        raise Conflict(f"Another bundle has a process “{other}”. Give yours another id.")


def _add_content(session: Session, deployment: Deployment, bundle: Bundle, files: Files) -> None:
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
