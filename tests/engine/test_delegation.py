"""A task is handed on by its assignee, or assigned by an incident manager."""

import pytest

from engine import delegation, tasks
from engine.actors import Role
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import restriction
from engine.tasks import Queue
from tests.diagrams import bundle, line, user_task
from tests.factories import add_person, client, complete, deploy, entries, open_tasks, report

WHY = "My shift ends."
FOUR_EYES = '[[separation]]\ntitle = "Four eyes"\ntasks = ["Look", "Check"]\n'


@pytest.fixture
def dave(database, cast):
    return add_person(database, "dave", Role.RESPONDER, "Service Desk")


@pytest.fixture
def task(database, cast):
    deploy(database, bundle(*line(user_task("Look"), user_task("Check")), rules=FOUR_EYES))
    incident = report(database, cast.rob)
    return open_tasks(database, incident, cast.dora)["Look"]


def claim(database, task, actor):
    with database.transaction() as session:
        tasks.claim(session, task.id, actor)


def give(database, task, to, actor, reason=WHY):
    with database.transaction() as session:
        return delegation.delegate(session, task.id, to, reason, actor)


def test_an_assignee_hands_a_task_on_and_the_history_says_why(database, cast, task, dave):
    claim(database, task, cast.dora)

    give(database, task, "dave", cast.dora)

    with database.reading() as session:
        (mine,) = tasks.find(session, dave, Queue.MINE)
        assert tasks.find(session, cast.dora, Queue.MINE) == []
    (entry,) = entries(database, task.incident_id, Event.TASK_DELEGATED)
    assert (mine.task.id, entry.actor_name) == (task.id, "Dora Desk")
    assert (entry.detail["name"], entry.detail["reason"]) == ("Dave", WHY)


def test_a_manager_assigns_what_nobody_or_somebody_else_has(database, cast, task, dave):
    give(database, task, "dora", cast.max)
    give(database, task, "dave", cast.max)

    complete_as = open_tasks(database, _incident(database, task, cast.max), dave)["Look"]
    assert complete_as.assignee_id == dave.id


def _incident(database, task, actor):
    with database.reading() as session:
        return tasks.get(session, task.id, actor).incident


def test_whoever_has_no_say_gives_nothing_away(database, cast, task, dave):
    claim(database, task, cast.dora)

    with pytest.raises(NotAllowed, match="It takes its assignee or an incident manager"):
        give(database, task, "dave", dave)
    with pytest.raises(NotFound):
        give(database, task, "dave", cast.tess)


@pytest.mark.parametrize(
    ("to", "reason", "field"),
    [
        ("nobody", WHY, "to"),
        ("tess", WHY, "to"),
        ("dora", " ", "reason"),
        ("dora", "x" * 2_001, "reason"),
    ],
)
def test_what_does_not_fit_is_named(database, cast, task, to, reason, field):
    with pytest.raises(InvalidAnswers) as refused:
        give(database, task, to, cast.max, reason)

    assert list(refused.value.errors) == [field]


def test_what_has_changed_since_somebody_looked_is_not_given_away(database, cast, task):
    claim(database, task, cast.dora)
    http, body = client(database, cast.token("max")), {"to": "dora", "reason": WHY}

    refused = http.post(f"/api/v1/tasks/{task.id}/delegate", json=body, headers={"If-Match": '"1"'})

    assert refused.status_code == 412


def test_nobody_is_given_what_their_earlier_part_forbids(database, cast, task):
    incident = _incident(database, task, cast.max)
    complete(database, incident, "Look", cast.dora, note="Fine.")
    check = open_tasks(database, incident, cast.max)["Check"]

    with pytest.raises(InvalidAnswers) as refused:
        give(database, check, "dora", cast.max)

    assert "separation of duties" in refused.value.errors["to"]


def test_nobody_is_given_what_they_may_not_know_of(database, cast, task):
    with database.transaction() as session:
        incident = tasks.get(session, task.id, cast.max).incident
        restriction.restrict(session, incident, [], None, cast.max)

    with pytest.raises(InvalidAnswers, match="need another look"):
        give(database, task, "dora", cast.max)


def test_what_is_done_or_theirs_already_is_given_to_nobody(database, cast, task):
    give(database, task, "dora", cast.max)
    with pytest.raises(Conflict, match="has this task already"):
        give(database, task, "dora", cast.max)
    complete(database, _incident(database, task, cast.max), "Look", cast.dora, note="Fine.")

    with pytest.raises(Conflict, match="already completed"):
        give(database, task, "dora", cast.max)
