"""A process on hold, cancelled, tried again: with a reason, and told in the history."""

from datetime import timedelta

import pytest

from engine import bundles, incidents, instances, tasks, worker
from engine.bpmn import reading
from engine.bpmn.definition import compile_definition
from engine.errors import Conflict, InvalidAnswers, NotAllowed, StaleVersion
from engine.history import Event
from engine.instances import Move, Reason, intervention
from engine.store.tables import (
    Incident,
    IncidentStatus,
    InstanceStatus,
    ProcessInstance,
    Subscription,
)
from tests.diagrams import (
    activity,
    boundary,
    bundle,
    catch,
    caught,
    end,
    flow,
    gateway,
    line,
    rule_task,
    script_task,
    service_task,
    standard_loop,
    start,
    table,
    thrown,
    user_task,
)
from tests.factories import dump, entries
from tests.hands import HOUR, WHY, Hand, late, over, timed, two_steps, with_part


@pytest.fixture
def hand(database, cast):
    return lambda *elements, **more: Hand(database, cast, bundle(*elements, **more))


def test_a_suspended_process_takes_no_step_and_its_timers_wait(hand, database, time_travel):
    held = hand(*timed())
    held.does(instances.suspend)
    time_travel(2 * HOUR)

    swept = worker.run_once(database)

    assert swept == 0
    assert held.waits == ["Look"]
    with pytest.raises(Conflict, match="suspended"):
        held.completes("Look")


def test_a_resumed_process_fires_in_the_next_sweep_what_became_due(hand, database, time_travel):
    held = hand(*timed())
    held.does(instances.suspend)
    time_travel(2 * HOUR)

    held.does(instances.resume)
    worker.run_once(database)

    assert held.waits == ["Chase", "Look"]


def test_a_process_that_had_failed_is_failed_again_after_the_hold(hand):
    held = hand(*line(user_task("Look"), over("note")))
    held.completes("Look", note="no list")
    held.does(instances.suspend)

    held.does(instances.resume)

    assert held.status is InstanceStatus.FAILED


def test_a_cancelled_process_withdraws_all_that_waits_and_closes_its_incident(hand, database):
    held = hand(*timed(), *(boundary("Call", "Look", "message", "Mail"), flow("Call", "Done")))

    held.does(instances.cancel)

    with database.reading() as session:
        incident = session.get_one(Incident, held.incident.id)
        row = session.query(ProcessInstance).one()
        assert (incident.status, row.status) == (
            IncidentStatus.CANCELLED,
            InstanceStatus.CANCELLED,
        )
        assert incident.closed_at is not None
        assert row.ended_at is not None
        assert row.next_due_at is None
        assert session.query(Subscription).count() == 0
    assert held.waits == held.places == []


def test_what_a_person_did_with_a_process_is_a_deviation_with_its_reason(hand):
    held = hand(*two_steps())
    held.does(instances.suspend)
    held.does(instances.resume)
    held.moves("Look", "Check")
    held.does(instances.cancel)

    told = [
        (entry.event, entry.actor_name, entry.detail["reason"])
        for entry in entries(held.database, held.incident.id)
        if Event(entry.event).is_deviation
    ]

    done = (
        Event.PROCESS_SUSPENDED,
        Event.PROCESS_RESUMED,
        Event.PROCESS_MOVED,
        Event.PROCESS_CANCELLED,
    )
    assert told == [(event, "Max Manager", WHY.text) for event in done]
    assert held.said(Event.PROCESS_MOVED).detail["withdrawn"] == ["Do Look"]
    assert held.said(Event.PROCESS_CANCELLED).changes["status"] == ["new", "cancelled"]


