"""People, organisations, sessions and API tokens over REST: shapes, tags, and who is refused."""

from datetime import timedelta

import pytest

from engine import clock
from engine.actors import SYSTEM, Role, of_organisation
from engine.history import Event
from engine.people import accounts, credentials, organisations
from engine.people.credentials import CredentialKind, Scope
from tests.factories import add_person, client, dump, entries

PEOPLE, TOKENS, ORGANISATIONS = "/api/v1/people", "/api/v1/tokens", "/api/v1/organisations"
NINA = {"username": "nina", "name": "Nina New", "grants": [{"role": "reporter"}]}
TERMS = {"label": "Export", "scope": "read", "days": 30}


@pytest.fixture
def as_(database, cast):
    found = {}

    def http(username):
        if username not in found:
            found[username] = client(database, cast.token(username))
        return found[username]

    return http


@pytest.fixture
def north(database, cast):
    """An organisation with an administrator, whose token is ``north.token``."""
    with database.transaction() as session:
        organisation = organisations.add(session, "North", cast.ada)
        granted = [(Role.CUSTOMER_ADMINISTRATOR, of_organisation(organisation.id))]
        boss = accounts.add(session, "boss", "Boss", granted, SYSTEM)
        organisation.token = credentials.issue(session, boss.id, CredentialKind.TOKEN, SYSTEM)
        organisation.boss = boss
    return organisation


def grants_of(answer):
    return [(grant["role"], grant["group"], grant["organisation"]) for grant in answer["grants"]]


def test_somebody_is_added_read_and_invited(as_, cast, database):
    ada = as_("ada")

    added = ada.post(PEOPLE, json=NINA)
    read = ada.get(f"{PEOPLE}/{added.json['id']}")
    link = ada.post(f"{PEOPLE}/{added.json['id']}/link")

    assert (added.status_code, link.status_code) == (201, 201)
    assert read.json == added.json
    assert read.headers["ETag"] == added.headers["ETag"] == f'"{read.json["version"]}"'
    assert grants_of(read.json) == [("reporter", None, None)]
    assert client(database).get(link.json["path"]).status_code == 200


def test_roles_are_set_as_a_whole_by_whom_has_seen_the_last_ones(as_, cast):
    ada, path = as_("ada"), f"{PEOPLE}/{cast.dora.id}"
    tag = ada.get(path).headers["ETag"]
    body = {"grants": [{"role": "responder", "group": "Technical Team"}, {"role": "auditor"}]}

    without = ada.put(f"{path}/grants", json=body)
    done = ada.put(f"{path}/grants", json=body, headers={"If-Match": tag})
    stale = ada.put(f"{path}/grants", json={"grants": []}, headers={"If-Match": tag})

    assert [without.status_code, done.status_code, stale.status_code] == [428, 200, 412]
    assert grants_of(ada.get(path).json) == [
        ("auditor", None, None),
        ("responder", "Technical Team", None),
    ]


def test_somebody_is_renamed_locked_out_and_let_in_again(as_, cast):
    ada, path = as_("ada"), f"{PEOPLE}/{cast.dora.id}"
    doras = as_("dora")

    named = ada.put(path, json={"name": "Dorothea", "organisation": None})
    out = ada.post(f"{path}/deactivate", headers={"If-Match": named.headers["ETag"]})
    stale = ada.post(f"{path}/activate", headers={"If-Match": named.headers["ETag"]})
    refused = doras.get("/api/v1/tasks")
    back = ada.post(f"{path}/activate", headers={"If-Match": out.headers["ETag"]})

    assert (named.json["name"], out.json["is_active"]) == ("Dorothea", False)
    assert (refused.status_code, stale.status_code) == (401, 412)
    assert back.json["is_active"] is True


def test_people_are_listed_page_by_page_and_searched(as_, cast):
    ada = as_("ada")

    first = ada.get(PEOPLE, query_string={"limit": 4}).json
    rest = ada.get(PEOPLE, query_string={"limit": 4, "cursor": first["next_cursor"]}).json
    found = ada.get(PEOPLE, query_string={"search": "desk"}).json

    names = [person["username"] for page in (first, rest) for person in page["items"]]
    assert names == ["ada", "aude", "dora", "max", "olga", "rob", "tess"]
    assert rest["next_cursor"] is None
    assert [person["username"] for person in found["items"]] == ["dora"]


