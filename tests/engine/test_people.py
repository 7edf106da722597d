"""Who may come in, and what each role may do."""

from datetime import timedelta

import pytest

from engine.actors import EVERYWHERE, SYSTEM, Actor
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import accounts, credentials, passwords
from engine.people.credentials import CredentialKind
from engine.store.tables import Person
from tests.factories import dump, entries

PASSWORD = "a few words are easy to keep"  # noqa: S105 -- of a test


def actor(role, group=EVERYWHERE):
    return Actor("me", "Me", frozenset({(role, group)}))


@pytest.mark.parametrize(
    ("kind", "lifetime"),
    [
        (CredentialKind.LINK, timedelta(hours=24)),
        (CredentialKind.SESSION, timedelta(minutes=30)),
        (CredentialKind.TOKEN, timedelta(days=365)),
    ],
)
def test_a_credential_is_good_until_it_expires(kind, lifetime, database, cast, time_travel):
    secret = issue(database, cast.dora, kind)

    time_travel(lifetime - timedelta(minutes=1))
    assert who(database, kind, secret) == cast.dora

    time_travel(timedelta(minutes=1))
    assert who(database, kind, secret) is None


@pytest.mark.parametrize("kind", CredentialKind)
def test_a_credential_is_good_for_its_own_kind_only(kind, database, cast):
    secret = issue(database, cast.dora, kind)

    found = {other: who(database, other, secret) for other in CredentialKind}

    assert {other for other, actor in found.items() if actor} == {kind}


@pytest.mark.parametrize("secret", ["", "nobody's", "' OR 1=1 --", "\x00"])
def test_a_secret_that_was_never_issued_opens_nothing(secret, database, cast):
    assert who(database, CredentialKind.TOKEN, secret) is None


def test_only_the_hash_of_a_secret_is_kept(database, cast):
    secret = cast.token("dora")

    assert secret not in str(dump(database))
    assert credentials.digest(secret) in str(dump(database))


def test_a_person_who_left_does_not_come_in(database, cast):
    secret = issue(database, cast.dora, CredentialKind.TOKEN)

    with database.transaction() as session:
        session.get_one(Person, cast.dora.id).is_active = False

    assert who(database, CredentialKind.TOKEN, secret) is None


def test_a_session_ends_with_the_sign_out(database, cast):
    secret = issue(database, cast.dora, CredentialKind.SESSION)

    with database.transaction() as session:
        credentials.sign_out(session, secret, cast.dora)

    assert who(database, CredentialKind.SESSION, secret) is None
    assert entries(database, cast.dora.id, Event.PERSON_SIGNED_OUT)


def set_password(database, actor):
    with database.transaction() as session:
        passwords.set_password(session, passwords.hash_password(PASSWORD), actor)


def test_a_password_opens_a_session_and_is_kept_as_a_hash(database, cast):
    set_password(database, cast.dora)

    with database.transaction() as session:
        actor = passwords.authenticate(session, "dora", PASSWORD)
        secret = credentials.start_session(session, actor)

    assert who(database, CredentialKind.SESSION, secret) == cast.dora
    assert PASSWORD not in str(dump(database))


@pytest.mark.parametrize(
    ("username", "password"),
    [("dora", "another password"), ("nobody", PASSWORD), ("tess", PASSWORD), ("dora", "")],
    ids=["wrong password", "nobody", "no password yet", "empty"],
)
def test_a_wrong_sign_in_is_refused_in_the_same_words(username, password, database, cast):
    set_password(database, cast.dora)
    before = dump(database)

    refusal = pytest.raises(NotAllowed, match="do not belong together")
    with refusal, database.transaction() as session:
        passwords.authenticate(session, username, password)

    assert dump(database) == before


def test_a_short_password_is_refused():
    with pytest.raises(InvalidAnswers) as refusal:
        passwords.hash_password("x" * 14)

    assert "at least 15 characters" in refusal.value.errors["password"]


def test_a_username_belongs_to_one_person(database, cast):
    before = dump(database)

    with pytest.raises(Conflict, match="already a person"), database.transaction() as session:
        accounts.add(session, "dora", "Another Dora", [], SYSTEM)

    assert dump(database) == before


def test_a_person_is_found_by_username_and_named_by_id(database, cast):
    with database.reading() as session:
        assert accounts.get(session, "tess").id == cast.tess.id
        assert accounts.names(session, [cast.dora.id, "gone"]) == {cast.dora.id: "Dora Desk"}
        with pytest.raises(NotFound):
            accounts.get(session, "nobody")


def test_adding_a_person_is_told_with_their_grants(database, cast):
    (added,) = entries(database, cast.dora.id, Event.PERSON_ADDED)

    assert added.changes["grants"] == [None, ["responder in Service Desk"]]
    with database.reading() as session:
        assert "Service Desk" in accounts.groups(session)


def issue(database, person, kind):
    with database.transaction() as session:
        return credentials.issue(session, person.id, kind, SYSTEM)


def who(database, kind, secret):
    with database.reading() as session:
        return credentials.find_actor(session, kind, secret)
