"""Lists, counts and the search cost the same, however many incidents are open."""

from dataclasses import dataclass, replace

import pytest

from benchmarks import crowd
from engine import clock, incidents, tasks
from engine.actors import Actor, Role
from engine.store.database import Database
from engine.store.tables import Incident, IncidentStatus, Task
from engine.tasks import Queue
from tests import plans

FEW, MANY = 400, 4_000
DESKS = ("Service Desk", "Service Desk North", "Technical Team")


@dataclass(frozen=True)
class Crowd:
    """A database with many incidents, and a responder of one of its groups."""

    database: Database
    responder: Actor


@pytest.fixture(scope="module")
def crowds(fresh):
    """Few and many open incidents, and half as many that are closed."""
    with fresh() as few, fresh() as many:
        yield [
            Crowd(database, crowd.gather(database, count, closed=count // 2))
            for database, count in ((few, FEW), (many, MANY))
        ]


def as_(responder, role, *groups):
    return replace(responder, grants=frozenset((role, group) for group in groups))


VIEWERS = {
    "responder": lambda responder: responder,
    "in-three-groups": lambda responder: as_(responder, Role.RESPONDER, *DESKS),
    "everywhere": lambda responder: as_(responder, Role.RESPONDER, ""),
    "manager": lambda responder: as_(responder, Role.INCIDENT_MANAGER, "Service Desk"),
    "auditor": lambda responder: as_(responder, Role.AUDITOR, ""),
}
QUEUES = [
    pytest.param(queue, viewer, id=f"{queue}-{viewer}")
    for viewer in VIEWERS
    for queue in (Queue.GROUPS, Queue.ALL)
]


def efforts(crowds, work):
    """What some work with a session and a viewer costs in each crowd."""
    return [effort(each, work) for each in crowds]


def effort(crowd, work):
    with crowd.database.reading() as session:
        return plans.effort(session, lambda: work(session, crowd.responder))


@pytest.mark.parametrize(("queue", "viewer"), QUEUES)
def test_a_queue_costs_the_same_among_many(crowds, queue, viewer):
    few, many = efforts(
        crowds, lambda session, actor: tasks.find(session, VIEWERS[viewer](actor), queue, limit=10)
    )

    assert many <= 1.5 * few


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_later_page_of_a_queue_costs_the_same_among_many(crowds, viewer):
    few, many = efforts(
        crowds,
        lambda session, actor: tasks.find(
            session, VIEWERS[viewer](actor), Queue.ALL, after=(clock.now(), ""), limit=10
        ),
    )

    assert many <= 1.5 * few


def test_the_tasks_of_an_incident_cost_the_same_among_many(crowds):
    few, many = efforts(crowds, _tasks_of_one)

    assert many <= 3 * few  # whichever incident it is


def _tasks_of_one(session, actor):
    return tasks.find(session, actor, Queue.ALL, incident_id=_newest(session).id)


LISTS = {
    "open": {"only_open": True},
    "all": {},
    "by-status": {"status": IncidentStatus.NEW},
    "no-such-word": {"text": "xylophone"},
    "serial": {"text": "42"},
    "by-number": {"text": "INC-20"},
}


@pytest.mark.parametrize("narrowed", LISTS.values(), ids=LISTS)
def test_a_list_of_incidents_costs_the_same_among_many(crowds, narrowed):
    few, many = efforts(
        crowds, lambda session, actor: incidents.find(session, actor, **narrowed, limit=10)
    )

    assert many <= 1.5 * few + 50


@pytest.mark.parametrize("text", ["srv042", "srv042 printer"])
def test_a_search_looks_at_what_has_the_word_and_at_little_else(crowds, text):
    _, many = crowds

    for_the_word = effort(many, lambda session, actor: incidents.find(session, actor, text=text))
    for_all = effort(many, _every_title)

    assert for_the_word < for_all / 2


def _every_title(session, _):
    return session.query(Incident.title).all()


def _every_task(session, _):
    return session.query(Task.name).all()


def test_a_later_page_of_incidents_costs_the_same_among_many(crowds):
    few, many = efforts(
        crowds,
        lambda session, actor: incidents.find(
            session, actor, before=_newest(session).number, only_open=True, limit=10
        ),
    )

    assert many <= 1.5 * few


def _newest(session):
    return session.query(Incident).order_by(Incident.number.desc()).limit(1).one()


def test_a_queue_is_counted_no_further_than_anyone_wants_to_know(crowds):
    _, many = crowds
    manager = VIEWERS["manager"](many.responder)

    with many.database.reading() as session:
        counted = tasks.count(session, manager)

    assert counted[Queue.ALL] == tasks.COUNTED
    assert 0 < counted[Queue.GROUPS] < tasks.COUNTED
    for_all = effort(many, _every_task)
    assert effort(many, lambda session, _: tasks.count(session, manager)) < for_all


def test_a_look_at_everything_is_seen_to_cost_more(crowds):
    few, many = efforts(crowds, _every_title)

    assert many > 5 * few
