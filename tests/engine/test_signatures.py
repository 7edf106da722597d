"""Signatures: a task that asks for one is completed with it, and it can be checked offline."""

import hashlib
import json
from datetime import timedelta

import pyotp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine import base64url, clock, signatures, tasks
from engine.actors import Role
from engine.errors import InvalidAnswers, NotAllowed
from engine.history import Event
from engine.people import factors, passkeys, passwords, proofs
from engine.people.challenges import LIFETIME
from engine.people.passkeys import Suspected
from engine.people.proofs import ByCode, ByPassword
from engine.people.throttle import NotProven
from engine.signatures import ByPasskey, ByProof, Unsigned
from tests.diagrams import bundle, line, user_task
from tests.durability.driver import watched
from tests.engine.authenticator import PRESENT, SITE, VERIFIED, Device
from tests.factories import add_person, deploy, dump, entries, open_tasks, report

PASSWORD = "correct horse battery"  # noqa: S105 -- nobody's
ANSWERS = {"note": "Restarted it."}
MEANING = "approved"
NOW, HALF_A_MINUTE = timedelta(0), timedelta(seconds=30)


@pytest.fixture
def incident(database, cast):
    drawn = line(user_task("Look", signature=MEANING), user_task("Check"))
    deploy(database, bundle(*drawn))
    return report(database, cast.rob)


@pytest.fixture
def task(database, cast, incident):
    return open_tasks(database, incident, cast.dora)["Look"]


@pytest.fixture
def does(database):
    def do(act, *what):
        with database.transaction() as session:
            return act(session, *what)

    return do


@pytest.fixture
def complete(does, task, cast):
    def attempt(signing, answers=ANSWERS, actor=cast.dora):
        return does(tasks.complete, task.id, answers, actor, None, signing)

    return attempt


@pytest.fixture
def password(does, cast):
    """Dora's password, checked for a signature."""
    does(passwords.set_password, passwords.hash_password(PASSWORD), cast.dora)
    return lambda meaning=MEANING: ByProof(meaning, does(proofs.take, PASSWORD, cast.dora))


@pytest.fixture
def device(does, cast):
    """Dora's passkey."""
    device = Device()
    made = device.make(does(passkeys.ask_to_add, SITE, cast.dora))
    does(passkeys.add, made, "Key", SITE, cast.dora)
    return device


@pytest.fixture
def ask(does, task, cast):
    def attempt(answers=ANSWERS, actor=cast.dora):
        return does(tasks.ask_to_sign, task.id, answers, SITE, actor)

    return attempt


def by_passkey(device, asked):
    return ByPasskey(MEANING, device.sign(asked.options), asked.at, SITE)


def kept(database, task):
    with database.reading() as session:
        return signatures.of_task(session, task.id)


def test_a_task_that_asks_for_a_signature_is_not_completed_without(database, complete):
    before = dump(database)

    with pytest.raises(Unsigned, match="you mean “approved”, and prove who you are"):
        complete(None)

    assert dump(database) == before


def test_a_password_signs_what_was_shown_and_decided(
    database, cast, incident, task, password, complete
):
    complete(password())

    signature = kept(database, task)
    said = json.loads(signature.statement)
    assert (signature.method, signature.meaning, signature.assertion) == ("password", MEANING, None)
    assert signature.person_id == cast.dora.id
    assert said["answers"] == ANSWERS
    assert said["incident"]["number"] == incident.number
    assert said["signer"] == {"id": cast.dora.id, "name": "Dora Desk"}
    assert [field["key"] for field in said["form"]["fields"]] == ["note"]
    assert (said["task"]["instructions"], said["meaning"]) == ("Do it.", MEANING)
    assert len(said["definition"]["sha256"]) == 64
    assert said["at"] == signature.signed_at.isoformat()


def test_the_history_says_who_signed_what_and_how(database, incident, task, password, complete):
    complete(password())

    (entry,) = entries(database, incident.id, Event.TASK_SIGNED)
    statement = kept(database, task).statement
    assert (entry.actor_name, entry.element_id, entry.task_id) == ("Dora Desk", "Look", task.id)
    assert entry.detail == {
        "meaning": MEANING,
        "method": "password",
        "sha256": hashlib.sha256(statement.encode()).hexdigest(),
    }


