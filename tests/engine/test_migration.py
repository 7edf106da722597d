"""Running incidents on another version of their process: what stays, comes and goes."""

import json

import pytest
from SpiffWorkflow.util.task import TaskState

from engine import instances, tasks, worker
from engine.history import Event
from engine.store.tables import (
    Incident,
    InstanceStatus,
    ProcessDefinition,
    ProcessInstance,
    Subscription,
    Task,
)
from tests.diagrams import (
    activity,
    begun,
    boundary,
    bundle,
    call,
    end,
    ended,
    event_subprocess,
    flow,
    gateway,
    inside,
    line,
    multi_instance,
    start,
    user_task,
)
from tests.factories import entries, open_tasks
from tests.migrations import FIX, HOUR, LOOK, WHY, Change, joined, late, part, several


@pytest.fixture
def change(database, cast):
    return lambda old, new, **more: Change(
        database, cast, bundle(*old, **more), bundle(*new, **more)
    )


def test_a_task_inserted_after_the_current_one_comes_next(change):
    changed = change(line(LOOK), line(LOOK, FIX))

    changed.migrates()
    changed.completes("Look")

    assert changed.waits == ["Fix"]


def test_a_task_inserted_before_the_current_one_is_not_asked_any_more(change):
    changed = change(line(LOOK), line(FIX, LOOK))

    changed.migrates()
    changed.completes("Look")

    assert changed.row.status is InstanceStatus.COMPLETED


def test_a_renamed_element_is_found_by_the_mapping(change):
    changed = change(line(LOOK), line(user_task("Inspect"), FIX))

    changed.migrates(Look="Inspect")
    changed.completes("Inspect")

    assert changed.waits == ["Fix"]


def test_a_task_keeps_its_id_and_claim_and_takes_the_rest_from_the_new_version(
    change, database, cast
):
    changed = change(line(LOOK), line(user_task("Look").replace("Do Look", "Look twice")))
    task_id = open_tasks(database, changed.incident, cast.dora)["Look"].id
    with database.transaction() as session:
        tasks.claim(session, task_id, cast.dora)
        claimed = session.get_one(Task, task_id).version

    changed.migrates()

    with database.reading() as session:
        task = session.get_one(Task, task_id)
        assert (task.assignee_id, task.name) == (cast.dora.id, "Look twice")
        assert task.definition_id == changed.row.definition_id
        assert task.version > claimed


def test_the_instance_and_its_history_name_the_new_version(change):
    changed = change((*line(LOOK), *late("Look")), line(LOOK))

    changed.migrates()

    (entry,) = entries(changed.database, changed.incident.id, Event.PROCESS_MIGRATED)
    assert Event(entry.event).is_deviation
    assert entry.definition_id == changed.row.definition_id
    assert entry.actor_name == "Olga Owner"
    assert entry.detail == {
        "reason": WHY.text,
        "process": "small",
        "from_version": 1,
        "to_version": 2,
        "mapping": {},
        "dropped": ["Too late"],
        "armed": [],
    }


def test_a_timer_keeps_its_due_time_whatever_the_new_version_says(change, time_travel):
    changed = change((*line(LOOK), *late("Look", duration="PT4H")), (*line(LOOK), *late("Look")))
    due_at = changed.due_at("Late")
    time_travel(2 * HOUR)

    changed.migrates()

    assert changed.due_at("Late") == due_at
    assert changed.row.next_due_at == due_at


def test_a_newly_drawn_timer_is_armed_and_fires(change, database, time_travel):
    changed = change(line(LOOK), (*line(LOOK), *late("Look")))

    outcome = changed.migrates()
    time_travel(2 * HOUR)
    worker.run_once(database)

    assert outcome.armed == ("Too late",)
    assert changed.waits == ["Chase", "Look"]


def test_a_timer_that_had_fired_is_not_armed_again(change, database, time_travel):
    changed = change((*line(LOOK), *late("Look")), (*line(LOOK, FIX), *late("Look")))
    time_travel(2 * HOUR)
    worker.run_once(database)

    outcome = changed.migrates()

    assert outcome.armed == ()
    assert changed.places() == ["Chase", "Look"]


def test_a_timer_that_is_not_drawn_any_more_is_dropped_and_reported(change, database, time_travel):
    changed = change((*line(LOOK), *late("Look")), line(LOOK))

    outcome = changed.migrates()
    time_travel(2 * HOUR)

    assert outcome.dropped == ("Too late",)
    assert worker.run_once(database) == 0
    assert changed.waits == ["Look"]


