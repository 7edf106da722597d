"""Due times of tasks: on the clock or in working time, fixed as a task opens, and explained."""

from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise

import pytest

from engine import bundles, clock, due_times, instances
from engine.clocks import Kind
from engine.history import Event
from engine.store.tables import AuditEntry, ProcessInstance, Task
from tests.diagrams import (
    bundle,
    end,
    flow,
    form,
    gateway,
    line,
    multi_instance,
    rule_task,
    start,
    table,
    text,
    user_task,
)
from tests.engine.calendars import ALWAYS, written
from tests.factories import complete, deploy, entries, open_tasks, report
from tests.hands import Hand
from tests.migrations import Change

HOUR = timedelta(hours=1)
EVENING = datetime.fromisoformat("2026-11-27T20:00+01:00")  # a Friday, the office is closed
MONDAY = datetime.fromisoformat("2026-11-30T08:00+01:00")


def due_in(duration, calendar=None, node_id="Look", **more):
    return user_task(node_id, due_in=escape(duration), calendar=calendar, **more)


@pytest.fixture
def opened(database, cast, time_travel):
    """A task that has opened on Friday evening, behind these steps."""

    def open_it(*steps, **more):
        deploy(database, bundle(*line(*steps), rules=written(), **more))
        time_travel(EVENING - clock.now())
        return report(database, cast.dora)

    return open_it


@pytest.fixture
def task_of(database, cast):
    def find(incident, element_id="Look"):
        return open_tasks(database, incident, cast.max)[element_id]

    return find


@pytest.fixture
def explained(database, task_of):
    def explain(incident, element_id="Look"):
        with database.reading() as session:
            return due_times.explain(session, task_of(incident, element_id))

    return explain


def failure_of(database, incident):
    with database.reading() as session:
        instance = session.query(ProcessInstance).filter_by(incident_id=incident.id).one()
        return instance.failed_element_id, instance.failure


def openings(database, incident, element_id):
    opened = entries(database, incident.id, Event.TASK_OPENED)
    return [entry for entry in opened if entry.element_id == element_id]


def remember(database, incident, **due):
    """Let the history of its first task say something else."""
    (entry,) = openings(database, incident, "Look")
    detail = {k: v for k, v in entry.detail.items() if k != "due"}
    if due:
        detail["due"] = entry.detail["due"] | due
    with database.transaction() as session:
        session.get_one(AuditEntry, entry.id).detail = detail


# When it is due


def test_every_hour_counts_without_a_calendar(opened, task_of, explained):
    incident = opened(due_in("PT2H"))

    reckoning = explained(incident)

    assert task_of(incident).due_at == reckoning.due.opened_at + 2 * HOUR
    assert reckoning.working_time is None
    assert reckoning.without_calendar == reckoning.due.due_at
    assert reckoning.sentence.startswith("2 h run from Fri 2026-11-27 19:00:")
    assert reckoning.sentence.endswith("UTC; every hour counts.")


def test_only_working_time_counts_with_a_calendar(opened, task_of, explained):
    incident = opened(due_in("PT2H", "office"))

    reckoning = explained(incident)

    assert task_of(incident).due_at == MONDAY + 2 * HOUR
    assert reckoning.due.due_at == MONDAY + 2 * HOUR
    assert reckoning.without_calendar == reckoning.due.opened_at + 2 * HOUR
    assert "no working hours on Saturdays" in reckoning.sentence


def test_the_segments_lead_from_the_opening_to_the_due_time_and_add_up(opened, explained):
    incident = opened(due_in("PT13H20M", "office"))

    reckoning = explained(incident)

    told = reckoning.working_time
    assert told.counted == timedelta(hours=13, minutes=20)
    assert (told.segments[0].start, told.segments[-1].end) == (told.start, told.due_at)
    assert all(one.end == other.start for one, other in pairwise(told.segments))
    assert reckoning.recounted_at is None
    assert {s.reason for s in told.segments if s.kind is Kind.CLOSED} == {
        "outside working hours",
        "no working hours on Saturdays",
        "no working hours on Sundays",
    }


