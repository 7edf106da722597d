"""SCIM 2.0: what a directory keeps here, and what it cannot touch."""

import json
from collections import Counter
from importlib import util
from importlib.machinery import ModuleSpec

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from api import create_app
from engine.actors import SYSTEM, Role, of_organisation
from engine.history import Event
from engine.people import accounts, credentials, organisations
from engine.people.credentials import CredentialKind, Scope
from engine.settings import Settings
from engine.store.tables import Person
from tests.directory import GROUP, NINA, USER, Directory, patched
from tests.factories import add_person, client, dump, entries

GROUPS = json.dumps(
    {
        "desk": "responder:Service Desk",
        "leads": ["incident_manager", "auditor"],
        "it": "administrator",
    }
)
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@pytest.fixture
def directory(database, cast):
    return Directory(database, GROUPS)


def person(database, person_id):
    with database.reading() as session:
        return session.get(Person, person_id)


def grants(database, person_id):
    with database.reading() as session:
        return [str(role) for role, _ in accounts.grants(session, person_id)]


def refusal(answer):
    """The status of a SCIM error, and what kind it is."""
    assert answer.content_type == "application/scim+json"
    assert answer.json["schemas"] == [ERROR]
    assert answer.json["status"] == str(answer.status_code)
    return answer.status_code, answer.json.get("scimType")


# ---- the standard


def test_a_conformance_suite_of_others_finds_nothing_wrong(database, cast):
    directory = Directory(database)
    bearer = {"Authorization": f"Bearer {directory.token}"}
    http = WSGISCIMClient(directory.app, "http://localhost/scim/v2", bearer)

    results = check_server(http)

    wrong = [(r.title, r.resource_type, r.reason) for r in results if r.status is Status.ERROR]
    skipped = {result.title for result in results if result.status is Status.SKIPPED}
    assert wrong == []
    assert skipped == {"search_with_attributes"}  # over users and groups at once: 501
    assert Counter(result.status for result in results)[Status.SUCCESS] > 50


def test_somebody_is_added_read_changed_and_removed(directory, database):
    added = directory.send("POST", "/Users", NINA)
    path = f"/Users/{added.json['id']}"
    read = directory.get(path)
    changed = directory.send("PATCH", path, patched(("replace", "displayName", "Nina Old")))
    removed = directory.send("DELETE", path)

    assert [added.status_code, changed.status_code, removed.status_code] == [201, 200, 204]
    assert read.json == added.json
    assert added.headers["Location"] == added.json["meta"]["location"]
    assert added.headers["ETag"] == added.json["meta"]["version"]
    assert (added.json["userName"], added.json["active"]) == ("nina", True)
    assert changed.json["displayName"] == "Nina Old"
    assert refusal(directory.get(path)) == (404, None)


def test_whom_a_directory_adds_has_no_password_and_no_role(directory, database):
    body = {**NINA, "password": "correct horse battery", "roles": [{"value": "administrator"}]}

    added = directory.send("POST", "/Users", body)

    nina = person(database, added.json["id"])
    assert (nina.password_hash, grants(database, nina.id)) == (None, [])
    assert "password" not in added.json
    assert "correct horse" not in repr(dump(database))


@pytest.mark.parametrize(
    "unkept",
    [
        {"id": "1", "meta": {"version": "x"}, "groups": [{"value": "1"}]},
        {"organisation_id": "north", "password_hash": "x", "is_active": False, "created_at": 1},
        {"grants": ["administrator"], "emails": [{"value": "nina@example.com"}]},
        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "IT"}},
    ],
)
def test_what_we_do_not_keep_is_accepted_and_changes_nothing(directory, database, unkept):
    added = directory.send("POST", "/Users", {**NINA, **unkept})

    nina = person(database, added.json["id"])
    assert added.status_code == 201
    assert (nina.organisation_id, nina.is_active, nina.password_hash) == (None, True, None)
    assert grants(database, nina.id) == []
    assert set(added.json) == {"schemas", *("id", "externalId", "meta"), "userName"} | {
        "displayName",
        "active",
    }