def test_a_code_of_an_app_signs_as_well(database, cast, does, task, password, complete):
    password()
    key = factors.new_key()
    last, now = (pyotp.TOTP(key).at(clock.now() + wait) for wait in (-HALF_A_MINUTE, NOW))
    does(factors.add, key, last, "Phone", cast.dora)

    complete(ByProof(MEANING, ByCode(now)))

    assert kept(database, task).method == "totp"


def test_a_wrong_password_or_code_signs_nothing(cast, does, password, complete):
    password()

    with pytest.raises(NotProven):
        does(proofs.take, "wrong", cast.dora)
    with pytest.raises(NotProven):
        complete(ByProof(MEANING, ByCode("123456")))


def test_somebody_elses_password_signs_nothing(cast, complete):
    with pytest.raises(NotProven):
        complete(ByProof(MEANING, ByPassword(cast.tess.id)))


def test_another_meaning_is_not_what_the_task_asks_for(password, complete):
    with pytest.raises(Unsigned, match="with the meaning “approved”"):
        complete(password("seen"))


def test_a_task_without_a_signature_takes_none(database, cast, does, incident, password, complete):
    complete(password())
    check = open_tasks(database, incident, cast.dora)["Check"]

    with pytest.raises(Unsigned, match="asks for no signature"):
        does(tasks.complete, check.id, ANSWERS, cast.dora, None, password())
    with pytest.raises(Unsigned, match="asks for no signature"):
        does(tasks.ask_to_sign, check.id, ANSWERS, SITE, cast.dora)


def test_a_passkey_signs_the_hash_of_the_statement_and_that_can_be_checked(
    database, task, device, ask, complete
):
    asked = ask()

    complete(by_passkey(device, asked))

    signature = kept(database, task)
    challenge = json.loads(base64url.decode(signature.assertion["client_data"]))["challenge"]
    assert base64url.decode(challenge) == hashlib.sha256(asked.statement.encode()).digest()
    assert (signature.method, signature.statement) == ("passkey", asked.statement)
    assert signatures.check(signature.statement, signature.assertion) == []


def test_the_history_knows_the_key_of_a_signature(database, cast, task, device, ask, complete):
    complete(by_passkey(device, ask()))

    key = base64url.decode(kept(database, task).assertion["public_key"])
    (added,) = entries(database, cast.dora.id, Event.AUTHENTICATOR_ADDED)
    assert added.detail["key_sha256"] == hashlib.sha256(key).hexdigest()


def test_a_signature_holds_for_the_answers_that_were_signed(device, ask, complete):
    signed = by_passkey(device, ask())

    with pytest.raises(Unsigned, match="not what your passkey signed"):
        complete(signed, {"note": "Did nothing."})


def test_a_signature_holds_for_the_moment_that_was_signed(device, ask, complete):
    asked = ask()
    later = ByPasskey(MEANING, device.sign(asked.options), asked.at + timedelta(hours=1), SITE)

    with pytest.raises(Unsigned, match="not what your passkey signed"):
        complete(later)


def test_nobody_signs_what_they_were_not_asked_for_in_the_last_five_minutes(
    device, ask, complete, time_travel
):
    signed = by_passkey(device, ask())

    time_travel(LIFETIME)

    with pytest.raises(Unsigned, match="took too long"):
        complete(signed)


def test_the_passkey_of_somebody_else_signs_nothing(cast, does, device, ask, complete):
    asked = ask()
    stranger = Device()
    made = stranger.make(does(passkeys.ask_to_add, SITE, cast.tess))
    does(passkeys.add, made, "Key", SITE, cast.tess)

    with pytest.raises(Unsigned, match="not accepted"):
        complete(by_passkey(stranger, asked))


def test_a_copied_passkey_is_told_apart(device, ask, complete):
    device.counter = -1

    with pytest.raises(Suspected):
        complete(by_passkey(device, ask()))


def test_nobody_is_asked_to_sign_wrong_answers_or_what_is_not_theirs(database, cast, device, ask):
    colleague = add_person(database, "dan", Role.RESPONDER, "Service Desk")
    with pytest.raises(InvalidAnswers):
        ask({})
    with pytest.raises(NotAllowed):
        ask(actor=cast.aude)
    with pytest.raises(NotAllowed, match="have no passkey yet"):
        ask(actor=colleague)


