"""Every route, asked by everybody, about every kind of incident: who gets an answer.

The table below says who may; it knows nothing of the rules of the engine. What is asked are the
commands that the tests of durability know, and every page and list; a new route that neither the
table nor these know fails.
"""

from functools import partial
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import text

from api.access import Open, declared
from engine import clock
from engine.actors import SYSTEM, Role, of_organisation
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.people.permissions import Action
from engine.store.tables import Organisation
from tests import databases, directory
from tests.durability import stage as given
from tests.durability.commands import gathered, passkeys, scim
from tests.durability.commands.attachments import with_file
from tests.durability.ground import grounds
from tests.durability.stage import DRAFT, Stage, incident_of

COMMANDS = gathered("API", "PAGES", "ASKED")
PEOPLE = ("rob", "dora", "tess", "max", "olga", "aude", "ada", "cora", "carl")
EVERYBODY = (*PEOPLE, "okta")  # a directory, which has the token of an auditor for SCIM alone
CUSTOMERS = {"cora": Role.CUSTOMER, "carl": Role.CUSTOMER_ADMINISTRATOR}
# Whose incident it is, or what is special about it.
SITUATIONS = {
    "own": "O",
    "same group": "S",
    "other group": "T",
    "other organisation": "X",
    "restricted": "R",
    "closed": "C",
}
ANY, KNOWN = "OSTXRC", "OSTXC"


def _who(names, situations=ANY):
    return dict.fromkeys(names.split(), situations)


# Who may do what, in which situations; everybody else nothing, in none.
MAY = {
    Action.READ_INCIDENT: _who("dora tess max olga aude ada", KNOWN) | _who("rob cora carl", "O"),
    Action.READ_INSIDE: _who("dora tess max olga aude ada", KNOWN) | _who("rob", "O"),
    Action.READ_AUDIT: _who("max olga aude ada", KNOWN),
    Action.CORRECT_INCIDENT: _who("dora tess max", KNOWN),
    Action.LEAD_INCIDENT: _who("dora tess max", KNOWN),
    Action.WATCH_INCIDENT: _who("dora tess max olga aude ada", KNOWN) | _who("rob cora carl", "O"),
    Action.ADD_FILE: _who("dora tess max ada", KNOWN) | _who("rob cora carl", "O"),
    Action.WITHDRAW_FILE: _who("dora max", KNOWN),  # of a file of Dora's
    Action.CONTROL_PROCESS: _who("max ada", KNOWN),
    Action.RELATE_INCIDENT: _who("dora tess max ada", KNOWN),
    Action.RESTRICT_INCIDENT: _who("max ada", KNOWN),
    Action.READ_TASK: _who("max olga aude ada", KNOWN) | {"dora": "OSXC", "tess": "T"},
    Action.WORK_TASK: {"dora": "OSXC", "tess": "T"},
    Action.DELEGATE_TASK: _who("max", KNOWN),  # of a task that nobody has
    Action.REPORT_INCIDENT: _who("rob dora tess max cora carl"),
    Action.READ_PROCESS: _who("dora tess max olga aude ada"),
    Action.EDIT_PROCESS: _who("olga"),
    Action.MIGRATE_PROCESS: _who("olga ada"),  # of what they see
    Action.BREAK_GLASS: _who("max ada"),
    # Here of people who are no customers; of their own, tests/api/test_people.py asks.
    Action.MANAGE_ORGANISATION: _who("ada"),
    Action.SEND_MESSAGE: _who("dora tess max ada"),
    Action.READ_MESSAGES: _who("max aude ada"),
    Action.DISCARD_MESSAGE: _who("max ada"),
    Action.LOOK_AFTER: _who("max aude ada"),
    Action.RETRY_JOB: _who("ada"),
    Action.READ_METRICS: _who("aude ada"),
    Action.MANAGE_PEOPLE: _who("ada"),
    Action.MANAGE_TOKENS: _who("ada"),
    Action.READ_SECURITY_LOG: _who("aude ada"),
    Action.KEEP_DIRECTORY: _who("okta"),
    Open.SIGNED_IN: _who(" ".join(PEOPLE)),
}
# Where one more thing counts: whose task it is, or which incident a job is about.
BY_ASSIGNEE = {"dora": "OSXC"}
BY_READER = {"max": ANY, "ada": KNOWN}
EXCEPTIONS = {
    "POST /api/v1/tasks/<task_id>/release": BY_ASSIGNEE,
    "POST /api/v1/tasks/<task_id>/complete (claimed)": BY_ASSIGNEE,
    "POST /api/v1/tasks/<task_id>/complete (signed)": BY_ASSIGNEE,
    "POST /api/v1/tasks/<task_id>/signature": BY_ASSIGNEE,
    "POST /tasks/<task_id>/release": BY_ASSIGNEE,
    "POST /processes/<process_id>/versions/<int:version>/migrate": _who("olga ada", KNOWN),
    # There is nothing to ask of what one sees.
    "POST /exceptions": {"ada": "R"},
    "POST /api/v1/exceptions": {"ada": "R"},
    # Everybody is asked for a proof of their own first.
    "POST /account/second-factor/<authenticator_id>/remove": _who(" ".join(PEOPLE)),
    "POST /api/v1/operations/dead-letters/<int:job_id>/retry (timers)": _who("ada", KNOWN),
    "DELETE /api/v1/incidents/<incident_id>/restriction": BY_READER,
    "POST /incidents/<number>/restriction/lift": BY_READER,
}
# Of one's own things, each of which is Dora's.
OWN = {"session_id", "token_id", "passkey_id", "authenticator_id", "absence_id"}
# Given with the session of a browser, which is Dora's as well; the API has the same question.
BY_SESSION = {"signing.ask", "inbox.complete"}
# A list without a name in its address shows everybody what they may see, were it nothing.
LISTS = dict.fromkeys(
    ("rest_incidents.find", "incidents.find", "rest_tasks.find", "inbox.find"),
    _who(" ".join(PEOPLE)),
) | dict.fromkeys(
    (
        *("rest_people.find", "people.find", "people.ask"),
        *("rest_organisations.find", "organisations.find"),
    ),
    _who("ada carl"),  # of their own organisation
)
# Parts of an address of which there are a few.
WORDS = {"name": "hold", "role": "commander"}
QUERIES = {"report.form": "?process=small"}
# What a page needs before somebody can look at it; all others make do with a small process.
BEFORE = {
    "control.correction": given.failed,
    "rest_bundles.read_draft": given.drafted,
    "processes.draft": given.drafted,
    "migration.plan": given.overtaken,
    "rest_attachments.content": with_file,
    "files.download": with_file,
    "scim.read_user": scim.kept,
    "scim.read_group": scim.kept,
    "signatures.download": passkeys.signed,
    "rest_signatures.read": passkeys.signed,
}


