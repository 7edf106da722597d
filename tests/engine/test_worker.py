"""The sweep: what is due fires once, and what fails costs itself alone."""

import threading
from datetime import timedelta

import pytest

from engine import tasks, worker
from engine.history import Event
from engine.store.tables import InstanceStatus, ProcessInstance
from engine.tasks import Queue
from tests.diagrams import bundle, catch, end, flow, gateway, line, service_task, timer, user_task
from tests.factories import complete, deploy, entries, open_tasks, report

HOUR = timedelta(hours=1)


def escalating(*, interrupts=False):
    """Look, and after an hour Chase beside it or instead of it."""
    return bundle(
        *line(user_task("Look")),
        *(timer("Late", "Look", "PT1H", interrupts), user_task("Chase"), end("Chased")),
        *(flow("Late", "Chase"), flow("Chase", "Chased")),
    )


def waiting_then_closing():
    """Waits for an hour; then an incident called Bad is closed before it is resolved, and fails."""
    return bundle(
        *line(catch("Wait", "PT1H"), gateway("Way", default="Way_Look"), user_task("Look")),
        *(service_task("Close", "incident.close"), flow("Close", "Done")),
        flow("Way", "Close", 'incident.title = "Bad"'),
    )


def instance_of(database, incident):
    with database.reading() as session:
        found = session.query(ProcessInstance).filter_by(incident_id=incident.id)
        return found.one()


def test_nothing_fires_before_its_time(database, cast, time_travel):
    deploy(database, escalating())
    report(database, cast.dora)

    time_travel(HOUR - timedelta(seconds=30))

    assert worker.run_once(database) == 0


def test_a_due_timer_fires_exactly_once_and_its_task_is_in_the_inbox_of_its_group(
    database, cast, time_travel
):
    deploy(database, escalating())
    incident = report(database, cast.dora)
    time_travel(HOUR)

    moved = [worker.run_once(database) for _ in range(3)]

    assert moved == [1, 0, 0]
    assert len(entries(database, incident.id, Event.TIMER_FIRED)) == 1
    assert inbox(database, cast.dora) == ["Look", "Chase"]
    assert inbox(database, cast.tess) == []


def test_a_timer_that_interrupts_cancels_the_task(database, cast, time_travel):
    deploy(database, escalating(interrupts=True))
    incident = report(database, cast.dora)
    time_travel(HOUR)

    worker.run_once(database)

    assert inbox(database, cast.dora) == ["Chase"]
    (cancelled,) = entries(database, incident.id, Event.TASK_CANCELLED)
    assert cancelled.element_id == "Look"


def test_a_timer_of_a_completed_task_never_fires(database, cast, time_travel):
    deploy(database, escalating())
    incident = report(database, cast.dora)
    complete(database, incident, "Look", cast.dora, note="In time.")
    time_travel(HOUR)

    assert worker.run_once(database) == 0
    assert instance_of(database, incident).status is InstanceStatus.COMPLETED
    assert instance_of(database, incident).next_due_at is None


def test_the_timers_of_many_incidents_fire_in_one_sweep(database, cast, time_travel):
    deploy(database, escalating())
    for _ in range(3):
        report(database, cast.dora)
    time_travel(HOUR)

    assert worker.run_once(database) == 3


def test_two_sweeps_at_once_fire_a_timer_once(database, cast, time_travel):
    deploy(database, escalating())
    incident = report(database, cast.dora)
    time_travel(HOUR)
    sweeps = [threading.Thread(target=worker.run_once, args=(database,)) for _ in range(4)]

    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()

    assert len(entries(database, incident.id, Event.TIMER_FIRED)) == 1
    assert instance_of(database, incident).status is InstanceStatus.RUNNING


def test_an_instance_that_fails_does_not_stop_the_others(database, cast, time_travel):
    deploy(database, waiting_then_closing())
    bad = report(database, cast.dora, title="Bad")
    good = report(database, cast.dora, title="Good")
    time_travel(HOUR)

    worker.run_once(database)

    failed = instance_of(database, bad)
    assert (failed.status, failed.failed_element_id) == (InstanceStatus.FAILED, "Close")
    assert failed.failure == "An incident is resolved before it is closed."
    assert list(open_tasks(database, good, cast.dora)) == ["Look"]
    assert open_tasks(database, bad, cast.dora) == {}


@pytest.mark.parametrize("snapshot", ["no JSON", '{"tasks": []}', ""])
def test_an_instance_that_cannot_be_read_fails_alone_and_is_not_tried_again(
    snapshot, database, cast, time_travel
):
    deploy(database, escalating())
    broken, good = report(database, cast.dora), report(database, cast.dora)
    with database.transaction() as session:
        session.query(ProcessInstance).filter_by(incident_id=broken.id).one().snapshot = snapshot
    time_travel(HOUR)

    moved = [worker.run_once(database) for _ in range(2)]

    assert moved == [1, 0]
    assert instance_of(database, broken).status is InstanceStatus.FAILED
    assert len(entries(database, broken.id, Event.PROCESS_FAILED)) == 1
    assert set(open_tasks(database, good, cast.dora)) == {"Look", "Chase"}


def test_the_worker_ends_when_it_is_told(database):
    stopping = threading.Event()
    sweeper = threading.Thread(target=worker.run, args=(database, stopping))
    sweeper.start()

    stopping.set()
    sweeper.join(timeout=5)

    assert not sweeper.is_alive()


def inbox(database, actor):
    with database.reading() as session:
        found = tasks.find(session, actor, Queue.GROUPS)
        return [a.task.element_id for a in sorted(found, key=lambda a: a.task.created_at)]
