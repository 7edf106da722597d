"""The history: who did what when, on which element of which version; only ever appended."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import clock, history, incidents, tasks
from engine.history import Entry, Event
from engine.store.tables import AuditEntry, ProcessDefinition
from tests.diagrams import bundle, line, one_task, rule_task, service_task, table, user_task
from tests.factories import complete, deploy, entries, open_tasks, report


def test_an_entry_carries_who_when_where_and_the_old_and_new_values(database, cast):
    deploy(database, one_task())
    incident = report(database, cast.dora)
    began = clock.now()

    complete(database, incident, "Look", cast.dora, note="Restarted it.")

    (entry,) = entries(database, incident.id, Event.TASK_COMPLETED)
    assert (entry.actor_id, entry.actor_name) == (cast.dora.id, "Dora Desk")
    assert began <= entry.at <= clock.now()
    assert (entry.element_id, entry.element_name) == ("Look", "Do Look")
    assert entry.changes == {"note": [None, "Restarted it."]}


def test_an_entry_names_the_version_that_its_incident_runs(database, cast):
    deploy(database, one_task())
    incident = report(database, cast.dora)
    deploy(database, one_task(phase="Respond"))

    complete(database, incident, "Look", cast.dora, note="Restarted it.")

    with database.reading() as session:
        versions = dict(
            session.execute(select(ProcessDefinition.id, ProcessDefinition.version)).all()
        )
    told = [e for e in entries(database, incident.id) if e.element_id]
    assert {versions[entry.definition_id] for entry in told} == {1}


def test_what_the_system_does_is_told_as_its_own(database, cast):
    automatic = service_task("Declare", "incident.declare_major", reason="1")
    deploy(database, bundle(*line(user_task("Look"), automatic)))
    incident = report(database, cast.dora)

    complete(database, incident, "Look", cast.dora, note="Big.")

    declared = entries(database, incident.id)[-3]
    assert (declared.element_id, declared.actor_id) == ("Declare", None)
    assert declared.changes == {"is_major": [False, True]}
    assert declared.detail["operation"] == "incident.declare_major"


def test_a_decision_is_told_with_its_inputs_and_the_rule_that_matched(database, cast):
    sized = table("size", "size", ('"big"', "2.5"), ("-", "1"), policy="FIRST")
    looking = line(user_task("Look"), rule_task("Decide", "size"))
    deploy(database, bundle(*looking, decisions={"size": sized}))
    incident = report(database, cast.dora)

    complete(database, incident, "Look", cast.dora, note="big")

    (decided,) = [e for e in entries(database, incident.id) if e.element_id == "Decide"]
    assert decided.detail["inputs"] == {"note": "big"}
    assert decided.detail["matched_rules"] == ["Rule1"]
    assert decided.changes == {"size": [None, 2.5]}


def test_the_entries_of_a_subject_are_numbered_without_a_gap(database, cast):
    deploy(database, one_task())
    incident = report(database, cast.dora)
    report(database, cast.dora)
    with database.transaction() as session:
        tasks.claim(session, open_tasks(database, incident, cast.dora)["Look"].id, cast.dora)

    complete(database, incident, "Look", cast.dora, note="Done.")

    numbers = [entry.sequence for entry in entries(database, incident.id)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 5


def test_entries_are_only_appended(database, cast):
    deploy(database, one_task())
    incident = report(database, cast.dora)
    before = rows(database)

    complete(database, incident, "Look", cast.dora, note="Done.")

    assert rows(database)[: len(before)] == before
    assert len(rows(database)) > len(before)


def test_moments_do_not_run_backwards(database, cast, time_travel):
    deploy(database, one_task())
    incident = report(database, cast.dora)
    time_travel(timedelta(hours=2))

    complete(database, incident, "Look", cast.dora, note="Done.")

    moments = [entry.at for entry in entries(database, incident.id)]
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] >= timedelta(hours=2)


def test_the_trace_is_read_in_pages(database, cast):
    deploy(database, one_task())
    incident = report(database, cast.dora)
    everything = entries(database, incident.id)

    with database.reading() as session:
        first = incidents.trace(session, incident, cast.aude, limit=2)
        rest = incidents.trace(session, incident, cast.aude, after=first[-1].sequence)

    assert [e.id for e in first + rest] == [e.id for e in everything]
    assert len(first) == 2


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (clock.now().replace(microsecond=0), None),
        (("a", 1), ["a", 1]),
        ({1: {"b": None}}, {"1": {"b": None}}),
        (True, True),
        ("__class__", "__class__"),
    ],
    ids=["moment", "list", "mapping", "yes", "text"],
)
def test_any_value_is_told_as_json_has_it(value, told, database, cast):
    with database.transaction() as session:
        entry = Entry(Event.PASSWORD_SET, cast.dora, detail={"value": value})
        history.record(session, "something", entry)

    (kept,) = entries(database, "something")
    assert kept.detail["value"] == (told if told is not None else value.isoformat())


def rows(database):
    with database.reading() as session:
        return session.execute(AuditEntry.__table__.select().order_by(AuditEntry.id)).all()