class BySession(Exception):
    """A command that nobody else can give."""


class As:
    """The stage, but whatever somebody does there is done by another."""

    def __init__(self, stage, who):
        self._stage, self._who = stage, who
        self.somebody = stage.cast.rob.id

    def send(self, _username, *request, **sent):
        return self._stage.send(self._who, *request, **sent)

    def post(self, _username, path, **sent):
        return self._stage.send(self._who, "POST", path, **sent)

    def anyone(self, *_session):
        raise BySession


class Rehearsal:
    """Asks one question after the other of the same state."""

    def __init__(self, database):
        self.stage = Stage(database)
        self._people(database)
        self.app = self.stage._app
        self.asks = declared(self.app)
        self._ground = grounds(database)
        self._begun = self._ground.save()
        self.asked = 0

    def _people(self, database):
        with database.transaction() as session:
            for name in ("home", "away", "north"):
                session.add(Organisation(id=name, name=f"The {name}", created_at=clock.now()))
        for username, role in CUSTOMERS.items():
            grants = [(role, of_organisation("home"))]
            with database.transaction() as session:
                person = accounts.add(session, username, username, grants, SYSTEM)
                secret = credentials.issue(session, person.id, CredentialKind.TOKEN, SYSTEM)
            self.stage._tokens[username] = secret
            setattr(self.stage.cast, username, SimpleNamespace(id=person.id))

    def begin(self, before):
        self._ground.restore(self._begun)
        return before(self.stage)

    def answers(self, it, does):
        """Person and situation -> the status of the answer."""
        before = self._ground.save()
        for situation in SITUATIONS if _has_incident(it) else ["own"]:
            for person in EVERYBODY:
                self._ground.restore(before)
                self._arrange(it, situation, person)
                answer = does(As(self.stage, person), it)
                self.asked += 1
                yield person, situation, answer.status_code

    def _arrange(self, it, situation, person):
        if not _has_incident(it):
            return
        is_own = situation == "own"
        self._set(
            "incident",
            "id",
            it.incident.id,
            reporter_id=getattr(self.stage.cast, person if is_own else "olga").id,
            organisation_id=_organisation(situation, person),
            is_restricted=situation == "restricted",
            status="closed" if situation == "closed" else "new",
            closed_at=it.incident.created_at if situation == "closed" else None,
        )
        group = "Technical Team" if situation == "other group" else "Service Desk"
        self._set("task", "incident_id", it.incident.id, candidate_group=group)

    def _set(self, table, key, value, **columns):
        settings = ", ".join(f"{name} = :{name}" for name in columns)
        change = text(f"UPDATE {table} SET {settings} WHERE {key} = :key")  # noqa: S608 -- ours
        with self.stage.database.transaction() as session:
            session.execute(change, {**columns, "key": value})


def _has_incident(it):
    return hasattr(getattr(it, "incident", None), "number")


def _organisation(situation, person):
    if situation == "other organisation":
        return "away"
    return "home" if situation == "own" and person in CUSTOMERS else None


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    with databases.Sqlite(tmp_path_factory.mktemp("authorisation")).fresh() as database:
        made = Rehearsal(database)
        yield made
        print(f"\n{made.asked} cells asked")


