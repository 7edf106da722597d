"""Service clocks follow their incident, warn at a half and three quarters, and breach once."""

import tomllib
from datetime import datetime, timedelta

import pytest

from engine import clock, incidents, instances, intake, service_clocks, tasks, worker
from engine.clocks import agreements
from engine.errors import InvalidDocument, NotAllowed
from engine.history import Event
from engine.instances import Reason
from engine.library.checks import check
from engine.store.tables import ServiceClock
from engine.tasks import Queue
from tests.diagrams import bundle, line, user_task
from tests.factories import complete, deploy, entries, report
from tests.promises import (
    CALENDARS,
    CLASSIFICATION,
    RESOLVE,
    RESPOND,
    STEPS,
    TARGETS,
)

MONDAY = datetime.fromisoformat("2026-06-01T08:00+02:00")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def desk(database, cast, time_travel):
    """An incident from Monday morning at eight on, and hands that work on it."""
    return Desk(database, cast, time_travel)


class Desk:
    def __init__(self, database, cast, time_travel):
        self.database, self.cast, self.travel = database, cast, time_travel
        files = bundle(
            *line(*STEPS),
            rules=CALENDARS + RESPOND + RESOLVE,
            forms={"classify": CLASSIFICATION},
            decisions={"targets": TARGETS},
        )
        deploy(database, files)
        time_travel(MONDAY - clock.now())
        self.incident = report(database, cast.dora)

    def do(self, element_id, after=timedelta(0), **answers):
        self.travel(after)
        complete(self.database, self.incident, element_id, self.cast.dora, **answers)

    def shown(self):
        with self.database.reading() as session:
            incident = incidents.get(session, self.incident.number, self.cast.dora)
            found = service_clocks.find(session, incident, self.cast.dora)
        return {each.clock.title: each for each in found}

    def due(self, title="Resolution"):
        """How long after Monday at eight, to the minute: tests take a moment."""
        due_at = self.shown()[title].clock.due_at
        return due_at and round((due_at - MONDAY) / MINUTE) * MINUTE

    def told(self):
        events = (Event.CLOCK_WARNED, Event.CLOCK_BREACHED)
        found = entries(self.database, self.incident.id)
        return [
            (entry.detail["clock"], entry.detail["percentage"])
            for entry in found
            if entry.event in events
        ]


# ---- following


def test_who_reports_is_answered_in_time_whatever_the_priority_will_be(desk):
    shown = desk.shown()

    assert list(shown) == ["First response"]
    assert desk.due("First response") == 15 * MINUTE


def test_a_target_counts_from_the_report_however_late_it_is_known(desk):
    desk.do("Classify", after=HOUR, priority="P1")

    assert desk.due() == 4 * HOUR


def test_the_first_response_ends_its_clock_and_is_given_once(desk):
    desk.do("Classify", after=10 * MINUTE, priority="P1")
    ended = desk.shown()["First response"].clock

    desk.do("Look", note="Awaiting vendor")
    desk.do("Wait", priority="P1")

    assert ended.due_at is None
    assert ended.stopped_at is not None
    assert desk.shown()["First response"].clock.stopped_at == ended.stopped_at


def test_a_hold_for_a_listed_reason_stops_the_clock(desk):
    desk.do("Classify", priority="P1")
    desk.do("Look", after=HOUR, note="Awaiting vendor")

    paused = desk.due()
    desk.travel(24 * HOUR)
    worker.run_once(desk.database)

    assert paused is None
    assert desk.told() == []
    desk.do("Wait", priority="P1")
    assert desk.due() == 28 * HOUR


def test_a_hold_for_another_reason_does_not(desk):
    desk.do("Classify", priority="P1")
    desk.do("Look", after=HOUR, note="Lunch")

    assert desk.due() == 4 * HOUR


def test_another_priority_after_a_pause_keeps_the_working_time_that_was_used(desk):
    desk.do("Classify", priority="P3")
    desk.do("Look", after=2 * HOUR, note="Awaiting vendor")
    desk.do("Wait", after=22 * HOUR, priority="P1")  # Tuesday at eight: 2 h of 4 h are used

    assert desk.due() == 26 * HOUR


def test_what_is_resolved_in_time_is_never_breached(desk):
    desk.do("Classify", priority="P1")
    desk.do("Look", note="Lunch")
    desk.do("Wait", priority="P1")
    desk.do("Repair", after=HOUR, note="Done.")
    desk.travel(100 * HOUR)
    worker.run_once(desk.database)

    assert desk.told() == []
    assert desk.due() is None


def test_what_is_open_again_goes_on_from_what_it_had_used(desk):
    desk.do("Classify", priority="P1")
    desk.do("Look", note="Lunch")
    desk.do("Wait", priority="P1")
    desk.do("Repair", after=HOUR, note="Done.")
    desk.do("Confirm", after=10 * HOUR, note="No.")

    assert desk.due() == 14 * HOUR


def test_a_cancelled_incident_stops_its_clocks(desk, cast):
    desk.do("Classify", priority="P1")
    with desk.database.transaction() as session:
        incident = incidents.get(session, desk.incident.number, cast.max)
        instances.cancel(session, incident, Reason("It was a drill."), cast.max)

    assert desk.shown()["Resolution"].clock.stopped_at is not None


def test_a_corrected_report_turns_the_clocks_that_depend_on_it(desk, cast):
    with desk.database.transaction() as session:
        incident = incidents.get(session, desk.incident.number, cast.dora)
        incidents.correct(session, incident.id, {"title": "Mail"}, incident.version, cast.dora)

    assert desk.due("First response") == 15 * MINUTE  # which this one does not


