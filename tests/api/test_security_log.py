"""What is refused stands in the security log, once, without a secret; and who reads it."""

from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from api import create_app
from engine import security_log, worker
from engine.actors import SYSTEM
from engine.security_log import Filter, Kind, Refusal, Sieve
from engine.settings import Settings
from engine.store.tables import SecurityEvent, table_of
from tests.diagrams import one_task
from tests.factories import client, deploy, dump, report

OURS = {"Sec-Fetch-Site": "same-origin"}
EVENTS = "/api/v1/security-events"
TEN_SECONDS = timedelta(seconds=10)


@pytest.fixture
def as_(database, cast):
    deploy(database, one_task())
    return lambda username: client(database, cast.token(username))


@pytest.fixture
def logged(database, cast):
    """What stands in the log, the oldest first."""

    def read(**wanted):
        with database.reading() as session:
            found = security_log.find(session, cast.aude, Filter(**wanted), limit=200)
        return found[::-1]

    return read


def stored(database):
    """All that the table holds, as text."""
    with database.reading() as session:
        return repr(session.execute(table_of(SecurityEvent).select()).all())


def note(database, kind=Kind.PERMISSION_REFUSED, actor=SYSTEM, **more):
    with database.transaction() as session:
        security_log.record(session, Refusal(kind, "You may not.", actor, **more))


def test_what_somebody_may_not_is_logged_with_the_sentence_that_they_read(as_, cast, logged):
    answer = as_("rob").post(
        EVENTS.replace("security-events", "bundles"), json={"files": {"a": ""}}
    )

    assert answer.status_code == 403
    (entry,) = logged()
    assert entry.event == Kind.PERMISSION_REFUSED
    assert (entry.actor_id, entry.actor_name) == (cast.rob.id, "Rob Reporter")
    assert (entry.address, entry.route) == ("127.0.0.1", "/api/v1/bundles")
    assert entry.detail == answer.get_json()["detail"]


def test_an_incident_of_somebody_else_is_logged_by_its_route(as_, cast, database, logged):
    incident = report(database, cast.dora)

    answer = as_("rob").get(f"/api/v1/incidents/{incident.id}")

    assert answer.status_code == 404
    (entry,) = logged()
    assert (entry.event, entry.actor_id) == (Kind.THING_REFUSED, cast.rob.id)
    assert entry.route == "/api/v1/incidents/<incident_id>"


def test_a_forged_token_is_logged_and_never_itself(database, logged):
    client(database, "a-forged-token").get("/api/v1/incidents")

    (entry,) = logged()
    assert entry.event == Kind.CREDENTIAL_REFUSED
    assert "a-forged-token" not in stored(database)


def test_who_shows_nothing_is_sent_to_sign_in_and_not_logged(database, logged):
    assert client(database).get("/api/v1/incidents").status_code == 401
    assert client(database).get("/incidents").status_code == 302

    assert logged() == []


def test_a_link_that_is_used_again_is_logged_and_never_itself(database, cast, logged):
    link, http = cast.link("dora"), client(database)
    http.post(f"/sign-in/{link}", headers=OURS)

    again = client(database).post(f"/sign-in/{link}", headers=OURS)

    assert again.status_code == 403
    (entry,) = logged()
    assert (entry.event, entry.route) == (Kind.CREDENTIAL_REFUSED, "/sign-in/<link>")
    assert link not in stored(database)


def test_a_door_that_is_not_there_is_logged(database, logged):
    answer = client(database).post(
        "/doors/alertmanager/guessed",
        json={"version": "4", "groupKey": "a", "status": "firing", "alerts": []},
    )

    assert answer.status_code == 404
    assert [entry.event for entry in logged()] == [Kind.CREDENTIAL_REFUSED]


