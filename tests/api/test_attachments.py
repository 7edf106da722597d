"""Files over REST and on the pages: who sees them, who adds them, how they are given back."""

import base64
import hashlib
from io import BytesIO

import pytest

from api import create_app
from engine import clock, partners
from engine.actors import SYSTEM, Role, of_organisation
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.settings import Settings
from engine.store.tables import Incident, Organisation
from tests.diagrams import bundle, line, user_task
from tests.factories import deploy, dump, open_tasks, report
from tests.files import GOOD

OURS = {"Sec-Fetch-Site": "same-origin"}
NOTES = b"Nothing works.\n"


@pytest.fixture
def incident(database, cast):
    deploy(database, bundle(*line(user_task("Look"), user_task("Check"))))
    return report(database, cast.rob)


@pytest.fixture
def browse(database):
    """A client of the application for whoever has a token."""
    app = create_app(database, Settings(database.url))

    def of(token=None):
        http = app.test_client()
        if token:
            http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return http

    return of


@pytest.fixture
def as_(browse, cast):
    return lambda username: browse(cast.token(username))


@pytest.fixture
def customer(database, browse):
    """Somebody of an organisation, “home” or “away”."""
    with database.transaction() as session:
        for name in ("home", "away"):
            session.add(Organisation(id=name, name=name, created_at=clock.now()))

    def of(username, home="home"):
        with database.transaction() as session:
            grants = [(Role.CUSTOMER, of_organisation(home))]
            person = accounts.add(session, username, username.title(), grants, SYSTEM)
            return browse(credentials.issue(session, person.id, CredentialKind.TOKEN, SYSTEM))

    return of


def send(http, path, content=NOTES, name="notes.txt", headers=None, **fields):
    data = {**fields, "file": (BytesIO(content), name)}
    return http.post(path, data=data, headers={**OURS, **(headers or {})})


def api(incident, rest=""):
    return f"/api/v1/incidents/{incident.id}/attachments{rest}"


def names(http, incident):
    return [file["name"] for file in http.get(api(incident)).get_json()["items"]]


def change(database, incident, **columns):
    with database.transaction() as session:
        found = session.get_one(Incident, incident.id)
        for name, value in columns.items():
            setattr(found, name, value)


@pytest.mark.parametrize("name", GOOD)
def test_a_file_comes_back_byte_for_byte(as_, incident, name):
    media_type, content = GOOD[name]

    added = send(as_("dora"), api(incident), content, name)
    given = as_("rob").get(api(incident, f"/{added.get_json()['id']}/content"))

    assert added.status_code == 201
    told = added.get_json()
    assert (told["name"], told["media_type"], told["size"]) == (name, media_type, len(content))
    assert given.data == content
    assert given.mimetype == media_type


def test_a_file_is_given_to_be_saved_and_not_to_be_shown(as_, incident):
    name = "Grüße “a”.txt"
    added = send(as_("dora"), api(incident), name=name).get_json()

    given = as_("dora").get(api(incident, f"/{added['id']}/content"))

    assert given.headers["Content-Disposition"] == (
        'attachment; filename="Grue a.txt"; '
        "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%E2%80%9Ca%E2%80%9D.txt"
    )
    assert given.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in given.headers["Cache-Control"]
    digest = hashlib.sha256(NOTES)
    expected = base64.b64encode(digest.digest()).decode()
    assert given.headers["Repr-Digest"] == f"sha-256=:{expected}:"
    assert given.headers["ETag"] == f'"{digest.hexdigest()}"'


def test_what_its_sender_calls_it_decides_nothing(as_, incident):
    data = {"file": (BytesIO(NOTES), "notes.txt", "text/html")}

    added = as_("dora").post(api(incident), data=data)

    assert added.get_json()["media_type"] == "text/plain"


