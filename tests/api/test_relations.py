"""Incidents that belong together, over REST and on the pages."""

import pytest

from api import create_app
from engine import clock
from engine.actors import SYSTEM, Role, of_organisation
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.settings import Settings
from engine.store.tables import Incident, Organisation
from tests.diagrams import bundle, line, user_task
from tests.factories import deploy, report

OURS = {"Sec-Fetch-Site": "same-origin"}
WHY = {"reason": "The same outage."}


@pytest.fixture
def some(database, cast):
    deploy(database, bundle(*line(user_task("Look"), user_task("Check"))))
    return [report(database, cast.rob, title=f"Trouble {name}") for name in ("A", "B", "C")]


@pytest.fixture
def browse(database):
    app = create_app(database, Settings(database.url))

    def of(token):
        http = app.test_client()
        http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        http.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        return http

    return of


@pytest.fixture
def as_(browse, cast):
    return lambda username: browse(cast.token(username))


@pytest.fixture
def cora(database, browse):
    """A customer of the organisation “home”."""
    with database.transaction() as session:
        session.add(Organisation(id="home", name="home", created_at=clock.now()))
    with database.transaction() as session:
        grants = [(Role.CUSTOMER, of_organisation("home"))]
        person = accounts.add(session, "cora", "Cora", grants, SYSTEM)
        return browse(credentials.issue(session, person.id, CredentialKind.TOKEN, SYSTEM))


def api(incident, rest="relations"):
    return f"/api/v1/incidents/{incident.id}/{rest}"


def page(incident, rest=""):
    return f"/incidents/{incident.number}{rest}"


def make_home(database, *incidents):
    with database.transaction() as session:
        for incident in incidents:
            session.get_one(Incident, incident.id).organisation_id = "home"


def test_a_relation_is_added_listed_and_withdrawn(as_, some):
    one, two, _ = some
    http = as_("dora")

    added = http.post(api(one), json={"side": "child_of", "number": two.number})
    of_two = http.get(api(two)).get_json()["items"]
    gone = http.post(api(two, f"relations/{of_two[0]['id']}/withdraw"), json=WHY)

    assert added.status_code == 201
    assert added.get_json() | {"added_at": ""} == {
        "id": of_two[0]["id"],
        "side": "child_of",
        "incident_id": two.id,
        "number": two.number,
        "title": "Trouble B",
        "status": "new",
        "added_by": "Dora Desk",
        "added_at": "",
        "withdrawn_at": None,
    }
    assert [(one["side"], one["number"]) for one in of_two] == [("parent_of", one.number)]
    assert gone.get_json()["withdrawn_at"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"side": "child_of", "number": "INC-1999-000001"}, 422),
        ({"side": "child_of", "number": "x\0"}, 422),
        ({"side": "child_of", "number": "\ud800"}, 422),
        ({"side": "duplicate_of", "number": "INC-1999-000001"}, 422),
        ({"side": "cousin_of", "number": "INC-1999-000001"}, 422),
        ({"number": "INC-1999-000001"}, 422),
    ],
)
def test_what_is_no_relation_is_refused(body, status, as_, some):
    answer = as_("dora").post(api(some[0]), json=body)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_a_duplicate_is_closed_and_leads_on_over_rest(as_, some):
    one, two, _ = some

    closed = as_("max").post(api(one, "duplicate"), json={"number": two.number, **WHY})

    told = closed.get_json()
    assert (told["status"], told["resolution_code"]) == ("cancelled", "duplicate")
    (related,) = as_("dora").get(api(one)).get_json()["items"]
    assert (related["side"], related["number"]) == ("duplicate_of", two.number)
    again = as_("max").post(api(one, "duplicate"), json={"number": two.number, **WHY})
    assert again.status_code == 409


# Pages


def test_the_page_of_a_duplicate_says_first_where_the_work_goes_on(as_, some):
    one, two, _ = some

    sent = as_("max").post(page(one, "/duplicate"), data={"number": two.number, **WHY})

    assert sent.status_code == 303
    shown = as_("dora").get(page(one)).text
    where = shown.index("The work goes on with")
    assert where < shown.index("<h1>")
    assert f'href="{page(two)}"' in shown[where : where + 200]
    assert "The work goes on" not in as_("dora").get(page(two)).text


def test_both_pages_show_a_relation_and_tell_of_it(as_, some):
    one, two, _ = some

    as_("dora").post(page(one, "/relations"), data={"side": "child_of", "number": two.number})

    assert f"Dora Desk noted: Child of {two.number}" in as_("tess").get(page(one)).text
    assert f"Dora Desk noted: Parent of {one.number}" in as_("tess").get(page(two)).text


