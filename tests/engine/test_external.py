"""Identities of a provider: to whom they belong, and which grants the provider decides about."""

import json

import pytest

from engine import history, settings
from engine.actors import Role
from engine.errors import Conflict, NotAllowed, NotFound, NotGenuine
from engine.history import Event
from engine.people import accounts, external, openid, passwords, providers
from engine.people.external import Identity
from engine.settings import OpenId
from engine.store.tables import ExternalIdentity

ISSUER = "https://id.acme.test"
GROUPS = {
    "desk": "responder:Service Desk",
    "boss": ["incident_manager", "auditor"],
    "ada": "administrator",
}
DESK, MANAGER = (Role.RESPONDER, "Service Desk"), (Role.INCIDENT_MANAGER, "")


def provider(groups=None, **more):
    return providers.provider(
        OpenId(ISSUER, "steadyhand", name="Acme", groups=json.dumps(groups or {}), **more)
    )


def identity(subject="one", groups=(), **more):
    return Identity(ISSUER, subject, groups=frozenset(groups), **more)


@pytest.fixture
def do(database):
    """Something in a transaction of its own."""

    def do(act, *what):
        with database.transaction() as session:
            return act(session, *what)

    return do


def granted(database, person_id):
    with database.reading() as session:
        return set(accounts.grants(session, person_id))


def events(database, person_id):
    with database.reading() as session:
        return [entry.event for entry in history.of(session, person_id)]


# ---- who it is


def test_an_identity_is_an_issuer_with_a_subject(do, cast):
    do(external.link, provider(), identity(), cast.dora)
    elsewhere = Identity("https://other.test", "one")

    found = do(external.sign_in, provider(), identity())

    assert found.id == cast.dora.id
    with pytest.raises(NotAllowed):
        do(external.sign_in, provider(), elsewhere)
    with pytest.raises(NotAllowed):
        do(external.sign_in, provider(), identity("One"))


def test_to_link_twice_is_to_link_once(do, database, cast):
    do(external.link, provider(), identity(), cast.dora)
    do(external.link, provider(), identity(), cast.dora)

    assert events(database, cast.dora.id).count(Event.IDENTITY_LINKED) == 1
    with pytest.raises(Conflict):
        do(external.link, provider(), identity(), cast.tess)


def test_an_answer_counts_once(do):
    begun = openid.attempt()
    do(openid.use_up, begun)

    with pytest.raises(NotGenuine):
        do(openid.use_up, begun)
    do(openid.use_up, openid.attempt())


@pytest.mark.parametrize(
    ("told", "username"),
    [
        ("ann", "ann"),
        ("Ann.Archer@acme.test", "ann.archer@acme.test"),
        ("dora", "dora2"),
        ("DORA", "dora2"),
        ("<b>ann</b>", "bannb"),
        ("", "person"),
        ("…", "person"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_newcomer_gets_a_username_that_nobody_has(do, database, cast, told, username):
    newcomer = identity(name="Ann Archer", username=told)

    actor = do(external.sign_in, provider(adds_people=True), newcomer)

    with database.reading() as session:
        assert accounts.get(session, username).id == actor.id
    assert actor.name == "Ann Archer"
    assert granted(database, actor.id) == set()


def test_a_name_without_end_is_cut(do):
    actor = do(external.sign_in, provider(adds_people=True), identity(name="x" * 500))

    assert actor.name == "x" * 120


def test_who_has_another_way_in_may_unlink_the_last_identity(do, database, cast):
    do(external.link, provider(), identity(), cast.dora)
    with pytest.raises(Conflict, match="Set a password first"):
        do(external.unlink, ISSUER, "one", cast.dora)
    do(passwords.set_password, passwords.hash_password("seven quiet herons"), cast.dora)

    do(external.unlink, ISSUER, "one", cast.dora)

    with database.reading() as session:
        assert session.query(ExternalIdentity).count() == 0
    with pytest.raises(NotFound):
        do(external.unlink, ISSUER, "one", cast.dora)


# ---- what they may do


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), set()),
        (("desk",), {DESK}),
        (("desk", "boss"), {DESK, MANAGER, (Role.AUDITOR, "")}),
        (("Desk", "unknown", ""), set()),
    ],
)
def test_groups_become_grants(do, database, cast, groups, expected):
    do(external.link, provider(), identity(), cast.dora)

    do(external.sign_in, provider(GROUPS), identity(groups=groups))

    assert granted(database, cast.dora.id) == expected