@pytest.mark.parametrize(
    ("filtered", "found"),
    [
        ('userName eq "NINA"', ["nina"]),
        ('username EQ "nina"', ["nina"]),
        ('externalId eq "00u1"', ["nina"]),
        ('displayName eq "nina new"', ["nina"]),
        ('externalId eq "00U1"', []),
        ('userName eq "ada"', []),  # whom no directory keeps
        ('userName eq "nina\' OR 1=1 --"', []),
        ('userName eq "%"', []),
        ('userName eq "\\u0000"', []),
    ],
)
def test_a_filter_finds_by_what_something_is(directory, filtered, found):
    directory.send("POST", "/Users", NINA)

    answer = directory.get("/Users", filter=filtered)

    assert [user["userName"] for user in answer.json.get("Resources", [])] == found
    assert answer.json["totalResults"] == len(found)


@pytest.mark.parametrize(
    "filtered",
    [
        *('userName co "n"', 'userName eq "a" or userName eq "b"', 'not (userName eq "a")'),
        *('active eq "true"', "active eq true", "userName pr", 'password eq "x"', "userName eq 1"),
        *('userName eq "a', "", "userName eq", 'groups.value eq "1"', "(" * 900, "x" * 3000),
    ],
)
def test_any_other_filter_is_refused(directory, filtered):
    assert refusal(directory.get("/Users", filter=filtered)) == (400, "invalidFilter")


def test_users_are_listed_page_by_page(directory):
    for name in "dcba":
        directory.adds(name)

    first = directory.get("/Users", count=3).json
    rest = directory.get("/Users", startIndex=4, count=3).json
    far = directory.get("/Users", startIndex=10**30, count=10**30).json
    none = directory.get("/Users", count=0, startIndex=-5).json

    pages = (first, rest)
    assert [user["userName"] for page in pages for user in page["Resources"]] == list("abcd")
    assert [page["totalResults"] for page in (first, rest, far, none)] == [4, 4, 4, 4]
    assert (first["itemsPerPage"], rest["startIndex"], none["itemsPerPage"]) == (3, 4, 0)


def test_a_page_has_a_limit(directory, database):
    for number in range(205):
        directory.adds(f"u{number}")

    assert len(directory.get("/Users").json["Resources"]) == 100
    assert len(directory.get("/Users", count=1000).json["Resources"]) == 200


def test_only_the_attributes_that_were_asked_for_are_shown(directory):
    user_id = directory.adds(displayName="Nina New")
    group = directory.groups("desk", user_id)

    some = directory.get(f"/Users/{user_id}", attributes="userName").json
    without = directory.get("/Groups", excludedAttributes="members").json["Resources"]

    assert set(some) == {"schemas", "id", "userName"}
    assert [(one["id"], "members" in one) for one in without] == [(group, False)]


# ---- versions


def test_a_change_names_the_version_that_it_has_seen(directory):
    added = directory.send("POST", "/Users", NINA)
    path, tag = f"/Users/{added.json['id']}", {"If-Match": added.headers["ETag"]}
    body = patched(("replace", "displayName", "Nina Old"))

    done = directory.send("PATCH", path, body, **tag)
    stale = [
        directory.send("PATCH", path, body, **tag),
        directory.send("PUT", path, NINA, **tag),
        directory.send("DELETE", path, **tag),
    ]
    unread = directory.send("GET", path, **{"If-None-Match": done.headers["ETag"]})

    assert done.status_code == 200
    assert [refusal(answer) for answer in stale] == [(412, None)] * 3
    assert (unread.status_code, unread.data) == (304, b"")


# ---- patches, as directories send them


