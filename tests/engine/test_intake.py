"""Reports and signals: what opens an incident, what is counted, and what is refused."""

import pytest

from engine import intake, relations
from engine.actors import SYSTEM
from engine.errors import InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.intake import Report, Signal
from engine.relations import Side
from engine.store.tables import Door, Incident, IncidentStatus, InstanceStatus, ProcessInstance
from tests.diagrams import bundle, form, line, one_task, service_task, text, user_task
from tests.factories import complete, deploy, dump, entries, open_tasks, report

RESOLVED_AND_CLOSED = line(
    user_task("Look"),
    service_task("Resolve", "incident.resolve", resolution_code="null", resolution_notes="null"),
    service_task("Close", "incident.close"),
)


@pytest.fixture
def door(database, cast):
    """An open door whose incidents are closed by completing one task."""
    deploy(database, bundle(*RESOLVED_AND_CLOSED))
    with database.transaction() as session:
        token = intake.add_door(session, "alertmanager", "prod", "small", SYSTEM)
    with database.reading() as session:
        return intake.find_door(session, "alertmanager", token)


def receive(database, door, key="disk", *, is_firing=True):
    signal = Signal(key, is_firing, Report("Disk is full", severity="SEV1"), {"alerts": 1})
    with database.transaction() as session:
        return intake.receive(session, session.get_one(Door, door.id), signal)


def count(database):
    with database.reading() as session:
        return session.query(Incident).count()


def test_a_report_opens_an_incident_whose_process_waits(database, cast):
    deploy(database, one_task())

    incident = report(database, cast.rob, description="Since nine.", service="Mail")

    assert (incident.title, incident.service) == ("Mail is down", "Mail")
    assert (incident.status, incident.phase) == (IncidentStatus.NEW, "analyze")
    assert (incident.reporter_id, incident.reported_by) == (cast.rob.id, "Rob Reporter")
    assert list(open_tasks(database, incident, cast.dora)) == ["Look"]


def test_numbers_count_up(database, cast):
    deploy(database, one_task())

    numbers = [report(database, cast.rob).number for _ in range(3)]

    year = numbers[0][4:8]
    assert numbers == [f"INC-{year}-{n:06d}" for n in (1, 2, 3)]


def test_a_refused_report_does_not_use_up_a_number(database, cast):
    deploy(database, one_task())
    with pytest.raises(InvalidAnswers):
        report(database, cast.rob, title="")

    assert report(database, cast.rob).number.endswith("-000001")


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "Mail\ud800"}, "title"),
        ({"service": "x" * 121}, "service"),
        ({"colour": "red"}, "colour"),
        ({"title": 7}, "title"),
    ],
)
def test_a_report_that_does_not_fit_names_the_field_and_leaves_nothing(
    answers, field, database, cast
):
    deploy(database, one_task())
    before = dump(database)

    with pytest.raises(InvalidAnswers) as refusal:
        report(database, cast.rob, **answers)

    assert list(refusal.value.errors) == [field]
    assert dump(database) == before


def test_a_report_to_a_process_that_does_not_exist_is_refused(database, cast):
    with pytest.raises(NotFound):
        report(database, cast.rob, "nowhere")


@pytest.mark.parametrize("username", ["aude", "olga", "ada"])
def test_who_may_not_report_opens_nothing(username, database, cast):
    deploy(database, one_task())
    before = dump(database)

    with pytest.raises(NotAllowed, match="You may not report an incident"):
        report(database, getattr(cast, username))

    assert dump(database) == before


def test_a_process_without_a_start_form_is_not_started_by_people(database, cast):
    manifest = {"processes/small/bundle.toml": b'id = "small"'}
    deploy(database, {**one_task(), **manifest})

    with pytest.raises(NotFound, match="has no form to start it"):
        report(database, cast.rob)