def test_sessions_of_others_are_listed_and_ended(as_, cast, database):
    with database.transaction() as session:
        secrets = [credentials.start_session(session, cast.dora) for _ in range(3)]
    ada, path = as_("ada"), f"{PEOPLE}/{cast.dora.id}/sessions"
    listed = ada.get(path).json["items"]

    one = ada.delete(f"{path}/{listed[0]['id']}")
    again = ada.delete(f"{path}/{listed[0]['id']}")
    left = ada.get(path).json["items"]
    all_ = ada.delete(path)

    assert (one.status_code, again.status_code, all_.status_code) == (204, 404, 204)
    assert (len(listed), len(left)) == (3, 2)
    with database.reading() as session:
        found = [
            credentials.find_actor(session, CredentialKind.SESSION, secret) for secret in secrets
        ]
    assert found == [None, None, None]


def test_a_machine_gets_a_token_that_is_shown_once(as_, database):
    ada = as_("ada")
    machine = ada.post(PEOPLE, json={**NINA, "username": "bot"}).json
    path = f"{PEOPLE}/{machine['id']}/tokens"

    made = ada.post(path, json=TERMS)
    (listed,) = ada.get(path).json["items"]

    assert made.status_code == 201
    assert made.json["token"].startswith(f"sh_{listed['id']}_")
    assert made.json["token"] not in str(dump(database))
    assert (listed["label"], listed["scope"]) == ("Export", "read")
    assert client(database, made.json["token"]).get("/api/v1/incidents").status_code == 200
    assert ada.delete(f"{path}/{listed['id']}").status_code == 204
    assert client(database, made.json["token"]).get("/api/v1/incidents").status_code == 401


def test_nobody_gets_a_token_in_the_name_of_somebody_who_signs_in(as_, cast, database):
    with database.transaction() as session:
        credentials.start_session(session, cast.dora)

    answer = as_("ada").post(f"{PEOPLE}/{cast.dora.id}/tokens", json=TERMS)

    assert answer.status_code == 403
    assert "their own tokens" in answer.json["detail"]


def test_ones_own_tokens_are_made_listed_and_revoked(as_, database):
    rob = as_("rob")

    made = rob.post(TOKENS, json={**TERMS, "scope": "write", "days": 90})
    listed = rob.get(TOKENS).json["items"]
    mine = next(token for token in listed if token["label"] == "Export")

    assert (made.status_code, mine["scope"]) == (201, "write")
    assert "token" not in mine
    assert rob.delete(f"{TOKENS}/{mine['id']}").status_code == 204
    assert client(database, made.json["token"]).get(TOKENS).status_code == 401


def test_nobody_revokes_the_token_of_another(as_, database):
    doras, rob = as_("dora"), as_("rob")
    doras.post(TOKENS, json=TERMS)
    found = [token["id"] for token in doras.get(TOKENS).json["items"]]

    answers = {rob.delete(f"{TOKENS}/{each}").status_code for each in found}

    assert answers == {404}
    assert [token["id"] for token in doras.get(TOKENS).json["items"]] == found


@pytest.mark.parametrize(
    "method", ["post", "put", "patch", "delete"], ids=["post", "put", "patch", "delete"]
)
def test_a_token_that_reads_changes_nothing(method, as_, cast, database):
    secret = as_("ada").post(TOKENS, json=TERMS).json["token"]
    reader = client(database, secret)
    path = {"post": PEOPLE, "put": f"{PEOPLE}/{cast.dora.id}/grants"}.get(method)
    path = path or {"patch": f"{ORGANISATIONS}/x", "delete": f"{TOKENS}/x"}[method]
    body = {"post": NINA, "put": {"grants": []}, "patch": {"name": "x"}}.get(method)
    before = dump(database)

    answer = reader.open(path, method=method, json=body, headers={"If-Match": '"1"'})

    assert answer.status_code == 403
    assert "may only read" in answer.json["detail"]
    assert dump(database) == before
    assert reader.get(PEOPLE).status_code == reader.head(PEOPLE).status_code == 200


def test_a_token_that_reads_makes_no_token_that_writes(as_, database):
    reader = client(database, as_("ada").post(TOKENS, json=TERMS).json["token"])

    answer = reader.post(TOKENS, json={**TERMS, "scope": "write"})

    assert answer.status_code == 403


