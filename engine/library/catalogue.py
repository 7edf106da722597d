"""What the library holds: processes, their versions, and what is in each."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import bundles
from engine.actors import Actor
from engine.bundles import Bundle
from engine.errors import NotFound
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import (
    Deployment,
    DeploymentFile,
    Draft,
    Incident,
    ProcessDefinition,
    ProcessInstance,
)


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


def find_latest(session: Session, bundle_id: str) -> Deployment | None:
    """The newest version of a bundle."""
    return session.scalar(
        select(Deployment)
        .where(Deployment.bundle_id == bundle_id)
        .order_by(Deployment.version.desc())
        .limit(1)
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
