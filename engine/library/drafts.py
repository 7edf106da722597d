"""The draft of the next version of a bundle: read, check, save, deploy, discard."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import bundles, clock, history
from engine.actors import Actor
from engine.bundles import Bundle
from engine.errors import Conflict, Finding, NotFound, Refused, StaleVersion
from engine.history import Entry, Event
from engine.library import approval
from engine.library.approval import subject
from engine.library.catalogue import Edition, editions, find_latest
from engine.library.checks import check
from engine.library.deployment import deploy_from_host
from engine.people import accounts, permissions
from engine.people.permissions import Action
from engine.store.tables import Deployment, Draft, DraftFile


@dataclass(frozen=True)
class Workbench:
    """What an owner edits a process with: its newest edition, the draft, and what is at hand."""

    edition: Edition
    draft: Draft | None
    bundle: Bundle  # as the draft has it; what cannot be read is left out
    groups: list[str]
    why_not_deploy: str | None  # a sentence for who must leave that to somebody else


def draft_files(session: Session, bundle_id: str) -> dict[str, bytes]:
    """The version that the draft began from, or without one the newest, with the changes on top."""
    latest, draft = find_latest(session, bundle_id), find_draft(session, bundle_id)
    if latest is None:
        raise NotFound(f"There is no bundle “{bundle_id}”.")
    files = bundles.files_of(session, draft.based_on if draft else latest.id)
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
        why_not_deploy=approval.why_not(session, newest.deployment.bundle_id, actor),
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
        latest = find_latest(session, bundle_id)
        based_on = latest.id if latest else ""
        draft = Draft(bundle_id=bundle_id, based_on=based_on, saved_at=now, saved_by=actor.name)
        session.add(draft)
    draft.saved_at, draft.saved_by = now, actor.name
    session.flush()
    session.merge(DraftFile(bundle_id=bundle_id, path=path, content=content))
    detail = {"path": path, "sha256": bundles.digest({path: content})}
    history.record(session, subject(bundle_id), Entry(Event.DRAFT_SAVED, actor, detail=detail))
    session.flush()
    return draft


def deploy_draft(session: Session, bundle_id: str, note: str, actor: Actor) -> Deployment:
    """Deploy the draft as the next version and put it away."""
    permissions.require(actor, Action.EDIT_PROCESS)
    draft = session.get(Draft, bundle_id)
    if draft is None:
        raise Conflict("There is no draft to deploy.")
    latest = find_latest(session, bundle_id)
    if latest is None or latest.id != draft.based_on:
        raise Conflict(
            "Another version was deployed since this draft was begun. Discard the draft."
        )
    approval.require_another(session, bundle_id, actor)
    deployment = deploy_from_host(session, draft_files(session, bundle_id), note, actor)
    _delete_draft(session, draft)
    return deployment


def discard_draft(session: Session, bundle_id: str, actor: Actor) -> None:
    permissions.require(actor, Action.EDIT_PROCESS)
    draft = session.get(Draft, bundle_id)
    if draft is None:
        raise NotFound("There is no draft to discard.")
    _delete_draft(session, draft)
    history.record(session, subject(bundle_id), Entry(Event.DRAFT_DISCARDED, actor))


def _delete_draft(session: Session, draft: Draft) -> None:
    session.execute(delete(DraftFile).where(DraftFile.bundle_id == draft.bundle_id))
    session.delete(draft)
    session.flush()


def _require_readable(path: str, content: bytes) -> None:
    unreadable = [f for f in bundles.read({path: content}).findings if f.rule == "file-invalid"]
    if unreadable:
        raise Refused(unreadable)
