"""Who may come in, and what each role may do."""

from datetime import timedelta

import pytest

from engine import tasks
from engine.actors import EVERYWHERE, SYSTEM, Actor, Role
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import accounts, credentials, permissions
from engine.people.credentials import CredentialKind
from engine.people.permissions import Action
from engine.store.tables import Incident, Person, Task
from engine.tasks import Queue
from tests.diagrams import one_task
from tests.factories import deploy, dump, entries, report

PASSWORD = "a few words are easy to keep"  # noqa: S105 -- of a test


def actor(role, group=EVERYWHERE):
    return Actor("me", "Me", frozenset({(role, group)}))


# What each role may do: an action, and for an action on a thing whose or which group's it is.
READS = {
    "see this incident: mine",
    "see this incident: another's",
    "see this task: of my group",
    "see this task: of another group",
    "see the process library",
    "read the audit trace",
}
WORKS = {
    "report an incident",
    "see this incident: mine",
    "see this incident: another's",
    "correct this incident",
    "work from the inbox",
    "see this task: of my group",
    "work on this task: of my group",
    "see the process library",
    "send a message to a process",
}
MANAGES = {
    "take the process of an incident in hand",
    "see messages between processes",
    "discard a message",
}
UPKEEP = {"look after this installation"}
FIGURES = {"read the figures of this installation"}
OTHER_GROUP = {"see this task: of another group", "work on this task: of another group"}
MATRIX = {
    (Role.REPORTER, ""): {"report an incident", "see this incident: mine"},
    (Role.REPORTER, "Ours"): {"report an incident", "see this incident: mine"},
    (Role.RESPONDER, "Ours"): WORKS,
    (Role.RESPONDER, EVERYWHERE): WORKS | OTHER_GROUP,
    (Role.INCIDENT_MANAGER, "Ours"): WORKS | READS | MANAGES | UPKEEP,
    (Role.INCIDENT_MANAGER, EVERYWHERE): WORKS | READS | MANAGES | UPKEEP | OTHER_GROUP,
    (Role.PROCESS_OWNER, ""): READS
    | {"edit or deploy a process", "move incidents to another version of their process"},
    (Role.AUDITOR, ""): READS | UPKEEP | FIGURES | {"see messages between processes"},
    (Role.ADMINISTRATOR, ""): READS
    | MANAGES
    | UPKEEP
    | FIGURES
    | {
        "send a message to a process",
        "move incidents to another version of their process",
        "try a job again",
    },
    (None, ""): set(),
}
MINE, THEIRS = Incident(reporter_id="me"), Incident(reporter_id="you")
OURS, OTHERS = Task(candidate_group="Ours"), Task(candidate_group="Others")
QUESTIONS = {
    f"{Action.REPORT_INCIDENT}": (Action.REPORT_INCIDENT, None),
    f"{Action.READ_INCIDENT}: mine": (Action.READ_INCIDENT, MINE),
    f"{Action.READ_INCIDENT}: another's": (Action.READ_INCIDENT, THEIRS),
    f"{Action.CORRECT_INCIDENT}": (Action.CORRECT_INCIDENT, THEIRS),
    f"{Action.USE_INBOX}": (Action.USE_INBOX, None),
    f"{Action.READ_TASK}: of my group": (Action.READ_TASK, OURS),
    f"{Action.READ_TASK}: of another group": (Action.READ_TASK, OTHERS),
    f"{Action.WORK_TASK}: of my group": (Action.WORK_TASK, OURS),
    f"{Action.WORK_TASK}: of another group": (Action.WORK_TASK, OTHERS),
    f"{Action.READ_PROCESS}": (Action.READ_PROCESS, None),
    f"{Action.EDIT_PROCESS}": (Action.EDIT_PROCESS, None),
    f"{Action.READ_AUDIT}": (Action.READ_AUDIT, None),
    f"{Action.CONTROL_PROCESS}": (Action.CONTROL_PROCESS, THEIRS),
    f"{Action.MIGRATE_PROCESS}": (Action.MIGRATE_PROCESS, None),
    f"{Action.SEND_MESSAGE}": (Action.SEND_MESSAGE, None),
    f"{Action.READ_MESSAGES}": (Action.READ_MESSAGES, None),
    f"{Action.DISCARD_MESSAGE}": (Action.DISCARD_MESSAGE, None),
    f"{Action.LOOK_AFTER}": (Action.LOOK_AFTER, None),
    f"{Action.RETRY_JOB}": (Action.RETRY_JOB, None),
    f"{Action.READ_METRICS}": (Action.READ_METRICS, None),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("role", "group"), MATRIX, ids=[f"{role} {group}".strip() for role, group in MATRIX]
)
def test_a_role_may_do_what_the_matrix_says_and_nothing_else(role, group, question):
    asking = actor(role, group) if role else Actor("me", "Me")
    action, thing = QUESTIONS[question]

    assert permissions.may(asking, action, thing) is (question in MATRIX[role, group])


def test_the_matrix_asks_about_every_action_and_every_role():
    assert {action for action, _ in QUESTIONS.values()} == set(Action)
    assert {role for role, _ in MATRIX if role} == set(Role)


def test_a_refusal_says_what_may_not_be_done():
    with pytest.raises(NotAllowed, match="You may not edit or deploy a process"):
        permissions.require(actor(Role.AUDITOR), Action.EDIT_PROCESS)


