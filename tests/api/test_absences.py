"""Absences over REST: one's own, and nobody else's."""

from datetime import datetime, timedelta

import pytest

from engine import clock
from engine.people import absences
from tests.factories import client

ABSENCES = "/api/v1/absences"
FROM, UNTIL = "2099-01-31T08:00:00+00:00", "2099-02-28T08:00:00+00:00"
AWAY = {"deputy": "tess", "starts_at": FROM, "ends_at": UNTIL}


@pytest.fixture
def dora(database, cast):
    return client(database, cast.token("dora"))


@pytest.fixture
def tess(database, cast):
    return client(database, cast.token("tess"))


def test_an_absence_is_added_and_seen_by_the_two(cast, dora, tess, database):
    added = dora.post(ABSENCES, json=AWAY)

    assert added.status_code == 201
    assert (
        added.json.items()
        >= {
            "person_id": cast.dora.id,
            "deputy_id": cast.tess.id,
            "starts_at": FROM,
            "ends_at": UNTIL,
        }.items()
    )
    seen = {"absence": added.json, "name": "Dora Desk", "deputy_name": "Tess Tech"}
    assert dora.get(ABSENCES).json == tess.get(ABSENCES).json == {"items": [seen]}
    assert client(database, cast.token("max")).get(ABSENCES).json == {"items": []}


def test_a_moment_in_any_zone_is_the_same_moment(dora):
    added = dora.post(ABSENCES, json={**AWAY, "starts_at": "2099-01-31T10:00:00+02:00"})

    assert datetime.fromisoformat(added.json["starts_at"]) == datetime.fromisoformat(FROM)


def test_an_absence_is_ended_once_and_by_whom_is_away(dora, tess):
    path = f"{ABSENCES}/{dora.post(ABSENCES, json=AWAY).json['id']}"

    theirs, ended, again = tess.delete(path), dora.delete(path), dora.delete(path)

    assert [theirs.status_code, ended.status_code, again.status_code] == [404, 204, 409]
    assert again.json["detail"] == "This absence is over already."
    assert dora.get(ABSENCES).json == {"items": []}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"deputy": "nobody"}, "#/deputy"),
        ({"deputy": "dora"}, "#/deputy"),
        ({"deputy": ""}, "#/deputy"),
        ({"deputy": "te\0ss"}, "#/deputy"),
        ({"deputy": "te\ud800ss"}, "#/deputy"),
        ({"ends_at": FROM}, "#/ends_at"),
        ({"ends_at": "2100-06-01T00:00:00Z"}, "#/ends_at"),
        ({"ends_at": "2099-02-28T08:00:00"}, "#/ends_at"),
        ({"ends_at": "later"}, "#/ends_at"),
        (
            {"starts_at": "9999-12-31T22:00:00-14:00", "ends_at": "9999-12-31T23:00:00-14:00"},
            "#/ends_at",
        ),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "#/ends_at"),
        ({"person_id": "somebody"}, "#/person_id"),
    ],
)
def test_what_does_not_fit_is_pointed_at(dora, change, pointer):
    refused = dora.post(ABSENCES, json=AWAY | change)

    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert dora.get(ABSENCES).json == {"items": []}


def test_the_page_refuses_what_is_in_no_calendar(dora):
    form = {"starts_at": "9999-12-31T22:00-14:00", "ends_at": "9999-12-31T23:00-14:00"}

    refused = dora.post(
        "/account/absences",
        data={"deputy": "tess", **form},
        headers={"Sec-Fetch-Site": "same-origin"},
    )

    assert refused.status_code == 422
    assert "Name an end before the year 9999." in refused.text


def test_an_absence_that_is_over_is_listed_no_more(database, cast, dora, time_travel):
    with database.transaction() as session:
        absences.add(session, "tess", clock.now(), clock.now() + timedelta(days=1), cast.dora)
    before = dora.get(ABSENCES).json["items"]

    time_travel(timedelta(days=1))

    assert (len(before), client(database, cast.token("dora")).get(ABSENCES).json["items"]) == (
        1,
        [],
    )