def test_several_steps_of_one_transaction_turn_a_clock_one_after_the_other(desk, cast):
    with desk.database.transaction() as session:
        incident = intake.report(session, "small", {"title": "Both"}, "web", cast.dora)
        (found,) = tasks.find(session, cast.dora, Queue.ALL, incident_id=incident.id)
        tasks.complete(session, found.task.id, {"priority": "P1"}, cast.dora)

    with desk.database.reading() as session:
        shown = service_clocks.find(session, incident, cast.dora)
    assert [[turn.act for turn in each.course.turns] for each in shown] == [
        ["start"],
        ["start", "stop"],
    ]


# ---- why


def test_every_turn_says_who_caused_it_and_why(desk):
    desk.do("Classify", priority="P3")
    desk.do("Look", after=2 * HOUR, note="Awaiting vendor")
    desk.do("Wait", after=22 * HOUR, priority="P1")

    turns = [(turn.act, turn.by, turn.reason) for turn in desk.shown()["Resolution"].course.turns]

    assert [act for act, *_ in turns] == ["start", "pause", "retarget", "resume"]
    assert {by for _, by, _ in turns} == {"Dora Desk"}
    assert turns[1][2] == "status: in progress became on hold; hold reason: Awaiting vendor"
    assert "priority: P3 became P1" in turns[2][2]


def test_the_history_shows_what_became_of_the_due_time(desk):
    desk.do("Classify", priority="P1")
    desk.do("Look", after=HOUR, note="Awaiting vendor")

    found = entries(desk.database, desk.incident.id, Event.CLOCK_CHANGED)

    assert [(e.detail["clock"], e.detail["acts"]) for e in found] == [
        ("First response", ["start"]),
        ("First response", ["stop"]),
        ("Resolution", ["start"]),
        ("Resolution", ["pause"]),
    ]
    before, after = found[-1].changes["due_at"]
    assert datetime.fromisoformat(before) - MONDAY < 4 * HOUR + MINUTE
    assert after is None


@pytest.mark.parametrize(
    ("priority", "problem"), [("P2", "calendar “nowhere”"), ("P4", "“soon” is not an ISO 8601")]
)
def test_a_target_that_cannot_be_set_is_said_and_stops_nothing(desk, priority, problem):
    desk.do("Classify", priority=priority)

    said = [e.detail.get("problem", "") for e in entries(desk.database, desk.incident.id)]
    assert any(problem in each for each in said)
    desk.do("Look", note="Lunch")


def test_customers_do_not_read_clocks(desk, cast):
    with desk.database.reading() as session, pytest.raises(NotAllowed):
        service_clocks.find(session, desk.incident, cast.rob)


# ---- warnings


def test_it_warns_at_a_half_and_three_quarters_and_breaches_once(desk):
    desk.do("Classify", priority="P1")

    seen = []
    for _ in range(5):
        worker.run_once(desk.database)
        seen.append([percentage for _, percentage in desk.told()])
        desk.travel(HOUR + MINUTE)

    assert seen == [[], [], [50], [50, 75], [50, 75, 100]]
    worker.run_once(desk.database)
    assert len(desk.told()) == 3


def test_after_an_outage_each_is_told_once_in_order(desk):
    desk.do("Classify", priority="P1")
    desk.travel(100 * HOUR)

    worker.run_once(desk.database)
    worker.run_once(desk.database)

    assert desk.told() == [("Resolution", 50), ("Resolution", 75), ("Resolution", 100)]


def test_nobody_is_told_again_after_another_priority(desk):
    desk.do("Classify", priority="P1")
    desk.travel(3 * HOUR)
    worker.run_once(desk.database)
    desk.do("Look", note="Lunch")
    desk.do("Wait", priority="P3")
    desk.travel(10 * HOUR)

    worker.run_once(desk.database)

    assert desk.told() == [("Resolution", 50), ("Resolution", 75)]


def test_a_damaged_clock_costs_itself_alone(desk):
    desk.do("Classify", priority="P1")
    with desk.database.transaction() as session:
        (row,) = session.query(ServiceClock).filter_by(title="Resolution")
        row.turns = []
    desk.travel(3 * HOUR)

    worker.run_once(desk.database)
    desk.do("Look", note="Lunch")

    assert desk.told() == []
    with desk.database.reading() as session:
        assert service_clocks.find_due(session, 10) == []


# ---- what a bundle says


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("respond", "answer"), "no kind. Write respond or resolve"),
        (('title = "First response"', ""), "give a title"),
        (('duration = "answer_in"', "duration = 4"), "give a duration"),
        (("pauses = []", 'pauses = "Lunch"'), "list the reasons"),
        (("pauses = []", "colour = 1"), "“colour” means nothing here"),
        (("[[service_clock]]", "[service_clock]"), r"Write each as \[\[service_clock\]\]"),
    ],
)
def test_a_service_clock_that_is_not_written_right_is_named(change, problem):
    text = RESPOND.replace('duration = "respond_in"', 'duration = "answer_in"').replace(*change, 1)

    with pytest.raises(InvalidDocument, match=problem):
        agreements.read(tomllib.loads(text))


def test_two_clocks_of_one_title_are_refused():
    with pytest.raises(InvalidDocument, match="Two service clocks are called"):
        agreements.read(tomllib.loads(RESPOND + RESPOND))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("targets", "aims"), "no decision “aims”"),
        (("resolve_in", "solve_in"), "has no output “solve_in”"),
        (('"hours"', '"days"'), "has no output “days”"),
    ],
)
def test_a_clock_names_a_decision_of_the_bundle_and_its_outputs(change, problem):
    files = bundle(
        *line(user_task("Look")),
        rules=CALENDARS + RESOLVE.replace(*change),
        decisions={"targets": TARGETS},
    )

    found = [f for f in check(files) if f.rule == "service-clock-unknown"]

    assert [problem in f.message for f in found] == [True]
