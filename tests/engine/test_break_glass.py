"""An exception takes two people, and both stand in the history."""

from datetime import timedelta

import pytest

from engine import break_glass, incidents
from engine.actors import Role
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import restriction
from tests.diagrams import bundle, line, one_task, user_task
from tests.factories import add_person, complete, deploy, entries, open_tasks, report

FOUR_EYES = '[[separation]]\ntitle = "Four eyes"\ntasks = ["Look", "Check"]\n'
WHY = "Nobody else is on shift."


@pytest.fixture
def separated(database, cast):
    deploy(database, bundle(*line(user_task("Look"), user_task("Check")), rules=FOUR_EYES))
    incident = report(database, cast.rob)
    complete(database, incident, "Look", cast.dora, note="Fine.")
    return incident


@pytest.fixture
def secret(database, cast):
    deploy(database, one_task())
    incident = report(database, cast.rob)
    with database.transaction() as session:
        it = incidents.get(session, incident.id, cast.max)
        restriction.restrict(session, it, [], None, cast.max)
    return incident


def does(database, act, *what):
    with database.transaction() as session:
        return act(session, *what)


def ask_for(database, incident, actor, reason=WHY):
    (task,) = open_tasks(database, incident, actor).values()
    return does(database, break_glass.ask_for_task, task.id, reason, actor)


def test_a_second_person_sets_a_separation_aside_for_one_task(database, cast, separated):
    asked = ask_for(database, separated, cast.dora)
    with pytest.raises(NotAllowed, match="Four eyes"):
        complete(database, separated, "Check", cast.dora, note="Fine.")

    does(database, break_glass.grant, asked.id, cast.max)
    complete(database, separated, "Check", cast.dora, note="Fine.")

    asking, granting = (
        entries(database, separated.id, event)
        for event in (Event.EXCEPTION_ASKED, Event.EXCEPTION_GRANTED)
    )
    assert (asking[0].actor_name, asking[0].detail["reason"]) == ("Dora Desk", WHY)
    assert (granting[0].actor_name, granting[0].detail["name"]) == ("Max Manager", "Dora Desk")


def test_what_was_granted_ends_after_four_hours(database, cast, separated, time_travel):
    does(database, break_glass.grant, ask_for(database, separated, cast.dora).id, cast.max)

    time_travel(timedelta(hours=4, seconds=1))

    with pytest.raises(NotAllowed, match="Four eyes"):
        complete(database, separated, "Check", cast.dora, note="Fine.")


def test_nobody_grants_their_own_exception(database, cast, secret):
    asked = does(database, break_glass.ask_to_know, secret.number, WHY, cast.ada)

    with pytest.raises(NotAllowed, match="It takes two people"):
        does(database, break_glass.grant, asked.id, cast.ada)


def test_whoever_has_no_say_grants_nothing(database, cast, separated):
    asked = ask_for(database, separated, cast.dora)

    for actor in (cast.tess, cast.olga, cast.aude):
        with pytest.raises(NotAllowed):
            does(database, break_glass.grant, asked.id, actor)


def test_two_people_let_one_of_them_know_of_a_restricted_incident(database, cast, secret):
    asked = does(database, break_glass.ask_to_know, f" {secret.number} ", WHY, cast.ada)
    with database.reading() as session:
        (question,) = break_glass.waiting(session, cast.max)

    does(database, break_glass.grant, asked.id, cast.max)

    assert (question.number, question.name, question.task_name) == (
        secret.number,
        "Ada Admin",
        None,
    )
    with database.reading() as session:
        assert incidents.get(session, secret.number, cast.ada).is_restricted
        with pytest.raises(NotFound):
            incidents.get(session, secret.number, cast.aude)
        assert break_glass.waiting(session, cast.max) == []


def test_an_exception_is_granted_once_and_in_time(database, cast, secret, time_travel):
    asked = does(database, break_glass.ask_to_know, secret.number, WHY, cast.ada)
    other = add_person(database, "mia", Role.INCIDENT_MANAGER)
    late = does(database, break_glass.ask_to_know, secret.number, WHY, other)
    does(database, break_glass.grant, asked.id, cast.max)
    time_travel(timedelta(hours=24, seconds=1))

    for one in (asked, late):
        with pytest.raises(Conflict, match="granted already, or nobody granted it in time"):
            does(database, break_glass.grant, one.id, cast.max)
    with pytest.raises(NotFound):
        does(database, break_glass.grant, "nobody", cast.max)


def test_one_asks_once(database, cast, separated):
    ask_for(database, separated, cast.dora)

    with pytest.raises(Conflict, match="asked for this exception already"):
        ask_for(database, separated, cast.dora)


def test_one_asks_for_what_one_may_not_alone(database, cast, separated, secret):
    dave = add_person(database, "dave", Role.RESPONDER, "Service Desk")

    with pytest.raises(Conflict, match="No separation of duties keeps you"):
        ask_for(database, separated, dave)
    for number in (secret.number, "INC-1999-000001"):
        with pytest.raises(NotFound, match="that you do not know of"):
            does(database, break_glass.ask_to_know, number, WHY, cast.max)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2_001, "a\x00b"])
def test_it_takes_a_reason(database, cast, separated, reason):
    with pytest.raises(InvalidAnswers) as refused:
        ask_for(database, separated, cast.dora, reason)

    assert list(refused.value.errors) == ["reason"]
