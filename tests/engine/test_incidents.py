"""The incident: who finds it, what may be corrected, and which way its process took."""

import pytest

from engine import incidents
from engine.errors import Conflict, NotAllowed, NotFound, StaleVersion
from engine.history import Event
from engine.store.tables import IncidentStatus
from tests.diagrams import (
    bundle,
    catch,
    end,
    flow,
    gateway,
    line,
    one_task,
    service_task,
    start,
    user_task,
)
from tests.factories import complete, deploy, dump, entries, report


@pytest.fixture
def incident(database, cast):
    deploy(database, one_task())
    return report(database, cast.rob)


def correct(database, incident, actor, version=None, **values):
    version = incident.version if version is None else version
    with database.transaction() as session:
        return incidents.correct(session, incident.id, values, version, actor)


def get(database, key, actor):
    with database.reading() as session:
        return incidents.get(session, key, actor)


def path_of(database, incident):
    with database.reading() as session:
        return incidents.path(session, incident)


def test_an_incident_is_found_by_id_and_by_number(database, cast, incident):
    assert get(database, incident.id, cast.dora).id == incident.id
    assert get(database, incident.number, cast.dora).id == incident.id


@pytest.mark.parametrize("key", ["INC-1999-000001", "", "%", "' OR 1=1 --"])
def test_an_incident_that_does_not_exist_is_not_found(key, database, cast, incident):
    with pytest.raises(NotFound):
        get(database, key, cast.dora)


def test_a_reporter_finds_their_own_incidents_only(database, cast, incident):
    other = report(database, cast.dora)

    with database.reading() as session:
        assert [found.id for found in incidents.find(session, cast.rob)] == [incident.id]
        assert len(incidents.find(session, cast.aude)) == 2
    assert get(database, incident.id, cast.rob).id == incident.id
    with pytest.raises(NotFound):
        get(database, other.id, cast.rob)


def test_a_list_narrows_to_a_status_or_to_what_is_open(database, cast, incident):
    cancel = service_task("Cancel", "incident.cancel", reason="null")
    deploy(database, bundle(*line(cancel)))
    gone = report(database, cast.rob)

    with database.reading() as session:
        still = incidents.find(session, cast.dora, only_open=True)
        cancelled = incidents.find(session, cast.dora, status=IncidentStatus.CANCELLED)

    assert [found.id for found in still] == [incident.id]
    assert [found.id for found in cancelled] == [gone.id]


def test_pages_show_each_incident_once_newest_first(database, cast, incident):
    numbers = [incident.number] + [report(database, cast.rob).number for _ in range(4)]

    seen, before = [], None
    while page := pages(database, cast.dora, before):
        seen += [found.number for found in page]
        before = page[-1].number

    assert seen == numbers[::-1]


def test_a_correction_is_told_with_the_old_and_the_new_value(database, cast, incident):
    corrected = correct(database, incident, cast.dora, title="Mail is slow", service="Mail")

    assert (corrected.title, corrected.service) == ("Mail is slow", "Mail")
    assert corrected.version == incident.version + 1
    (told,) = entries(database, incident.id, Event.INCIDENT_CORRECTED)
    assert told.changes == {"title": ["Mail is down", "Mail is slow"], "service": ["", "Mail"]}


def test_a_correction_that_changes_nothing_leaves_nothing(database, cast, incident):
    before = dump(database)

    correct(database, incident, cast.dora, title=incident.title)

    assert dump(database) == before


@pytest.mark.parametrize("away", [-1, 1, 99])
def test_a_correction_of_another_version_is_refused(away, database, cast, incident):
    before = dump(database)

    with pytest.raises(StaleVersion):
        correct(database, incident, cast.dora, incident.version + away, title="Mail is slow")

    assert dump(database) == before


@pytest.mark.parametrize("username", ["rob", "aude", "olga", "ada"])
def test_only_who_works_on_incidents_may_correct_one(username, database, cast, incident):
    before = dump(database)

    with pytest.raises(NotAllowed):
        correct(database, incident, getattr(cast, username), title="Mine now")

    assert dump(database) == before


def test_a_cancelled_incident_is_no_longer_corrected(database, cast):
    deploy(database, bundle(*line(service_task("Cancel", "incident.cancel", reason="null"))))
    incident = report(database, cast.rob)

    with pytest.raises(Conflict, match="is cancelled and can no longer be corrected"):
        correct(database, incident, cast.dora, title="Too late")


def test_only_fields_of_the_report_are_corrected(database, cast, incident):
    before = dump(database)

    correct(database, incident, cast.dora, status="closed", priority="P1")

    assert dump(database) == before


@pytest.mark.parametrize("username", ["rob", "dora"])
def test_the_audit_trace_is_not_for_everybody(username, database, cast, incident):
    with pytest.raises(NotAllowed), database.reading() as session:
        incidents.trace(session, incident, getattr(cast, username))


def test_a_reporter_reads_what_became_of_it_and_not_who_answered_what(database, cast, incident):
    complete(database, incident, "Look", cast.dora, note="Known fault of Rob.")

    with database.reading() as session:
        public = incidents.timeline(session, incident, cast.rob)
        whole = incidents.timeline(session, incident, cast.dora)

    assert [entry.event for entry in public] == [Event.INCIDENT_REPORTED]
    assert "Known fault of Rob." in str([entry.changes for entry in whole])


def test_the_path_shows_what_was_done_which_way_and_what_waits(database, cast):
    deploy(
        database,
        bundle(
            *(start(), user_task("Look"), gateway("Way", default="Way_Look"), end()),
            *(catch("Wait", "PT1H"), flow("Reported", "Look"), flow("Look", "Way")),
            *(flow("Way", "Look"), flow("Way", "Wait", 'note = "wait"'), flow("Wait", "Done")),
        ),
    )
    incident = report(database, cast.rob)
    for note in ("again", "wait"):
        complete(database, incident, "Look", cast.dora, note=note)

    path = path_of(database, incident)

    assert path.current == ["Wait"]
    assert path.counts == {"Look": 2, "Way": 2}
    flows = {"Reported_Look", "Look_Way", "Way_Look", "Way_Wait"}
    assert set(path.done) == {"Reported", "Look", "Way"} | flows


def test_the_path_shows_only_the_way_that_was_taken(database, cast):
    deploy(
        database,
        bundle(
            *(start(), gateway("Way", default="Way_B"), user_task("A"), user_task("B"), end()),
            *(flow("Reported", "Way"), flow("Way", "A", "false"), flow("Way", "B")),
            *(flow("A", "Done"), flow("B", "Done")),
        ),
    )

    path = path_of(database, report(database, cast.rob))

    assert "Way_B" in path.done
    assert "Way_A" not in path.done
    assert path.current == ["B"]


def test_the_path_shows_where_a_process_failed(database, cast):
    deploy(database, bundle(*line(service_task("Close", "incident.close"), user_task("Look"))))

    path = path_of(database, report(database, cast.rob))

    assert (path.failed, path.current) == (["Close"], [])


def test_the_correction_form_asks_as_the_start_form_where_what_is_there_fits(
    database, cast, incident
):
    with database.reading() as session:
        form = incidents.correction_form(session, incident)

    assert [field.key for field in form.inputs] == list(incidents.CORRECTABLE)
    assert form.find("title").label == "Title"
    assert form.find("affected").label == "Who or what is affected?"


def pages(database, actor, before):
    with database.reading() as session:
        return incidents.find(session, actor, before=before, limit=2)
