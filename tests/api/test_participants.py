"""Who leads and who follows, over REST and on the pages."""

import pytest

from tests.diagrams import one_task
from tests.factories import client, deploy, report

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def incident(database, cast):
    deploy(database, one_task())
    return report(database, cast.rob)


@pytest.fixture
def as_(database, cast):
    return lambda username: client(database, cast.token(username))


def api(incident, rest="participants"):
    return f"/api/v1/incidents/{incident.id}/{rest}"


def page(incident, rest=""):
    return f"/incidents/{incident.number}{rest}"


def held(answer):
    return [
        (one["role"], one["name"])
        for one in answer.get_json()["items"]
        if one["renounced_at"] is None
    ]


def test_roles_are_taken_handed_over_and_given_up_over_rest(as_, incident):
    dora, tess = as_("dora"), as_("tess")

    taken = dora.post(api(incident, "roles/commander/take-over"))
    handed = dora.post(api(incident, "roles/commander/hand-over"), json={"to": "tess"})
    again = tess.post(api(incident, "roles/commander/take-over"))
    given_up = tess.post(api(incident, "roles/commander/renounce"))

    assert held(taken) == [("commander", "Dora Desk")]
    assert held(handed) == [("commander", "Tess Tech")]
    assert again.status_code == 409
    assert held(given_up) == []
    assert [one["name"] for one in dora.get(api(incident)).get_json()["items"]] == [
        "Dora Desk",
        "Tess Tech",
    ]


@pytest.mark.parametrize(
    ("rest", "body", "status"),
    [
        ("roles/commander/hand-over", {"to": "nobody"}, 422),
        ("roles/commander/hand-over", {"to": ""}, 422),
        ("roles/commander/hand-over", {"to": "x\0"}, 422),
        ("roles/watcher/take-over", None, 404),
        ("roles/king/take-over", None, 404),
        ("watchers", {"watcher": "nobody"}, 422),
    ],
)
def test_what_is_no_role_or_nobody_is_refused(rest, body, status, as_, incident):
    answer = as_("dora").post(api(incident, rest), json=body)

    assert answer.status_code == status


def test_people_follow_an_incident_over_rest(as_, cast, incident):
    dora, rob = as_("dora"), as_("rob")

    followed = rob.post(api(incident, "watch"))
    added = dora.post(api(incident, "watchers"), json={"watcher": "aude"})
    left = rob.post(api(incident, "unwatch"))
    removed = dora.delete(api(incident, f"watchers/{cast.aude.id}"))

    assert held(followed) == [("watcher", "Rob Reporter")]
    assert held(added) == [("watcher", "Rob Reporter"), ("watcher", "Aude Auditor")]
    assert held(left) == [("watcher", "Aude Auditor")]
    assert held(removed) == []


def test_the_page_names_who_leads_at_its_top(as_, incident):
    dora = as_("dora")

    taken = dora.post(page(incident, "/roles/scribe/take-over"), headers=OURS)
    dora.post(page(incident, "/roles"), data={"role": "commander", "to": "max"}, headers=OURS)
    shown = as_("rob").get(page(incident)).text

    assert taken.status_code == 303
    assert shown.index("Commander</dt><dd>Max Manager") < shown.index("Scribe</dt><dd>Dora Desk")
    assert shown.index("Scribe</dt>") < shown.index("What happened")
    told = as_("tess").get(page(incident)).text
    assert "Dora Desk took over as scribe" in told
    assert "Dora Desk made Max Manager the commander" in told
    dora.post(page(incident, "/roles/scribe/renounce"), headers=OURS)
    assert "Scribe</dt>" not in dora.get(page(incident)).text


def test_people_follow_an_incident_on_its_page(as_, cast, incident):
    dora, rob = as_("dora"), as_("rob")

    assert "Follow it</button>" in rob.get(page(incident)).text
    rob.post(page(incident, "/watch"), headers=OURS)
    assert "Follow it no more</button>" in rob.get(page(incident)).text
    dora.post(page(incident, "/watchers"), data={"watcher": "aude"}, headers=OURS)
    assert "Rob Reporter, Aude Auditor" in dora.get(page(incident)).text
    rob.post(page(incident, "/unwatch"), headers=OURS)
    dora.post(page(incident, f"/watchers/{cast.aude.id}/remove"), headers=OURS)

    assert "Nobody follows it yet." in dora.get(page(incident)).text


@pytest.mark.parametrize(
    ("rest", "form", "key"),
    [
        ("/roles", {"role": "commander", "to": "nobody"}, "to"),
        ("/roles", {"role": "watcher", "to": "max"}, "role"),
        ("/roles", {"role": "", "to": ""}, "role"),
        ("/watchers", {"watcher": "nobody"}, "watcher"),
        ("/watchers", {"watcher": ""}, "watcher"),
    ],
)
def test_the_page_says_beside_its_field_who_cannot(rest, form, key, as_, incident):
    answer = as_("dora").post(page(incident, rest), data=form, headers=OURS)

    assert answer.status_code == 422
    assert answer.text.count(f'id="error-{key}"') == 1
