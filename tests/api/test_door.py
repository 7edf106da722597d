"""Alertmanager's door: what it takes unchanged, what it refuses, and what it makes of both."""

import json
from pathlib import Path

import pytest

from engine import intake
from engine.actors import SYSTEM
from engine.history import Event
from engine.store.tables import Incident
from tests.diagrams import one_task
from tests.factories import client, deploy, dump, entries

ALERT = json.loads((Path(__file__).parents[1] / "journeys" / "alertmanager.json").read_text())
BODY = ALERT["body"]


@pytest.fixture
def door(database, cast):
    deploy(database, one_task())
    with database.transaction() as session:
        token = intake.add_door(session, "alertmanager", "prod", "small", SYSTEM)
    return f"/doors/alertmanager/{token}"


@pytest.fixture
def http(database):
    return client(database)


def without(key):
    return {name: value for name, value in BODY.items() if name != key}


def labelled(**labels):
    return {**BODY, "commonLabels": {**BODY["commonLabels"], **labels}}


def opened(database, answer):
    """The incident that an answer names."""
    assert answer.status_code == 202, answer.text
    with database.reading() as session:
        return session.query(Incident).filter_by(number=answer.get_json()["incident"]).one()


def pointers(answer, status=422):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    return [error["pointer"] for error in answer.get_json()["errors"]]


def test_a_notification_opens_an_incident_in_our_words(database, http, door):
    incident = opened(database, http.post(door, json=BODY, headers=ALERT["headers"]))

    assert incident.title == "Dealer portal login fails"
    assert incident.description == "HTTP 503 for 5m\nRunbook: https://wiki.example.com/rb/1"
    assert (incident.service, incident.affected) == ("dealer-portal", "web1")
    assert (incident.severity, incident.channel) == ("SEV1", "alertmanager")
    assert incident.reported_by == "alertmanager: prod"


def test_what_was_sent_is_in_the_history(database, http, door):
    incident = opened(database, http.post(door, json=BODY))

    (told,) = entries(database, incident.id, Event.INCIDENT_REPORTED)

    assert told.detail["group_key"] == BODY["groupKey"]
    assert told.detail["alert"] == "PortalDown"
    assert told.detail["fingerprints"] == ["ebf80d41bdcfad49"]


def test_keys_of_a_newer_release_are_ignored(database, http, door):
    alert = {**BODY["alerts"][0], "new": {"deep": [1]}}

    opened(database, http.post(door, json={**BODY, "new": [None], "alerts": [alert]}))


@pytest.mark.parametrize("version", ["3", "5", "", 4, None])
def test_another_version_is_refused(version, database, http, door):
    before = dump(database)

    answer = http.post(door, json={**BODY, "version": version})

    assert pointers(answer) == ["#/version"]
    assert dump(database) == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (without("groupKey"), "#/groupKey"),
        ({**BODY, "groupKey": ""}, "#/groupKey"),
        ({**BODY, "groupKey": 7}, "#/groupKey"),
        (without("version"), "#/version"),
        (without("status"), "#/status"),
        ({**BODY, "status": "pending"}, "#/status"),
        (without("alerts"), "#/alerts"),
        ({**BODY, "alerts": {}}, "#/alerts"),
        ({**BODY, "alerts": [{}]}, "#/alerts/0/status"),
        ({**BODY, "alerts": ["x"]}, "#/alerts/0"),
        ({**BODY, "commonLabels": []}, "#/commonLabels"),
        ({**BODY, "commonLabels": {"service": 7}}, "#/commonLabels/service/value"),
        ([], "#"),
        ("text", "#"),
        (7, "#"),
        ([BODY], "#"),
    ],
)
def test_a_body_that_is_no_notification_points_at_what_is_wrong(
    body, pointer, database, http, door
):
    before = dump(database)

    answer = http.post(door, json=body)

    assert pointers(answer) == [pointer]
    assert dump(database) == before


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 99_999, "application/json", 400),
        (b"null", "application/json", 422),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b'"' + b"x" * 5_000_000 + b'"', "application/json", 413),
    ],
    ids=["open", "nothing", "no text", "deep", "null", "form", "5 MB"],
)
def test_a_body_that_is_no_json_is_refused(body, kind, status, database, http, door):
    before = dump(database)

    answer = http.post(door, data=body, content_type=kind)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert dump(database) == before


