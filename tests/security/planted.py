"""What no form of a page takes: rows with probes, as other tools, programmes and people leave them.

Every column of text holds a probe in the end, by construction: what nobody has written to until
then is written to directly, but for the few that nobody but us ever writes.
"""

from datetime import timedelta
from types import SimpleNamespace

from sqlalchemy import JSON, Enum, String, Text, cast, func, literal, select, update

from engine import break_glass, clock, instances, intake, outbox, partners, worker
from engine.actors import SYSTEM, Actor, Role, of_organisation
from engine.identifiers import new_id
from engine.instances import messages
from engine.jobs import Job
from engine.library import save_draft
from engine.people import accounts, credentials, organisations, restriction
from engine.people.credentials import CredentialKind
from engine.security_log import Kind, Refusal, record
from engine.store.tables import (
    Absence,
    Attachment,
    AttachmentContent,
    Authenticator,
    Base,
    Challenge,
    Credential,
    DirectoryGroup,
    DirectoryMember,
    Effect,
    ExternalIdentity,
    ExternalReference,
    IdempotencyKey,
    Incident,
    IncidentParticipant,
    IncidentRelation,
    IncidentRole,
    Message,
    Person,
    ReferenceKind,
    RelationKind,
    ServiceClock,
    Signature,
    Throttle,
)
from tests.diagrams import bundle, caught, line, user_task
from tests.factories import complete, deploy, open_tasks, report
from tests.hands import over, timed
from tests.security import drawn
from tests.security.probes import ALL, MARK, PROBES

ISSUER = "http://127.0.0.1:9/"
SEPARATE = '[[separation]]\ntitle = "Four eyes"\ntasks = ["Look", "Check"]\n'

# What no person writes, with the reason; every other column of text holds a probe.
OURS = {
    "an id that we make, or that XML and the checks let hold letters, digits and -_. alone": {
        *("deployment.bundle_id", "draft.bundle_id", "process_definition.process_id"),
        *("process_definition.path", "process_definition.start_form_key", "draft_file.path"),
        *("deployment_file.path", "process_instance.failed_element_id", "task.element_id"),
        *("task.form_key", "subscription.element_id", "audit_entry.element_id"),
        *("audit_entry.subject_id", "audit_entry.actor_id", "audit_entry.task_id"),
        *("door.process_id", "credential.id", "security_event.actor_id", "incident.number"),
        *("idempotency_key.principal",),
    },
    "a word of our own, one of a few": {
        *("credential.kind", "credential.scope", "authenticator.kind", "door.sender"),
        *("role_grant.role", "task.phase", "incident.phase", "subscription.awaits"),
        *("message.awaits", "effect.kind", "signature.method", "audit_entry.event"),
        *("security_event.event", "incident.tlp", "attachment.media_type", "service_clock.kind"),
    },
    "a hash, which is compared and never shown": {
        *("credential.secret_hash", "throttle.key", "challenge.key", "door.token_hash"),
        *("deployment.sha256", "person.password_hash", "partner_link.secret_hash"),
        *("attachment.sha256", "attachment_content.sha256", "idempotency_key.request_hash"),
        *("authenticator.credential_id",),
    },
    "the state of a process, which only the kernel reads; what it holds stands in the answers": {
        "process_instance.snapshot"
    },
    "letters and digits alone: the words of a text, without what is between them": {
        "incident_word.word",
        "incident_word.number",
    },
    "base64url of what a passkey says, which is checked before it is kept": {"signature.assertion"},
    "headers of an answer of ours, given again as they were": {"idempotency_key.headers"},
    "found by the page of nobody: what is awaited, as a diagram names it": {
        "subscription.name",
        "subscription.key",
    },
}


def plant(database, cast, people):
    """Write all that, and return what of it the forms of the pages are found by."""
    it = SimpleNamespace()
    _processes(database)
    with database.transaction() as session:
        it.door = intake.add_door(session, "alertmanager", ALL[:120], "probe", SYSTEM)
    done = report(database, cast.dora, "probe", title=ALL[:200])
    complete(database, done, "Look", cast.dora, **drawn.ANSWERS)
    report(database, cast.dora, "waiting", title=PROBES[2], service=PROBES[0])
    _exceptions(database, cast)
    with database.transaction() as session:
        for probe in PROBES:
            messages.send(session, probe, probe, {"text": probe, probe: [probe]}, cast.dora)
        save_draft(session, "probe", drawn.DIAGRAM, drawn.drafted(), 0, cast.olga)
        form = drawn.bundled()["forms/probe/all.json"]
        save_draft(session, "probe", "forms/probe/all.json", form, 1, cast.olga)
        it.organisation = organisations.add(session, PROBES[0], cast.ada).id
        record(session, Refusal(Kind.SIZE_REFUSED, ALL, Actor(None, PROBES[0]), ALL, ALL))
    _undeliverable(database)
    _rows_of_other_tools(database, people)
    return it