@pytest.mark.parametrize(
    "operations",
    [
        [("Replace", "active", "False")],  # Entra
        [("replace", None, {"active": False})],  # Okta
        [("replace", "active", False), ("add", 'emails[type eq "work"].value', "n@example.com")],
        [("replace", None, {"active": False, "title": "Dr", "name.givenName": "Nina"})],
    ],
)
def test_somebody_is_locked_out_by_a_patch(directory, database, operations):
    user_id = directory.adds()

    answer = directory.send("PATCH", f"/Users/{user_id}", patched(*operations))

    assert (answer.status_code, answer.json["active"]) == (200, False)
    assert person(database, user_id).is_active is False


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([("replace", "id", "1")], "mutability"),
        ([("add", "groups", [{"value": "1"}])], "mutability"),
        ([("remove", "userName")], "mutability"),
        ([("remove", "active")], "mutability"),
        ([("remove", None)], "noTarget"),
        ([("drop", "active")], "invalidValue"),
        ([("replace", "active", "perhaps")], "invalidValue"),
        ([("replace", "userName", "Ni na")], "invalidValue"),
        ([("replace", "userName", "")], "invalidValue"),
        ([("replace", "displayName", "x" * 121)], "invalidValue"),
        ([("replace", "displayName", "a\x00b")], "invalidValue"),
        ([("replace", "externalId", "x" * 256)], "invalidValue"),
        ([("replace", "displayName[", "x")], "invalidPath"),
        ([], "invalidValue"),
        ([("replace", "active", True)] * 1001, "invalidSyntax"),
        # The first one could be made, but all are one change.
        ([("replace", "displayName", "Other"), ("replace", "id", "1")], "mutability"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused_as_a_whole(directory, database, operations, expected):
    user_id = directory.adds()
    before = dump(database)

    answer = directory.send("PATCH", f"/Users/{user_id}", patched(*operations))

    assert refusal(answer) == (400, expected)
    assert dump(database) == before


@pytest.mark.parametrize(
    ("operations", "left"),
    [
        ([("add", "members", [{"value": "{b}"}])], "ab"),
        ([("Add", "members", [{"value": "{b}", "display": "B"}, {"value": "{a}"}])], "ab"),
        ([("remove", 'members[value eq "{a}"]')], ""),
        ([("Remove", "members", [{"value": "{a}"}])], ""),  # Entra
        ([("remove", 'members[value eq "{b}"]')], "a"),
        ([("remove", "members")], ""),
        ([("replace", "members", [{"value": "{b}"}])], "b"),
        ([("replace", None, {"id": "{group}", "displayName": "Desk"})], "a"),  # Okta
    ],
)
def test_members_are_added_and_taken_out(directory, operations, left):
    ids = {"a": directory.adds("anna"), "b": directory.adds("bert")}
    group = directory.groups("desk", ids["a"])
    filled = json.dumps(patched(*operations))
    for name, value in {**ids, "group": group}.items():
        filled = filled.replace(f"{{{name}}}", value)

    answer = directory.send("PATCH", f"/Groups/{group}", json.loads(filled))

    assert answer.status_code == 200
    found = {member["value"] for member in answer.json.get("members", [])}
    assert found == {ids[name] for name in left}


# ---- what is refused


@pytest.mark.parametrize(
    "body",
    [
        {**NINA, "userName": "ada"},
        {**NINA, "userName": "ADA"},
        {**NINA, "userName": "max", "externalId": "00u2"},
    ],
)
def test_somebody_whom_no_directory_added_is_not_taken_over(directory, database, body):
    before = dump(database)

    answer = directory.send("POST", "/Users", body)

    assert refusal(answer) == (409, "uniqueness")
    assert dump(database) == before


def test_no_two_have_one_name_or_one_external_id(directory):
    directory.send("POST", "/Users", NINA)
    other = directory.adds("nora", externalId="00u2")
    group = directory.groups("desk", externalId="g1")
    directory.groups("leads", externalId="g2")

    again = [
        directory.send("POST", "/Users", NINA),
        directory.send("POST", "/Users", {**NINA, "userName": "other"}),
        directory.send("PUT", f"/Users/{other}", NINA),
        directory.send("PATCH", f"/Users/{other}", patched(("replace", "externalId", "00u1"))),
        directory.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "desk"}),
        directory.send("PATCH", f"/Groups/{group}", patched(("replace", "externalId", "g2"))),
    ]

    assert [refusal(answer) for answer in again] == [(409, "uniqueness")] * 6