@pytest.mark.parametrize(
    ("role", "group", "sees"),
    [
        (Role.RESPONDER, "Service Desk", 1),
        (Role.RESPONDER, "Technical Team", 0),
        (Role.RESPONDER, EVERYWHERE, 1),
        (Role.INCIDENT_MANAGER, "Technical Team", 1),
        (Role.AUDITOR, "", 1),
        (Role.REPORTER, "", 0),
    ],
)
def test_the_list_of_tasks_holds_what_one_may_see(role, group, sees, database, cast):
    deploy(database, one_task())
    report(database, cast.dora)

    with database.reading() as session:
        found = tasks.find(session, actor(role, group), Queue.ALL)
        counted = tasks.count(session, actor(role, group))

    assert len(found) == counted[Queue.ALL] == sees
    assert all(permissions.may(actor(role, group), Action.READ_TASK, a.task) for a in found)


def test_a_link_signs_in_once(database, cast):
    link = cast.link("dora")
    with database.transaction() as session:
        secret = credentials.redeem_link(session, link)

    with pytest.raises(NotAllowed, match="used or has expired"), database.transaction() as session:
        credentials.redeem_link(session, link)

    assert who(database, CredentialKind.SESSION, secret) == cast.dora


@pytest.mark.parametrize(
    ("kind", "lifetime"),
    [
        (CredentialKind.LINK, timedelta(hours=24)),
        (CredentialKind.SESSION, timedelta(hours=12)),
        (CredentialKind.TOKEN, timedelta(days=365)),
    ],
)
def test_a_credential_is_good_until_it_expires(kind, lifetime, database, cast, time_travel):
    secret = issue(database, cast.dora, kind)

    time_travel(lifetime - timedelta(minutes=1))
    assert who(database, kind, secret) == cast.dora

    time_travel(timedelta(minutes=1))
    assert who(database, kind, secret) is None


@pytest.mark.parametrize("kind", CredentialKind)
def test_a_credential_is_good_for_its_own_kind_only(kind, database, cast):
    secret = issue(database, cast.dora, kind)

    found = {other: who(database, other, secret) for other in CredentialKind}

    assert {other for other, actor in found.items() if actor} == {kind}


@pytest.mark.parametrize("secret", ["", "nobody's", "' OR 1=1 --", "\x00"])
def test_a_secret_that_was_never_issued_opens_nothing(secret, database, cast):
    assert who(database, CredentialKind.TOKEN, secret) is None


def test_only_the_hash_of_a_secret_is_kept(database, cast):
    secret = cast.token("dora")

    assert secret not in str(dump(database))
    assert credentials.digest(secret) in str(dump(database))


def test_a_person_who_left_does_not_come_in(database, cast):
    secret = issue(database, cast.dora, CredentialKind.TOKEN)

    with database.transaction() as session:
        session.get_one(Person, cast.dora.id).is_active = False

    assert who(database, CredentialKind.TOKEN, secret) is None


def test_a_session_ends_with_the_sign_out(database, cast):
    secret = issue(database, cast.dora, CredentialKind.SESSION)

    with database.transaction() as session:
        credentials.sign_out(session, secret, cast.dora)

    assert who(database, CredentialKind.SESSION, secret) is None
    assert entries(database, cast.dora.id, Event.PERSON_SIGNED_OUT)


def set_password(database, actor):
    with database.transaction() as session:
        credentials.set_password(session, credentials.hash_password(PASSWORD), actor)


def test_a_password_opens_a_session_and_is_kept_as_a_hash(database, cast):
    set_password(database, cast.dora)

    with database.transaction() as session:
        actor = credentials.authenticate(session, "dora", PASSWORD)
        secret = credentials.start_session(session, actor)

    assert who(database, CredentialKind.SESSION, secret) == cast.dora
    assert PASSWORD not in str(dump(database))


@pytest.mark.parametrize(
    ("username", "password"),
    [("dora", "another password"), ("nobody", PASSWORD), ("tess", PASSWORD), ("dora", "")],
    ids=["wrong password", "nobody", "no password yet", "empty"],
)
def test_a_wrong_sign_in_is_refused_in_the_same_words(username, password, database, cast):
    set_password(database, cast.dora)
    before = dump(database)

    refusal = pytest.raises(NotAllowed, match="do not belong together")
    with refusal, database.transaction() as session:
        credentials.authenticate(session, username, password)

    assert dump(database) == before


def test_a_short_password_is_refused():
    with pytest.raises(InvalidAnswers) as refusal:
        credentials.hash_password("x" * 14)

    assert "at least 15 characters" in refusal.value.errors["password"]


def test_a_username_belongs_to_one_person(database, cast):
    before = dump(database)

    with pytest.raises(Conflict, match="already a person"), database.transaction() as session:
        accounts.add(session, "dora", "Another Dora", [], SYSTEM)

    assert dump(database) == before


def test_a_person_is_found_by_username_and_named_by_id(database, cast):
    with database.reading() as session:
        assert accounts.get(session, "tess").id == cast.tess.id
        assert accounts.names(session, [cast.dora.id, "gone"]) == {cast.dora.id: "Dora Desk"}
        with pytest.raises(NotFound):
            accounts.get(session, "nobody")


def test_adding_a_person_is_told_with_their_grants(database, cast):
    (added,) = entries(database, cast.dora.id, Event.PERSON_ADDED)

    assert added.changes["grants"] == [None, ["responder in Service Desk"]]
    with database.reading() as session:
        assert "Service Desk" in accounts.groups(session)


def issue(database, person, kind):
    with database.transaction() as session:
        return credentials.issue(session, person.id, kind, SYSTEM)


def who(database, kind, secret):
    with database.reading() as session:
        return credentials.find_actor(session, kind, secret)
