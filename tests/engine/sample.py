"""An installation with rows in every table, and with values that databases keep differently."""

from datetime import UTC, datetime

from sqlalchemy import select

from engine import intake, library
from engine.actors import SYSTEM
from engine.store.tables import (
    Absence,
    Attachment,
    AttachmentContent,
    Authenticator,
    BreakGlass,
    Challenge,
    DirectoryGroup,
    DirectoryMember,
    Effect,
    EffectStatus,
    ExternalIdentity,
    ExternalReference,
    IdempotencyKey,
    Incident,
    IncidentParticipant,
    IncidentReader,
    IncidentRelation,
    IncidentRole,
    Message,
    MessageStatus,
    Organisation,
    PartnerLink,
    ReferenceKind,
    RelationKind,
    SecurityEvent,
    ServiceClock,
    Signature,
    Task,
    Throttle,
)
from tests.engine import releases

EVERY_BYTE = bytes(range(256))
UNUSUAL = "Ünï\tcødé “quoted” 事件 🔥 \u202eback a\u0301 \\N % ? :name {} \n\r\n"
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
DOCUMENTS = (
    *(None, True, 0, -1, 2**53 + 1, 0.1, -2.5e-9, 1e300, 0.30000000000000004),
    *("", UNUSUAL, "12.30", "\u0000", "\ud800", [], {}, [None, [1.0, {"é": {}}]]),
    {"b": 1, "a": {"amount": "12345678901234567890.10"}, "": 1.0, UNUSUAL: 10**40},
)


def fill(database):
    """Incidents at every place of a process, and at least a row of everything else."""
    cast = releases.leave(database)
    cast.token("dora")
    with database.transaction() as session:
        intake.add_door(session, "alertmanager", UNUSUAL, "small", SYSTEM)
        path = "forms/small/note.json"
        content = library.draft_files(session, "small")[path]
        library.save_draft(session, "small", path, content + b"\n", 0, cast.olga)
        session.add_all(_message(number, document) for number, document in enumerate(DOCUMENTS))
        session.add(_effect(session.scalar(select(Incident.id).limit(1))))
        session.add(_answer())
        session.add(Organisation(id="north", name=UNUSUAL[:120], created_at=FIRST))
        session.add_all(_of_people(session, cast.dora.id, cast.max.id))
        session.add_all(_files(session, cast.dora.id))
        session.add_all(_of_incidents(session, cast.dora.id))
        session.add(DirectoryGroup(id="g", name=UNUSUAL, created_at=FIRST, updated_at=LAST))
        session.flush()
        session.add(DirectoryMember(group_id="g", person_id=cast.dora.id))


def _message(number, document):
    return Message(
        id=f"{'aBäÄzZ_-'[number % 8]}{number}",  # which sort in another order in every language
        awaits="message",
        name="paid",
        key=UNUSUAL,
        payload=document,
        sent_by="Dora",
        status=MessageStatus.DISCARDED,
        created_at=FIRST,
        ended_at=LAST,
        attempts=2**31 - 1,
        problem=UNUSUAL,
    )


def _effect(incident_id):
    return Effect(
        key=UNUSUAL,
        kind="webhook",
        payload={"amount": "12.30"},
        incident_id=incident_id,
        status=EffectStatus.PENDING,
        created_at=datetime.fromisoformat("2026-03-29T02:30:00.000001+05:45"),
        attempts=0,
    )


def _of_people(session, person_id, other_id):
    """A row of each table about who may come in, and what they may do."""
    task = session.scalars(select(Task).limit(1)).one()
    by = {"person_id": person_id}
    about = {"incident_id": task.incident_id, "task_id": task.id}
    yield ExternalIdentity(issuer="https://id", subject=UNUSUAL, created_at=FIRST, **by)
    yield Absence(id="a", deputy_id=other_id, starts_at=FIRST, ends_at=LAST, **by)
    yield Authenticator(
        id="b", kind="totp", label=UNUSUAL, secret=EVERY_BYTE, counter=0, created_at=LAST, **by
    )
    yield Challenge(key="0" * 64, expires_at=LAST)
    yield Throttle(key="0" * 64, failures=2**31 - 1, last_failed_at=FIRST, blocked_until=LAST)
    yield IncidentReader(incident_id=task.incident_id, **by)
    yield PartnerLink(
        id="c",
        secret_hash="1" * 64,
        task_id=task.id,
        name=UNUSUAL,
        created_by=person_id,
        created_at=FIRST,
        expires_at=LAST,
    )
    yield BreakGlass(id="d", reason=UNUSUAL, asked_at=FIRST, expires_at=LAST, **about, **by)
    yield Signature(
        id="e",
        meaning="approved",
        method="passkey",
        statement=UNUSUAL,
        assertion={"key": UNUSUAL},
        signed_at=LAST,
        **about,
        **by,
    )
    yield SecurityEvent(
        at=LAST,
        event="permission_refused",
        actor_id=None,
        actor_name=UNUSUAL,
        address="::1",
        route="/",
        detail=UNUSUAL,
    )


def _files(session, person_id):
    task = session.scalars(select(Task).limit(1)).one()
    yield AttachmentContent(sha256="0" * 64, content=EVERY_BYTE)
    yield Attachment(
        id="f",
        incident_id=task.incident_id,
        task_id=task.id,
        name=UNUSUAL,
        media_type="image/png",
        size=len(EVERY_BYTE),
        sha256="0" * 64,
        is_public=False,
        added_by=UNUSUAL,
        added_by_id=person_id,
        added_at=FIRST,
        withdrawn_at=LAST,
    )


def _of_incidents(session, person_id):
    """What belongs together, who leads, and what was promised."""
    one, other = session.scalars(select(Incident.id).order_by(Incident.id).limit(2))
    by = {"added_by": UNUSUAL[:60], "added_at": FIRST, "withdrawn_at": LAST}
    yield IncidentRelation(
        id="g", kind=RelationKind.CHILD_OF, incident_id=one, other_id=other, **by
    )
    yield ExternalReference(
        id="h",
        incident_id=one,
        kind=ReferenceKind.ASSET,
        system=UNUSUAL[:60],
        reference=UNUSUAL[:60],
        url="",
        **by,
    )
    yield IncidentParticipant(
        id="i",
        incident_id=one,
        role=IncidentRole.SCRIBE,
        person_id=person_id,
        assumed_at=FIRST,
        renounced_at=LAST,
    )
    yield ServiceClock(
        id="j",
        incident_id=one,
        kind="respond",
        title=UNUSUAL[:60],
        turns=[{"act": "start", "reason": UNUSUAL}],
        due_at=LAST,
        told=50,
    )


def _answer():
    return IdempotencyKey(
        principal="",
        key="\x7f",
        request_hash="0" * 64,
        status=201,
        headers={"ETag": '"1"'},
        body=EVERY_BYTE,
        created_at=LAST,
    )
