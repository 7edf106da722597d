"""Signatures over REST and on their page: listed, and handed out as files that check themselves."""

import json

import pytest
from click.testing import CliRunner

from engine import signatures
from engine.cli import main
from engine.people import passkeys
from engine.people.ceremonies import Site
from engine.signatures import documents, verdicts
from tests.diagrams import bundle, line, user_task
from tests.engine.authenticator import Device
from tests.factories import client, deploy, open_tasks, report

SITE = Site("localhost", "http://localhost")
ANSWERS = {"note": "Restarted it."}
STEPS = ("Look", "Check", "Close")


@pytest.fixture
def incident(database, cast):
    deploy(database, bundle(*line(*(user_task(step, signature="approved") for step in STEPS))))
    return report(database, cast.rob)


@pytest.fixture
def sign(database, cast, incident):
    """Dora signs the next task with her passkey, over REST."""
    dora, device = client(database, cast.token("dora")), Device(SITE)
    with database.transaction() as session:
        made = device.make(passkeys.ask_to_add(session, SITE, cast.dora))
        passkeys.add(session, made, "Key", SITE, cast.dora)

    def sign_next():
        (task,) = open_tasks(database, incident, cast.dora).values()
        path = f"/api/v1/tasks/{task.id}"
        asked = dora.post(f"{path}/signature", json={"answers": ANSWERS}).json
        signature = {
            "meaning": "approved",
            "credential": device.sign(asked["options"]),
            "at": asked["at"],
        }
        done = dora.post(f"{path}/complete", json={"answers": ANSWERS, "signature": signature})
        assert done.status_code == 200, done.text
        with database.reading() as session:
            return signatures.of_task(session, task.id)

    return sign_next


@pytest.fixture
def aude(database, cast):
    return client(database, cast.token("aude"))


@pytest.fixture
def path(incident):
    return f"/api/v1/incidents/{incident.id}/signatures"


def test_who_signed_what_is_listed(cast, aude, path, sign):
    signature = sign()

    (listed,) = aude.get(path).json["items"]

    assert listed == {
        "id": signature.id,
        "task_id": signature.task_id,
        "task_name": "Do Look",
        "person_id": cast.dora.id,
        "name": "Dora Desk",
        "meaning": "approved",
        "method": "passkey",
        "signed_at": signature.signed_at.isoformat(),
    }


def test_signatures_are_listed_page_by_page(aude, path, sign):
    made = [sign().id for _ in STEPS]

    first = aude.get(path, query_string={"limit": 2}).json
    rest = aude.get(path, query_string={"limit": 2, "cursor": first["next_cursor"]}).json

    assert [one["id"] for page in (first, rest) for one in page["items"]] == made
    assert rest["next_cursor"] is None
    assert aude.get(path, query_string={"cursor": "x"}).status_code == 422
    assert aude.get(path, query_string={"method": "passkey"}).status_code == 422


def test_what_is_handed_out_is_checked_by_itself(aude, path, sign, tmp_path):
    answer = aude.get(f"{path}/{sign().id}")

    file = tmp_path / "signature.json"
    file.write_bytes(answer.data)
    checked = CliRunner().invoke(main, ["signature", "check", str(file)])
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert (checked.exit_code, "The signature is good" in checked.output) == (0, True)
    assert json.loads(answer.json["statement"])["answers"] == ANSWERS


def test_the_same_file_is_downloaded_from_the_page(aude, incident, path, sign):
    signature = sign()

    story = aude.get(f"/incidents/{incident.number}").text
    page = aude.get(f"/incidents/{incident.number}/signatures").text
    file = aude.get(f"/incidents/{incident.number}/signatures/{signature.id}")

    assert f'href="/incidents/{incident.number}/signatures"' in story
    assert "Dora Desk signed “Do Look”: approved" in page
    assert f'href="/incidents/{incident.number}/signatures/{signature.id}"' in page
    assert file.json == aude.get(f"{path}/{signature.id}").json
    assert file.headers["Content-Disposition"] == (
        f"attachment; filename={incident.number}-{signature.id}.json"
    )
    assert verdicts.judge(documents.read(file.data)).is_good


def test_without_a_signature_the_incident_leads_to_none(aude, incident, path):
    assert "/signatures" not in aude.get(f"/incidents/{incident.number}").text
    assert "Nobody has signed" in aude.get(f"/incidents/{incident.number}/signatures").text
    assert aude.get(path).json == {"items": [], "next_cursor": None}


def test_the_page_goes_on_where_it_ended(aude, incident, sign, monkeypatch):
    monkeypatch.setattr("api.web.signatures.PAGE", 1)
    first, second = sign().id, sign().id
    address = f"/incidents/{incident.number}/signatures"

    page, rest = aude.get(address).text, aude.get(f"{address}?after={first}").text

    assert f"{address}?after={first}" in page
    assert (second in page, second in rest, f'{address}/{first}"' in rest) == (False, True, False)


def test_what_is_not_there_is_not_found(database, cast, aude, path, sign):
    signature, other = sign(), report(database, cast.rob)

    answers = [
        aude.get(f"{path}/unknown"),
        aude.get(f"/api/v1/incidents/{other.id}/signatures/{signature.id}"),
        aude.get("/api/v1/incidents/unknown/signatures"),
        aude.get(f"/incidents/{other.number}/signatures/{signature.id}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert answers[0].content_type == "application/problem+json"


@pytest.mark.parametrize("username", ["dora", "rob"])
def test_who_may_not_read_the_trace_gets_no_signature(
    database, cast, incident, path, sign, username
):
    signature, http = sign(), client(database, cast.token(username))
    page = f"/incidents/{incident.number}"

    answers = [
        http.get(path),
        http.get(f"{path}/{signature.id}"),
        http.get(f"{page}/signatures"),
        http.get(f"{page}/signatures/{signature.id}"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert f"{page}/signatures" not in http.get(page).text
