"""Due times over HTTP: acceptance test 3, what REST says of them, and what the page shows."""

import html
import re
from datetime import datetime, timedelta

import pytest

from engine import clock
from engine.store.tables import AuditEntry
from tests.diagrams import bundle, line, user_task
from tests.engine.calendars import AMERICA, BAVARIA, OFFICE, written
from tests.factories import client, deploy, open_tasks, report

TAG = re.compile(r"<[^>]+>")
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
        ("the clocks go forward by 1 h", "Sat 27 Mar 2027, 22:00 to Sun 28 Mar 2027, 03:00"),
    ),
    # Sat 22-24 2 h, Sun 00-08 and 02-03 once more 9 h, Mon 08:00-08:15 0.25 h.
    "the clocks go back": (
        *(written(hours=NIGHT), "2027-10-30T12:00+02:00", "PT11H15M", "2027-11-01T08:15+01:00"),
        ("the clocks go back by 1 h", "Sun 31 Oct 2027, 02:00 to 08:00", "outside working hours"),
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
def told(database, cast):
    """What REST says of the due time of a task."""

    def read(task):
        http = client(database, cast.token("dora"))
        return http.get(f"/api/v1/tasks/{task.id}").get_json()["due"]

    return read


@pytest.fixture
def page(database, cast):
    """The page of a task as text."""

    def read(task):
        http = client(database)
        http.post(f"/sign-in/{cast.link('dora')}", headers={"Sec-Fetch-Site": "same-origin"})
        return html.unescape(http.get(f"/tasks/{task.id}").text)

    return read


@pytest.mark.parametrize(
    ("rules", "opened_at", "allowed", "due_at", "left_out"), FIXTURES.values(), ids=FIXTURES
)
def test_acceptance_3_a_due_time_equals_a_hand_computed_fixture_and_the_page_shows_the_calculation(
    rules, opened_at, allowed, due_at, left_out, due_task, told, page
):
    task = due_task(rules, opened_at, allowed)

    segments = told(task)["working_time"]["segments"]
    shown = page(task)

    expected = datetime.fromisoformat(due_at)
    assert task.due_at == expected
    assert sum(s["counted_seconds"] for s in segments) == clock.length(allowed).total_seconds()
    assert "Why then?" in shown
    assert [said for said in left_out if said not in shown] == []
    assert f"due on {expected:%a} {expected.day} {expected:%b %Y, %H:%M}<" in shown


def test_rest_tells_a_due_time_with_its_segments(due_task, told):
    task = due_task(written(), "2026-11-27T18:00+01:00", "PT2H")

    due = told(task)

    told_time = due.pop("working_time")
    opened_at = datetime.fromisoformat(due.pop("opened_at"))
    assert datetime.fromisoformat(due.pop("without_calendar")) == opened_at + timedelta(hours=2)
    assert due.pop("sentence").startswith("2 h of working time in “office” (Europe/Berlin) run")
    assert due == {
        "due_at": "2026-11-30T09:00:00+00:00",
        "duration": "PT2H",
        "drawn": "PT2H",
        "recounted_at": None,
    }
    last = {"kind": "open", "start": "2026-11-30T07:00:00+00:00", "reason": ""}
    last |= {"end": "2026-11-30T09:00:00+00:00", "counted_seconds": 7200}
    assert told_time["segments"][-1] == last
    assert (told_time["calendar"], told_time["time_zone"]) == ("office", "Europe/Berlin")
    assert told_time["source"] == ""


def test_a_due_time_without_a_calendar_says_that_every_hour_counts(due_task, told, page):
    task = due_task("", "2026-11-27T18:00+01:00", "PT2H", calendar=None)

    due, shown = told(task), page(task)

    assert due["working_time"] is None
    assert due["due_at"] == due["without_calendar"]
    assert due["sentence"] in shown


def test_a_task_without_a_due_time_explains_none(due_task, told, page):
    task = due_task("", "2026-11-27T18:00+01:00", None, calendar=None)

    assert told(task) is None
    assert "Why then?" not in page(task)


def test_the_page_says_what_an_expression_came_to(due_task, page):
    drawn = 'if incident.status = "new" then "PT90M" else "P1D"'
    task = due_task(written(), "2026-11-27T18:00+01:00", html.escape(drawn))

    shown = page(task)

    assert f"The diagram says {drawn}, which came to PT90M when" in TAG.sub("", shown)
    assert "allows 1 h 30 min of working time for it." in TAG.sub("", shown)


def test_the_page_of_a_version_says_in_whose_working_time_a_task_is_due(due_task, database, cast):
    due_task(written(), "2026-11-27T18:00+01:00", "PT40H")
    http = client(database)
    http.post(f"/sign-in/{cast.link('olga')}", headers={"Sec-Fetch-Site": "same-origin"})

    shown = http.get("/processes/small/versions/1").text

    assert "due after 40 h of working time in “office”" in shown


def test_the_page_says_when_holidays_are_known_better_than_when_the_task_opened(
    due_task, page, database
):
    task = due_task(written(), "2026-11-27T18:00+01:00", "PT2H")
    with database.transaction() as session:
        entry = session.query(AuditEntry).filter_by(task_id=task.id).one()
        due = entry.detail["due"] | {"due_at": "2026-12-01T08:00:00+00:00"}
        entry.detail = entry.detail | {"due": due}

    shown = page(task)

    assert "leads to Mon 30 Nov 2026, 10:00, since holidays" in shown
    assert "It stays due on Tue 1 Dec 2026, 09:00." in shown
