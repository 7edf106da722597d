"""The pages of one's own account and of people, and what a session does while it is used."""

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from api import browsers, create_app
from engine.actors import SYSTEM, Role, of_organisation
from engine.history import Event
from engine.people import accounts, credentials, organisations, own
from engine.people.credentials import CredentialKind, Scope
from engine.people.tokens import Terms
from engine.settings import Settings
from engine.store.tables import Person
from tests.factories import client, dump, entries

OURS = {"Sec-Fetch-Site": "same-origin"}
MINUTE = timedelta(minutes=1)
PASSWORD = "a few words are easy to keep"  # noqa: S105 -- of a test
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
TOKEN_FORM = {"label": "Nightly export", "scope": "read", "days": "30"}
NINA = {"username": "nina", "name": "Nina New", "role": "reporter", "kind": "person"}


@pytest.fixture
def browser(database, cast):
    """A browser in which somebody is signed in."""

    app = create_app(database, Settings(database.url))

    def opened(actor, **more):
        http = app.test_client()
        http.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        with database.transaction() as session:
            secret = credentials.start_session(session, actor, **more)
        http.set_cookie("steadyhand", secret)
        http.secret = secret
        return http

    return opened


def sessions_of(database, actor, kind=CredentialKind.SESSION):
    with database.reading() as session:
        return own.find(session, kind, actor)


def is_good(database, secret, kind=CredentialKind.SESSION):
    with database.reading() as session:
        return credentials.find_actor(session, kind, secret) is not None


@contextmanager
def listening(database, hear):
    """Calls ``hear`` before each statement of the session's road."""
    event.listen(database.engine, "before_cursor_execute", hear)
    yield
    event.remove(database.engine, "before_cursor_execute", hear)


# ---- a session while it is used


def test_a_session_that_is_used_goes_on(browser, cast, database, time_travel):
    dora = browser(cast.dora)

    for _ in range(4):
        time_travel(20 * MINUTE)
        assert dora.get("/account").status_code == 200

    time_travel(31 * MINUTE)
    assert dora.get("/account").status_code == 302


@pytest.mark.parametrize(("after", "commits"), [(1, 0), (4, 0), (6, 1)])
def test_a_request_writes_nothing_but_every_few_minutes(
    after, commits, browser, cast, database, time_travel
):
    dora, written = browser(cast.dora), []
    time_travel(after * MINUTE)

    with listening(database, lambda _, __, statement, *___: written.append(statement)):
        dora.get("/account")

    assert len([statement for statement in written if statement.startswith("UPDATE")]) == commits


def test_a_page_is_answered_though_its_session_cannot_be_noted(
    browser, cast, database, time_travel, caplog
):
    dora = browser(cast.dora)
    time_travel(6 * MINUTE)

    def fail(connection, cursor, statement, *_):
        if statement.startswith("UPDATE"):
            raise connection.dialect.loaded_dbapi.OperationalError("disk I/O error")

    with listening(database, fail):
        answer = dora.get("/account")

    assert answer.status_code == 200
    assert "is not noted" in caplog.text
    assert dora.secret not in caplog.text


def test_an_outside_page_cannot_end_sessions(browser, cast, database):
    dora = browser(cast.dora)
    (found,) = sessions_of(database, cast.dora)
    path = f"/account/sessions/{credentials.reference(found)}/end"

    answer = dora.post(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert is_good(database, dora.secret)


# ---- one's own account


def test_the_account_shows_where_one_is_signed_in(browser, cast):
    browser(cast.dora, label="Chrome on Windows")
    browser(cast.tess, label="Safari on iPhone")

    page = browser(cast.dora, label="Firefox on Linux").get("/account").text

    assert "Firefox on Linux" in page
    assert "Chrome on Windows" in page
    assert "Safari on iPhone" not in page
    assert page.count("This browser") == 1


def test_another_session_is_ended_and_this_one_goes_on(browser, cast, database):
    here, there = browser(cast.dora), browser(cast.dora)
    other = next(
        found
        for found in sessions_of(database, cast.dora)
        if found.secret_hash == credentials.digest(there.secret)
    )

    answer = here.post(f"/account/sessions/{credentials.reference(other)}/end")

    assert answer.status_code == 303
    assert "The session is ended." in here.get(answer.location).text
    assert there.get("/account").status_code == 302


def test_all_other_sessions_are_ended(browser, cast):
    here, *there = (browser(cast.dora) for _ in range(3))

    here.post("/account/sessions/end-others")

    assert [http.get("/account").status_code for http in (here, *there)] == [200, 302, 302]


def test_a_token_is_made_shown_once_and_revoked(browser, cast, database):
    dora = browser(cast.dora)

    made = dora.post("/account/tokens", data=TOKEN_FORM)
    token = re.search(r"sh_[\w-]+", made.text).group()
    page = dora.get("/account").text
    (found,) = sessions_of(database, cast.dora, CredentialKind.TOKEN)

    assert client(database, token).get("/api/v1/tasks").status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    assert "Nightly export" in page
    assert token not in page
    assert token not in str(dump(database))
    dora.post(f"/account/tokens/{credentials.reference(found)}/revoke")
    assert client(database, token).get("/api/v1/tasks").status_code == 401


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": ""}, "what the token is for"),
        ({"scope": "everything"}, "Choose what it may do"),
        ({"days": "31"}, "Choose one of"),
        ({"days": "9" * 30}, "Choose one of"),
        ({"days": "forever"}, "Choose one of"),
    ],
)
def test_a_form_that_asks_for_another_token_is_shown_again(changed, said, browser, cast, database):
    answer = browser(cast.dora).post("/account/tokens", data=TOKEN_FORM | changed)

    assert answer.status_code == 422
    assert said in answer.text
    assert sessions_of(database, cast.dora, CredentialKind.TOKEN) == []