@pytest.mark.parametrize("token", ["guess", "%00", "x" * 5_000, "..", "%F0%9F%98%80"])
def test_an_unknown_token_is_not_found(token, database, http, door):
    before = dump(database)

    answer = http.post(f"/doors/alertmanager/{token}", json=BODY)

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert dump(database) == before


def test_a_door_is_for_sending_only(http, door):
    assert http.get(door).status_code == 405


def test_a_resolved_group_that_nobody_knows_opens_nothing(database, http, door):
    before = dump(database)

    answer = http.post(door, json={**BODY, "status": "resolved"})

    assert (answer.status_code, answer.get_json()) == (202, {"incident": None})
    assert dump(database) == before


def test_a_group_is_counted_while_open_and_noted_when_resolved(database, http, door):
    first, again, gone = (
        opened(database, http.post(door, json={**BODY, "status": status}))
        for status in ("firing", "firing", "resolved")
    )

    assert first.id == again.id == gone.id
    assert gone.occurrences == 2
    assert entries(database, first.id)[-1].event == Event.SOURCE_RECOVERED


def test_the_same_group_at_another_door_is_another_incident(database, http, door):
    with database.transaction() as session:
        token = intake.add_door(session, "alertmanager", "test", "small", SYSTEM)

    here = opened(database, http.post(door, json=BODY))
    there = opened(database, http.post(f"/doors/alertmanager/{token}", json=BODY))

    assert here.id != there.id


def test_huge_values_are_cut_and_not_refused(database, http, door):
    huge = "x" * 100_000
    annotations = {"summary": huge, "description": huge}
    body = {**labelled(service=huge, instance=huge, alertname=huge), "groupKey": huge}

    incident = opened(database, http.post(door, json={**body, "commonAnnotations": annotations}))

    assert [len(incident.title), len(incident.service), len(incident.affected)] == [200, 120, 200]
    assert len(incident.description) == 20_000
    assert opened(database, http.post(door, json=body)).id == incident.id


def test_groups_that_differ_only_behind_the_cut_are_two_incidents(database, http, door):
    one, other = (
        opened(database, http.post(door, json={**BODY, "groupKey": "x" * 50_000 + end}))
        for end in ("a", "b")
    )

    assert one.id != other.id


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "a\x1bb"], ids=ascii)
def test_what_no_database_keeps_is_left_out(text, database, http, door):
    body = {**labelled(service=text, alertname=text), "groupKey": text}

    incident = opened(database, http.post(door, json={**body, "commonAnnotations": {}}))

    assert (incident.title, incident.service) == ("a b", "a b")


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        *[("critical", "SEV1"), ("page", "SEV1"), ("error", "SEV2"), ("high", "SEV2")],
        *[("warning", "SEV3"), ("medium", "SEV3"), ("info", "SEV4"), ("low", "SEV4")],
        *[("Critical", "SEV1"), ("none", None), ("", None), ("__class__", None)],
    ],
)
def test_the_label_severity_is_read_as_people_write_it(label, severity, database, http, door):
    incident = opened(database, http.post(door, json=labelled(severity=label)))

    assert incident.severity == severity


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        ({"commonAnnotations": {}}, "PortalDown"),
        ({"commonAnnotations": {}, "commonLabels": {}, "groupLabels": {}}, "Alert"),
        ({"commonAnnotations": {"summary": ""}, "commonLabels": {}}, "PortalDown"),
    ],
)
def test_without_a_summary_the_alert_gives_the_title(changed, title, database, http, door):
    assert opened(database, http.post(door, json={**BODY, **changed})).title == title


def test_a_group_without_common_labels_is_enough(database, http, door):
    least = {key: BODY[key] for key in ("version", "groupKey", "status", "alerts")}

    assert opened(database, http.post(door, json=least)).title == "Alert"
