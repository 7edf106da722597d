"""Who may deploy what: where a bundle asks for it, somebody else than those who edited it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import bundles
from engine.actors import Actor
from engine.bundles import Files
from engine.errors import NotAllowed
from engine.history import Event
from engine.library.catalogue import find_latest
from engine.store.tables import AuditEntry, Deployment

_AS_DRAFT = "Whoever edits this bundle does not deploy it: save the changes as its draft instead."
_OWN_DRAFT = "You edited this draft. Ask another process owner to look at it and deploy it."


def subject(bundle_id: str) -> str:
    """Under which subject the history keeps what happens to a bundle."""
    return f"bundle:{bundle_id}"


def require_another(session: Session, bundle_id: str, actor: Actor) -> None:
    """``NotAllowed`` for who edited the draft, if the live version asks for somebody else."""
    problem = why_not(session, bundle_id, actor)
    if problem:
        raise NotAllowed(problem)


def require_known(session: Session, files: Files) -> None:
    """``NotAllowed`` for files that come whole, where nobody else would have seen the change."""
    latest = find_latest(session, bundles.read(files).id)
    is_changed = latest is not None and latest.sha256 != bundles.digest(files)
    if is_changed and _asks(session, latest):
        raise NotAllowed(_AS_DRAFT)


def why_not(session: Session, bundle_id: str, actor: Actor) -> str | None:
    """Why the actor may not deploy the draft of a bundle; ``None`` if nothing speaks against it."""
    latest = find_latest(session, bundle_id)
    is_own = _asks(session, latest) and actor.id in _authors(session, bundle_id)
    return _OWN_DRAFT if is_own else None


def _asks(session: Session, latest: Deployment | None) -> bool:
    """The version that is live decides: a draft cannot free itself of it."""
    if latest is None:
        return False
    return bundles.read(bundles.files_of(session, latest.id)).is_deployed_by_another


def _authors(session: Session, bundle_id: str) -> set[str | None]:
    """Ids of those who saved something since the draft was begun."""
    own = AuditEntry.subject_id == subject(bundle_id)
    ends = (Event.BUNDLE_DEPLOYED, Event.DRAFT_DISCARDED)
    begun = select(func.coalesce(func.max(AuditEntry.sequence), 0)).where(
        own, AuditEntry.event.in_(ends)
    )
    saved = select(AuditEntry.actor_id).where(
        own, AuditEntry.event == Event.DRAFT_SAVED, AuditEntry.sequence > begun.scalar_subquery()
    )
    return set(session.scalars(saved))
