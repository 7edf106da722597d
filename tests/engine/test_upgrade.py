"""From one release to the next while people work: who migrates, and what works before that."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, text

from api import server
from engine import clock, instances, tasks
from engine.errors import Conflict, UnfitDatabase
from engine.history import Event
from engine.instances import messages
from engine.people import credentials
from engine.people.credentials import CredentialKind
from engine.store import migrate
from engine.store.database import Database
from engine.store.migrate import State
from engine.store.tables import Credential, Deployment, Incident, ProcessInstance, table_of
from engine.tasks import Queue
from tests.engine import releases
from tests.engine.releases import AT_LOOK, CLAIMED, WAITS
from tests.factories import ROOT, client, complete, dump, entries, open_tasks

PREVIOUS = releases.RELEASES[-1]
TOGETHER = 3


@pytest.fixture(params=releases.RELEASES)
def old(request, bare, tmp_path):
    """What an earlier release left."""
    releases.at(bare, request.param)
    releases.fill(bare, request.param, tmp_path)
    return bare


@pytest.fixture
def people(old):
    return releases.Cast(old)


def titled(database, title):
    with database.reading() as session:
        return session.query(Incident).filter_by(title=title).one()


# Who migrates


def test_processes_that_start_together_migrate_once(bare, tmp_path):
    command = [sys.executable, "-m", "api.server", "migrate"]
    environment = {**os.environ, "DATABASE_URL": bare.url}

    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
        for _ in range(TOGETHER)
    ]
    said = [process.communicate()[1].decode() for process in started]

    assert said == [""] * TOGETHER
    assert [process.returncode for process in started] == [0] * TOGETHER
    assert migrate.state(bare) is State.CURRENT
    with bare.reading() as session:
        deployed = session.execute(select(Deployment.bundle_id, Deployment.version))
        assert sorted(map(tuple, deployed)) == [("duties", 1), ("itsm", 1)]


@pytest.mark.parametrize(
    ("revision", "expected"),
    [("0001", State.BEHIND), (PREVIOUS, State.BEHIND), ("head", State.CURRENT)],
)
def test_the_state_of_a_database_tells_whether_to_migrate(bare, revision, expected):
    before = migrate.state(bare)

    releases.at(bare, revision)

    assert (before, migrate.state(bare)) == (State.BEHIND, expected)


def test_to_look_at_the_state_makes_no_database(tmp_path):
    file = tmp_path / "none.db"

    assert migrate.state(Database(f"sqlite:///{file}")) is State.BEHIND
    assert not file.exists()


def test_migrating_waits_for_the_process_that_migrates_and_not_for_longer_than_that(bare):
    if bare.engine.dialect.name == "sqlite":
        pytest.skip("its one writer is alone anyhow")

    with bare.engine.begin() as connection:
        migrate.take_turn(connection)
        limits = connection.execute(
            text("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        ).one()

    assert limits == ("10s", "0")


# A database that is newer than the release


def leaves(group, path=()):
    """Every command, as the words with which one calls it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name))


# All but the last need no database, and a worker waits for the one that it can work with.
NOT_REFUSING = (
    *(
        "calendar explain",
        "check",
        "duty explain",
        "duty fields",
        "duty list",
        "import",
        "signature check",
        "test",
    ),
    "worker",
)
COMMANDS = [name for name in leaves(server.cli.main) if name not in NOT_REFUSING]
WORDS = {
    "backup": ("{folder}/backup.db",),
    "db copy": ("--to", "sqlite:///{folder}/copy.db"),
    "deploy": (str(ROOT / "processes" / "itsm"),),
    "door add": ("alertmanager", "--label", "prod"),
    "jobs retry": ("1", "--reason", "It answers again."),
    "message discard": ("some-id", "--reason", "Sent twice."),
    "restore": (str(ROOT / "README.md"),),
    "user add": ("eve", "--role", "administrator"),
    "user link": ("eve",),
    "user reset-factors": ("eve",),
    "user token": ("eve",),
    "user unlock": ("eve",),
}


@pytest.fixture
def ahead(database):
    _stamp(database, "9999")
    yield database
    _stamp(database, migrate._revisions()[0])


