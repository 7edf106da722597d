"""A deputy does the work of somebody who is away."""

from datetime import timedelta

import pytest

from engine import clock, tasks
from engine.actors import Role
from engine.errors import Conflict, InvalidAnswers, NotFound
from engine.history import Event
from engine.people import absences, credentials
from engine.people.credentials import CredentialKind
from engine.tasks import Queue
from tests.diagrams import one_task
from tests.factories import deploy, entries, report

DAY = timedelta(days=1)


def away(database, actor, deputy, starts=timedelta(), ends=DAY):
    now = clock.now()
    with database.transaction() as session:
        return absences.add(session, deputy, now + starts, now + ends, actor)


def signed_in(database, cast, name):
    token = cast.token(name)
    with database.reading() as session:
        return credentials.find_actor(session, CredentialKind.TOKEN, token)


def test_a_deputy_works_on_the_tasks_of_whom_they_stand_in_for(database, cast):
    deploy(database, one_task())
    report(database, cast.rob)

    away(database, cast.dora, "tess")

    tess = signed_in(database, cast, "tess")
    assert tess.id == cast.tess.id
    with database.transaction() as session:
        (found,) = tasks.find(session, tess, Queue.GROUPS)
        tasks.claim(session, found.task.id, tess)
    (claimed,) = entries(database, found.incident.id, Event.TASK_CLAIMED)
    assert claimed.actor_name == "Tess Tech"


@pytest.mark.parametrize("when", ["before", "after", "ended"])
def test_it_is_for_that_time_alone(database, cast, time_travel, when):
    absence = away(database, cast.dora, "tess", DAY if when == "before" else timedelta(), 2 * DAY)
    if when == "after":
        time_travel(2 * DAY)
    if when == "ended":
        with database.transaction() as session:
            absences.end(session, absence.id, cast.dora)

    assert signed_in(database, cast, "tess").groups_as(Role.RESPONDER) == {"Technical Team"}


def test_what_is_no_work_does_not_go_to_a_deputy(database, cast):
    away(database, cast.ada, "dora")
    away(database, cast.max, "dora")

    dora = signed_in(database, cast, "dora")

    assert {role for role, _ in dora.grants} == {Role.RESPONDER, Role.INCIDENT_MANAGER}


def test_both_see_it_until_it_is_over(database, cast, time_travel):
    away(database, cast.dora, "tess")

    with database.reading() as session:
        seen = [
            [(one.name, one.deputy_name) for one in absences.find(session, actor)]
            for actor in (cast.dora, cast.tess, cast.max)
        ]
    time_travel(DAY)

    assert seen == [[("Dora Desk", "Tess Tech")], [("Dora Desk", "Tess Tech")], []]
    with database.reading() as session:
        assert absences.find(session, cast.dora) == []


@pytest.mark.parametrize(
    ("deputy", "starts", "ends", "field"),
    [
        ("nobody", timedelta(), DAY, "deputy"),
        ("dora", timedelta(), DAY, "deputy"),
        ("tess", DAY, timedelta(hours=1), "ends_at"),
        ("tess", -2 * DAY, -DAY, "ends_at"),
        ("tess", timedelta(), timedelta(days=401), "ends_at"),
    ],
)
def test_what_does_not_fit_is_named(database, cast, deputy, starts, ends, field):
    with pytest.raises(InvalidAnswers) as refused:
        away(database, cast.dora, deputy, starts, ends)

    assert list(refused.value.errors) == [field]


def test_nobody_ends_the_absence_of_somebody_else_nor_one_that_is_over(database, cast, time_travel):
    absence = away(database, cast.dora, "tess")

    with pytest.raises(NotFound), database.transaction() as session:
        absences.end(session, absence.id, cast.tess)
    time_travel(DAY)
    with pytest.raises(Conflict), database.transaction() as session:
        absences.end(session, absence.id, cast.dora)


def test_it_is_in_the_history_of_whoever_was_away(database, cast):
    absence = away(database, cast.dora, "tess")
    with database.transaction() as session:
        absences.end(session, absence.id, cast.dora)

    added, ended = (
        entries(database, cast.dora.id, event)
        for event in (Event.ABSENCE_ADDED, Event.ABSENCE_ENDED)
    )
    assert (added[0].detail["deputy"], len(ended)) == ("Tess Tech", 1)