def test_a_timer_moved_to_another_element_is_not_kept_on_the_old_one(change):
    changed = change((*line(LOOK, FIX), *late("Look")), (*line(LOOK, FIX), *late("Fix")))

    changed.migrates()

    assert changed.places() == ["Look"]
    changed.completes("Look")
    assert changed.places() == ["Fix", "Late"]


def mail(node_id="Mail", message="Mail"):
    return (boundary(node_id, "Look", "message", message), flow(node_id, "Done"))


def test_subscriptions_follow_their_events(change, database):
    changed = change((*line(LOOK), *mail()), (*line(LOOK), *mail(message="Post")))

    changed.migrates()

    with database.reading() as session:
        assert [row.name for row in session.query(Subscription)] == ["Post"]


def test_a_subscription_goes_and_comes_with_its_event(change, database):
    changed = change((*line(LOOK), *mail()), (*line(LOOK), *mail("Other", "Post")))

    outcome = changed.migrates()

    assert (outcome.dropped, outcome.armed) == (("Mail happens",), ("Other happens",))
    with database.reading() as session:
        assert [(row.element_id, row.name) for row in session.query(Subscription)] == [
            ("Other", "Post")
        ]


def handler(*begin, **more):
    last = (user_task("Handle"), end("Handled"))
    flows = (flow("Alarm", "Handle"), flow("Handle", "Handled"))
    return event_subprocess("Handler", begun("Alarm", *begin, **more), *last, *flows)


def test_a_newly_drawn_event_sub_process_lies_ready(change, database, time_travel):
    changed = change(line(LOOK), (*line(LOOK), handler("timer", "PT1H", interrupts=False)))

    changed.migrates()
    time_travel(2 * HOUR)
    worker.run_once(database)

    assert changed.waits == ["Handle", "Look"]


def test_the_start_of_an_event_sub_process_is_kept_or_dropped_with_it(change, time_travel):
    old = (*line(LOOK), handler("timer", "PT1H", interrupts=False))
    changed = change(old, line(LOOK))

    outcome = changed.migrates()

    assert outcome.dropped == ("Alarm happens",)
    assert changed.places() == ["Look"]


def test_beside_an_interrupting_handler_nothing_is_armed(change, database, time_travel):
    old = (*line(LOOK), handler("timer", "PT1H"))
    again = event_subprocess("More", *inside("More", FIX)).replace(
        '<bpmn:startEvent id="MoreBegin" name="MoreBegin happens"></bpmn:startEvent>',
        begun("MoreBegin", "timer", "PT1H"),
    )
    changed = change(old, (*old, again))
    time_travel(2 * HOUR)
    worker.run_once(database)

    outcome = changed.migrates()

    assert outcome.armed == ()
    assert changed.places() == ["Handle", "Handler"]


def test_beside_a_handler_of_errors_nothing_is_armed(change):
    failing = (start(), LOOK, ended("Failed", "error", "E1"), flow("Reported", "Look"))
    old = (*failing, flow("Look", "Failed"), handler("error", "E1"))
    nag = event_subprocess(
        "Nag",
        *(begun("Late", "timer", "PT1H"), user_task("Chase"), end("Chased")),
        *(flow("Late", "Chase"), flow("Chase", "Chased")),
    )
    changed = change(old, (*old, nag))
    changed.completes("Look")

    outcome = changed.migrates()

    assert outcome.armed == ()
    assert changed.places() == ["Handle", "Handler"]


def test_inside_a_sub_process_the_tokens_go_along(change):
    check = user_task("Check")
    changed = change(line(LOOK, part("Ask")), line(LOOK, part("Ask", "Tell"), check))
    changed.completes("Look")

    changed.migrates()
    for element_id in ("Ask", "Tell"):
        changed.completes(element_id)

    assert changed.waits == ["Check"]


def test_a_multi_instance_in_progress_goes_on_where_it_was(change, database, cast):
    changed = change(
        line(several("Ask", sequential=True)),
        line(several("Ask", "Tell", sequential=True), FIX),
    )
    changed.completes("Ask")

    changed.migrates()
    for element_id in ("Ask", "Tell"):
        changed.completes(element_id)

    assert changed.waits == ["Fix"]


def test_a_called_process_moves_to_the_version_of_the_new_deployment(database, cast):
    caller = line(LOOK, call("Other", "other"))
    old = bundle(*caller, calls={"other": line(user_task("Ask"))})
    new = bundle(*caller, calls={"other": line(user_task("Ask"), user_task("Tell"))})
    changed = Change(database, cast, old, new)
    changed.completes("Look")

    changed.migrates()

    task = open_tasks(database, changed.incident, cast.dora)["Ask"]
    with database.reading() as session:
        definitions = session.query(ProcessDefinition).all()
    (known,) = [d for d in definitions if d.id == task.definition_id]
    assert (known.process_id, known.version) == ("other", 2)
    changed.completes("Ask")
    assert changed.waits == ["Tell"]


