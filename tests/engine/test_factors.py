"""Codes of an app and recovery codes: each counts once, and only for whose they are."""

import threading
from datetime import timedelta

import pyotp
import pytest
from click.testing import CliRunner

from engine import clock
from engine.cli import main
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import credentials, factors, passwords, proofs, signing_in, throttle
from engine.people.credentials import CredentialKind
from engine.people.proofs import ByPassword
from engine.people.signing_in import Browser
from engine.people.throttle import NotProven, Throttled
from engine.store.tables import Person
from tests.factories import dump, entries

PASSWORD = "a few words are easy to keep"  # noqa: S105 -- of a test
STEP = timedelta(seconds=30)
HERE = Browser("192.0.2.7", "Firefox")
NO_CODE = "000000 is no code of anybody"


def code(key, steps=0):
    """What an app shows, some steps of half a minute from now."""
    return pyotp.TOTP(key).at(clock.now() + steps * STEP)


@pytest.fixture(scope="session")
def hashed():
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def does(database):
    """Something of the engine in a transaction of its own."""

    def act(what, *given, **more):
        with database.transaction() as session:
            return what(session, *given, **more)

    return act


@pytest.fixture
def dora(cast, does, hashed):
    """Dora, with a password."""
    does(passwords.set_password, hashed, cast.dora)
    return cast.dora


@pytest.fixture
def app(dora, does, time_travel):
    """An app of hers, and her recovery codes; the code that enrolled it has passed."""
    key = factors.new_key()
    codes = does(factors.add, key, code(key), "Phone", dora)
    time_travel(STEP)
    return key, codes


def use(session, actor, given):
    factors.use(session, session.get_one(Person, actor.id), given)


def is_good(does, actor, given):
    try:
        does(use, actor, given)
    except NotProven:
        return False
    return True


def test_the_first_app_comes_with_ten_recovery_codes_and_the_second_with_none(app, dora, does):
    _, codes = app
    other = factors.new_key()

    more = does(factors.add, other, code(other), "Tablet", dora)

    known = does(factors.look, dora)
    assert len(set(codes)) == 10
    assert more == []
    assert [each.label for each in known.apps] == ["Phone", "Tablet"]
    assert known.recovery_codes_left == 10


def test_a_key_is_kept_only_when_a_code_shows_that_the_app_has_it(dora, does, database):
    key, before = factors.new_key(), dump(database)

    with pytest.raises(InvalidAnswers) as refusal:
        does(factors.add, key, code(factors.new_key()), "Phone", dora)

    assert "another code" in refusal.value.errors["code"]
    assert dump(database) == before


@pytest.mark.parametrize("key", ["", "A" * 31, "A" * 40, "1" * 32, "ä" * 32])
def test_what_is_no_key_of_ours_is_refused(key, dora, does):
    with pytest.raises(InvalidAnswers):
        does(factors.add, key, "123456", "Phone", dora)


@pytest.mark.parametrize("label", ["", "x" * 121, "\x00", "\ud800"])
def test_an_app_has_a_name(label, dora, does):
    key = factors.new_key()

    with pytest.raises(InvalidAnswers) as refusal:
        does(factors.add, key, code(key), label, dora)

    assert list(refusal.value.errors) == ["label"]


def test_who_has_no_password_sets_one_first(cast, does):
    key = factors.new_key()

    with pytest.raises(Conflict, match="Set a password first"):
        does(factors.add, key, code(key), "Phone", cast.tess)


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_good_a_step_early_or_late(steps, good, app, dora, does, time_travel):
    key, _ = app
    time_travel(5 * STEP)

    assert is_good(does, dora, code(key, steps)) is good


def test_a_code_counts_once_and_so_do_those_before_it(app, dora, does):
    key, _ = app
    given, earlier = code(key), code(key, -1)

    assert is_good(does, dora, given)
    assert not is_good(does, dora, given)
    assert not is_good(does, dora, earlier)
    assert is_good(does, dora, code(key, 1))


def test_the_code_that_added_an_app_does_not_count_again(dora, does):
    key = factors.new_key()
    given = code(key)
    does(factors.add, key, given, "Phone", dora)

    assert not is_good(does, dora, given)


def test_of_many_that_come_with_one_code_at_one_time_one_wins(app, dora, does):
    key, _ = app
    begin, won, given = threading.Barrier(6), [], code(key)

    def try_it():
        begin.wait()
        won.append(is_good(does, dora, given))

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False] * 5 + [True]


def test_a_recovery_code_counts_once_however_it_is_typed(app, dora, does, database):
    _, codes = app

    assert is_good(does, dora, f" {codes[0].upper().replace('-', ' ')} ")
    assert not is_good(does, dora, codes[0])
    assert does(factors.recovery_codes_left, dora.id) == 9
    (told,) = entries(database, dora.id, Event.RECOVERY_CODE_USED)
    assert told.detail == {"left": 9}