def test_a_start_form_may_ask_less_or_more_than_an_incident_holds(database, cast):
    asks = form("report", text("title", required=True), text("room"))
    deploy(database, one_task(forms={"report": asks}))

    incident = report(database, cast.rob, room="7")

    assert (incident.title, incident.description) == ("Mail is down", "")


def test_a_process_that_fails_at_once_still_has_its_incident(database, cast):
    deploy(database, bundle(*line(service_task("Close", "incident.close"), user_task("Look"))))

    incident = report(database, cast.rob)

    (failed,) = entries(database, incident.id, Event.PROCESS_FAILED)
    assert failed.element_id == "Close"
    with database.reading() as session:
        instance = session.query(ProcessInstance).one()
    assert instance.status is InstanceStatus.FAILED
    assert open_tasks(database, incident, cast.dora) == {}


def test_a_signal_with_the_same_key_is_counted_while_its_incident_is_open(database, cast, door):
    first = receive(database, door)

    again = receive(database, door)

    assert (again.id, again.occurrences) == (first.id, 2)
    (repeated,) = entries(database, first.id, Event.REPORT_REPEATED)
    assert repeated.changes == {"occurrences": [1, 2]}
    assert repeated.actor_name == "alertmanager: prod"


def test_a_signal_with_another_key_opens_another_incident(database, cast, door):
    assert receive(database, door, "disk").id != receive(database, door, "mail").id


def test_a_key_opens_anew_after_its_incident_is_closed(database, cast, door):
    first = receive(database, door)
    complete(database, first, "Look", cast.dora, note="Cleaned.")

    second = receive(database, door)

    assert second.id != first.id
    assert second.occurrences == 1
    assert receive(database, door).id == second.id


def test_the_same_dedup_key_after_close_opens_a_new_incident_linked_to_the_old_one(
    database, cast, door
):
    incidents = []
    for _ in range(3):
        incidents.append(receive(database, door))
        assert receive(database, door).id == incidents[-1].id
        complete(database, incidents[-1], "Look", cast.dora, note="Cleaned.")
    first, second, third = incidents

    with database.reading() as session:
        of_second = relations.find(session, second, cast.dora)
        of_third = relations.find(session, third, cast.dora)

    assert len({incident.id for incident in incidents}) == 3
    assert [one.number for one in of_second] == [first.number, third.number]
    assert [(one.side, one.added_by) for one in of_third] == [
        (Side.RELATED_TO, "alertmanager: prod")
    ]
    (told,) = entries(database, first.id, Event.RELATION_ADDED)
    assert told.detail == {"relation_id": of_second[0].id, "side": "related_to"}


def test_a_recovery_is_noted_and_closes_nothing(database, cast, door):
    incident = receive(database, door)

    receive(database, door, is_firing=False)

    assert entries(database, incident.id)[-1].event == Event.SOURCE_RECOVERED
    assert list(open_tasks(database, incident, cast.dora)) == ["Look"]


@pytest.mark.parametrize("was_closed", [True, False])
def test_a_recovery_of_nothing_open_opens_nothing(was_closed, database, cast, door):
    if was_closed:
        complete(database, receive(database, door), "Look", cast.dora, note="Cleaned.")
    before = dump(database)

    assert receive(database, door, is_firing=False) is None

    assert dump(database) == before


def test_a_door_is_found_by_sender_and_token_and_keeps_only_a_hash(database, cast):
    deploy(database, one_task())
    with database.transaction() as session:
        token = intake.add_door(session, "alertmanager", "prod", "small", SYSTEM)

    assert token not in str(dump(database))
    with database.reading() as session:
        assert intake.find_door(session, "alertmanager", token).label == "prod"
        for sender, other in (("grafana", token), ("alertmanager", "guess"), ("alertmanager", "")):
            with pytest.raises(NotFound):
                intake.find_door(session, sender, other)


def test_a_door_needs_a_process(database, cast):
    before = dump(database)

    with pytest.raises(NotFound), database.transaction() as session:
        intake.add_door(session, "alertmanager", "prod", "nowhere", SYSTEM)

    assert dump(database) == before