def test_what_another_site_sends_is_logged_with_whose_session_it_rode_on(database, cast, logged):
    http = client(database)
    http.post(f"/sign-in/{cast.link('dora')}", headers=OURS)

    answer = http.post("/report", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    (entry,) = logged()
    assert (entry.event, entry.actor_id) == (Kind.CROSS_SITE_REFUSED, cast.dora.id)


def test_fields_named_like_columns_are_logged_and_misspelt_ones_are_not(as_, logged):
    path = "/api/v1/incidents"
    typo = as_("dora").post(path, json={"answers": {}, "proces": "small"})
    assert (typo.status_code, logged()) == (422, [])

    answer = as_("dora").post(path, json={"answers": {}, "status": "closed", "version": 7})

    assert answer.status_code == 422
    (entry,) = logged()
    assert entry.event == Kind.FIELD_REFUSED
    assert entry.detail == "Fields that nobody asked for: status, version."


def test_a_body_that_is_too_large_is_logged(as_, logged):
    body = {"answers": {"description": "x" * 1_048_577}}

    answer = as_("dora").post("/api/v1/incidents", json=body)

    assert answer.status_code == 413
    assert [entry.event for entry in logged()] == [Kind.SIZE_REFUSED]


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\passwd", "/etc/passwd", "a/../../b"])
def test_a_bundle_file_that_leads_outside_is_logged(name, as_, logged):
    answer = as_("olga").post("/api/v1/bundles", json={"files": {name: "<a/>"}})

    assert answer.status_code == 422
    assert [entry.event for entry in logged()] == [Kind.NAME_REFUSED]


def test_the_same_is_written_once_in_ten_seconds_and_counted(as_, logged, time_travel):
    rob = as_("rob")
    for _ in range(5):
        rob.get(EVENTS)
    assert len(logged()) == 1

    time_travel(TEN_SECONDS)
    rob.get(EVENTS)

    _, second = logged()
    assert second.detail.endswith("(4 more like it before)")


def test_whoever_comes_from_ever_new_addresses_cannot_fill_the_log(time_travel):
    sieve = Sieve()
    flood = [Refusal(Kind.CREDENTIAL_REFUSED, "", address=str(number)) for number in range(5000)]

    passed = [refusal for refusal in flood if sieve.passes(refusal) is not None]

    assert len(passed) == security_log.MOST_AT_ONCE
    time_travel(TEN_SECONDS)
    assert sieve.passes(flood[-1]) is not None


def test_a_long_detail_is_cut_and_one_that_no_database_takes_is_spelt(database, logged):
    with database.transaction() as session:
        security_log.record(session, Refusal(Kind.NAME_REFUSED, "\0\n" + "x" * 999))

    (entry,) = logged()
    assert entry.detail == "\N{REPLACEMENT CHARACTER}" * 2 + "x" * 498


def test_the_log_keeps_what_the_refused_request_rolled_back(as_, cast, database, logged):
    incident, before = report(database, cast.dora), dump(database)
    body = {"title": "Other", "status": "closed"}

    as_("dora").patch(f"/api/v1/incidents/{incident.id}", json=body, headers={"If-Match": '"1"'})

    assert [entry.event for entry in logged()] == [Kind.FIELD_REFUSED]
    assert dump(database)["incident"] == before["incident"]


def test_a_database_that_takes_no_entry_leaves_the_refusal_as_it_is(as_, database, logged):
    http = as_("rob")

    @event.listens_for(database.engine, "before_cursor_execute")
    def refuse(_connection, _cursor, statement, *_):
        if "INSERT INTO security_event" in statement:
            raise OperationalError(statement, None, Exception("it only reads"))

    answer = http.get(EVENTS)

    event.remove(database.engine, "before_cursor_execute", refuse)
    assert answer.status_code == 403
    assert logged() == []


@pytest.mark.parametrize(
    ("username", "status"),
    [("aude", 200), ("ada", 200), ("max", 403), ("olga", 403), ("dora", 403), ("rob", 403)],
)
def test_auditors_and_administrators_read_it(username, status, as_):
    http = as_(username)

    assert http.get(EVENTS).status_code == status
    assert http.get("/security").status_code == status
    assert ('href="/security"' in http.get("/incidents").text) is (status == 200)


def test_it_is_read_page_by_page_and_every_entry_once(as_, cast, database):
    for number in range(5):
        note(database, route=str(number))
    http, seen, cursor = as_("aude"), [], None

    while True:
        page = http.get(
            EVENTS, query_string={"limit": 2, "cursor": cursor} if cursor else "limit=2"
        )
        seen += [item["route"] for item in page.get_json()["items"]]
        cursor = page.get_json()["next_cursor"]
        if cursor is None:
            break

    assert seen == ["4", "3", "2", "1", "0"]


def test_it_is_narrowed_by_kind_person_and_time(as_, cast, database, time_travel):
    note(database, Kind.RATE_REFUSED, cast.rob)
    between = security_log.clock.now()
    time_travel(timedelta(days=2))
    note(database, Kind.SIZE_REFUSED, cast.dora)
    http = as_("aude")

    def kinds(**query):
        found = http.get(EVENTS, query_string=query).get_json()["items"]
        return [item["kind"] for item in found]

    later = (between + timedelta(days=1)).isoformat()
    assert kinds(kind="rate:refused") == ["rate:refused"]
    assert kinds(person=cast.rob.id) == kinds(person="Rob Reporter") == ["rate:refused"]
    assert kinds(since=later) == ["size:refused"]
    assert kinds(until=later) == ["rate:refused"]
    assert kinds() == ["size:refused", "rate:refused"]


@pytest.mark.parametrize(
    "query",
    ["since=0001-01-01T00:00:00%2B14:00", "person=%00", "person=", "kind=all", "cursor=WzFd"],
)
def test_what_cannot_be_looked_for_is_refused_with_its_place(query, as_):
    answer = as_("aude").get(f"{EVENTS}?{query}")

    assert answer.status_code == 422
    assert answer.get_json()["errors"]


def test_the_page_shows_it_narrowed_in_words_and_goes_on(as_, cast, database, monkeypatch):
    monkeypatch.setattr("api.web.security.PAGE", 1)
    note(database, Kind.RATE_REFUSED, cast.rob, route="/older")
    note(database, Kind.RATE_REFUSED, cast.rob, route="/newer")
    note(database, Kind.SIZE_REFUSED, cast.dora, route="/other")
    http = as_("aude")

    first = http.get(f"/security?kind=rate:refused&person={cast.rob.id}&since=2020-01-01").text

    assert "/newer" in first
    assert "/older" not in first
    assert "/other" not in first
    more = first.partition('class="more"')[2].partition('href="')[2].partition('"')[0]
    assert "/older" in http.get(more.replace("&amp;", "&")).text


def test_the_page_takes_any_question_and_has_words_for_every_kind(as_):
    http = as_("aude")

    for query in ("kind=x&person=%00&since=x&until=9999-12-31", "at=x&last=" + "9" * 99):
        assert http.get(f"/security?{query}").status_code == 200

    options = http.get("/security").text
    assert all(f'<option value="{kind}">' in options for kind in Kind)
    assert "></option>" not in options


def test_entries_are_forgotten_after_400_days(database, logged, time_travel):
    note(database, route="old")
    time_travel(timedelta(days=399))
    note(database, route="new")
    worker._clean_up(database)
    assert len(logged()) == 2

    time_travel(timedelta(days=2))
    worker._clean_up(database)

    assert [entry.route for entry in logged()] == ["new"]


def test_a_secure_installation_asks_for_https_and_no_other(database):
    secure = create_app(database, Settings(database.url, is_secure=True)).test_client()

    assert secure.get("/sign-in").headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in client(database).get("/sign-in").headers