def test_grants_that_no_group_stands_for_stay(do, database, cast):
    do(external.link, provider(), identity(), cast.dora)

    do(external.sign_in, provider({"boss": "incident_manager"}), identity(groups=["boss"]))

    assert granted(database, cast.dora.id) == {DESK, MANAGER}


def test_without_a_mapping_the_provider_decides_about_nothing(do, database, cast):
    do(external.link, provider(), identity(), cast.dora)

    do(external.sign_in, provider(), identity(groups=["desk", "administrator"]))

    assert granted(database, cast.dora.id) == {DESK}
    assert Event.GRANTS_CHANGED not in events(database, cast.dora.id)


def test_grants_that_stay_the_same_leave_no_trace(do, database, cast):
    do(external.link, provider(), identity(), cast.dora)

    for _ in range(2):
        do(external.sign_in, provider(GROUPS), identity(groups=["boss"]))

    assert events(database, cast.dora.id).count(Event.GRANTS_CHANGED) == 1


def test_the_last_administrator_comes_in_and_stays_one(do, database, cast, caplog):
    do(external.link, provider(), identity(), cast.ada)

    actor = do(external.sign_in, provider(GROUPS), identity(groups=[]))

    assert actor.id == cast.ada.id
    assert granted(database, cast.ada.id) == {(Role.ADMINISTRATOR, "")}
    assert "last administrator" in caplog.text


# ---- the settings


WRONG = {
    "no JSON": ("{", "cannot be read"),
    "no file": ("/nowhere/groups.json", "cannot be read"),
    "no such role": ('{"desk": "king"}', "“king” is no role"),
    "no role": ('{"desk": 7}', "“7” is no role"),
    "a customer": ('{"desk": "customer"}', "of the organisation they belong to"),
    "a role without groups": ('{"desk": "auditor:Desk"}', "leave the group out"),
}


@pytest.mark.parametrize(("groups", "problem"), WRONG.values(), ids=WRONG)
def test_a_mapping_that_cannot_be_meant_is_said_at_the_start(groups, problem):
    with pytest.raises(ValueError, match=problem):
        providers.provider(OpenId(ISSUER, "steadyhand", groups=groups))


def test_a_mapping_may_lie_in_a_file(tmp_path):
    file = tmp_path / "groups.json"
    file.write_text(json.dumps(GROUPS))

    found = providers.provider(OpenId(ISSUER, "steadyhand", groups=str(file)))

    assert found.mapping.granted(["desk"]) == {DESK}


def test_a_client_without_an_id_is_said_at_the_start():
    with pytest.raises(ValueError, match="STEADYHAND_OIDC_CLIENT_ID"):
        providers.provider(OpenId(ISSUER, ""))


def test_the_environment_names_the_provider(monkeypatch):
    assert settings.from_environment().openid is None
    monkeypatch.setenv("STEADYHAND_OIDC_ISSUER", ISSUER)
    monkeypatch.setenv("STEADYHAND_OIDC_CLIENT_ID", "steadyhand")
    monkeypatch.setenv("STEADYHAND_OIDC_CLIENT_SECRET", "hidden")

    found = settings.from_environment().openid

    assert found == OpenId(ISSUER, "steadyhand", "hidden", name="your organisation")
    assert "hidden" not in repr(found)


# ---- what the browser keeps


def test_what_is_sent_to_the_provider_does_not_tell_what_the_browser_keeps():
    begun = openid.attempt("/inbox", "somebody")

    sent = [begun.state, begun.nonce, begun.verifier]

    assert len({*sent, begun.random, begun.sealed}) == 5
    assert openid.unsealed(begun.sealed) == begun
    assert openid.unsealed(begun.sealed).state == begun.state
    assert begun.random not in repr(begun)


def test_another_path_or_person_is_another_attempt():
    begun = openid.attempt()
    changed = openid.Attempt(begun.began_at, begun.random, "/inbox", "")
    other = openid.Attempt(begun.began_at, begun.random, "", "somebody")

    assert len({begun.state, changed.state, other.state}) == 3
    assert len({begun.nonce, changed.nonce, other.nonce}) == 3