def test_an_answer_with_a_secret_is_not_kept_for_a_key(as_, cast, database):
    ada, key = as_("ada"), {"Idempotency-Key": "8e03978e"}

    answers = [
        ada.post(TOKENS, json=TERMS, headers=key),
        ada.post(f"{PEOPLE}/{cast.dora.id}/link", headers=key),
        ada.post(f"{PEOPLE}/{cast.dora.id}/tokens", json=TERMS, headers=key),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    spec = ada.get("/api/docs/openapi.json").json["paths"]
    named = {p["name"] for p in spec[TOKENS]["post"].get("parameters", [])}
    assert "Idempotency-Key" not in named


def test_the_use_of_a_token_is_noted_to_within_minutes(as_, database, time_travel):
    ada = as_("ada")
    secret = ada.post(TOKENS, json=TERMS).json["token"]

    def last_used():
        listed = client(database, secret).get(TOKENS).json["items"]
        return next(token["last_used_at"] for token in listed if token["label"] == "Export")

    assert last_used() is None
    time_travel(timedelta(minutes=6))
    last_used()
    assert last_used().startswith(f"{clock.now():%Y-%m-%dT%H}")


# ---- what nobody gets by naming more than they are asked


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**NINA, "is_active": True}, "is_active"),
        ({**NINA, "id": "x"}, "id"),
        ({**NINA, "password_hash": "x"}, "password_hash"),
        ({**NINA, "organisation_id": "x"}, "organisation_id"),
        ({**NINA, "role": "administrator"}, "role"),
        ({**NINA, "grants": [{"role": "Administrator"}]}, "grants/0/role"),
        ({**NINA, "grants": [{"role": "ADMINISTRATOR"}]}, "grants/0/role"),
        ({**NINA, "grants": [{"role": " administrator"}]}, "grants/0/role"),
        ({**NINA, "grants": [{"role": ["administrator"]}]}, "grants/0/role"),
        ({**NINA, "grants": [{"role": None}]}, "grants/0/role"),
        ({**NINA, "grants": ["administrator"]}, "grants/0"),
        ({**NINA, "grants": [{"role": "reporter", "scope": "x"}]}, "grants/0/scope"),
        ({**NINA, "grants": [{"role": "reporter", "person_id": "x"}]}, "grants/0/person_id"),
        ({**NINA, "grants": [{"role": "customer", "group": "organisation:x"}]}, "grants/0/group"),
        ({**NINA, "grants": [{"role": "responder", "group": ""}]}, "grants/0/group"),
        (
            {**NINA, "grants": [{"role": "customer", "group": "x", "organisation": "y"}]},
            "grants/0/group",
        ),
        ({**NINA, "name": ""}, "name"),
    ],
)
def test_a_body_with_more_than_is_asked_is_refused(body, field, as_, database):
    answer = as_("ada").post(PEOPLE, json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [f"#/{field}"]
    with database.reading() as session:
        assert accounts.find(session, "nina") is None


@pytest.mark.parametrize(
    "terms",
    [
        {**TERMS, "scope": "READ"},
        {**TERMS, "scope": "admin"},
        {**TERMS, "days": 31},
        {**TERMS, "days": 3650},
        {**TERMS, "days": "30"},
        {**TERMS, "days": None},
        {**TERMS, "person_id": "x"},
        {**TERMS, "expires_at": "2999-01-01T00:00:00Z"},
        {"scope": "read", "days": 30},
        {**TERMS, "label": " "},
    ],
)
def test_a_token_on_other_terms_is_refused(terms, as_):
    rob = as_("rob")

    assert rob.post(TOKENS, json=terms).status_code == 422
    assert all(token["label"] != "Export" for token in rob.get(TOKENS).json["items"])


def test_a_customers_administrator_manages_their_people_over_rest(north, database):
    boss = client(database, north.token)
    grants = [{"role": "customer", "organisation": north.id}]

    added = boss.post(PEOPLE, json={**NINA, "organisation": north.id, "grants": grants})
    link = boss.post(f"{PEOPLE}/{added.json['id']}/link")
    out = boss.post(f"{PEOPLE}/{added.json['id']}/deactivate")
    listed = boss.get(PEOPLE).json["items"]

    assert [added.status_code, link.status_code, out.status_code] == [201, 201, 200]
    assert [person["username"] for person in listed] == ["boss", "nina"]
    assert [each["name"] for each in boss.get(ORGANISATIONS).json["items"]] == ["North"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"grants": [{"role": "administrator"}]}, 403),
        ({"grants": [{"role": "responder", "group": "Service Desk"}]}, 403),
        ({"grants": [{"role": "customer", "organisation": "elsewhere"}]}, 403),
        ({"grants": []}, 201),
        ({"organisation": None, "grants": []}, 403),
        ({"organisation": "elsewhere", "grants": []}, 404),
    ],
)
def test_a_customers_administrator_does_not_reach_beyond(body, status, north, cast, database):
    with database.transaction() as session:
        elsewhere = organisations.add(session, "South", cast.ada).id
    sent = {"organisation": north.id, **body}
    if sent["organisation"] == "elsewhere":
        sent["organisation"] = elsewhere
    for grant in sent["grants"]:
        if "organisation" in grant:
            grant = grant.update(organisation=elsewhere)

    answer = client(database, north.token).post(PEOPLE, json={**NINA, **sent})

    assert answer.status_code == status, answer.text