def test_a_waiting_join_keeps_what_has_come(change):
    changed = change(joined(), joined(join="Meet"))
    changed.completes("A")

    changed.migrates(Join="Meet")
    changed.completes("B")

    assert changed.waits == ["C"]


def test_a_path_to_a_join_that_was_redrawn_is_recognised_by_its_source(change):
    redrawn = [f.replace('id="A_Join"', 'id="Flow_1"') for f in joined()]
    changed = change(joined(), redrawn)
    changed.completes("A")

    changed.migrates()
    changed.completes("B")

    assert changed.waits == ["C"]


def test_what_comes_by_a_redrawn_path_again_does_not_stand_for_another_path(change):
    redrawn = [f.replace('id="A_Join"', 'id="Flow_1"') for f in joined()]
    changed = change(joined(), redrawn)
    changed.completes("A")
    changed.migrates()

    with changed.database.transaction() as session:
        incident = session.get_one(Incident, changed.incident.id)
        standings = instances.look(session, incident, changed.cast.max).standings
        (second,) = [s.place.token_id for s in standings if s.place.node.id == "B"]
        move = instances.Move((second,), ("A",))
        instances.move(session, incident, move, WHY, changed.cast.max)
    changed.completes("A")

    assert changed.places() == ["Join", "Join"]


def test_a_join_that_waits_for_nothing_more_goes_on(change):
    without_b = [
        *(start(), gateway("Fork", "parallel"), user_task("A"), user_task("B"), end("Aside")),
        *(gateway("Join", "parallel"), user_task("C"), end()),
        *(flow("Reported", "Fork"), flow("Fork", "A"), flow("Fork", "B"), flow("B", "Aside")),
        *(flow("A", "Join"), flow("Join", "C"), flow("C", "Done")),
    ]
    changed = change(joined(), without_b)
    changed.completes("A")

    changed.migrates()

    assert changed.waits == ["B", "C"]


def test_a_step_that_failed_is_tried_again_as_the_new_version_draws_it(change, database, cast):
    over = activity("manualTask", "Each", multi_instance(loopDataInputRef="note"))
    mended = activity("manualTask", "Each", multi_instance(loopDataInputRef="[note]"))
    changed = change(line(LOOK, over), line(LOOK, mended))
    changed.completes("Look", note="no list")

    changed.migrates()
    with database.transaction() as session:
        incident = session.get_one(Incident, changed.incident.id)
        (failed,) = instances.look(session, incident, cast.max).failures
        instances.retry(session, incident, failed.token_id, {}, WHY, cast.max)

    assert changed.row.status is InstanceStatus.RUNNING
    assert changed.waits == ["Each"]


def test_a_gateway_that_failed_on_its_way_out_decides_anew(change):
    ways = (start(), LOOK, gateway("Way", default="Way_Fix"), end(), end("Fixed"))
    flows = (flow("Reported", "Look"), flow("Look", "Way"), flow("Fix", "Fixed"))
    flows = (*flows, flow("Way", "Fix"), flow("Way", "Done", 'note = "done"'))
    changed = change((*ways, *flows, FIX), (*ways, *flows, FIX.replace("Do Fix", "Fix it")))
    failed = {"failure": "Too many.", "is_done": True, "taken": ["Gone"]}
    with changed.database.transaction() as session:
        row = session.query(ProcessInstance).one()
        content = json.loads(row.snapshot)
        token = content["tokens"][-1]
        token[3], token[4], token[6] = "Way", TaskState.ERROR, failed
        row.snapshot = json.dumps(content)

    changed.migrates()
    with changed.database.transaction() as session:
        incident = session.get_one(Incident, changed.incident.id)
        (step,) = instances.look(session, incident, changed.cast.max).failures
        instances.retry(session, incident, step.token_id, {}, WHY, changed.cast.max)

    assert changed.places() == ["Fix"]


def test_a_suspended_process_moves_and_stays_suspended(change, database, cast):
    changed = change(line(LOOK), line(LOOK, FIX))
    with database.transaction() as session:
        incident = session.get_one(Incident, changed.incident.id)
        instances.suspend(session, incident, WHY, cast.max)

    changed.migrates()

    assert changed.row.status is InstanceStatus.SUSPENDED