def _stamp(database, revision):
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": revision})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_refuses_the_database_of_a_newer_release_and_changes_nothing(
    ahead, tmp_path, command
):
    before = dump(ahead)
    words = [word.format(folder=tmp_path) for word in WORDS.get(command, ())]

    run = CliRunner(env={"DATABASE_URL": ahead.url})
    result = run.invoke(server.cli.main, [*command.split(), *words])

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "belongs to a newer release of Steadyhand. Use that release." in result.output
    assert dump(ahead) == before


def test_a_database_of_a_newer_release_is_not_migrated(ahead):
    assert migrate.state(ahead) is State.AHEAD

    with pytest.raises(UnfitDatabase, match="belongs to a newer release"):
        migrate.upgrade(ahead)


# This release on what an earlier one left


def inbox(database, actor):
    """Every task that waits for the actor, page after page."""
    found, last = [], None
    with database.reading() as session:
        while page := tasks.find(session, actor, Queue.ALL, after=last, limit=1):
            found += [(assignment.incident.title, assignment.task.name) for assignment in page]
            last = tasks.sort_key(page[-1].task)
    return sorted(found)


LISTED = [(CLAIMED, "Do Look"), (AT_LOOK, "Do Look")]


def test_the_inbox_is_whole_after_the_migration(old, people):
    migrate.upgrade(old)

    assert inbox(old, people.dora) == LISTED


def test_a_process_that_began_before_the_migration_goes_on_after_it(old, people):
    migrate.upgrade(old)
    incident = titled(old, AT_LOOK)
    complete(old, incident, "Look", people.dora, note="Fine.")
    receive_payment(old, incident, people)
    complete(old, incident, "Check", people.dora, note="Fine.")

    assert ended(old, incident)


def test_a_timer_that_was_set_before_the_migration_fires_once(old, people, time_travel):
    time_travel(timedelta(hours=2))
    migrate.upgrade(old)
    fire(old, titled(old, AT_LOOK))
    with pytest.raises(Conflict, match="No timer of this process is due"):
        fire(old, titled(old, AT_LOOK))

    assert len(entries(old, titled(old, AT_LOOK).id, Event.TIMER_FIRED)) == 1
    assert sorted(open_tasks(old, titled(old, AT_LOOK), people.dora)) == ["Chase", "Look"]


def test_a_process_that_waited_before_the_migration_receives_its_message(old, people):
    migrate.upgrade(old)
    receive_payment(old, titled(old, WAITS), people)

    assert list(open_tasks(old, titled(old, WAITS), people.dora)) == ["Check"]


def receive_payment(database, incident, people):
    with database.transaction() as session:
        messages.send(session, "paid", "", None, people.dora, incident=incident.id)


def fire(database, incident):
    with database.transaction() as session:
        instance = session.query(ProcessInstance).filter_by(incident_id=incident.id).one()
        instances.fire_timers(session, instance.id)


def ended(database, incident):
    return entries(database, incident.id, Event.PROCESS_COMPLETED)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}], ids=["bare", "with-key"])
def test_before_the_migration_a_report_over_http_is_kept_or_refused_for_now_and_taken_after_it(
    old, people, headers
):
    http = client(old, kept_token(old, people))
    sent = {"process": "small", "answers": {"title": "Printer is down"}}

    early = http.post("/api/v1/incidents", json=sent, headers=headers)
    migrate.upgrade(old)
    late = http.post("/api/v1/incidents", json=sent, headers=headers)

    # It needs what the migration makes, or the tables of that release are enough for it.
    assert (early.status_code, "Retry-After" in early.headers) in ((503, True), (201, False))
    assert late.status_code == 201
    taken = {sent.get_json()["id"] for sent in (early, late) if sent.status_code == 201}
    with old.reading() as session:
        kept = session.query(Incident).filter_by(title="Printer is down")
        assert {incident.id for incident in kept} == taken


def kept_token(database, people):
    """An API token as the release that made the tables kept it."""
    kept = {
        "secret_hash": credentials.digest("secret"),
        "kind": CredentialKind.TOKEN,
        "person_id": people.rob.id,
        "created_at": clock.now(),
        "expires_at": clock.now() + timedelta(days=1),
    }
    with database.transaction() as session:
        session.execute(insert(table_of(Credential)).values(kept))
    return "secret"


# The previous release on what this one made


def test_what_an_older_process_writes_after_the_migration_is_listed_all_the_same(old, people):
    migrate.upgrade(old)
    with old.transaction() as session:
        session.execute(text("UPDATE task SET due_at = NULL"))  # as it writes what is not due

    assert inbox(old, people.dora) == LISTED
