"""Timers: swept together or alone, tried again as jobs, and moved by a person with a reason."""

from datetime import UTC, datetime, timedelta

import pytest

from engine import clock, instances, jobs, worker
from engine.errors import Conflict, InvalidAnswers, NotAllowed
from engine.history import Event
from engine.instances import Reason
from engine.jobs import Job
from engine.store.tables import Effect, InstanceStatus, ProcessInstance
from tests.diagrams import bundle
from tests.factories import client, deploy, dump, entries, report
from tests.hands import HOUR, WHY, Hand, timed

SOON = timedelta(minutes=5)


@pytest.fixture
def held(database, cast):
    return Hand(database, cast, bundle(*timed()))


def fired(database, incident):
    return len(entries(database, incident.id, Event.TIMER_FIRED))


def test_more_timers_than_fit_into_a_batch_fire_once_each(database, cast, time_travel):
    deploy(database, bundle(*timed()))
    incidents = [report(database, cast.dora) for _ in range(60)]
    time_travel(HOUR)

    moved = [worker.run_once(database) for _ in range(2)]

    assert moved == [60, 0]
    assert {fired(database, incident) for incident in incidents} == {1}


def test_the_timer_that_was_due_first_fires_first(database, cast, time_travel):
    deploy(database, bundle(*timed()))
    incidents = []
    for _ in range(3):
        incidents.append(report(database, cast.dora))
        time_travel(SOON)
    time_travel(HOUR)

    worker.run_once(database)

    moments = [entries(database, i.id, Event.TIMER_FIRED)[0].id for i in incidents]
    assert moments == sorted(moments)


def test_a_timer_that_cannot_fire_becomes_a_job_and_the_others_go_on(
    database, cast, time_travel, monkeypatch, caplog
):
    deploy(database, bundle(*timed()))
    bad, good = report(database, cast.dora), report(database, cast.dora)
    time_travel(HOUR)
    broken = []
    fire = instances.fire_timers

    def fail_once(session, instance_id):
        fire(session, instance_id)
        if session.get_one(ProcessInstance, instance_id).incident_id == bad.id:
            broken.append(instance_id)
            raise OSError("The disk has a bad day.")

    monkeypatch.setattr(instances, "fire_timers", fail_once)
    swept = worker.run_once(database)
    with database.reading() as session:
        waiting = jobs.counts(session)

    monkeypatch.undo()
    worker.run_once(database)  # leaves it to the job

    assert (swept, waiting) == (1, {"todo": 1})
    assert (fired(database, bad), fired(database, good)) == (0, 1)
    assert len(broken) == 2  # together with the other, and alone
    assert "they become a job" in caplog.text


def test_a_job_fires_what_the_sweep_could_not(database, cast, time_travel, held):
    time_travel(HOUR)
    with database.transaction() as session:
        (instance_id,) = instances.find_due(session, 10)
        jobs.defer(session, Job.FIRE_TIMERS, instance_id, lock=f"instance:{instance_id}")
    doing = worker.doing(database)

    for _ in range(2):  # a job may come twice
        doing[Job.FIRE_TIMERS](instance_id)

    assert fired(database, held.incident) == 1


def test_timers_that_failed_for_the_last_time_are_a_process_failure_and_somebody_is_told(
    database, held
):
    with database.reading() as session:
        instance_id = session.query(ProcessInstance).one().id

    worker.give_up(database, Job.FIRE_TIMERS, instance_id, "OSError: again")

    with database.reading() as session:
        instance = session.query(ProcessInstance).one()
        effect = session.query(Effect).one()
    assert (instance.status, instance.failure) == (InstanceStatus.FAILED, "OSError: again")
    assert effect.payload["detail"] == {"message": "OSError: again"}
    assert entries(database, held.incident.id)[-1].event == Event.PROCESS_FAILED


def test_a_timer_is_moved_with_a_reason_and_fires_at_its_new_moment_only(
    database, cast, time_travel, held
):
    token, old = held.token("Late"), held.sees().instance.next_due_at
    new = clock.now() + 3 * HOUR

    held.does(instances.move_timer, token, new)
    time_travel(2 * HOUR)
    early = worker.run_once(database)
    time_travel(HOUR)
    late_enough = worker.run_once(database)

    (moved,) = entries(database, held.incident.id, Event.TIMER_MOVED)
    assert (early, late_enough, fired(database, held.incident)) == (0, 1, 1)
    assert (moved.element_id, moved.actor_id) == ("Late", cast.max.id)
    assert moved.changes["due_at"] == [old.isoformat(), new.isoformat()]
    assert moved.detail["reason"] == WHY.text
    assert Event.TIMER_MOVED.is_deviation


def test_a_timer_that_is_moved_into_the_past_fires_with_the_next_sweep(database, held):
    held.does(instances.move_timer, held.token("Late"), clock.now() - HOUR)

    assert worker.run_once(database) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"actor": "tess"}, NotAllowed),
        ({"reason": Reason("  ")}, InvalidAnswers),
        ({"element": "Look"}, Conflict),
        ({"element": "no-such-token"}, (Conflict, InvalidAnswers)),
        ({"due_at": datetime(9000, 1, 1, tzinfo=UTC)}, InvalidAnswers),
    ],
    ids=["not allowed", "no reason", "a task", "unknown", "far away"],
)
def test_a_timer_is_not_moved(database, cast, held, change, error):
    token = held.token(change.get("element", "Late"))
    due_at = change.get("due_at", clock.now() + HOUR)
    who = {"actor": cast.tess} if "actor" in change else {}
    before = dump(database)

    with pytest.raises(error):
        held.does(instances.move_timer, token, due_at, reason=change.get("reason", WHY), **who)

    assert dump(database) == before


def test_a_timer_is_moved_over_rest(database, cast, held):
    http = client(database, cast.token("max"))
    path = f"/api/v1/incidents/{held.incident.number}/process/timers/{held.token('Late')}"
    due_at = "2030-01-31T10:00:00+01:00"

    answer = http.post(path, json={"due_at": due_at, "reason": "The supplier asked for time."})
    without_zone = http.post(path, json={"due_at": "2030-01-31T10:00:00", "reason": "Why not."})

    tokens = {token["element_id"]: token for token in answer.get_json()["tokens"]}
    assert tokens["Late"]["due_at"] == "2030-01-31T09:00:00+00:00"
    assert without_zone.status_code == 422
    assert without_zone.get_json()["errors"][0]["pointer"] == "#/due_at"
