"""Due times over HTTP: acceptance test 3, what REST says of them, and what the page shows."""

from datetime import datetime, timedelta

import pytest

from engine import clock
from tests.diagrams import bundle, line, user_task
from tests.engine.calendars import AMERICA, BAVARIA, OFFICE, written
from tests.factories import client, deploy, open_tasks, report

NIGHT = """{ saturday = ["22:00-24:00"], sunday = ["00:00-08:00"], monday = ["08:00-17:00"] }"""

# Reckoned by hand with a wall calendar: the calendar, when the task opens, how long it may take,
# when it is due, and what must be shown of what was left out. Each opens while nobody works, so
# that the time which a test takes itself does not count.
FIXTURES = {
    # Thu 31 Dec 8 h, Mon 4 and Tue 5 Jan 8 h each; Wed 6 is Epiphany; Thu 7 08:00-09:00 1 h.
    "holidays of Bavaria": (
        *(written(more=BAVARIA), "2026-12-30T20:00+01:00", "PT25H", "2027-01-07T09:00+01:00"),
        ("public holiday: New Year", "public holiday: Epiphany", "no working hours on Saturdays"),
    ),
    # Sat 22-24 2 h, Sun 00-08 but 02-03 is skipped 7 h, Mon 08:00-08:30 0.5 h.
    "the clocks go forward": (
        *(written(hours=NIGHT), "2027-03-27T12:00+01:00", "PT9H30M", "2027-03-29T08:30+02:00"),
        ("the clocks go forward by 1 h", "outside working hours"),
    ),
    # Sat 22-24 2 h, Sun 00-08 and 02-03 once more 9 h, Mon 08:00-08:15 0.25 h.
    "the clocks go back": (
        *(written(hours=NIGHT), "2027-10-30T12:00+02:00", "PT11H15M", "2027-11-01T08:15+01:00"),
        ("the clocks go back by 1 h", "outside working hours"),
    ),
    # Mon 8, Tue 9 and Wed 10 Nov 8 h each; Thu 11 is Veterans Day; Fri 12 8 h; Mon 15 08-10 2 h.
    "a contract in New York": (
        written("America/New_York", OFFICE, AMERICA),
        *("2027-11-05T18:00-04:00", "PT34H", "2027-11-15T10:00-05:00"),
        ("public holiday: Veterans Day", "the clocks go back by 1 h"),
    ),
}


@pytest.fixture
def due_task(database, cast, time_travel):
    """A task that opens at some moment, and may take that long."""

    def open_it(rules, opened_at, due_in, calendar="office"):
        time_travel(datetime.fromisoformat(opened_at) - clock.now())
        task = user_task("Look", due_in=due_in, calendar=calendar)
        deploy(database, bundle(*line(task), rules=rules))
        return open_tasks(database, report(database, cast.dora), cast.dora)["Look"]

    return open_it


@pytest.fixture
def page_of(database, cast):
    """A page of a person, by first name."""

    def read(username, path):
        http = client(database)
        http.post("/sign-in/link", data={"secret": cast.link(username)})
        return http.get(path)

    return read


@pytest.mark.parametrize(
    ("rules", "opened_at", "allowed", "due_at", "left_out"), FIXTURES.values(), ids=FIXTURES
)
def test_acceptance_3_a_due_time_equals_a_hand_computed_fixture_and_the_ui_shows_the_calculation(
    rules, opened_at, allowed, due_at, left_out, due_task, page_of, database, cast
):
    task = due_task(rules, opened_at, allowed)

    told = client(database, cast.token("dora")).get(f"/api/v1/tasks/{task.id}").get_json()["due"]
    page = page_of("dora", f"/tasks/{task.id}").text

    assert task.due_at == datetime.fromisoformat(due_at)
    segments = told["working_time"]["segments"]
    assert sum(segment["counted_seconds"] for segment in segments) == seconds(allowed)
    assert "Why then?" in page
    assert [said for said in left_out if said not in page] == []
    assert page.count(due_at.replace("T", " ").replace("+", ":00+").replace("-05:00", ":00-05:00"))