def alive(database, cast, people):
    """An incident of each kind with what there is to do, so that every address leads somewhere."""
    it = SimpleNamespace(incident=report(database, cast.dora, "probe", title=PROBES[1]))
    it.task = open_tasks(database, it.incident, cast.dora)["Look"]
    it.separate = report(database, cast.dora, "separate", title=PROBES[0])
    complete(database, it.separate, "Look", people["responder"], note=ALL)
    it.check = open_tasks(database, it.separate, cast.dora)["Check"]
    it.failed = report(database, cast.dora, "failing", title=PROBES[1])
    complete(database, it.failed, "Look", cast.dora, note=ALL)
    it.moved = report(database, cast.dora, "probe", title=PROBES[1])
    it.timed = report(database, cast.dora, "timed", title=PROBES[1])
    with database.transaction() as session:
        it.secret = partners.invite(session, it.task.id, PROBES[1], "3", people["responder"])
        it.link = credentials.issue(session, cast.rob.id, CredentialKind.LINK, SYSTEM)
        it.pending = _pending(session, cast.rob.id)
        it.person, it.organisation = session.execute(
            select(Person.id, Person.organisation_id).where(Person.organisation_id.is_not(None))
        ).first()
        file, signature = _file(it, people), _signature(it, people)
        session.add_all((AttachmentContent(sha256=file.sha256, content=b"x"), file, signature))
        session.add_all((_relation(it), _reference(it), *_participants(it, people)))
        session.add(_service_clock(it))
        it.attachment, it.signature = file.id, signature.id
        it.tokens = {
            each.id: _tokens(session, each, cast.max) for each in (it.moved, it.failed, it.timed)
        }
    return it


def _tokens(session, incident, actor):
    standings = instances.look(session, session.get_one(Incident, incident.id), actor).standings
    due = [standing.place.token_id for standing in standings if standing.due_at]
    return (due or [standing.place.token_id for standing in standings])[0]


def _pending(session, person_id):
    """A sign-in that waits for its code."""
    secret = new_id()
    session.add(
        Credential(
            secret_hash=credentials.digest(secret),
            kind="pending",
            person_id=person_id,
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(days=1),
        )
    )
    return secret


def customers(database, organisation_id):
    """Two of an organisation, by username."""
    for username, role in (("cora", Role.CUSTOMER), ("carl", Role.CUSTOMER_ADMINISTRATOR)):
        with database.transaction() as session:
            grants = [(role, of_organisation(organisation_id))]
            person = accounts.add(session, username, PROBES[1], grants, SYSTEM)
        yield username, Actor(person.id, person.name, frozenset(grants))


def spread(database):
    """Put a probe into every column of text that has none yet; the columns that hold one now."""
    with database.transaction() as session:
        for table in Base.metadata.sorted_tables:
            assert session.scalar(select(func.count()).select_from(table)), f"no row: {table.name}"
            for column in _written(table):
                if not _is_probed(session, column):
                    session.execute(update(table).values({column: _probed(column)}))
                yield column


def _written(table):
    kept = frozenset().union(*OURS.values())
    for column in table.columns:
        is_text = isinstance(column.type, (String, Text, JSON)) and not isinstance(
            column.type, Enum
        )
        is_named = (
            column.foreign_keys or column.name == "id" or f"{table.name}.{column.name}" in kept
        )
        if is_text and not is_named:
            yield column


def _is_probed(session, column):
    found = select(func.count()).where(cast(column, Text).contains(MARK))
    return session.scalar(found.select_from(column.table)) > 0


def _probed(column):
    if isinstance(column.type, JSON):
        return {PROBES[0]: [PROBES[1], {PROBES[2]: PROBES[3]}]}
    key, *_ = column.table.primary_key.columns  # so that no two are the same
    return func.coalesce(column, cast(key, Text)) + literal(PROBES[1])


def _processes(database):
    deploy(database, drawn.bundled())
    for process_id, elements, rules in (
        ("failing", line(user_task("Look"), over("note")), ""),
        ("separate", line(user_task("Look"), user_task("Check")), SEPARATE),
        ("timed", timed(), ""),
        ("waiting", line(caught("Hear", "message", "Mail", correlationKey="incident.service")), ""),
    ):
        deploy(database, bundle(*elements, process_id=process_id, rules=rules))


def _exceptions(database, cast):
    """Two that wait: for a task, and for a restricted incident."""
    separate = report(database, cast.dora, "separate", title=PROBES[1])
    complete(database, separate, "Look", cast.dora, note=PROBES[0])
    check = open_tasks(database, separate, cast.dora)["Check"]
    secret = report(database, cast.dora, "probe", title=PROBES[1])
    with database.transaction() as session:
        break_glass.ask_for_task(session, check.id, ALL[:500], cast.dora)
        restriction.restrict(session, session.get_one(Incident, secret.id), [], "red", cast.max)
        break_glass.ask_to_know(session, secret.number, ALL[:500], cast.ada)