def test_those_whom_no_directory_keeps_are_not_there(directory, database, cast):
    with database.transaction() as session:
        north = organisations.add(session, "North", cast.ada)
        granted = [(Role.CUSTOMER, of_organisation(north.id))]
        cora = accounts.add(session, "cora", "Cora", granted, SYSTEM)
        cora.external_id = "00u9"  # a customer's, were they the directory's before
    before = dump(database)

    for user_id in (cast.ada.id, cora.id, "1", "x" * 500, "a\x00b"):
        path = f"/Users/{user_id}"
        answers = [
            directory.get(path),
            directory.send("PUT", path, NINA),
            directory.send("PATCH", path, patched(("replace", "active", False))),
            directory.send("DELETE", path),
        ]
        assert [refusal(answer) for answer in answers] == [(404, None)] * 4
        body = {"schemas": [GROUP], "displayName": "it", "members": [{"value": user_id}]}
        assert refusal(directory.send("POST", "/Groups", body)) == (400, "invalidValue")

    assert directory.get("/Users").json["totalResults"] == 0
    assert dump(database) == before


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"data": b"{", "content_type": "application/scim+json"}, (400, "invalidSyntax")),
        ({"data": b"[]", "content_type": "application/scim+json"}, (400, "invalidSyntax")),
        ({"data": b"[" * 9999, "content_type": "application/json"}, (400, None)),
        ({"data": b"{}", "content_type": "text/plain"}, (415, None)),
        ({"json": {}}, (400, "invalidValue")),
        ({"json": {"schemas": [USER]}}, (400, "invalidValue")),
        ({"json": {**NINA, "active": [1]}}, (400, "invalidValue")),
        ({"json": {**NINA, "x": "x" * 1_100_000}}, (413, None)),
    ],
)
def test_a_body_that_cannot_be_a_user_is_refused(directory, database, sent, expected):
    before = dump(database)
    bearer = {"Authorization": f"Bearer {directory.token}"}

    answer = directory.app.test_client().post("/scim/v2/Users", headers=bearer, **sent)

    assert refusal(answer) == expected
    assert dump(database) == before


def test_what_this_server_leaves_out_says_so(directory):
    answers = [
        directory.send("POST", "/Bulk", {}),
        directory.get("/Me"),
        directory.get("/Nothing"),
        directory.send("DELETE", "/Users"),
    ]

    assert [answer.status_code for answer in answers] == [501, 501, 404, 405]
    assert {refusal(answer)[1] for answer in answers} == {None}


# ---- whose token


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
def test_a_token_of_another_scope_keeps_nobody(database, cast, scope):
    directory = Directory(database, scope=scope)

    answers = [
        directory.get("/Users"),
        directory.get("/ServiceProviderConfig"),
        directory.send("POST", "/Users", NINA),
    ]

    assert [refusal(answer) for answer in answers] == [(403, None)] * 3


def test_an_administrator_keeps_nobody_by_scim(database, cast):
    http = client(database, cast.token("ada"))

    assert refusal(http.post("/scim/v2/Users", json=NINA)) == (403, None)
    assert refusal(client(database).get("/scim/v2/Users")) == (401, None)
    assert refusal(client(database, "sh_x_y").get("/scim/v2/Users")) == (401, None)