@pytest.mark.parametrize(
    "given",
    ["", "000000", "abcdefghijklmnop", NO_CODE, "\x00", "\ud800", "\N{FULLWIDTH DIGIT ONE}" * 6],
)
def test_what_was_never_a_code_is_refused_in_the_same_words(given, app, dora, does):
    with pytest.raises(NotProven, match="not right, or it was used before") as refusal:
        does(use, dora, given)

    assert refusal.value.subject == throttle.person("dora")


def test_codes_are_good_for_their_own_person_only(app, cast, does):
    key, codes = app

    assert not is_good(does, cast.tess, code(key))
    assert not is_good(does, cast.tess, codes[0])


def test_new_recovery_codes_end_the_old_ones(app, dora, does):
    _, old = app

    new = does(factors.issue_recovery_codes, dora)

    assert not set(old) & set(new)
    assert not is_good(does, dora, old[0])
    assert is_good(does, dora, new[0])


def test_there_are_no_recovery_codes_without_an_app(dora, does):
    with pytest.raises(Conflict, match="Add an app first"):
        does(factors.issue_recovery_codes, dora)


def test_with_the_last_app_go_the_recovery_codes(app, dora, does):
    key, codes = app
    known = does(factors.look, dora)

    does(factors.remove, known.apps[0].id, dora)

    assert does(factors.look, dora).recovery_codes_left == 0
    assert not is_good(does, dora, code(key))
    assert not is_good(does, dora, codes[0])


def test_nobody_removes_the_app_of_somebody_else(app, cast, dora, does):
    known = does(factors.look, dora)

    with pytest.raises(NotFound):
        does(factors.remove, known.apps[0].id, cast.tess)

    assert does(factors.has_app, dora.id)


def test_every_change_is_in_history_without_a_secret(app, dora, does, database):
    key, codes = app
    (phone,) = does(factors.look, dora).apps
    does(use, dora, codes[0])
    codes += does(factors.issue_recovery_codes, dora)
    does(factors.remove, phone.id, dora)

    told = entries(database, dora.id)

    assert [entry.event for entry in told[-5:]] == [
        Event.AUTHENTICATOR_ADDED,
        Event.RECOVERY_CODES_ISSUED,
        Event.RECOVERY_CODE_USED,
        Event.RECOVERY_CODES_ISSUED,
        Event.AUTHENTICATOR_REMOVED,
    ]
    said = str([(entry.changes, entry.detail) for entry in told])
    assert key not in said
    assert not [each for each in codes if each in said]


def test_recovery_codes_are_kept_as_hashes(app, database):
    _, codes = app

    kept = str(dump(database))

    assert not [each for each in codes if each in kept or each.replace("-", "") in kept]
    assert credentials.digest(codes[0].replace("-", "")) in kept


@pytest.fixture
def prove(dora, does):
    """Both steps of Dora's proof, as the edge takes them."""

    def prove(typed):
        return does(proofs.require, does(proofs.take, typed, dora), dora)

    return prove


def test_the_same_is_asked_again_by_password_or_by_code(app, prove):
    key, codes = app

    assert prove(PASSWORD) == "password"
    assert prove(code(key)) == "totp"
    for wrong in (code(key), codes[0], "wrong", "", "\x00", "\ud800"):
        with pytest.raises(NotProven, match="neither your password nor a code"):
            prove(wrong)


def test_who_was_asked_in_vain_too_often_is_not_asked_again(does, prove):
    for _ in range(5):
        does(throttle.count, throttle.again("dora"))

    with pytest.raises(Throttled, match="too many attempts"):
        prove(PASSWORD)


def test_who_proves_who_they_are_begins_again_at_nothing(does, prove):
    for _ in range(4):
        does(throttle.count, throttle.again("dora"))

    prove(PASSWORD)

    does(throttle.count, throttle.again("dora"))
    assert prove(PASSWORD) == "password"


def test_nobody_who_is_signed_in_is_blocked_by_wrong_passwords_of_others(does, prove):
    for _ in range(5):
        does(throttle.count, throttle.person("dora"))

    assert prove(PASSWORD) == "password"


def test_of_guesses_at_one_time_none_counts_that_comes_after_too_many(dora, does):
    checked = does(proofs.take, PASSWORD, dora)
    for _ in range(5):
        does(throttle.count, throttle.again("dora"))

    with pytest.raises(Throttled, match="too many attempts"):
        does(proofs.require, checked, dora)


def test_somebody_elses_proof_is_none(cast, dora, does):
    with pytest.raises(NotProven, match="neither your password nor a code"):
        does(proofs.require, ByPassword(cast.max.id), dora)


# ---- the way in


def who(does, secret):
    return does(credentials.find_actor, CredentialKind.SESSION, secret)