def test_a_form_that_answers_with_a_secret_takes_no_key(browser, cast, database):
    answer = browser(cast.dora).post("/account/tokens", data=TOKEN_FORM | {"idempotency_key": "x"})

    assert answer.status_code == 400
    assert sessions_of(database, cast.dora, CredentialKind.TOKEN) == []


def test_a_new_password_leaves_this_browser_signed_in_and_no_other(browser, cast):
    here, there = browser(cast.dora), browser(cast.dora)

    here.post("/password", data={"password": PASSWORD, "again": PASSWORD})

    assert [here.get("/account").status_code, there.get("/account").status_code] == [200, 302]


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/18.1 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            "like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.11.0", "curl/8.11.0"),
        ("Firefox", "Firefox"),
        ("<script>" + "x" * 100, "<script>" + "x" * 52),
        ("\x00\u202e", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_a_few_words(user_agent, name):
    assert browsers.name(user_agent) == name


# ---- people


@pytest.fixture
def north(database, cast):
    """An organisation with an administrator, ``north.boss``, and somebody who reports."""
    with database.transaction() as session:
        organisation = organisations.add(session, "North", cast.ada)
        bound = of_organisation(organisation.id)
        boss = accounts.add(session, "boss", "Boss", [(Role.CUSTOMER_ADMINISTRATOR, bound)], SYSTEM)
        clerk = accounts.add(session, "clerk", "Clara Clerk", [(Role.CUSTOMER, bound)], SYSTEM)
    organisation.boss, organisation.clerk = boss, clerk
    return organisation


def version_of(page):
    return re.search(r'name="version" value="(\d+)"', page).group(1)


def test_an_administrator_adds_somebody_who_comes_in_by_the_link(browser, cast, database):
    answer = browser(cast.ada).post("/people/add", data=NINA)
    link = re.search(r"http://[\w./:-]+/sign-in/[\w-]+", answer.text).group()

    visitor = client(database)
    visitor.post(link, headers=OURS)

    assert visitor.get("/account").status_code == 200
    assert "Nina New" in visitor.get("/account").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"username": "dora"}, "already a person"),
        ({"username": "Nina"}, "small letters"),
        ({"name": ""}, "Give a name"),
        ({"role": "Administrator"}, "Choose a role"),
        ({"role": "customer"}, "which organisation they belong"),
        ({"group": "organisation:x"}, "not the name of a group"),
        ({"role": "auditor", "group": "Service Desk"}, "not bound to a group"),
    ],
)
def test_a_form_that_does_not_fit_is_shown_again(changed, said, browser, cast, database):
    before = dump(database)
    ada = browser(cast.ada)

    answer = ada.post("/people/add", data=NINA | changed)

    assert answer.status_code == 422
    assert said in answer.text
    assert dump(database)["person"] == before["person"]


def test_a_programme_is_added_without_a_link_and_gets_a_token(browser, cast, database):
    ada = browser(cast.ada)

    added = ada.post("/people/add", data=NINA | {"username": "bot", "kind": "machine"})
    path = added.location.partition("?")[0]
    made = ada.post(f"{path}/tokens", data=TOKEN_FORM)
    token = re.search(r"sh_[\w-]+", made.text).group()

    assert added.status_code == 303
    assert client(database, token).get("/api/v1/incidents").status_code == 200
    assert "Nightly export" in ada.get(path).text


def test_a_role_is_given_and_taken_away_on_the_page_of_a_person(browser, cast, database):
    ada, path = browser(cast.ada), f"/people/{cast.dora.id}"

    given = {"version": version_of(ada.get(path).text), "role": "auditor", "group": ""}
    ada.post(f"{path}/grants/add", data=given)
    stale = ada.post(f"{path}/grants/take-away", data=given)
    taken = given | {"version": version_of(ada.get(path).text)}
    ada.post(f"{path}/grants/take-away", data=taken)

    assert stale.status_code == 412
    told = entries(database, cast.dora.id, Event.GRANTS_CHANGED)
    assert [entry.changes["grants"][1] for entry in told] == [
        ["auditor", "responder in Service Desk"],
        ["responder in Service Desk"],
    ]


