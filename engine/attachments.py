"""Files of an incident, or of one task of it: looked at from all sides before they are kept.

Their bytes lie in the database, so that one transaction, one backup and one copy cover them; equal
files share them.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import antivirus, clock, history, instances, media_types, plain_text, tasks
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers, InvalidDocument, NotFound, TooLarge
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import permissions
from engine.people.permissions import Action
from engine.store import rows
from engine.store.tables import Attachment, AttachmentContent, Incident, Task, table_of

MEGABYTE = 1024 * 1024
MOST_FILES = 50  # of an incident
MOST_BYTES = 200 * MEGABYTE  # of an incident
LONGEST_NAME = 200
LONGEST_REASON = 500

# Letters, marks, numbers, punctuation, symbols, and the space: nothing that hides or turns text.
_PRINTED = ("L", "M", "N", "P", "S", "Zs")
_FORBIDDEN = frozenset('/\\:*?"<>|')  # that one of the systems of those who save it gives a sense
_DEVICES = frozenset(("con", "prn", "aux", "nul", "com1", "lpt1"))  # of Windows
_contents = table_of(AttachmentContent)


@dataclass(frozen=True)
class Rules:
    """What an installation takes."""

    longest: int = 10 * MEGABYTE  # bytes of a file
    clamd: str = ""  # where the virus scanner listens; without one, nothing is scanned


@dataclass(frozen=True)
class Upload:
    """A file that may be kept; ``check`` makes it."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def check(name: str, content: bytes, rules: Rules) -> Upload:
    """Look at a file before any transaction: its name, its size, its bytes, and with the scanner.

    ``InvalidAnswers`` says what is wrong with it; ``antivirus.Unreachable`` that nobody can tell.
    """
    try:
        label = _label(name)
        _require_size(content, rules)
        media_type = media_types.recognise(content, label)
    except InvalidDocument as error:
        raise InvalidAnswers({"file": str(error)}) from error
    found = antivirus.find_malware(content, rules.clamd) if rules.clamd else None
    if found:
        raise InvalidAnswers(
            {"file": f"The virus scanner found {found} in this file. Delete it, and tell your IT."}
        )
    return Upload(label, media_type, content)


def require_room(incident: Incident, actor: Actor, task: Task | None) -> None:
    """That the actor may add a file to an incident, or to a task of it, as it is now."""
    if task is not None:
        permissions.require(actor, Action.WORK_TASK, task, of=incident)
        if not task.status.is_waiting:
            raise Conflict("This task is done already.")
    if actor.only_task is None:
        permissions.require(actor, Action.ADD_FILE, incident)
    if incident.closed_at is not None:
        raise Conflict(f"{incident.number} is {incident.status} and takes no more files.")


def add(
    session: Session,
    incident: Incident,
    upload: Upload,
    actor: Actor,
    *,
    is_public: bool,
    task_id: str | None = None,
) -> Attachment:
    """Keep a file with an incident, or with a task of it; what a customer adds is public."""
    task = _task(session, incident, task_id, actor) if task_id else None
    require_room(incident, actor, task)
    instances.lock(session, incident)
    require_room(incident, actor, task)
    _require_quota(session, incident, upload)
    _keep_content(session, upload)
    added = Attachment(
        id=new_id(),
        incident_id=incident.id,
        task_id=task_id,
        name=upload.name,
        media_type=upload.media_type,
        size=len(upload.content),
        sha256=upload.sha256,
        is_public=is_public or _is_customer(incident, actor),
        added_by=actor.name,
        added_by_id=actor.id,
        added_at=clock.now(),
    )
    session.add(added)
    names = ("name", "media_type", "size", "sha256", "is_public")
    _record(session, Event.ATTACHMENT_ADDED, added, actor, names)
    return added


def find(session: Session, incident: Incident, actor: Actor) -> list[Attachment]:
    """The files that somebody may see of an incident that they see, the oldest first."""
    query = _visible(incident, actor).order_by(Attachment.added_at, Attachment.id)
    return [_as_seen_by(actor, incident, found) for found in session.scalars(query)]


def get(session: Session, incident: Incident, attachment_id: str, actor: Actor) -> Attachment:
    found = session.scalar(_visible(incident, actor).where(Attachment.id == attachment_id))
    if found is None:
        raise NotFound("There is no such file.")
    return _as_seen_by(actor, incident, found)


def read(
    session: Session, incident: Incident, attachment_id: str, actor: Actor
) -> tuple[Attachment, bytes]:
    """A file and its bytes."""
    found = get(session, incident, attachment_id, actor)
    query = select(AttachmentContent.content).where(AttachmentContent.sha256 == found.sha256)
    return found, session.execute(query).scalar_one()


def withdraw(
    session: Session, incident: Incident, attachment_id: str, reason: str, actor: Actor
) -> Attachment:
    """Take a file back; its bytes go, unless an equal one is kept elsewhere."""
    seen = get(session, incident, attachment_id, actor)
    permissions.require(actor, Action.WITHDRAW_FILE, seen, of=incident)
    instances.lock(session, incident)
    found = session.get_one(Attachment, seen.id, populate_existing=True)
    if found.withdrawn_at is not None:
        raise Conflict("This file is withdrawn already.")
    text = plain_text.checked("reason", reason, LONGEST_REASON, "Say why, in a sentence.")
    found.withdrawn_at = clock.now()
    session.flush()
    _forget_content(session, found.sha256)
    _record(session, Event.ATTACHMENT_WITHDRAWN, found, actor, ("name", "sha256"), reason=text)
    return found


