"""Conditions: a correction of the report lets one become true."""

from engine import incidents, instances
from engine.history import Event
from engine.store.tables import InstanceStatus, ProcessInstance
from tests.diagrams import (
    bundle,
    caught,
    line,
    user_task,
)
from tests.engine.messaging import (
    DAMAGED,
    failure_of,
    moved_on,
    set_status,
)
from tests.factories import deploy, entries, report


def correct(database, incident, actor, **values):
    with database.transaction() as session:
        current = incidents.get(session, incident.id, actor)
        return incidents.correct(session, incident.id, values, current.version, actor)


def test_a_correction_lets_a_condition_become_true(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")

    correct(database, incident, cast.dora, title="Slow")
    before = moved_on(database, cast.dora, incident)
    corrected = correct(database, incident, cast.dora, service="Shop")

    assert (before, moved_on(database, cast.dora, incident)) == ([False], [True])
    told = [entry.event for entry in entries(database, incident.id)][-3:]
    assert told == [Event.INCIDENT_CORRECTED, Event.ELEMENT_COMPLETED, Event.TASK_OPENED]
    with database.reading() as session:
        assert incidents.get(session, incident.id, cast.dora).version == corrected.version


def test_a_correction_takes_no_step_where_no_condition_is_awaited(database, cast):
    deploy(database, bundle(*line(user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")

    correct(database, incident, cast.dora, service="Shop")

    with database.reading() as session:
        (instance,) = session.query(ProcessInstance).filter_by(incident_id=incident.id)
    assert instance.version == 1


def test_a_correction_stands_even_if_the_process_that_it_concerns_is_damaged(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")
    set_status(database, incident, InstanceStatus.RUNNING, snapshot="no JSON")

    corrected = correct(database, incident, cast.dora, service="Shop")

    assert corrected.service == "Shop"
    assert failure_of(database, incident) == DAMAGED


def test_a_suspended_process_is_corrected_without_a_step(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")
    set_status(database, incident, InstanceStatus.SUSPENDED)

    correct(database, incident, cast.dora, service="Shop")

    assert moved_on(database, cast.dora, incident) == [False]


def test_what_was_corrected_meanwhile_counts_when_the_process_goes_on(database, cast):
    condition = caught("Wait", "conditional", 'incident.service = "Shop"')
    deploy(database, bundle(*line(condition, user_task("Look"))))
    incident = report(database, cast.dora, service="Mail")
    with database.transaction() as session:
        found = incidents.get(session, incident.id, cast.max)
        instances.suspend(session, found, instances.Reason("The audit is on."), cast.max)
    correct(database, incident, cast.dora, service="Shop")

    with database.transaction() as session:
        found = incidents.get(session, incident.id, cast.max)
        instances.resume(session, found, instances.Reason("The audit is over."), cast.max)

    assert moved_on(database, cast.dora, incident) == [True]