def test_a_customers_administrator_does_not_make_themselves_more(north, database):
    boss, path = client(database, north.token), f"{PEOPLE}/{north.boss.id}"
    tag = {"If-Match": boss.get(path).headers["ETag"]}
    before = dump(database)

    answers = [
        boss.put(f"{path}/grants", json={"grants": [{"role": "administrator"}]}, headers=tag),
        boss.put(path, json={"name": "Big Boss", "organisation": None}),
        boss.post(f"{path}/activate"),
        boss.post(f"{path}/tokens", json=TERMS),
        boss.get(f"{path}/sessions"),
        boss.post(ORGANISATIONS, json={"name": "West"}),
        boss.patch(f"{ORGANISATIONS}/{north.id}", json={"name": "West"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert dump(database) == before


@pytest.mark.parametrize("username", ["dora", "tess", "max", "olga", "aude", "rob"])
def test_nobody_else_manages_people(username, as_, cast, north):
    anybody, path = as_(username), f"{PEOPLE}/{cast.rob.id}"
    answers = [
        anybody.get(PEOPLE),
        anybody.get(path),
        anybody.post(PEOPLE, json=NINA),
        anybody.put(path, json={"name": "x", "organisation": None}),
        anybody.put(f"{path}/grants", json={"grants": []}, headers={"If-Match": '"1"'}),
        anybody.post(f"{path}/deactivate"),
        anybody.post(f"{path}/activate"),
        anybody.post(f"{path}/link"),
        anybody.get(f"{path}/sessions"),
        anybody.delete(f"{path}/sessions"),
        anybody.get(f"{path}/tokens"),
        anybody.post(f"{path}/tokens", json=TERMS),
        anybody.get(ORGANISATIONS),
        anybody.get(f"{ORGANISATIONS}/{north.id}"),
        anybody.post(ORGANISATIONS, json={"name": "West"}),
        anybody.patch(f"{ORGANISATIONS}/{north.id}", json={"name": "West"}),
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_organisations_are_added_renamed_and_listed_with_their_people(as_, database, north):
    ada = as_("ada")

    added = ada.post(ORGANISATIONS, json={"name": "South"})
    twice = ada.post(ORGANISATIONS, json={"name": "south"})
    renamed = ada.patch(f"{ORGANISATIONS}/{added.json['id']}", json={"name": "West"})

    assert [added.status_code, twice.status_code, renamed.json["name"]] == [201, 409, "West"]
    listed = [(each["name"], each["people"]) for each in ada.get(ORGANISATIONS).json["items"]]
    assert listed == [("North", 1), ("West", 0)]
    assert entries(database, added.json["id"], Event.ORGANISATION_RENAMED)


def test_the_last_administrator_stays_one(as_, cast, database):
    other = add_person(database, "abe", Role.ADMINISTRATOR)
    ada = as_("ada")
    tag = {"If-Match": ada.get(f"{PEOPLE}/{cast.ada.id}").headers["ETag"]}

    own = ada.post(f"{PEOPLE}/{cast.ada.id}/deactivate")
    ada.post(f"{PEOPLE}/{other.id}/deactivate")
    last = ada.put(f"{PEOPLE}/{cast.ada.id}/grants", json={"grants": []}, headers=tag)

    assert (own.status_code, last.status_code) == (409, 409)
    assert "last administrator" in last.json["detail"]


def test_a_token_from_the_host_may_be_bound_to_read(database, cast):
    with database.transaction() as session:
        kind = CredentialKind.TOKEN
        secret = credentials.issue(session, cast.ada.id, kind, SYSTEM, scope=Scope.READ)

    assert client(database, secret).post(PEOPLE, json=NINA).status_code == 403