ACTS = {
    "suspend": (instances.suspend,),
    "cancel": (instances.cancel,),
    "move": (instances.move, Move(("x",), ("Look",))),
    "retry": (instances.retry, "x", {}),
    "take up": (instances.take_up,),
    "resume": (instances.resume,),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("text", ["", " \n ", "x" * 2_001, "a\x00b"])
def test_without_a_good_reason_nothing_changes(act, text, hand):
    held = hand(*two_steps())
    before = dump(held.database)

    with pytest.raises(InvalidAnswers) as refused:
        held.does(*act, reason=Reason(text))

    assert list(refused.value.errors) == ["reason"]
    assert dump(held.database) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("name", ["dora", "rob", "aude", "olga"])
def test_only_managers_and_administrators_take_a_process_in_hand(act, name, hand):
    held = hand(*two_steps())
    before = dump(held.database)

    with pytest.raises(NotAllowed):
        held.does(*act, actor=getattr(held.cast, name))

    assert dump(held.database) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_process_that_has_gone_on_since_one_looked_is_not_touched(act, hand):
    held = hand(*two_steps())
    seen = held.sees().instance.version
    held.completes("Look")
    before = dump(held.database)

    with pytest.raises(StaleVersion):
        held.does(*act, reason=Reason("Because.", version=seen))

    assert dump(held.database) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("ended", ["completed", "cancelled"])
def test_an_ended_process_is_not_taken_in_hand(act, ended, hand):
    held = hand(*line(user_task("Look")))
    if ended == "completed":
        held.completes("Look")
    else:
        held.does(instances.cancel)

    with pytest.raises(Conflict):
        held.does(*act)


@pytest.mark.parametrize("act", ["suspend", "move", "retry", "take up"])
def test_a_suspended_process_is_resumed_before_anything_else(act, hand):
    held = hand(*two_steps())
    held.does(instances.suspend)

    with pytest.raises(Conflict):
        held.does(*ACTS[act])


def test_a_failed_step_is_tried_again_with_corrected_data(hand):
    held = hand(*line(user_task("Look"), over("note")))
    held.completes("Look", note="no list")
    (failed,) = held.sees().failures

    held.does(instances.retry, failed.token_id, {"note": ["a", "b"]})

    assert failed.reads == {"note": "no list"}
    assert held.status is InstanceStatus.RUNNING
    retried = held.said(Event.PROCESS_RETRIED)
    assert retried.changes == {"note": ["no list", ["a", "b"]]}
    assert retried.element_id == "Each"


def test_every_failed_step_is_listed_and_tried_again_by_itself(hand):
    ways = (start(), gateway("Fork", "parallel"), user_task("Look"), end())
    each, other = over("a"), over("b", "Other")
    after = [flow(element, "Done") for element in ("Each", "Other", "Look")]
    split = [flow("Fork", element) for element in ("Each", "Other", "Look")]
    values = script_task("Set", 'a = "no list"; b = "none either"')
    path = (values, flow("Reported", "Set"), flow("Set", "Fork"))
    held = hand(*ways, each, other, *path, *split, *after)
    first, second = held.sees().failures

    held.does(instances.retry, first.token_id, {"a": []})

    assert {first.element_id, second.element_id} == {"Each", "Other"}
    assert [failure.element_id for failure in held.sees().failures] == ["Other"]
    assert held.waits == ["Look"]


@pytest.mark.parametrize("name", ["nothing", "incident", "loopCounter"])
def test_a_correction_names_a_variable_that_is_there_or_that_the_step_reads(name, hand):
    held = hand(*line(user_task("Look"), over("note")))
    held.completes("Look", note="no list")
    before = dump(held.database)

    with pytest.raises(InvalidAnswers) as refused:
        held.does(instances.retry, held.token("Each"), {name: 1})

    assert list(refused.value.errors) == [name]
    assert dump(held.database) == before


def test_a_step_that_has_not_failed_is_not_tried_again(hand):
    held = hand(*two_steps())

    with pytest.raises(Conflict, match="not failed"):
        held.does(instances.retry, held.token("Look"), {})


def test_a_process_that_broke_as_a_whole_is_taken_up_again(hand, database, time_travel):
    held = hand(*timed())
    with database.transaction() as session:
        instances.fail(session, held.sees().instance.id, "RuntimeError: something")
    time_travel(2 * HOUR)

    held.does(instances.take_up)
    worker.run_once(database)

    assert held.status is InstanceStatus.RUNNING
    assert held.waits == ["Chase", "Look"]


def test_a_process_in_which_a_step_failed_is_not_broken_as_a_whole(hand):
    held = hand(*line(user_task("Look"), over("note")))
    held.completes("Look", note="no list")

    with pytest.raises(Conflict, match="Try its failed steps again"):
        held.does(instances.take_up)


@pytest.mark.parametrize("act", ["take up", "resume"])
def test_what_is_not_broken_is_not_mended(act, hand):
    held = hand(*two_steps())

    with pytest.raises(Conflict):
        held.does(*ACTS[act])


def test_the_overview_tells_what_waits_for_what_since_when_and_until_when(hand, time_travel):
    held = hand(*line(user_task("Look"), catch("Pause", "PT2H")))
    time_travel(HOUR)
    held.completes("Look")

    (standing,) = held.sees().standings

    assert standing.place.node.id == "Pause"
    length = standing.place.wait.due_at - standing.since
    assert length == pytest.approx(2 * HOUR, abs=timedelta(seconds=1))
    assert standing.task is None


def test_a_reporter_reads_that_the_incident_was_cancelled(hand, database, cast):
    held = hand(*two_steps())
    held.does(instances.cancel)

    with database.reading() as session:
        incident = session.get_one(Incident, held.incident.id)
        told = incidents.timeline(session, incident, cast.rob)

    assert [entry.event for entry in told] == [Event.INCIDENT_REPORTED, Event.PROCESS_CANCELLED]


def test_a_boundary_event_stands_as_long_as_what_it_waits_beside(hand, time_travel):
    held = hand(*line(user_task("Fix"), user_task("Look")), *late("Look"))
    time_travel(HOUR)
    held.completes("Fix")

    since = {s.place.node.id: s.since for s in held.sees().standings}

    assert since["Late"] == pytest.approx(since["Look"], abs=timedelta(seconds=1))


def test_back_out_of_a_part_leads_from_what_stands_inside(hand):
    held = hand(*with_part())
    held.completes("Look")

    (back,) = held.sees().returns

    assert back.from_tokens == (held.token("Ask"),)


def test_an_auditor_may_look_and_a_responder_may_not(hand):
    held = hand(*two_steps())

    assert held.sees(held.cast.aude).standings

    with pytest.raises(NotAllowed):
        held.sees(held.cast.dora)


def test_a_task_of_a_suspended_process_stays_in_the_inbox(hand, database, cast):
    held = hand(*two_steps())

    held.does(instances.suspend)

    with database.reading() as session:
        assert [a.task.element_id for a in tasks.find(session, cast.dora, tasks.Queue.GROUPS)] == [
            "Look"
        ]


READERS = {
    "script": (script_task("Read", "total = price * 2; all = total + rest"), "price rest"),
    "operation": (service_task("Read", "incident.hold", reason="because"), "because"),
    "decision": (rule_task("Read", "decide"), "note"),
    "gateway": (gateway("Read", default="Read_Done"), "note"),
    "timer": (caught("Read", "timer", "timeDuration=pause"), "pause"),
    "literal timer": (caught("Read", "timer", "PT1H"), ""),
    "due time": (user_task("Read", due_in="within"), "within"),
    "literal due time": (user_task("Read", due_in="PT1H"), ""),
    "message": (caught("Read", "message", "Mail", correlationKey="order"), "order"),
    "condition": (caught("Read", "conditional", "ready and willing"), "ready willing"),
    "signal": (thrown("Read", "signal", "Alarm", payload="what"), "what"),
    "several": (over("items", "Read"), "items"),
    "loop": (activity("manualTask", "Read", standard_loop("again", "most")), "again most"),
    "facts": (script_task("Read", "a = incident.title"), ""),
}


@pytest.mark.parametrize(("element", "names"), READERS.values(), ids=READERS)
def test_what_a_step_reads_is_offered_for_correction(element, names):
    other = (flow("Read", "Else", 'note = "else"'), end("Else")) if "Gateway" in element else ()
    decide = {"decide": table("decide", "answer", ('"a"', "1"))}
    read = bundles.read(bundle(*line(element), *other, decisions=decide))
    definition = compile_definition(next(iter(read.diagrams.values())), read.decisions)

    found = reading.names(definition.elements["Read"], read.decisions) - reading.GIVEN

    assert found == set(names.split())


def test_of_two_who_read_the_same_version_the_second_gives_way(hand, database):
    held = hand(*two_steps())
    with database.transaction() as session:
        loaded = intervention.load(session, session.get_one(Incident, held.incident.id))
        intervention.write_over(session, loaded, {"status": InstanceStatus.SUSPENDED})

        with pytest.raises(Conflict, match="Somebody else"):
            intervention.write_over(session, loaded, {"status": InstanceStatus.RUNNING})
