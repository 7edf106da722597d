"""Passkeys: whoever has one comes in without a name; whatever is not right about it is refused."""

from datetime import timedelta

import pytest

from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import accounts, credentials, passkeys
from engine.people.ceremonies import Site
from engine.people.challenges import LIFETIME
from engine.people.credentials import FRESH
from engine.people.passkeys import Suspected
from tests.engine.authenticator import PRESENT, SITE, VERIFIED, Device
from tests.factories import dump, entries

ELSEWHERE = Site("evil.test", "https://evil.test")


@pytest.fixture
def does(database):
    """Something of the engine, in a transaction of its own."""

    def do(act, *what):
        with database.transaction() as session:
            return act(session, *what)

    return do


@pytest.fixture
def add(does):
    """Give somebody a passkey and return it with the device that holds it."""

    def make(actor, label="Key", device=None):
        device = device or Device()
        options = does(passkeys.ask_to_add, SITE, actor)
        return does(passkeys.add, device.make(options), label, SITE, actor), device

    return make


@pytest.fixture
def sign_in(does):
    """Sign in with a device; what the browser sends can be changed on the way."""

    def attempt(device, change=lambda answer: answer, site=SITE):
        answer = device.sign(does(passkeys.ask_to_sign_in, site))
        return does(passkeys.sign_in, change(answer), site)

    return attempt


def of(database, actor):
    with database.reading() as session:
        return passkeys.of(session, actor.id)


def test_whoever_holds_a_passkey_comes_in_without_a_name(database, cast, add, sign_in):
    passkey, device = add(cast.dora, " Blue key ")

    actor = sign_in(device)

    assert actor.id == cast.dora.id
    (kept,) = of(database, cast.dora)
    assert (kept.id, kept.label, kept.counter) == (passkey.id, "Blue key", device.counter)
    assert kept.last_used_at is not None
    assert of(database, cast.tess) == []


def test_a_passkey_is_asked_for_that_verifies_its_holder_and_is_not_there_yet(cast, does, add):
    first, _ = add(cast.dora)

    options = does(passkeys.ask_to_add, SITE, cast.dora)

    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert options["attestation"] == "none"
    assert [known["id"] for known in options["excludeCredentials"]] == [first.credential_id]
    assert does(passkeys.ask_to_sign_in, SITE)["userVerification"] == "required"


def test_the_history_says_what_became_of_a_passkey(database, cast, does, add):
    passkey, _ = add(cast.dora, "Key")
    does(passkeys.rename, passkey.id, "Old key", cast.dora)
    does(passkeys.remove, passkey.id, cast.dora)

    told = [e for e in entries(database, cast.dora.id) if e.detail.get("kind") == passkeys.KIND]

    assert [(entry.event, entry.detail["label"]) for entry in told] == [
        (Event.AUTHENTICATOR_ADDED, "Key"),
        (Event.AUTHENTICATOR_RENAMED, "Old key"),
        (Event.AUTHENTICATOR_REMOVED, "Old key"),
    ]
    assert of(database, cast.dora) == []


def test_a_challenge_works_once(cast, does, add):
    _, device = add(cast.dora)
    answer = device.sign(does(passkeys.ask_to_sign_in, SITE))
    does(passkeys.sign_in, answer, SITE)

    with pytest.raises(NotAllowed, match="answered before"):
        does(passkeys.sign_in, answer, SITE)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_a_challenge_is_good_for_five_minutes(cast, does, add, time_travel, late):
    _, device = add(cast.dora)
    options = does(passkeys.ask_to_sign_in, SITE)

    time_travel(LIFETIME + late)

    with pytest.raises(NotAllowed, match="took too long"):
        does(passkeys.sign_in, device.sign(options), SITE)


def test_a_challenge_for_one_thing_or_one_person_answers_nothing_else(cast, does, add):
    _, device = add(cast.dora)
    to_add = does(passkeys.ask_to_add, SITE, cast.dora)
    to_sign_in = does(passkeys.ask_to_sign_in, SITE)

    with pytest.raises(NotAllowed, match="answered before"):
        does(passkeys.sign_in, device.sign(to_add), SITE)
    with pytest.raises(NotAllowed, match="answered before"):
        does(passkeys.add, Device().make({**to_add, **to_sign_in}), "Key", SITE, cast.dora)
    with pytest.raises(NotAllowed, match="answered before"):
        does(passkeys.add, Device().make(to_add), "Key", SITE, cast.tess)


def test_a_counter_that_goes_back_is_refused_and_told_in_the_history(
    database, cast, does, add, sign_in
):
    _, device = add(cast.dora)
    sign_in(device)
    device.counter -= 1

    with pytest.raises(Suspected) as refused:
        sign_in(device)
    does(passkeys.suspect, refused.value)

    (entry,) = entries(database, cast.dora.id, Event.AUTHENTICATOR_SUSPECTED)
    assert (entry.detail["counter"], entry.detail["known"]) == (2, 2)
    assert of(database, cast.dora)[0].counter == 2