def wrong(expected, answers):
    """The cells in which somebody got an answer that they may not have, or none that they may."""
    for person, situation, status in answers:
        may = SITUATIONS[situation] in expected.get(person, "")
        if status >= 500 or status == 401 or (status not in (403, 404)) is not may:
            yield person, situation, status


def expected_of(rehearsal, endpoint):
    if endpoint in LISTS:
        return LISTS[endpoint]
    asked = rehearsal.asks[endpoint]
    (rule,) = (one for one in rehearsal.app.url_map.iter_rules(endpoint))
    is_own = asked is Open.SIGNED_IN and rule.arguments & OWN
    return _who("dora") if is_own else MAY[asked]


def _endpoint(rehearsal, address):
    method, _, rule = address.partition(" ")
    (found,) = {
        one.endpoint
        for one in rehearsal.app.url_map.iter_rules()
        if one.rule == rule and method in one.methods
    }
    return found


def _asks_somebody(rehearsal, endpoint):
    return rehearsal.asks[endpoint] not in (Open.ANYBODY, Open.SECRET)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_change_is_made_by_whom_the_table_says_and_by_nobody_else(rehearsal, command):
    endpoint = _endpoint(rehearsal, command.address)
    if not _asks_somebody(rehearsal, endpoint) or command.address == "POST /sign-out":
        return  # it has no session but its own secret
    it = rehearsal.begin(command.given)
    expected = EXCEPTIONS.get(command.name) or expected_of(rehearsal, endpoint)
    try:
        found = list(wrong(expected, rehearsal.answers(it, command.does)))
    except BySession:
        assert rehearsal.asks[endpoint] is Open.SIGNED_IN or endpoint in BY_SESSION
    else:
        assert found == []


def test_a_page_is_shown_to_whom_the_table_says_and_to_nobody_else(rehearsal, subtests):
    for endpoint, rule in _pages(rehearsal):
        with subtests.test(endpoint):
            it = rehearsal.begin(BEFORE.get(endpoint, incident_of("small")))
            it = it or SimpleNamespace()

            answers = list(rehearsal.answers(it, partial(_look, rule=rule)))

            found = list(wrong(expected_of(rehearsal, endpoint), answers))
            assert (endpoint, found) == (endpoint, [])
            # At least one page is whole; that of a move asks for more than an address.
            assert any(status < 400 or status == 422 for _, _, status in answers)


def _pages(rehearsal):
    for rule in rehearsal.app.url_map.iter_rules():
        if "GET" in rule.methods and _asks_somebody(rehearsal, rule.endpoint):
            yield rule.endpoint, rule


def _look(stage, it, rule):
    incident = getattr(it, "incident", None)
    values = {
        "attachment_id": getattr(it, "attachment_id", None),
        "bundle_id": "small",
        "incident_id": getattr(incident, "id", None),
        "name": "hold",
        "number": getattr(incident, "number", None),
        "organisation_id": "north",
        "path": DRAFT,
        "person_id": stage.somebody,
        "process_id": "small",
        "signature_id": getattr(it, "signature", None),
        "task_id": getattr(getattr(it, "task", None), "id", None),
        "token_id": getattr(it, "timer", None) or getattr(it, "token", None),
        "version": 1,
        "user_id": getattr(it, "user", None),
        "group_id": getattr(it, "group", None),
        "type_id": "User",
        "urn": directory.USER,
    }
    _, path = rule.build({name: values[name] for name in rule.arguments})
    return stage.send("", "GET", path + QUERIES.get(rule.endpoint, ""))


def test_nobody_gets_anything_without_signing_in(rehearsal, subtests):
    it = rehearsal.begin(incident_of("small"))
    for rule in rehearsal.app.url_map.iter_rules():
        if not _asks_somebody(rehearsal, rule.endpoint):
            continue
        with subtests.test(rule.endpoint):
            values = dict.fromkeys(rule.arguments, "1")
            values |= {name: word for name, word in WORDS.items() if name in values}
            _, path = rule.build(values)
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                answer = rehearsal.stage.anyone().open(path, method=method)
                sends_away = answer.status_code == 302 or answer.status_code == 303
                assert answer.status_code == 401 or (
                    sends_away and answer.location.startswith("/sign-in")
                )
    assert it


def test_a_route_that_does_not_say_what_it_asks_stops_the_start():
    app = Flask("new")
    app.add_url_rule("/new", "new", dict)

    with pytest.raises(RuntimeError, match="These routes do not say what they ask: new"):
        declared(app)


def test_every_route_that_changes_something_is_among_the_commands(rehearsal):
    changing = {
        f"{method} {rule.rule}"
        for rule in rehearsal.app.url_map.iter_rules()
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
        if _asks_somebody(rehearsal, rule.endpoint)
    }

    assert changing - {command.address for command in COMMANDS} == set()
