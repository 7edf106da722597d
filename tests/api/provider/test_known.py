"""Whom a provider sends: known, unknown, new, with which grants."""

from concurrent.futures import ThreadPoolExecutor

from engine.actors import Role
from engine.history import Event
from engine.people import accounts
from engine.store.tables import ExternalIdentity
from tests.api.provider.browser import (
    GROUPS,
    Browser,
    grants,
    link_to,
    people,
    rows,
    told,
)


def test_whom_nobody_knows_here_is_refused_and_told_whom_to_ask(serve, provider, database):
    browser = Browser(serve(provider.issuer))
    before = people(database)

    answer = browser.come_back(provider.authorize(browser.begin(), "ann"))

    assert answer.status_code == 403
    assert "Ask an administrator" in answer.text
    assert people(database) == before
    assert rows(database, ExternalIdentity) == 0


def test_the_same_username_or_address_makes_nobody_the_same(serve, provider, database, cast):
    provider.knows("stranger", preferred_username="ada", email="ada@acme.test", name="Ada Admin")
    browser = Browser(serve(provider.issuer, adds_people=True))

    browser.come_back(provider.authorize(browser.begin(), "stranger"))

    assert people(database).keys() >= {"ada", "ada2"}
    assert grants(database, "ada2") == set()
    assert grants(database, "ada") == {(Role.ADMINISTRATOR, "")}


def test_a_provider_that_may_add_people_adds_them_with_their_groups(serve, provider, database):
    browser = Browser(serve(provider.issuer, adds_people=True, groups=GROUPS))

    browser.come_back(provider.authorize(browser.begin(), "ann"))

    assert "Ann Archer" in browser.client.get("/", follow_redirects=True).text
    assert grants(database, "ann") == {(Role.RESPONDER, "Service Desk")}
    assert len(told(database, people(database)["ann"], Event.IDENTITY_LINKED)) == 1


def test_the_second_sign_in_is_the_same_person(serve, provider, database):
    app = serve(provider.issuer, adds_people=True)

    for _ in range(2):
        browser = Browser(app)
        browser.come_back(provider.authorize(browser.begin(), "ann"))

    assert rows(database, ExternalIdentity) == 1
    assert "ann2" not in people(database)


def test_a_newcomer_in_many_windows_at_one_time_is_added_once(serve, crooked, database):
    crooked.userinfo = {"sub": "ann"}
    app = serve(crooked.issuer, adds_people=True)
    windows = [Browser(app) for _ in range(4)]
    answers = [crooked.authorize(each.begin(), f"code {n}") for n, each in enumerate(windows)]

    with ThreadPoolExecutor(len(windows)) as at_once:
        came = list(at_once.map(lambda each, back: each.come_back(back), windows, answers))

    assert {answer.status_code for answer in came} <= {303, 409}
    assert 303 in {answer.status_code for answer in came}
    assert rows(database, ExternalIdentity) == 1
    assert sum(name.startswith("person") for name in people(database)) == 1


def test_grants_follow_the_provider_at_each_sign_in_and_others_stay(
    serve, provider, database, cast
):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    with database.transaction() as session:
        person = accounts.get(session, "dora")
        own = (Role.RESPONDER, "Network")
        accounts.set_grants(session, person, [*cast.dora.grants, own], cast.ada)
    browser = Browser(serve(provider.issuer, groups=GROUPS))

    browser.come_back(provider.authorize(browser.begin(), "dora-there"))

    assert grants(database, "dora") == {own, (Role.INCIDENT_MANAGER, ""), (Role.AUDITOR, "")}
    *_, entry = told(database, cast.dora.id, Event.GRANTS_CHANGED)
    assert entry.actor_name == "Acme"
    assert "responder in Service Desk" in entry.changes["grants"][0]


def test_who_is_closed_out_here_does_not_come_in_by_the_provider(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    with database.transaction() as session:
        accounts.deactivate(session, accounts.get(session, "dora"), cast.ada)
    browser = Browser(serve(provider.issuer))

    answer = browser.come_back(provider.authorize(browser.begin(), "dora-there"))

    assert answer.status_code == 403
    assert browser.client.get_cookie("steadyhand") is None