def test_a_change_without_what_was_seen_is_refused(browser, cast, database):
    ada, path = browser(cast.ada), f"/people/{cast.dora.id}"

    answers = [
        ada.post(f"{path}/grants/add", data={"role": "auditor", "version": version})
        for version in ("", "-1", "x", "9" * 30)
    ]

    assert {answer.status_code for answer in answers} == {412}


def test_somebody_is_named_anew_and_put_into_an_organisation(browser, cast, database, north):
    ada, path = browser(cast.ada), f"/people/{cast.rob.id}"
    form = {"version": version_of(ada.get(path).text), "name": "Robert", "organisation": north.id}

    ada.post(path, data=form)

    page = ada.get(path).text
    assert "<h1>Robert" in page
    assert f"/organisations/{north.id}" in page


def test_an_unfit_name_is_said_beside_the_field(browser, cast):
    ada, path = browser(cast.ada), f"/people/{cast.rob.id}"
    form = {"version": version_of(ada.get(path).text), "name": "", "organisation": ""}

    answer = ada.post(path, data=form)

    assert answer.status_code == 422
    assert 'id="error-name"' in answer.text


def test_somebody_is_locked_out_and_let_in_again_on_their_page(browser, cast, database):
    ada, dora, path = browser(cast.ada), browser(cast.dora), f"/people/{cast.dora.id}"

    ada.post(f"{path}/deactivate", data={"version": version_of(ada.get(path).text)})
    page = ada.get(path).text
    ada.post(f"{path}/activate", data={"version": version_of(page)})

    assert "Locked out" in page
    assert dora.get("/account").status_code == 302
    with database.reading() as session:
        assert session.get_one(Person, cast.dora.id).is_active


def test_sessions_and_tokens_of_others_are_ended_on_their_page(browser, cast, database):
    ada, dora, path = browser(cast.ada), browser(cast.dora), f"/people/{cast.dora.id}"
    with database.transaction() as session:
        token = own.issue_token(session, Terms("Export", Scope.READ, 30), cast.dora)
    named = {
        kind: credentials.reference(sessions_of(database, cast.dora, kind)[0])
        for kind in (CredentialKind.SESSION, CredentialKind.TOKEN)
    }

    ada.post(f"{path}/sessions/{named[CredentialKind.SESSION]}/end")
    ada.post(f"{path}/tokens/{named[CredentialKind.TOKEN]}/revoke")

    assert not is_good(database, dora.secret)
    assert not is_good(database, token, CredentialKind.TOKEN)


def test_a_person_page_tells_what_was_changed(browser, cast):
    page = browser(cast.ada).get(f"/people/{cast.dora.id}").text

    assert "Steadyhand added this person" in page
    assert "Responder in Service Desk" in page


def test_a_customers_administrator_finds_their_people_in_the_navigation(browser, cast, north):
    boss = browser(north.boss)

    page = boss.get("/people").text
    theirs = boss.get(f"/people/{north.clerk.id}").text

    assert 'href="/people"' in boss.get("/account").text
    assert 'href="/people"' not in browser(cast.dora).get("/account").text
    assert "Clara Clerk" in page
    assert "Dora Desk" not in page
    assert "Customer administrator" in theirs
    assert "Administrator: people" not in theirs
    assert 'id="tokens"' not in theirs


def test_a_customers_administrator_adds_somebody_to_their_organisation(browser, north, database):
    form = {"username": "nina", "name": "Nina", "role": "customer", "organisation": north.id}

    answer = browser(north.boss).post("/people/add", data=form)

    assert "/sign-in/" in answer.text
    with database.reading() as session:
        assert accounts.get(session, "nina").organisation_id == north.id


@pytest.mark.parametrize(
    "changed", [{"role": "administrator"}, {"organisation": ""}, {"role": "responder"}]
)
def test_a_customers_administrator_adds_nothing_else(changed, browser, north, database):
    form = {"username": "nina", "name": "Nina", "role": "customer", "organisation": north.id}

    answer = browser(north.boss).post("/people/add", data=form | changed)

    assert answer.status_code in (403, 422)
    with database.reading() as session:
        assert accounts.find(session, "nina") is None


def test_organisations_are_added_renamed_and_show_their_people(browser, cast, north):
    ada = browser(cast.ada)

    added = ada.post("/organisations", data={"name": "South"})
    twice = ada.post("/organisations", data={"name": "north"})
    renamed = ada.post(f"/organisations/{north.id}", data={"name": "Nord"})
    taken = ada.post(f"/organisations/{north.id}", data={"name": "South"})
    empty = ada.post(f"/organisations/{north.id}", data={"name": ""})
    nameless = ada.post("/organisations", data={"name": ""})

    statuses = [added, twice, renamed, taken, empty, nameless]
    assert [answer.status_code for answer in statuses] == [303, 422, 303, 422, 422, 422]
    assert "Clara Clerk" in ada.get(f"/organisations/{north.id}").text
    assert "Nord" in ada.get("/organisations").text


@pytest.mark.parametrize("path", ["/people", "/people/add", "/people/x", "/organisations"])
def test_nobody_else_sees_the_pages(path, browser, cast):
    assert browser(cast.dora).get(path).status_code == 403
