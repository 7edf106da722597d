"""Makes records, naming only what a test is about."""

from pathlib import Path

from api import create_app
from engine import history, intake, library, tasks
from engine.actors import SYSTEM, Actor, Role
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.settings import Settings
from engine.store.tables import Base, SecurityEvent

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "processes" / "itsm"

PEOPLE = {
    "dora": ("Dora Desk", [(Role.RESPONDER, "Service Desk")]),
    "tess": ("Tess Tech", [(Role.RESPONDER, "Technical Team")]),
    "max": ("Max Manager", [(Role.INCIDENT_MANAGER, "Incident Management")]),
    "olga": ("Olga Owner", [(Role.PROCESS_OWNER, "")]),
    "aude": ("Aude Auditor", [(Role.AUDITOR, "")]),
    "rob": ("Rob Reporter", [(Role.REPORTER, "")]),
    "ada": ("Ada Admin", [(Role.ADMINISTRATOR, "")]),
}


class Cast:
    """One person in each role; ``cast.dora`` is her actor, ``cast.token("dora")`` her API token."""

    def __init__(self, database):
        self._database = database
        with database.transaction() as session:
            for username, (name, grants) in PEOPLE.items():
                person = accounts.add(session, username, name, grants, SYSTEM)
                setattr(self, username, Actor(person.id, name, frozenset(grants)))

    def token(self, username):
        with self._database.transaction() as session:
            return credentials.issue(
                session, getattr(self, username).id, CredentialKind.TOKEN, SYSTEM
            )

    def link(self, username):
        with self._database.transaction() as session:
            return credentials.issue(
                session, getattr(self, username).id, CredentialKind.LINK, SYSTEM
            )


def add_person(database, username, role, group=""):
    """One more person than the cast, with one role."""
    grants = [(role, group)]
    with database.transaction() as session:
        person = accounts.add(session, username, username.title(), grants, SYSTEM)
        return Actor(person.id, person.name, frozenset(grants))


def client(database, token=None):
    """An HTTP client of the application, without a server between."""
    http = create_app(database, Settings(database.url)).test_client()
    if token:
        http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return http


def dump(database):
    """Every row of every table, to show that nothing has changed; that it was refused is no row."""
    with database.reading() as session:
        return {
            table.name: sorted(map(repr, session.execute(table.select())))
            for table in Base.metadata.sorted_tables
            if table.name != SecurityEvent.__tablename__
        }


def entries(database, subject_id, event=None):
    """The history of a subject, all of it or one kind of event."""
    with database.reading() as session:
        found = history.of(session, subject_id)
    return [entry for entry in found if event in (None, entry.event)]


def deploy(database, files):
    with database.transaction() as session:
        return library.deploy_from_host(session, files, "", SYSTEM)


def report(database, actor, process_id="small", **answers):
    """An incident that has just been reported."""
    with database.transaction() as session:
        return intake.report(
            session, process_id, {"title": "Mail is down", **answers}, "web", actor
        )


def open_tasks(database, incident, actor):
    """Element id -> task, of everything that waits."""
    with database.reading() as session:
        found = tasks.find(session, actor, tasks.Queue.ALL, incident_id=incident.id)
        return {assignment.task.element_id: assignment.task for assignment in found}


def complete(database, incident, element_id, actor, **answers):
    waiting = open_tasks(database, incident, actor)
    with database.transaction() as session:
        return tasks.complete(session, waiting[element_id].id, answers, actor)
