"""Upkeep: who sees what failed and what is due, and who has a given-up job tried again."""

import pytest
from sqlalchemy import text

from engine import jobs, outbox, worker
from engine.history import Event
from engine.jobs import MOST_ATTEMPTS, Job
from engine.store.tables import EffectStatus, InstanceStatus, ProcessInstance
from tests.diagrams import bundle
from tests.factories import client, dump, entries, open_tasks
from tests.hands import Hand, timed

WHY = {"reason": "The receiver is back."}
OURS = {"Sec-Fetch-Site": "same-origin"}
PATH = "/api/v1/operations"
DEAD = text(
    "UPDATE procrastinate_jobs SET status = 'failed', attempts = :attempts"
    " WHERE queueing_lock = :lock"
)


@pytest.fixture
def held(database, cast):
    return Hand(database, cast, bundle(*timed()))


@pytest.fixture
def as_(database, cast):
    return lambda username: client(database, cast.token(username))


def give_up(database, job, subject):
    """A job as the worker leaves it after its last attempt."""
    worker.give_up(database, job, subject, "NotSent: 503")
    with database.transaction() as session:
        session.execute(DEAD, {"lock": f"{job}:{subject}", "attempts": MOST_ATTEMPTS})
    with database.reading() as session:
        return next(letter for letter in jobs.dead(session) if letter.subject == subject).id


@pytest.fixture
def unsent(database, held):
    """The id of the dead letter about an alert that nobody took."""
    with database.transaction() as session:
        outbox.alert(session, "A process failed", {}, held.incident.id)
    with database.reading() as session:
        key = session.query(outbox.Effect).one().key
    return give_up(database, Job.SEND_EFFECT, key)


@pytest.fixture
def stuck(database, held):
    """The id of the dead letter about a process whose timers could not fire."""
    with database.transaction() as session:
        instance_id = session.query(ProcessInstance).one().id
        jobs.defer(session, Job.FIRE_TIMERS, instance_id, lock=f"instance:{instance_id}")
    return give_up(database, Job.FIRE_TIMERS, instance_id)


@pytest.mark.parametrize(
    ("username", "status"),
    [("max", 200), ("aude", 200), ("ada", 200), ("dora", 403), ("olga", 403), ("rob", 403)],
)
def test_those_who_look_after_it_see_it(username, status, as_, held):
    http = as_(username)

    assert http.get(PATH).status_code == status
    assert http.get("/operations").status_code == status
    assert ("/operations" in http.get("/incidents").text) is (status == 200)


def test_the_timers_due_next_are_listed(as_, held):
    (due,) = as_("max").get(PATH).get_json()["timers"]

    assert due["incident"]["number"] == held.incident.number
    assert due["due_at"] == held.sees().instance.next_due_at.isoformat()
    assert held.incident.number in as_("max").get("/operations").text


def test_a_failed_process_and_its_dead_letter_are_listed(as_, held, stuck):
    seen = as_("ada").get(PATH).get_json()
    page = as_("ada").get("/operations").text

    (failed,), (letter,) = seen["failed"], seen["letters"]
    assert (failed["incident"]["number"], failed["problem"]) == (
        held.incident.number,
        "NotSent: 503",
    )
    assert (letter["id"], letter["job"]) == (stuck, "fire_timers")
    assert letter["incident"]["number"] == held.incident.number
    assert "Fire the timers of a process" in page
    assert f"Try job {stuck} again" in page


def test_a_given_up_effect_is_tried_again_with_a_reason(database, as_, held, unsent):
    answer = as_("ada").post(f"{PATH}/dead-letters/{unsent}/retry", json=WHY)

    assert answer.status_code == 200
    with database.reading() as session:
        assert session.query(outbox.Effect).one().status is EffectStatus.PENDING
        assert jobs.counts(session) == {"todo": 1}
    (entry,) = entries(database, held.incident.id, Event.JOB_RETRIED)
    assert entry.actor_name == "Ada Admin"
    assert entry.detail == {"job": "send_effect", "problem": "NotSent: 503", **WHY}


def test_a_process_that_failed_over_its_timers_goes_on(database, as_, cast, held, stuck):
    as_("ada").post(f"{PATH}/dead-letters/{stuck}/retry", json=WHY)

    with database.reading() as session:
        assert session.query(ProcessInstance).one().status is InstanceStatus.RUNNING
    assert list(open_tasks(database, held.incident, cast.dora)) == ["Look"]


def test_a_page_asks_for_the_reason_that_was_left_out(as_, unsent):
    http, path = as_("ada"), f"/operations/dead-letters/{unsent}/retry"

    without = http.post(path, data={}, headers=OURS)
    with_one = http.post(path, data={f"reason.{unsent}": "It is back."}, headers=OURS)

    assert without.status_code == 422
    assert "Say why, in a sentence." in without.text
    assert with_one.status_code == 303


@pytest.mark.parametrize(
    ("username", "letter", "body", "status"),
    [
        ("max", None, WHY, 403),
        ("aude", None, WHY, 403),
        ("ada", 999, WHY, 404),
        ("ada", None, {"reason": " "}, 422),
        ("ada", None, {}, 422),
    ],
)
def test_a_job_is_not_tried_again(database, as_, unsent, username, letter, body, status):
    http, before = as_(username), dump(database)

    answer = http.post(f"{PATH}/dead-letters/{letter or unsent}/retry", json=body)

    assert answer.status_code == status
    with database.reading() as session:
        assert jobs.counts(session) == {"failed": 1}
    assert dump(database) == before