def test_a_request_with_a_key_adds_one_file_however_often_it_comes(as_, incident, database):
    http, key = as_("dora"), {"Idempotency-Key": "k"}
    first = send(http, api(incident), headers=key)
    before = dump(database)

    again = send(http, api(incident), headers=key)
    other = send(http, api(incident), b"Other notes.", headers=key)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json() == first.get_json()
    assert other.status_code == 422
    assert dump(database) == before


def test_a_customer_sees_the_public_files_of_their_organisation_alone(
    as_, incident, database, customer
):
    change(database, incident, organisation_id="home")
    send(as_("dora"), api(incident), name="inside.txt")
    public = send(as_("dora"), api(incident), b"For you.", "public.txt", is_public="true")
    http, stranger = customer("cora"), customer("carl", "away")

    assert names(http, incident) == ["public.txt"]
    (seen,) = http.get(api(incident)).get_json()["items"]
    assert (seen["added_by"], seen["task_id"]) == ("", None)
    inside = as_("dora").get(api(incident)).get_json()["items"][0]["id"]
    assert http.get(api(incident, f"/{inside}/content")).status_code == 404
    public_path = api(incident, f"/{public.get_json()['id']}/content")
    assert http.get(public_path).data == b"For you."
    assert stranger.get(api(incident)).status_code == 404
    assert stranger.get(public_path).status_code == 404


def test_what_a_customer_adds_is_public_whatever_they_say(incident, database, customer):
    change(database, incident, organisation_id="home")
    http = customer("cora")

    added = send(http, api(incident), is_public="false").get_json()

    assert (added["is_public"], added["added_by"]) == (True, "Cora")


def test_a_restricted_incident_has_no_files_for_who_need_not_know(as_, incident, database):
    added = send(as_("dora"), api(incident)).get_json()
    change(database, incident, is_restricted=True)

    for answer in (
        as_("dora").get(api(incident)),
        as_("dora").get(api(incident, f"/{added['id']}/content")),
        as_("max").post(api(incident, f"/{added['id']}/withdraw"), json={"reason": "Why not?"}),
        send(as_("ada"), api(incident)),
    ):
        assert answer.status_code == 404


def test_an_auditor_reads_files_and_adds_none(as_, incident):
    send(as_("dora"), api(incident))

    assert names(as_("aude"), incident) == ["notes.txt"]
    refused = send(as_("aude"), api(incident))
    assert refused.status_code == 403
    assert "It takes the role responder" in refused.get_json()["detail"]


def test_a_file_of_another_incident_is_not_found_at_this_one(as_, incident, database, cast):
    other = report(database, cast.dora)
    added = send(as_("dora"), api(other)).get_json()

    assert as_("dora").get(api(incident, f"/{added['id']}/content")).status_code == 404
    task = open_tasks(database, other, cast.dora)["Look"]
    assert send(as_("dora"), api(incident), task_id=task.id).status_code == 404


def test_who_added_a_file_or_a_manager_withdraws_it_and_says_why(as_, incident):
    first, second = (send(as_("dora"), api(incident)).get_json()["id"] for _ in range(2))
    why = {"reason": "It holds a password."}

    assert as_("tess").post(api(incident, f"/{first}/withdraw"), json=why).status_code == 403
    assert as_("dora").post(api(incident, f"/{first}/withdraw"), json=why).status_code == 200
    assert as_("max").post(api(incident, f"/{second}/withdraw"), json=why).status_code == 200
    assert names(as_("dora"), incident) == []
    assert as_("max").post(api(incident, f"/{second}/withdraw"), json=why).status_code == 404
    empty = as_("dora").post(api(incident, f"/{first}/withdraw"), json={"reason": " "})
    assert empty.status_code == 404


def test_the_pages_show_files_and_take_them(as_, incident):
    dora = as_("dora")
    path = f"/incidents/{incident.number}"

    added = send(dora, f"{path}/files", is_public="yes")
    missing = dora.post(f"{path}/files", data={}, headers=OURS)

    assert (added.status_code, added.location) == (303, f"{path}?said=file_added#files")
    page = dora.get(path).text
    assert "notes.txt" in page
    assert "The customer sees it" in page
    assert "added the file “notes.txt”" in page
    assert missing.status_code == 422
    assert '<p class="error" id="error-file"><span class="sr">Error: </span>Choose one file.' in (
        missing.text
    )


