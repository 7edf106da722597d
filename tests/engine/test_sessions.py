"""Sessions that end by themselves, API tokens, and how both are ended before their time."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from engine import clock
from engine.actors import SYSTEM
from engine.errors import InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import credentials, own, passwords, tokens
from engine.people.credentials import CredentialKind, Scope
from engine.people.tokens import Terms
from engine.store.tables import Credential
from tests.factories import dump, entries

MINUTE = timedelta(minutes=1)
PASSWORD = "a few words are easy to keep"  # noqa: S105 -- of a test
SESSION, TOKEN, LINK = CredentialKind.SESSION, CredentialKind.TOKEN, CredentialKind.LINK
TERMS = Terms("Nightly export", Scope.READ, 30)


def does(database, act, *what, **more):
    with database.transaction() as session:
        return act(session, *what, **more)


def looks(database, act, *what):
    with database.reading() as session:
        return act(session, *what)


def holder(database, secret, kind=SESSION):
    return looks(database, credentials.find_holder, kind, secret)


def use(database, secret):
    """What a request does with a session; whether it was still good."""
    found = holder(database, secret)
    if found and credentials.is_use_due(found):
        does(database, credentials.note_use, found)
    return found is not None


def test_a_session_ends_after_half_an_hour_without_use(database, cast, time_travel):
    secret = does(database, credentials.start_session, cast.dora)

    time_travel(29 * MINUTE)
    assert holder(database, secret) is not None

    time_travel(MINUTE)
    assert holder(database, secret) is None


def test_a_session_in_use_goes_on_for_twelve_hours_and_no_longer(database, cast, time_travel):
    secret = does(database, credentials.start_session, cast.dora)
    lasted = 0 * MINUTE

    while use(database, secret):
        time_travel(20 * MINUTE)
        lasted += 20 * MINUTE

    assert lasted == timedelta(hours=12)


def test_the_use_of_a_session_is_written_down_every_five_minutes(database, cast, time_travel):
    secret = does(database, credentials.start_session, cast.dora)

    time_travel(5 * MINUTE - timedelta(seconds=1))
    assert not credentials.is_use_due(holder(database, secret))

    time_travel(timedelta(seconds=1))
    assert credentials.is_use_due(holder(database, secret))


def test_a_session_that_has_ended_is_not_brought_back_by_its_last_use(database, cast, time_travel):
    secret = does(database, credentials.start_session, cast.dora)
    found = holder(database, secret)

    time_travel(31 * MINUTE)
    does(database, credentials.note_use, found)

    assert holder(database, secret) is None


def test_the_use_of_a_token_does_not_prolong_it(database, cast, time_travel):
    secret = does(database, own.issue_token, TERMS, cast.dora)
    (before,) = looks(database, own.find, TOKEN, cast.dora)

    time_travel(timedelta(days=29))
    does(database, credentials.note_use, holder(database, secret, TOKEN))

    (after,) = looks(database, own.find, TOKEN, cast.dora)
    assert after.expires_at == before.expires_at
    assert clock.now() - after.last_used_at < MINUTE


def test_a_sign_in_makes_a_new_secret_and_ends_the_session_that_the_browser_brought(database, cast):
    old = does(database, credentials.start_session, cast.tess)

    new = does(database, credentials.start_session, cast.dora, instead_of=old)

    assert new != old
    assert holder(database, old) is None
    assert holder(database, new).actor == cast.dora
    assert entries(database, cast.tess.id, Event.CREDENTIAL_REVOKED)


@pytest.mark.parametrize("kind", [TOKEN, LINK])
def test_a_sign_in_ends_nothing_but_a_session(kind, database, cast):
    other = does(database, credentials.issue, cast.dora.id, kind, SYSTEM)

    does(database, credentials.start_session, cast.dora, instead_of=other)

    assert holder(database, other, kind) is not None


def test_a_new_password_ends_all_sessions_but_the_one_that_set_it(database, cast):
    here, there = (does(database, credentials.start_session, cast.dora) for _ in range(2))
    others = does(database, credentials.start_session, cast.tess)
    token = does(database, own.issue_token, TERMS, cast.dora)
    hashed = passwords.hash_password(PASSWORD)

    does(database, passwords.set_password, hashed, cast.dora, keep=here)

    assert holder(database, here) is not None
    assert holder(database, there) is None
    assert holder(database, others) is not None
    assert holder(database, token, TOKEN) is not None


def test_people_see_their_own_sessions_with_the_name_of_the_browser(database, cast):
    does(database, credentials.start_session, cast.dora, label="Firefox on Linux")
    does(database, credentials.start_session, cast.tess, label="Chrome on Windows")

    (found,) = looks(database, own.find, SESSION, cast.dora)

    assert (found.label, found.last_used_at) == ("Firefox on Linux", found.created_at)


def test_all_other_sessions_are_ended_in_one_go(database, cast):
    here, *there = (does(database, credentials.start_session, cast.dora) for _ in range(3))

    ended = does(database, own.revoke_other_sessions, here, cast.dora)

    assert ended == 2
    assert [holder(database, secret) is None for secret in (here, *there)] == [False, True, True]
    (entry,) = entries(database, cast.dora.id, Event.CREDENTIAL_REVOKED)
    assert entry.detail["ended"] == {"session": 2}


def test_nobody_ends_what_is_another_persons(database, cast):
    secret = does(database, credentials.start_session, cast.tess)
    (theirs,) = looks(database, own.find, SESSION, cast.tess)
    before = dump(database)

    with pytest.raises(NotFound):
        does(database, own.revoke, SESSION, credentials.reference(theirs), cast.dora)

    assert dump(database) == before
    assert holder(database, secret) is not None


@pytest.mark.parametrize("kind", [SESSION, TOKEN])
def test_what_is_revoked_is_good_for_nothing_and_told(kind, database, cast):
    secret = does(database, credentials.issue, cast.dora.id, kind, SYSTEM)
    (found,) = looks(database, own.find, kind, cast.dora)

    does(database, own.revoke, kind, credentials.reference(found), cast.dora)

    assert holder(database, secret, kind) is None
    (entry,) = entries(database, cast.dora.id, Event.CREDENTIAL_REVOKED)
    assert (entry.detail["kind"], entry.actor_name) == (kind, "Dora Desk")


def test_a_token_says_what_it_is_and_is_kept_as_a_hash(database, cast):
    secret = does(database, own.issue_token, TERMS, cast.dora)

    (found,) = looks(database, own.find, TOKEN, cast.dora)
    assert secret.startswith(f"sh_{found.id}_")
    assert found.secret_hash == credentials.digest(secret)
    assert secret.removeprefix(f"sh_{found.id}_") not in str(dump(database))
    assert (found.label, found.scope) == ("Nightly export", "read")


@pytest.mark.parametrize("days", tokens.LIFETIMES)
def test_a_token_is_good_for_as_many_days_as_were_chosen(days, database, cast, time_travel):
    secret = does(database, own.issue_token, Terms("Export", Scope.READ, days), cast.dora)

    time_travel(timedelta(days=days) - MINUTE)
    assert holder(database, secret, TOKEN).scope is Scope.READ

    time_travel(MINUTE)
    assert holder(database, secret, TOKEN) is None


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms("", Scope.READ, 30), "label"),
        (Terms("   ", Scope.READ, 30), "label"),
        (Terms("x" * 121, Scope.READ, 30), "label"),
        (Terms("a\x00b", Scope.READ, 30), "label"),
        (Terms("Export", Scope.READ, 31), "days"),
        (Terms("Export", Scope.READ, 0), "days"),
        (Terms("Export", Scope.READ, 36500), "days"),
    ],
)
def test_a_token_on_other_terms_is_refused(terms, field, database, cast):
    before = dump(database)

    with pytest.raises(InvalidAnswers) as refusal:
        does(database, own.issue_token, terms, cast.dora)

    assert set(refusal.value.errors) == {field}
    assert dump(database) == before


def test_a_token_from_before_tokens_had_a_name_may_write_and_can_be_revoked(database, cast):
    secret = does(database, credentials.issue, cast.dora.id, TOKEN, SYSTEM)
    old = update(Credential).values(id=None, label=None, scope=None)
    does(database, lambda session: session.execute(old))
    (found,) = looks(database, own.find, TOKEN, cast.dora)

    assert holder(database, secret, TOKEN).scope is Scope.WRITE
    does(database, own.revoke, TOKEN, credentials.reference(found), cast.dora)

    assert holder(database, secret, TOKEN) is None


def test_the_system_has_no_sessions(database, cast):
    with pytest.raises(NotAllowed):
        looks(database, own.find, SESSION, SYSTEM)