def test_a_completion_without_signature_asks_nothing_of_it(
    database, cast, does, incident, password, complete
):
    complete(password())
    check = open_tasks(database, incident, cast.dora)["Check"]
    said = []

    with watched(database, lambda _, about, run: said.append(about.sql) or run()):
        does(tasks.complete, check.id, ANSWERS, cast.dora)

    assert said
    assert [sql for sql in said if "signature" in sql or "authenticator" in sql] == []


# ---- checked offline


@pytest.fixture
def signed(database, task, device, ask, complete):
    """The statement and the assertion of a signature by passkey."""
    complete(by_passkey(device, ask()))
    signature = kept(database, task)
    return signature.statement, dict(signature.assertion)


def _flags(assertion, flags):
    data = bytearray(base64url.decode(assertion["authenticator_data"]))
    data[32] = flags
    return {**assertion, "authenticator_data": base64url.encode(bytes(data))}


def _browser(assertion, **said):
    client_data = json.loads(base64url.decode(assertion["client_data"])) | said
    return {**assertion, "client_data": base64url.encode(json.dumps(client_data).encode())}


UNFIT = "The signature does not fit the public key."


@pytest.mark.parametrize(
    ("forge", "problems"),
    [
        (lambda a: {**a, "signature": a["public_key"]}, [UNFIT]),
        (lambda a: {**a, "public_key": a["signature"]}, [UNFIT]),
        (lambda a: _flags(a, PRESENT), ["The passkey did not verify who held it.", UNFIT]),
        (lambda a: _flags(a, VERIFIED), ["The passkey did not verify who held it.", UNFIT]),
        (lambda a: _browser(a, challenge="AAAA"), ["Another statement was signed.", UNFIT]),
        (
            lambda a: _browser(a, type="webauthn.create"),
            ["The browser was not asked for a signature.", UNFIT],
        ),
        (
            lambda a: _browser(a, origin="https://evil.test"),
            ["It was signed at https://evil.test, which is not steadyhand.test.", UNFIT],
        ),
        (
            lambda a: {**a, "site": "evil.test"},
            [
                "It was signed at https://steadyhand.test, which is not evil.test.",
                "The passkey does not belong to evil.test.",
            ],
        ),
        (
            lambda a: {**a, "client_data": "AAAA"},
            ["What the browser said cannot be read.", UNFIT],
        ),
        (
            lambda a: {**a, "authenticator_data": "AAAA"},
            [
                "The passkey does not belong to steadyhand.test.",
                "The passkey did not verify who held it.",
                UNFIT,
            ],
        ),
        (lambda a: {**a, "signature": "?"}, ["The record is not complete."]),
        (lambda a: {**a, "signature": None}, ["The record is not complete."]),
        (lambda _: {}, ["The record is not complete."]),
    ],
)
def test_a_forged_record_is_told_by_what_is_wrong(signed, forge, problems):
    statement, assertion = signed

    assert signatures.check(statement, forge(assertion)) == problems


def test_another_statement_is_not_what_was_signed(signed):
    statement, assertion = signed
    other = statement.replace("Restarted it.", "Did nothing.")

    assert signatures.check(other, assertion) == ["Another statement was signed."]
    assert "not canonical" in signatures.check(statement + " ", assertion)[0]
    assert "not canonical" in signatures.check("{", assertion)[0]


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_every_kind_of_key_that_passkeys_have_can_be_checked(signed, kind):
    statement, assertion = signed
    content = (
        base64url.decode(assertion["authenticator_data"])
        + hashlib.sha256(base64url.decode(assertion["client_data"])).digest()
    )
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
        signature = key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        signature = key.sign(content)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = {
        **assertion,
        "public_key": base64url.encode(public),
        "signature": base64url.encode(signature),
    }

    assert signatures.check(statement, record) == []
    assert signatures.check(statement, {**record, "signature": "AAAA"}) == [UNFIT]


def test_a_key_of_another_kind_signs_nothing(signed):
    statement, assertion = signed
    key = x25519.X25519PrivateKey.generate().public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert signatures.check(statement, {**assertion, "public_key": base64url.encode(public)}) == [
        UNFIT
    ]