def test_the_page_of_who_does_not_see_the_other_incident_does_not_name_it(database, as_, some):
    one, two, _ = some
    as_("max").post(page(one, "/relations"), data={"side": "child_of", "number": two.number})
    as_("max").put(f"/api/v1/incidents/{two.id}/restriction", json={"readers": []})

    for username in ("dora", "aude", "rob"):
        for path in (page(one), page(one, "/audit"), api(one), api(one, "history")):
            answer = as_(username).get(path)
            assert two.number not in answer.text
            assert two.id not in answer.text
    assert "noted: Child of another incident" in as_("dora").get(page(one)).text


def test_a_customer_is_led_on_to_an_incident_of_theirs_and_to_no_other(database, as_, some, cora):
    one, two, three = some
    make_home(database, one, two)
    as_("max").post(page(two, "/duplicate"), data={"number": one.number, **WHY})
    as_("max").post(page(one, "/duplicate"), data={"number": three.number, **WHY})

    led, hidden = cora.get(page(two)).text, cora.get(page(one)).text

    assert "Trouble C" not in led + hidden
    assert three.number not in led + hidden
    assert three.number not in cora.get(api(one)).text
    assert WHY["reason"] not in led + hidden


@pytest.mark.parametrize(
    ("form", "key", "said"),
    [
        ({"side": "child_of", "number": "INC-1999-000001"}, "number", "no incident of this number"),
        ({"side": "child_of", "number": ""}, "number", ""),
        ({"side": "cousin_of", "number": "INC-1999-000001"}, "side", ""),
    ],
)
def test_the_page_says_beside_its_field_what_is_wrong(form, key, said, as_, some):
    answer = as_("dora").post(page(some[0], "/relations"), data=form)

    assert answer.status_code == 422
    assert f'id="error-{key}"' in answer.text
    assert said in answer.text


def test_the_page_says_beside_the_number_what_does_not_fit(as_, some):
    one, two, three = some
    http = as_("max")
    http.post(page(one, "/relations"), data={"side": "child_of", "number": two.number})

    second = http.post(page(one, "/relations"), data={"side": "child_of", "number": three.number})
    loop = http.post(page(one, "/duplicate"), data={"number": one.number, **WHY})

    assert (second.status_code, loop.status_code) == (422, 422)
    assert "has a parent already" in second.text
    assert f"This is {one.number} itself." in loop.text


def test_a_relation_is_withdrawn_on_the_page_for_a_reason(as_, some):
    one, two, _ = some
    http = as_("dora")
    http.post(page(one, "/relations"), data={"side": "related_to", "number": two.number})
    (related,) = http.get(api(one)).get_json()["items"]
    path = page(one, f"/relations/{related['id']}/withdraw")

    refused = http.post(path, data={"reason": ""})
    done = http.post(path, data=WHY)

    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert done.status_code == 303
    shown = http.get(page(one)).text
    assert f"withdrew “Related to {two.number}”: The same outage." in shown
    assert two.title not in shown


# References to other systems


PROBLEM = {"kind": "problem", "system": "Jira", "reference": "PRB-7", "url": "https://a.example/7"}


def test_a_reference_is_added_listed_and_withdrawn_over_rest(as_, some):
    http, one = as_("dora"), some[0]

    added = http.post(api(one, "references"), json=PROBLEM)
    listed = http.get(api(one, "references")).get_json()["items"]
    path = api(one, f"references/{added.get_json()['id']}/withdraw")

    assert added.status_code == 201
    assert {key: listed[0][key] for key in PROBLEM} == PROBLEM
    assert http.post(path, json=WHY).status_code == 200
    assert http.get(api(one, "references")).get_json()["items"] == []


def test_a_reference_is_shown_with_its_address_and_withdrawn_on_the_page(as_, some):
    http, one = as_("dora"), some[0]

    done = http.post(page(one, "/references"), data=PROBLEM)
    shown = http.get(page(one)).text
    (kept,) = http.get(api(one, "references")).get_json()["items"]
    path = page(one, f"/references/{kept['id']}/withdraw")
    refused, gone = http.post(path, data={"reason": ""}), http.post(path, data=WHY)

    assert (done.status_code, refused.status_code, gone.status_code) == (303, 422, 303)
    assert '<a href="https://a.example/7" rel="noreferrer">PRB-7</a>' in shown
    assert "Dora Desk referred to the problem PRB-7 in Jira" in shown
    assert "Say why" in refused.text
    assert "https://a.example/7" not in http.get(page(one)).text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//a.example"])
def test_an_address_that_could_be_a_script_is_refused_beside_its_field(url, as_, some):
    http, one = as_("dora"), some[0]

    page_said = http.post(page(one, "/references"), data=PROBLEM | {"url": url})
    api_said = http.post(api(one, "references"), json=PROBLEM | {"url": url})

    assert (page_said.status_code, api_said.status_code) == (422, 422)
    assert 'id="error-url"' in page_said.text
