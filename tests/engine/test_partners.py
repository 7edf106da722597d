"""A link to one task, for somebody without an account."""

from datetime import timedelta

import pytest

from engine import partners, tasks
from engine.actors import Actor
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.store.tables import PartnerLink, Person
from engine.tasks import Queue
from tests.diagrams import bundle, line, user_task
from tests.factories import client, deploy, entries, open_tasks, report

PAUL = "Paul of Pumps Ltd"


@pytest.fixture
def task(database, cast):
    deploy(database, bundle(*line(user_task("Look"), user_task("Check"))))
    incident = report(database, cast.rob, title="Pump is down")
    return open_tasks(database, incident, cast.dora)["Look"]


def invite(database, task, actor, name=PAUL, days="3"):
    with database.transaction() as session:
        return partners.invite(session, task.id, name, days, actor)


def answer(database, secret, **answers):
    with database.transaction() as session:
        return partners.complete(session, secret, answers)


def test_a_partner_does_the_task_and_the_history_names_them(database, cast, task):
    secret = invite(database, task, cast.dora)

    answer(database, secret, note="Pump replaced.")

    invited, done = (
        entries(database, task.incident_id, event)
        for event in (Event.PARTNER_INVITED, Event.TASK_COMPLETED)
    )
    assert invited[0].detail["name"] == PAUL
    assert (done[0].actor_id, done[0].actor_name) == (None, f"{PAUL} (by a link of Dora Desk)")
    assert done[0].changes["note"] == [None, "Pump replaced."]


def test_a_link_works_once(database, cast, task):
    secret = invite(database, task, cast.dora)
    answer(database, secret, note="Fine.")

    with pytest.raises(NotAllowed, match="has expired, was withdrawn, or has been used"):
        answer(database, secret, note="Again.")


def test_a_link_ends_with_its_time(database, cast, task, time_travel):
    secret = invite(database, task, cast.dora, days="1")
    time_travel(timedelta(days=1, seconds=1))

    with pytest.raises(NotAllowed, match="has expired"):
        answer(database, secret, note="Late.")


def test_a_link_that_was_withdrawn_leads_nowhere(database, cast, task):
    secret = invite(database, task, cast.dora)
    with database.transaction() as session:
        (link,) = partners.links(session, task.id, cast.dora)
        partners.withdraw(session, task.id, link.id, cast.dora)

    with pytest.raises(NotAllowed, match="was withdrawn"):
        answer(database, secret, note="Fine.")
    with pytest.raises(Conflict), database.transaction() as session:
        partners.withdraw(session, task.id, link.id, cast.dora)
    assert entries(database, task.incident_id, Event.PARTNER_LINK_WITHDRAWN)


def test_a_link_ends_with_the_account_of_who_sent_it(database, cast, task):
    secret = invite(database, task, cast.dora)
    with database.transaction() as session:
        session.get_one(Person, cast.dora.id).is_active = False

    with pytest.raises(NotAllowed, match="Ask who sent it"), database.reading() as session:
        partners.visit(session, secret)


def test_a_link_to_a_task_that_its_sender_has_taken_is_good(database, cast, task):
    with database.transaction() as session:
        tasks.claim(session, task.id, cast.dora)

    answer(database, invite(database, task, cast.dora), note="Fine.")

    assert open_tasks(database, incident_of(database, task), cast.max).keys() == {"Check"}


def incident_of(database, task):
    with database.reading() as session:
        return tasks.get(session, task.id, ANYBODY).incident


ANYBODY = Actor("x", "X", frozenset({("auditor", "")}))


def test_a_partner_has_nothing_but_the_task(database, cast, task):
    secret = invite(database, task, cast.dora)
    other = report(database, cast.rob)
    beside = open_tasks(database, other, cast.dora)["Look"]

    with database.reading() as session:
        paul = partners.visit(session, secret).actor
        assert tasks.find(session, paul, Queue.ALL) == []
        with pytest.raises(NotFound):
            tasks.get(session, beside.id, paul)


def test_whoever_may_not_do_a_task_invites_nobody_to_it(database, cast, task):
    with pytest.raises(NotAllowed):
        invite(database, task, cast.max)
    with pytest.raises(NotFound):
        invite(database, task, cast.tess)


@pytest.mark.parametrize(
    ("name", "days", "field"), [(" ", "3", "name"), ("x" * 121, "3", "name"), (PAUL, "99", "days")]
)
def test_what_does_not_fit_is_named(database, cast, task, name, days, field):
    with pytest.raises(InvalidAnswers) as refused:
        invite(database, task, cast.dora, name, days)

    assert list(refused.value.errors) == [field]


def test_nobody_is_invited_to_what_is_done(database, cast, task):
    answer(database, invite(database, task, cast.dora), note="Fine.")

    with pytest.raises(Conflict, match="done already"):
        invite(database, task, cast.dora)


def test_the_secret_is_not_kept(database, cast, task):
    secret = invite(database, task, cast.dora)

    with database.reading() as session:
        (link,) = session.query(PartnerLink)
    assert secret not in (link.secret_hash, link.id)
    assert len(link.secret_hash) == 64


def test_the_page_of_a_link_needs_no_sign_in_and_shows_nothing_else(database, cast, task):
    http = client(database)
    address = f"/partner/{invite(database, task, cast.dora)}"

    shown = http.get(address)
    refused = http.post(address, data={}, headers={"Sec-Fetch-Site": "same-origin"})
    done = http.post(address, data={"note": "Ok."}, headers={"Sec-Fetch-Site": "same-origin"})
    again = http.get(address)

    assert (shown.status_code, refused.status_code) == (200, 422)
    assert "Do Look" in shown.text
    assert "Pump is down" not in shown.text
    assert (done.status_code, again.status_code) == (200, 403)