def test_its_token_does_nothing_else(directory, database):
    http = client(database, directory.token)
    before = dump(database)

    answers = [
        http.get("/api/v1/incidents"),
        http.get("/api/v1/people"),
        http.get("/api/v1/tokens"),
        http.post("/api/v1/tokens", json={"label": "More", "scope": "write", "days": 30}),
        http.get("/metrics"),
        http.get("/"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert dump(database) == before


def test_nobody_makes_such_a_token_for_themselves(database, cast):
    http = client(database, cast.token("ada"))
    terms = {"label": "SCIM", "scope": "scim", "days": 30}
    bot = add_person(database, "bot", Role.REPORTER)

    own = http.post("/api/v1/tokens", json=terms)
    of_machine = http.post(f"/api/v1/people/{bot.id}/tokens", json=terms)

    assert (own.status_code, of_machine.status_code) == (422, 201)
    asked = client(database, of_machine.json["token"]).get("/scim/v2/Users")
    assert asked.status_code == 200


def test_a_machine_that_is_locked_out_keeps_nobody_any_more(directory, database, cast):
    with database.transaction() as session:
        accounts.deactivate(session, accounts.get(session, "okta"), cast.ada)

    assert refusal(directory.get("/Users")) == (401, None)


# ---- groups and roles


def test_groups_give_the_roles_that_the_setting_names(directory, database):
    nina = directory.adds()

    desk = directory.groups("desk", nina)
    directory.groups("leads", nina)
    directory.groups("unknown", nina)
    shown = directory.get(f"/Users/{nina}").json["groups"]

    assert grants(database, nina) == ["auditor", "incident_manager", "responder"]
    assert [group["display"] for group in shown] == ["desk", "leads", "unknown"]
    directory.send("PATCH", f"/Groups/{desk}", patched(("remove", "members")))
    assert grants(database, nina) == ["auditor", "incident_manager"]


def test_a_group_that_is_renamed_or_removed_takes_its_roles_along(directory, database):
    nina = directory.adds()
    group = directory.groups("desk", nina)

    directory.send("PATCH", f"/Groups/{group}", patched(("replace", "displayName", "leads")))
    renamed = grants(database, nina)
    directory.send("DELETE", f"/Groups/{group}")

    assert renamed == ["auditor", "incident_manager"]
    assert grants(database, nina) == []
    assert refusal(directory.get(f"/Groups/{group}")) == (404, None)


def test_other_roles_stay(directory, database, cast):
    nina = directory.adds()
    with database.transaction() as session:
        found = accounts.get(session, "nina")
        accounts.set_grants(session, found, [(Role.REPORTER, "")], cast.ada)

    group = directory.groups("desk", nina)
    directory.send("DELETE", f"/Groups/{group}")

    assert grants(database, nina) == ["reporter"]


def test_the_last_administrator_stays(directory, database, cast):
    nina = directory.adds()
    group = directory.groups("it", nina)
    with database.transaction() as session:
        accounts.deactivate(session, accounts.get(session, "ada"), SYSTEM)
    before = dump(database)

    answers = [
        directory.send("PATCH", f"/Users/{nina}", patched(("replace", "active", False))),
        directory.send("DELETE", f"/Users/{nina}"),
        directory.send("PATCH", f"/Groups/{group}", patched(("remove", "members"))),
        directory.send("PATCH", f"/Groups/{group}", patched(("replace", "displayName", "x"))),
        directory.send("DELETE", f"/Groups/{group}"),
    ]

    assert [refusal(answer) for answer in answers] == [(409, None)] * 5
    assert dump(database) == before


def test_who_is_locked_out_is_out_at_once_and_comes_back_with_their_roles(directory, database):
    nina = directory.adds()
    directory.groups("desk", nina)
    with database.transaction() as session:
        kind = CredentialKind.TOKEN
        http = client(database, credentials.issue(session, nina, kind, SYSTEM))
    before = http.get("/api/v1/tasks").status_code

    directory.send("PATCH", f"/Users/{nina}", patched(("replace", "active", False)))
    out = http.get("/api/v1/tasks").status_code
    directory.send("PATCH", f"/Users/{nina}", patched(("replace", "active", True)))

    assert (before, out) == (200, 401)
    assert http.get("/api/v1/tasks").status_code == 401  # the token has ended for good
    assert grants(database, nina) == ["responder"]


def test_who_is_replaced_without_a_word_of_it_is_not_let_in_again(directory, database):
    nina = directory.adds(active=False)

    answer = directory.send("PUT", f"/Users/{nina}", NINA)

    assert (answer.status_code, answer.json["active"]) == (200, False)


def test_who_was_removed_is_kept_for_the_history_and_leaves_the_name_to_others(directory, database):
    nina = directory.adds(externalId="00u1")
    group = directory.groups("desk", nina)

    directory.send("DELETE", f"/Users/{nina}")
    again = directory.send("POST", "/Users", NINA)

    old = person(database, nina)
    assert (old.name, old.is_active, old.external_id) == ("nina", False, None)
    assert (again.status_code, again.json["id"] == nina) == (201, False)
    assert (grants(database, nina), grants(database, again.json["id"])) == ([], [])
    assert "members" not in directory.get(f"/Groups/{group}").json


def test_every_change_is_in_the_history_by_the_machine(directory, database):
    nina = directory.adds()
    group = directory.groups("desk", nina)
    directory.send("PUT", f"/Groups/{group}", {"schemas": [GROUP], "displayName": "leads"})
    directory.send("DELETE", f"/Groups/{group}")
    directory.send("DELETE", f"/Users/{nina}")

    of_nina, of_group = entries(database, nina), entries(database, group)

    assert [entry.event for entry in of_nina] == [
        Event.PERSON_ADDED,
        Event.PERSON_CHANGED,  # that the directory keeps them
        Event.GRANTS_CHANGED,
        Event.GRANTS_CHANGED,
        Event.PERSON_DEACTIVATED,
        Event.PERSON_CHANGED,  # that it does no more
    ]
    assert [entry.event for entry in of_group] == [
        Event.DIRECTORY_GROUP_ADDED,
        Event.DIRECTORY_GROUP_CHANGED,
        Event.DIRECTORY_GROUP_REMOVED,
    ]
    assert of_group[1].detail == {"joined": [], "left": ["nina"]}
    assert {entry.actor_id for entry in (*of_nina, *of_group)} == {directory.actor.id}


def test_what_changes_nothing_leaves_no_trace(directory, database):
    added = directory.send("POST", "/Users", NINA)
    path = f"/Users/{added.json['id']}"
    group = directory.groups("desk", added.json["id"])
    before = dump(database)

    again = directory.send("PUT", path, NINA)
    directory.send("PATCH", path, patched(("replace", "active", True)))
    same = patched(("add", "members", [{"value": added.json["id"]}]))
    directory.send("PATCH", f"/Groups/{group}", same)

    assert again.json["externalId"] == "00u1"
    assert dump(database) == before


# ---- settings, and a server without it


@pytest.mark.parametrize("groups", ["{", "[]", '{"a": "king"}', '{"a": "customer"}', "/no/file"])
def test_a_setting_that_cannot_be_read_stops_the_start(database, groups):
    with pytest.raises(ValueError, match="STEADYHAND_SCIM_GROUPS: "):
        Directory(database, groups)


def test_a_server_without_the_extra_has_nothing_there(database, cast, monkeypatch):
    def find(name, *package) -> ModuleSpec | None:
        return None if name == "scim2_models" else util.find_spec(name, *package)

    monkeypatch.setattr("api.scim.find_spec", find)  # as if it were not installed

    app = create_app(database, Settings(database.url))

    assert refusal(app.test_client().get("/scim/v2/Users")) == (404, None)
    with pytest.raises(ValueError, match=r"install steadyhand\[scim\]"):
        create_app(database, Settings(database.url, scim_groups=GROUPS))
