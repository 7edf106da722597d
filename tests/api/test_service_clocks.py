"""Service clocks over HTTP: what REST says of them, and what the page of an incident shows."""

from datetime import timedelta

import pytest

from api import create_app
from engine.settings import Settings
from tests.diagrams import bundle, line, user_task
from tests.factories import complete, deploy, report
from tests.promises import (
    CALENDARS,
    CLASSIFICATION,
    RESOLVE,
    RESPOND,
    STEPS,
    TARGETS,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def as_(database, cast):
    app = create_app(database, Settings(database.url))

    def of(username):
        http = app.test_client()
        http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {cast.token(username)}"
        return http

    return of


@pytest.fixture
def incident(database, cast):
    files = bundle(
        *line(*STEPS),
        rules=CALENDARS + RESPOND + RESOLVE,
        forms={"classify": CLASSIFICATION},
        decisions={"targets": TARGETS},
    )
    deploy(database, files)
    return report(database, cast.dora)


def api(incident):
    return f"/api/v1/incidents/{incident.id}/service-clocks"


def test_each_clock_comes_with_all_that_explains_it(database, cast, as_, incident, time_travel):
    complete(database, incident, "Classify", cast.dora, priority="P1")
    time_travel(HOUR)
    complete(database, incident, "Look", cast.dora, note="Awaiting vendor")
    time_travel(10 * HOUR)
    complete(database, incident, "Wait", cast.dora, priority="P1")

    resolution, response = as_("dora").get(api(incident)).get_json()["items"]

    assert (response["title"], response["state"]) == ("First response", "met")
    assert (resolution["title"], resolution["state"]) == ("Resolution", "running")
    assert [stage["act"] for stage in resolution["stages"]] == ["start", "pause", "resume"]
    counted = [stage["counted_seconds"] for stage in resolution["stages"]]
    assert sum(counted) == pytest.approx(4 * 3600)
    assert resolution["stages"][1]["by"] == "Dora Desk"
    assert resolution["stages"][-1]["due_at"] == resolution["due_at"]


def test_the_page_says_how_each_target_stands_and_why(database, cast, as_, incident, time_travel):
    complete(database, incident, "Classify", cast.dora, priority="P1")
    address = f"/incidents/{incident.number}"

    running = as_("dora").get(address).text
    time_travel(5 * HOUR)
    missed = as_("dora").get(address).text
    complete(database, incident, "Look", cast.dora, note="Awaiting vendor")

    assert "Service targets" in running
    assert "Starts: 4 h by “always”" in running
    assert "Missed" not in running
    assert "Missed" in missed


def test_a_pause_is_shown_with_its_reason(database, cast, as_, incident):
    complete(database, incident, "Classify", cast.dora, priority="P1")
    complete(database, incident, "Look", cast.dora, note="Awaiting vendor")

    page = as_("dora").get(f"/incidents/{incident.number}").text

    assert "Stands still, with" in page
    assert "hold reason: Awaiting vendor" in page


def test_where_nothing_is_promised_nothing_is_shown(database, cast, as_):
    deploy(database, bundle(*line(user_task("Look"))))
    incident = report(database, cast.dora)

    assert "Service targets" not in as_("dora").get(f"/incidents/{incident.number}").text
    assert as_("dora").get(api(incident)).get_json() == {"items": []}


def test_whoever_does_not_see_the_incident_reads_nothing(as_, incident):
    assert as_("rob").get(api(incident)).status_code == 404