def test_a_file_is_withdrawn_on_its_page(as_, incident):
    dora = as_("dora")
    added = send(dora, api(incident)).get_json()
    path = f"/incidents/{incident.number}/files"
    assert dora.get(f"{path}/{added['id']}").data == NOTES

    silent = dora.post(f"{path}/{added['id']}/withdraw", data={"reason": ""}, headers=OURS)
    done = dora.post(f"{path}/{added['id']}/withdraw", data={"reason": "Old."}, headers=OURS)

    assert silent.status_code == 422
    assert 'id="error-reason"' in silent.text
    assert done.status_code == 303
    assert "notes.txt" not in dora.get(path).text
    assert "withdrew the file “notes.txt”: Old." in dora.get(f"/incidents/{incident.number}").text


def test_a_partner_sees_and_adds_files_of_their_task_alone(as_, browse, incident, database, cast):
    task = open_tasks(database, incident, cast.dora)["Look"]
    with database.transaction() as session:
        secret = partners.invite(session, task.id, "Paul", "3", cast.dora)
    send(as_("dora"), api(incident), name="of the incident.txt", is_public="true")
    outside = as_("dora").get(api(incident)).get_json()["items"][0]["id"]
    send(as_("dora"), f"/tasks/{task.id}/files", b"For Paul.", "of the task.txt")
    paul, path = browse(), f"/partner/{secret}/files"

    added = send(paul, path, b"From Paul.", "reply.txt")
    refused = send(paul, path, b"MZ\0\0", "reply.exe")

    assert (added.status_code, added.location) == (
        303,
        f"/partner/{secret}?said=file_added#files",
    )
    assert refused.status_code == 422
    for page in (paul.get(path).text, paul.get(f"/partner/{secret}").text):
        assert "of the task.txt" in page
        assert "reply.txt" in page
        assert "of the incident.txt" not in page
        assert "Withdraw" not in page
    assert paul.get(f"{path}/{outside}").status_code == 404
    theirs = as_("dora").get(api(incident)).get_json()["items"][-1]
    assert paul.get(f"{path}/{theirs['id']}").data == b"From Paul."
    assert theirs["added_by"] == "Paul (by a link of Dora Desk)"
    assert not theirs["is_public"]
    assert "reply.txt" in as_("dora").get(f"/tasks/{task.id}").text


def test_a_link_that_leads_nowhere_takes_and_shows_no_files(browse, incident):
    http = browse()

    assert http.get("/partner/guessed/files").status_code == 403
    assert http.get("/partner/guessed/files/1").status_code == 403
    assert send(http, "/partner/guessed/files").status_code == 403


def test_a_closed_incident_takes_no_more_files(as_, incident, database):
    added = send(as_("dora"), api(incident)).get_json()
    change(database, incident, status="closed", closed_at=clock.now())

    refused = send(as_("dora"), api(incident))

    assert refused.status_code == 409
    assert "takes no more files" in refused.get_json()["detail"]
    assert "Add a file" not in as_("dora").get(f"/incidents/{incident.number}").text
    assert as_("dora").get(api(incident, f"/{added['id']}/content")).data == NOTES


def test_a_customer_reads_and_adds_files_on_their_page(as_, incident, database, customer):
    change(database, incident, organisation_id="home")
    http, path = customer("cora"), f"/incidents/{incident.number}"
    send(as_("dora"), api(incident), name="inside.txt")

    added = send(http, f"{path}/files", name="mine.txt")

    assert added.status_code == 303
    page = http.get(path).text
    assert "mine.txt" in page
    assert "inside.txt" not in page
    assert "The customer may see it" not in page
