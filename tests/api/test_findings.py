"""Errors keep a bundle from being deployed; warnings are shown to its owner and let it pass."""

import pytest

from api import create_app
from engine import library
from engine.settings import Settings
from tests.diagrams import bundle, flow, line, one_task, process, user_task
from tests.factories import client, deploy

PATH = "processes/small/small.bpmn"
MORE = (user_task("More"), flow("Look", "More"), flow("More", "Done"))
ODD = process(*line(user_task("Look")), *MORE)
WRONG_AND_ODD = process(*line(user_task("Look", form="nowhere")), *MORE)


@pytest.fixture
def owner(database, cast):
    """A browser in which the process owner has signed in."""
    deploy(database, one_task())
    http = create_app(database, Settings(database.url)).test_client()
    http.post(f"/sign-in/{cast.link('olga')}", headers={"Sec-Fetch-Site": "same-origin"})
    return http


def save(database, cast, content):
    with database.transaction() as session:
        library.save_draft(session, "small", PATH, content, 0, cast.olga)


def deploy_draft(http):
    headers = {"Sec-Fetch-Site": "same-origin"}
    return http.post("/processes/small/draft/deploy", data={"note": ""}, headers=headers)


def test_a_bundle_with_warnings_only_is_deployed(database, cast):
    deployed = deploy(database, bundle(*line(user_task("Look")), *MORE))

    assert deployed.version == 1


def test_a_draft_with_warnings_only_is_deployed_from_its_page(database, cast, owner):
    save(database, cast, ODD)

    assert deploy_draft(owner).status_code == 303


def test_a_refused_draft_shows_its_warnings_apart_from_its_errors(database, cast, owner):
    save(database, cast, WRONG_AND_ODD)

    page = deploy_draft(owner)

    assert page.status_code == 422
    errors, warnings = page.text.split("Warnings: these run")
    assert "1 thing to correct" in errors
    assert "form-unknown" in errors
    assert "implicit-split" not in errors
    assert "implicit-split" in warnings


def test_programmes_are_told_severity_and_line(database, cast, owner):
    http = client(database, cast.token("olga"))

    answer = http.post(f"/api/v1/bundles/small/check/{PATH}", data=ODD)

    (finding,) = answer.get_json()["findings"]
    assert (finding["rule"], finding["severity"]) == ("implicit-split", "warning")
    assert 'id="Look"' in ODD.decode().splitlines()[finding["line"] - 1]