def test_without_an_app_the_password_is_enough(dora, does):
    actor = does(signing_in.check_password, "dora", PASSWORD, HERE)

    admission = does(signing_in.admit, actor, HERE)

    assert not admission.needs_code
    assert who(does, admission.secret) == dora


def test_with_an_app_the_password_opens_nothing_but_the_question_for_a_code(app, dora, does):
    key, _ = app
    admission = does(signing_in.admit, dora, HERE)

    secret = does(signing_in.give_code, admission.secret, code(key), HERE)

    assert admission.needs_code
    assert [who(does, admission.secret), who(does, secret)] == [None, dora]


def test_a_link_stands_for_the_password_but_not_for_the_code(app, cast, dora, does):
    link = cast.link("dora")

    admission = does(signing_in.redeem_link, link, HERE)

    assert admission.needs_code
    with pytest.raises(NotAllowed, match="used or has expired"):
        does(signing_in.redeem_link, link, HERE)


def test_a_link_is_enough_without_an_app(cast, does):
    admission = does(signing_in.redeem_link, cast.link("tess"), HERE)

    assert not admission.needs_code
    assert who(does, admission.secret) == cast.tess


def test_a_sign_in_that_waits_too_long_for_its_code_has_ended(app, dora, does, time_travel):
    key, _ = app
    admission = does(signing_in.admit, dora, HERE)

    time_travel(timedelta(minutes=5))

    assert does(signing_in.find_pending, admission.secret) is None
    with pytest.raises(NotFound, match="took too long"):
        does(signing_in.give_code, admission.secret, code(key), HERE)


def test_a_sign_in_is_finished_once(app, dora, does):
    key, _ = app
    admission = does(signing_in.admit, dora, HERE)
    does(signing_in.give_code, admission.secret, code(key), HERE)

    with pytest.raises(NotFound):
        does(signing_in.give_code, admission.secret, code(key, 1), HERE)


def test_a_right_password_does_not_forget_the_wrong_codes(app, dora, does):
    key, _ = app
    for _ in range(5):
        admission = does(signing_in.admit, dora, HERE)
        does(throttle.count, throttle.person("dora"))

    with pytest.raises(Throttled):
        does(signing_in.give_code, admission.secret, code(key), HERE)
    with pytest.raises(Throttled):
        does(signing_in.admit, dora, HERE)


def test_a_guess_that_was_right_too_late_does_not_win(dora, does):
    actor = does(signing_in.check_password, "dora", PASSWORD, HERE)
    for _ in range(5):  # meanwhile, by others at the same time
        does(throttle.count, throttle.person("dora"))

    with pytest.raises(Throttled):
        does(signing_in.admit, actor, HERE)


@pytest.mark.parametrize("username", ["dora", "nobody"])
def test_a_blocked_name_is_not_asked_for_its_password_whether_it_exists_or_not(
    username, dora, does
):
    for _ in range(5):
        does(throttle.count, throttle.person(username))

    with pytest.raises(Throttled):
        does(signing_in.check_password, username, PASSWORD, HERE)


def test_a_blocked_address_is_not_listened_to_whoever_it_names(dora, does):
    for _ in range(20):
        does(throttle.count, throttle.address(HERE.address))

    with pytest.raises(Throttled):
        does(signing_in.check_password, "dora", PASSWORD, HERE)

    assert does(signing_in.check_password, "dora", PASSWORD, Browser("192.0.2.8")).id == dora.id


def test_who_left_does_not_finish_a_sign_in(app, dora, does):
    key, _ = app
    admission = does(signing_in.admit, dora, HERE)

    def leave(session):
        session.get_one(Person, dora.id).is_active = False

    does(leave)

    with pytest.raises(NotFound):
        does(signing_in.give_code, admission.secret, code(key), HERE)


# ---- the command line


def run(database, *words):
    return CliRunner().invoke(main, ["user", *words], env={"DATABASE_URL": database.url})


def test_an_administrator_resets_the_factors_of_who_has_lost_them(app, dora, does, database):
    _, codes = app

    answer = run(database, "reset-factors", "dora")

    (told,) = entries(database, dora.id, Event.FACTORS_RESET)
    assert "dora signs in without a code: 1 app removed." in answer.output
    assert told.detail == {"apps": 1}
    assert not does(factors.has_app, dora.id)
    assert not is_good(does, dora, codes[0])


def test_an_administrator_unlocks_somebody_by_name(dora, does, database):
    for _ in range(5):
        does(throttle.count, throttle.person("dora"))

    answer = run(database, "unlock", "dora")

    assert answer.exit_code == 0, answer.output
    assert does(signing_in.check_password, "dora", PASSWORD, HERE).id == dora.id


def test_nobody_is_unlocked_or_reset_who_is_not_there(database, cast):
    for words in ("unlock", "reset-factors"):
        answer = run(database, words, "nobody")

        assert answer.exit_code == 1
        assert "no person named “nobody”" in answer.output