def may_withdraw(incident: Incident, attachment: Attachment, actor: Actor) -> bool:
    return permissions.may(actor, Action.WITHDRAW_FILE, attachment, of=incident)


def _label(name: str) -> str:
    """A name to show and to save it by; it leads nowhere, since nothing is stored under it."""
    text = unicodedata.normalize("NFC", name).strip()
    if not text:
        raise InvalidDocument("Choose a file that has a name.")
    if len(text) > LONGEST_NAME:
        raise InvalidDocument(f"Its name is too long: use at most {LONGEST_NAME} characters.")
    if any(not unicodedata.category(c).startswith(_PRINTED) or c in _FORBIDDEN for c in text):
        raise InvalidDocument("Its name holds a folder or a hidden character. Rename the file.")
    stem = text.partition(".")[0].strip().lower()
    if not stem or text.endswith(".") or stem in _DEVICES:
        raise InvalidDocument("Its name means something to the computer. Rename the file.")
    return text


def _task(session: Session, incident: Incident, task_id: str, actor: Actor) -> Task:
    task = tasks.get(session, task_id, actor).task
    if task.incident_id != incident.id:
        raise NotFound(f"{incident.number} has no such task.")
    return task


def _require_size(content: bytes, rules: Rules) -> None:
    if not content:
        raise InvalidDocument("This file is empty. Choose another one.")
    if len(content) > rules.longest:
        raise too_large(rules)


def too_large(rules: Rules) -> TooLarge:
    """What is said of a file that has more bytes than are taken."""
    most = rules.longest // MEGABYTE
    return TooLarge(
        {"file": f"A file may have at most {most} MB. Send a smaller part of it, or pack it (ZIP)."}
    )


def _require_quota(session: Session, incident: Incident, upload: Upload) -> None:
    live = Attachment.incident_id == incident.id, Attachment.withdrawn_at.is_(None)
    query = select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(*live)
    count, size = session.execute(query).one()
    if count >= MOST_FILES:
        raise Conflict(f"{incident.number} has {MOST_FILES} files already. Withdraw one first.")
    if size + len(upload.content) > MOST_BYTES:
        most = MOST_BYTES // MEGABYTE
        raise Conflict(f"The files of {incident.number} would have more than {most} MB together.")


def _visible(incident: Incident, actor: Actor) -> Select[Attachment]:
    query = select(Attachment).where(
        Attachment.incident_id == incident.id, Attachment.withdrawn_at.is_(None)
    )
    if actor.only_task is not None:
        return query.where(Attachment.task_id == actor.only_task)
    permissions.require(actor, Action.READ_INCIDENT, incident)
    return query.where(Attachment.is_public) if _is_customer(incident, actor) else query


def _is_customer(incident: Incident, actor: Actor) -> bool:
    """Whether they see the public side alone."""
    sees_inside = permissions.may(actor, Action.READ_INSIDE, incident)
    return actor.only_task is None and not sees_inside


def _as_seen_by(actor: Actor, incident: Incident, found: Attachment) -> Attachment:
    """Customers do not read who of us does what."""
    if not _is_customer(incident, actor) or found.added_by_id == actor.id:
        return found
    columns: Mapping[str, Any] = {c.name: getattr(found, c.name) for c in found.__table__.columns}
    return rows.of(Attachment, {**columns, "added_by": "", "added_by_id": None, "task_id": None})


def _keep_content(session: Session, upload: Upload) -> None:
    """Its bytes, if no equal file has them; locked, so that nobody forgets them meanwhile."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    inserted = dialect.insert(_contents).values(sha256=upload.sha256, content=upload.content)
    kept = inserted.on_conflict_do_update(
        index_elements=[_contents.c.sha256], set_={"sha256": inserted.excluded.sha256}
    )
    session.execute(kept)


def _forget_content(session: Session, sha256: str) -> None:
    its_own = AttachmentContent.sha256 == sha256
    # Locked before it is asked who has it: an equal file that comes now waits, and adds it anew.
    session.execute(select(AttachmentContent.sha256).where(its_own).with_for_update())
    others = select(Attachment.id).where(
        Attachment.sha256 == sha256, Attachment.withdrawn_at.is_(None)
    )
    if session.scalar(others.limit(1)) is None:
        session.execute(delete(AttachmentContent).where(its_own))


def _record(
    session: Session,
    event: Event,
    found: Attachment,
    actor: Actor,
    names: tuple[str, ...],
    **more: str,
) -> None:
    session.flush()
    told = {name: getattr(found, name) for name in names}
    detail = {"attachment_id": found.id, **told, **more}
    entry = Entry(event, actor, task_id=found.task_id, detail=detail)
    history.record(session, found.incident_id, entry)