def test_a_task_without_a_due_time_has_nothing_to_explain(opened, task_of, explained):
    incident = opened(user_task("Look"))

    assert task_of(incident).due_at is None
    assert explained(incident) is None


EXPRESSIONS = {
    "a duration": ('if note = "now" then @"PT1H" else @"PT2H"', timedelta(hours=1)),
    "a text": ('if note = "now" then "PT1H30M" else "PT2H"', timedelta(minutes=90)),
    "a reckoned duration": ('@"PT1H" * string length(note)', timedelta(hours=3)),
}


@pytest.mark.parametrize(("expression", "allowed"), EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_an_expression_says_how_long_it_may_take(
    expression, allowed, opened, task_of, explained, database, cast
):
    incident = opened(user_task("First"), due_in(expression, "office"))

    complete(database, incident, "First", cast.dora, note="now")

    assert task_of(incident).due_at == MONDAY + allowed
    assert explained(incident).drawn == expression


def test_a_decision_says_how_long_it_may_take(opened, task_of, database, cast):
    rules = table("within", "respond_within", ('"now"', '"PT1H"'), ("-", '"PT8H"'), policy="FIRST")
    incident = opened(
        user_task("First"),
        rule_task("Decide", "within"),
        due_in("respond_within", "office"),
        decisions={"within": rules},
    )

    complete(database, incident, "First", cast.dora, note="now")

    assert task_of(incident).due_at == MONDAY + HOUR


def test_each_run_of_a_repeated_task_has_a_due_time_of_its_own(opened, database, cast):
    inner = multi_instance(loopDataInputRef="[1, 2]", item="part")
    opened(due_in('@"PT1H" * part', "office", inner=inner))

    with database.reading() as session:
        due = sorted(task.due_at for task in session.query(Task))

    assert due == [MONDAY + HOUR, MONDAY + 2 * HOUR]


# It stays as it is


def test_a_due_time_stays_though_the_variables_change(database, cast, task_of, time_travel):
    again = user_task("Again", form="speed")
    flows = [("Reported", "First"), ("First", "Fork"), ("Fork", "Look"), ("Fork", "Again")]
    flows = [flow(*ends) for ends in [*flows, ("Look", "Done"), ("Again", "Done")]]
    tasks = (user_task("First", form="speed"), due_in("within", "office"), again)
    speed = {"speed": form("speed", text("within", required=True))}
    steps = (start(), gateway("Fork", "parallel"), *tasks, end(), *flows)
    deploy(database, bundle(*steps, rules=written(), forms=speed))
    time_travel(EVENING - clock.now())
    incident = report(database, cast.dora)
    complete(database, incident, "First", cast.dora, within="PT2H")

    complete(database, incident, "Again", cast.dora, within="PT6H")

    assert task_of(incident).due_at == MONDAY + 2 * HOUR
    assert len(openings(database, incident, "Look")) == 1


def test_a_due_time_stays_through_a_hold(database, cast, time_travel, task_of, explained):
    time_travel(EVENING - clock.now())
    held = Hand(database, cast, bundle(*line(due_in("PT2H", "office")), rules=written()))
    held.does(instances.suspend)
    time_travel(48 * HOUR)

    held.does(instances.resume)

    assert task_of(held.incident).due_at == MONDAY + 2 * HOUR
    assert explained(held.incident).due.due_at == MONDAY + 2 * HOUR
    assert len(openings(database, held.incident, "Look")) == 1


def test_a_migration_leaves_the_due_time_and_why_it_is_so(
    database, cast, time_travel, task_of, explained
):
    time_travel(EVENING - clock.now())
    old = bundle(*line(due_in("PT2H", "office")), rules=written())
    new = bundle(*line(due_in("PT5H", "always")), rules=written(hours=ALWAYS, name="always"))
    changed = Change(database, cast, old, new)

    changed.migrates()

    reckoning = explained(changed.incident)
    assert task_of(changed.incident).due_at == MONDAY + 2 * HOUR
    assert reckoning.working_time.calendar.name == "office"
    assert (reckoning.drawn, reckoning.recounted_at) == ("PT2H", None)


def test_a_process_is_taken_up_with_its_due_times_after_a_restart(
    opened, task_of, explained, database, cast
):
    incident = opened(due_in("PT2H", "office"), due_in("PT3H", "office", "Next"))
    bundles._deployed.clear()  # as a programme that has just started

    complete(database, incident, "Look", cast.dora, note="Fine.")

    assert task_of(incident, "Next").due_at == MONDAY + 3 * HOUR
    assert explained(incident, "Next").working_time.due_at == MONDAY + 3 * HOUR


def test_the_history_keeps_what_a_due_time_was_reckoned_from(opened, database):
    incident = opened(due_in('@"PT1H" + @"PT1H"', "office"))

    (entry,) = openings(database, incident, "Look")

    assert {k: v for k, v in entry.detail["due"].items() if k != "opened_at"} == {
        "duration": "PT2H",
        "calendar": "office",
        "due_at": (MONDAY + 2 * HOUR).astimezone(UTC).isoformat(),
    }


def test_a_task_from_before_the_history_kept_it_is_explained_by_its_diagram(
    opened, database, explained, task_of
):
    incident = opened(due_in("PT2H"))
    remember(database, incident)

    reckoning = explained(incident)

    task = task_of(incident)
    assert (reckoning.due.opened_at, reckoning.due.due_at) == (task.created_at, task.due_at)
    assert reckoning.drawn == reckoning.due.duration == "PT2H"


def test_holidays_that_are_known_better_by_now_are_told_and_move_nothing(
    opened, database, explained
):
    incident = opened(due_in("PT2H", "office"))
    # As if Monday had been a holiday for the package of that time.
    then = (MONDAY + 26 * HOUR).isoformat()
    remember(database, incident, due_at=then)

    reckoning = explained(incident)

    assert reckoning.due.due_at == MONDAY + 26 * HOUR
    assert reckoning.recounted_at == MONDAY + 2 * HOUR


# What cannot be reckoned

FAILURES = {
    "nothing": ("within", "“within” gives None, which is no date or duration."),
    "a number": ("string length(note)", "“string length(note)” gives 3"),
    "another text": ("note", "“now” is not an ISO 8601 duration"),
    "a negative duration": (
        '@"PT1H" * -string length(note)',
        "“-PT3H” is not an ISO 8601 duration",
    ),
    "months": ('if note = "x" then "PT1H" else "P1M"', "Years and months are of no one length."),
    "too long": ('@"PT9999H" * string length(note)', "has not that much working time"),
}


@pytest.mark.parametrize(("expression", "said"), FAILURES.values(), ids=FAILURES)
def test_a_due_time_that_cannot_be_reckoned_stops_the_process_at_its_task(
    expression, said, opened, database, cast
):
    speed = {"speed": form("speed", text("note"), text("within"))}
    steps = (user_task("First", form="speed"), due_in(expression, "office"))
    incident = opened(*steps, forms=speed)

    complete(database, incident, "First", cast.dora, note="now")

    element_id, failure = failure_of(database, incident)
    assert element_id == "Look"
    assert said in failure
    assert open_tasks(database, incident, cast.max) == {}


def test_a_failed_task_opens_with_corrected_variables(database, cast, time_travel, task_of):
    time_travel(EVENING - clock.now())
    speed = {"speed": form("speed", text("within"))}
    steps = line(user_task("First", form="speed"), due_in("within", "office"))
    held = Hand(database, cast, bundle(*steps, rules=written(), forms=speed))
    complete(database, held.incident, "First", cast.dora, within="tomorrow")

    held.does(instances.retry, held.token("Look"), {"within": "PT2H"})

    assert task_of(held.incident).due_at == MONDAY + 2 * HOUR