def _undeliverable(database):
    """A message and an effect that went wrong, with what the other side had to say."""
    with database.transaction() as session:
        outbox.alert(session, ALL, {"message": ALL})
        session.flush()
        key = session.scalars(select(Effect.key).order_by(Effect.created_at.desc())).first()
        session.execute(update(Message).values(problem=ALL))
    worker.give_up(database, Job.SEND_EFFECT, key, f"The receiver answered 500: {ALL}")


def _rows_of_other_tools(database, people):
    now, later = clock.now(), clock.now() + timedelta(days=1)
    with database.transaction() as session:
        group = DirectoryGroup(
            id=new_id(), name=PROBES[0], external_id=PROBES[1], created_at=now, updated_at=now
        )
        session.add(group)
        session.flush()
        for person in session.query(Person):
            session.add_all(_of(person, now, later))
            session.add(DirectoryMember(group_id=group.id, person_id=person.id))
            session.add(
                Absence(
                    id=new_id(),
                    person_id=person.id,
                    deputy_id=people["manager"].id,
                    starts_at=now,
                    ends_at=later,
                )
            )
        session.add_all(_beside(now))


def _of(person, now, later):
    """What one person comes in with."""
    for kind in ("totp", "passkey"):
        yield Authenticator(
            id=new_id(),
            person_id=person.id,
            kind=kind,
            label=PROBES[1],
            credential_id=new_id() if kind == "passkey" else None,
            secret=b"",
            counter=0,
            created_at=now,
        )
    for kind, scope in (("session", None), ("token", "read")):
        yield Credential(
            secret_hash=new_id(),
            kind=kind,
            scope=scope,
            person_id=person.id,
            id=new_id(),
            label=PROBES[1],
            created_at=now,
            expires_at=later,
        )
    yield ExternalIdentity(
        issuer=ISSUER, subject=PROBES[1] + person.id, person_id=person.id, created_at=now
    )


def _file(it, people):
    return Attachment(
        id=new_id(),
        incident_id=it.incident.id,
        name=PROBES[1],
        media_type="text/plain",
        size=9,
        sha256=new_id().replace("-", "") * 2,
        is_public=True,
        added_by=PROBES[0],
        added_by_id=people["manager"].id,
        added_at=clock.now(),
    )


def _beside(now):
    yield IdempotencyKey(
        principal="1",
        key=PROBES[0],
        request_hash="",
        status=200,
        headers={},
        body=b"",
        created_at=now,
    )
    yield Throttle(key="1", failures=1, last_failed_at=now)
    yield Challenge(key="1", expires_at=now)


def _relation(it):
    return IncidentRelation(
        id=new_id(),
        kind=RelationKind.RELATED_TO,
        incident_id=it.incident.id,
        other_id=it.separate.id,
        added_by=PROBES[0],
        added_at=clock.now(),
    )


def _service_clock(it):
    started = {"act": "start", "at": clock.now().isoformat(), "reason": ALL, "by": PROBES[1]}
    target = {"seconds": 60, "calendar": PROBES[0], "definition": it.task.definition_id}
    return ServiceClock(
        id=new_id(),
        incident_id=it.incident.id,
        kind="resolve",
        title=PROBES[0],
        turns=[started | target],
        told=0,
    )


def _participants(it, people):
    for role in IncidentRole:
        yield IncidentParticipant(
            id=new_id(),
            incident_id=it.incident.id,
            role=role,
            person_id=people["manager"].id,
            assumed_at=clock.now(),
        )


def _reference(it):
    return ExternalReference(
        id=new_id(),
        incident_id=it.incident.id,
        kind=ReferenceKind.PROBLEM,
        system=PROBES[0],
        reference=PROBES[1],
        url=f"https://127.0.0.1:9/{PROBES[1]}",
        added_by=PROBES[0],
        added_at=clock.now(),
    )


def _signature(it, people):
    return Signature(
        id=new_id(),
        incident_id=it.incident.id,
        task_id=it.task.id,
        person_id=people["manager"].id,
        meaning=PROBES[0],
        method="password",
        statement=ALL,
        signed_at=clock.now(),
    )


def tables():
    return Base.metadata.sorted_tables


def named(it):
    """What stands in the address of a page, by its endpoint where it is something of its own."""
    return {
        "*": {
            "number": it.incident.number,
            "name": "hold",
            "process_id": "probe",
            "version": 1,
            "task_id": it.task.id,
            "link": it.link,
            "secret": it.secret,
            "person_id": it.person,
            "organisation_id": it.organisation,
            "attachment_id": it.attachment,
            "signature_id": it.signature,
        },
        "control.correction": {"number": it.failed.number, "token_id": it.tokens[it.failed.id]},
        "control.timer": {"number": it.timed.number, "token_id": it.tokens[it.timed.id]},
        "control.preview": {
            "number": it.moved.number,
            "?": f"?withdraw={it.tokens[it.moved.id]}&start=Check",
        },
        "break_glass.explain": {"task_id": it.check.id},
        "report.form": {"?": "?process=probe"},
    }