def test_a_passkey_that_does_not_count_is_no_suspect(cast, add, sign_in):
    device = Device()
    device.counter = 0
    add(cast.dora, device=device)

    for _ in range(2):
        device.counter = -1
        assert sign_in(device).id == cast.dora.id


def _other_signature(answer):
    parts = {**answer["response"], "signature": answer["response"]["authenticatorData"]}
    return {**answer, "response": parts}


def _without(name):
    def change(answer):
        parts = {key: part for key, part in answer["response"].items() if key != name}
        return {**answer, "response": parts}

    return change


@pytest.mark.parametrize(
    "change",
    [
        _other_signature,
        _without("userHandle"),
        _without("signature"),
        _without("authenticatorData"),
        _without("clientDataJSON"),
        lambda answer: {**answer, "id": "AAAA"},
        lambda answer: {**answer, "rawId": "AAAA"},
        lambda answer: {**answer, "type": "password"},
        lambda answer: {**answer, "response": "?"},
        lambda answer: {**answer, "response": {**answer["response"], "clientDataJSON": "e30"}},
        lambda answer: {**answer, "response": {**answer["response"], "clientDataJSON": "ä"}},
        lambda answer: {**answer, "response": {**answer["response"], "signature": "ä"}},
        lambda answer: {**answer, "response": {**answer["response"], "authenticatorData": "AA"}},
        lambda _: {},
    ],
)
def test_a_response_that_is_not_right_is_refused(cast, add, sign_in, change):
    _, device = add(cast.dora)

    with pytest.raises(NotAllowed):
        sign_in(device, change)


def test_a_response_from_another_site_is_refused(cast, add, sign_in):
    _, device = add(cast.dora)
    device.site = ELSEWHERE

    with pytest.raises(NotAllowed, match="not accepted"):
        sign_in(device)


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, 0])
def test_whoever_was_not_there_or_not_verified_is_refused(cast, does, add, sign_in, flags):
    _, device = add(cast.dora)
    device.flags = flags
    stranger = Device()
    stranger.flags = flags

    with pytest.raises(NotAllowed, match="not accepted"):
        sign_in(device)
    with pytest.raises(NotAllowed, match="not accepted"):
        add(cast.dora, device=stranger)


def test_a_passkey_of_somebody_else_or_of_nobody_opens_nothing(cast, add, sign_in):
    _, device = add(cast.dora)
    device.holder = cast.tess.id.encode()

    with pytest.raises(NotAllowed, match="not accepted"):
        sign_in(device)
    with pytest.raises(NotAllowed, match="does not know this passkey"):
        sign_in(Device())


def test_whoever_was_locked_out_does_not_come_in_by_passkey(database, cast, add, sign_in):
    _, device = add(cast.dora)
    with database.transaction() as session:
        accounts.get(session, "dora").is_active = False

    with pytest.raises(NotAllowed, match="not accepted"):
        sign_in(device)


def test_a_passkey_belongs_to_one_person(cast, add):
    _, device = add(cast.dora)

    with pytest.raises(Conflict, match="Use another one"):
        add(cast.tess, device=device)


def test_nobody_touches_a_passkey_of_somebody_else(database, cast, does, add):
    passkey, _ = add(cast.dora)
    before = dump(database)

    with pytest.raises(NotFound):
        does(passkeys.rename, passkey.id, "Mine", cast.tess)
    with pytest.raises(NotFound):
        does(passkeys.remove, passkey.id, cast.tess)

    assert dump(database) == before


@pytest.mark.parametrize("label", ["", "  ", "x" * 121, "a\x07"])
def test_a_passkey_has_a_name_that_can_be_shown(cast, does, add, label):
    passkey, _ = add(cast.dora)

    with pytest.raises(InvalidAnswers) as renamed:
        does(passkeys.rename, passkey.id, label, cast.dora)
    with pytest.raises(InvalidAnswers) as added:
        add(cast.dora, label)

    assert set(renamed.value.errors) == set(added.value.errors) == {"label"}


def test_a_sign_in_is_fresh_for_ten_minutes_and_for_its_own_person(cast, does, time_travel):
    secret = does(credentials.start_session, cast.dora)

    does(passkeys.require_fresh, secret, cast.dora)
    assert not does(credentials.is_fresh, secret, cast.tess)
    assert not does(credentials.is_fresh, None, cast.dora)
    time_travel(FRESH + timedelta(seconds=1))
    with pytest.raises(NotAllowed, match="Sign in again"):
        does(passkeys.require_fresh, secret, cast.dora)
