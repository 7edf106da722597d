"""A signature as a file: checked by itself, it says what it proves and what it does not."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from engine import base64url, signatures, tasks
from engine.cli import main
from engine.errors import InvalidDocument, NotAllowed, NotFound
from engine.history import Event
from engine.people import passkeys
from engine.signatures import ByPasskey, canonical, documents, listing, verdicts
from engine.signatures.documents import sha256
from tests.diagrams import bundle, line, user_task
from tests.engine.authenticator import SITE, Device
from tests.factories import deploy, entries, open_tasks, report

TITLE = "Bürosystem \N{PILE OF POO} is down"
ANSWERS = {"note": "Restarted it."}
MEANING = "approved"


@pytest.fixture
def does(database):
    def do(act, *what, **more):
        with database.transaction() as session:
            return act(session, *what, **more)

    return do


@pytest.fixture
def it(database, cast, does):
    """An incident of which Dora has signed a task with her passkey."""
    deploy(database, bundle(*line(user_task("Look", signature=MEANING), user_task("Check"))))
    device = Device()
    made = device.make(does(passkeys.ask_to_add, SITE, cast.dora))
    does(passkeys.add, made, "Key", SITE, cast.dora)
    incident = report(database, cast.rob, title=TITLE)
    task = open_tasks(database, incident, cast.dora)["Look"]
    asked = does(tasks.ask_to_sign, task.id, ANSWERS, SITE, cast.dora)
    signing = ByPasskey(MEANING, device.sign(asked.options), asked.at, SITE)
    does(tasks.complete, task.id, ANSWERS, cast.dora, None, signing)
    with database.reading() as session:
        signature = signatures.of_task(session, task.id)
    return SimpleNamespace(incident=incident, task=task, signature=signature)


@pytest.fixture
def file(it):
    """The file of the signature, as JSON reads it."""
    return json.loads(json.dumps(documents.of(it.signature)))


@pytest.fixture
def by_password(it):
    """The file of a signature that was given with a password."""
    it.signature.method, it.signature.assertion = "password", None
    return documents.of(it.signature)


def judged(file, trusted=None):
    return verdicts.judge(documents.read(json.dumps(file).encode()), trusted)


def public_key(file):
    return base64url.decode(file["assertion"]["public_key"])


# ---- from an installation


def test_the_signatures_of_an_incident_are_listed_with_names(does, cast, it):
    (signed,) = does(listing.find, it.incident, cast.aude)

    assert (signed.signature.id, signed.name, signed.task_name) == (
        it.signature.id,
        "Dora Desk",
        "Do Look",
    )
    assert does(listing.find, it.incident, cast.aude, after=it.signature.id) == []
    assert does(listing.get, it.incident, it.signature.id, cast.aude).id == it.signature.id


def test_who_may_not_read_the_trace_gets_no_signature(does, cast, it):
    with pytest.raises(NotAllowed):
        does(listing.find, it.incident, cast.dora)
    with pytest.raises(NotAllowed):
        does(listing.get, it.incident, it.signature.id, cast.dora)


def test_a_signature_belongs_to_its_incident(database, does, cast, it):
    other = report(database, cast.rob)
    with pytest.raises(NotFound):
        does(listing.get, other, it.signature.id, cast.aude)
    assert does(listing.find, other, cast.aude) == []


# ---- checked by itself


def test_a_good_signature_says_what_is_proved_and_what_is_not(file):
    verdict = judged(file)

    assert verdict.is_good
    assert verdict.says[0].startswith("Dora Desk means “approved” by “Do Look” of INC-")
    assert TITLE in verdict.says[0]
    assert verdict.says[1:] == ('Answered: note = "Restarted it."',)
    assert file["statement_sha256"] in verdict.proved[0]
    assert file["public_key_sha256"] in verdict.proved[0]
    assert verdict.unproved[0].startswith("Whose key it is: the key comes from this file itself.")
    assert [sentence.split(":")[0] for sentence in verdict.unproved[1:]] == [
        "That it was a passkey of steadyhand.test which verified who held it",
        "When it was",
        "What the screen showed",
    ]


def test_the_history_of_the_signer_has_the_hash_of_the_key(database, cast, file):
    (added,) = entries(database, cast.dora.id, Event.AUTHENTICATOR_ADDED)

    verdict = judged(file, added.detail["key_sha256"])

    assert verdict.is_good
    assert "It is signed by the key you trust." in verdict.proved
    assert "steadyhand.test, says that it verified who held it" in verdict.proved[-1]
    assert [sentence.split(":")[0] for sentence in verdict.unproved] == [
        "When it was",
        "What the screen showed",
    ]


def test_the_key_of_somebody_else_is_not_the_one_that_signed(file):
    verdict = judged(file, "0" * 64)

    assert not verdict.is_good
    assert verdict.problems == ("It is signed by another key than the one you trust.",)


@pytest.mark.parametrize(
    "written",
    [
        lambda key: key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        lambda key: key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        lambda key: f"{_hash_of(key)}\n".encode(),
    ],
    ids=["PEM", "DER", "SHA-256"],
)
def test_a_key_is_known_however_it_is_written(file, written):
    key = load_der_public_key(public_key(file))

    assert documents.key_hash(written(key)) == file["public_key_sha256"]


def _hash_of(key):
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    "content",
    [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", b"\xff"],
)
def test_what_is_no_key_is_not_trusted(content):
    with pytest.raises(InvalidDocument, match="no public key"):
        documents.key_hash(content)


# ---- forged: nothing can be changed unnoticed


def flipped(content):
    """The content with one bit of one byte changed, for every byte."""
    for at, byte in enumerate(content):
        yield content[:at] + bytes([byte ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("name", ["client_data", "authenticator_data", "signature", "public_key"])
@pytest.mark.parametrize("has_new_hash", [False, True])
def test_a_byte_changed_in_what_the_passkey_said_is_found(file, name, has_new_hash):
    for content in flipped(base64url.decode(file["assertion"][name])):
        forged = {**file, "assertion": {**file["assertion"], name: base64url.encode(content)}}
        if has_new_hash:
            forged["public_key_sha256"] = sha256(public_key(forged))
        problems = judged(forged).problems

        if name == "public_key" and not has_new_hash:
            assert problems[0].startswith("The public key was changed")
        assert "The signature does not fit the public key." in problems


@pytest.mark.parametrize("has_new_hash", [False, True])
def test_a_byte_changed_in_the_statement_is_found(file, has_new_hash):
    for content in flipped(file["statement"].encode()):
        forged = {**file, "statement": content.decode(errors="replace")}
        if has_new_hash:
            forged["statement_sha256"] = sha256(forged["statement"].encode())
        problems = judged(forged).problems

        assert has_new_hash or problems[0].startswith("The statement was changed")
        assert "Another statement was signed." in problems


def test_a_byte_changed_anywhere_in_the_file_is_found(file):
    content = json.dumps(file, ensure_ascii=False, indent=2).encode()
    assert judged(json.loads(content)).is_good

    for forged in flipped(content):
        try:
            verdict = verdicts.judge(documents.read(forged))
        except InvalidDocument:
            continue
        assert not verdict.is_good
        assert verdict.problems


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file.update(format="steadyhand-signature-2"), "format"),
        (lambda file: file.update(note="Trust me."), "does not belong there"),
        (lambda file: file.pop("statement_sha256"), "missing"),
        (lambda file: file.update(statement={}), "no text"),
        (lambda file: file.update(statement="\ud800"), "not JSON"),
        (lambda file: file.update(public_key_sha256=7), "no text"),
        (lambda file: file.update(method="word of honour"), "method is not known"),
        (lambda file: file.update(method="password"), "goes with its method"),
        (lambda file: file.update(assertion=None), "goes with its method"),
        (lambda file: file.update(public_key_sha256=None), "goes with its method"),
        (lambda file: file.update(assertion="signed"), "in “assertion”"),
        (lambda file: file["assertion"].pop("site"), "in “assertion”"),
        (lambda file: file["assertion"].update(more="x"), "in “assertion”"),
        (lambda file: file["assertion"].update(site=["x"]), "“site” is not written"),
        (lambda file: file["assertion"].update(site="\ud800"), "not JSON"),
        (lambda file: file["assertion"].update(signature="A"), "“signature” is not written"),
        (lambda file: file["assertion"].update(signature="AB"), "“signature” is not written"),
        (lambda file: file["assertion"].update(signature="AA=="), "“signature” is not written"),
        (lambda file: file["assertion"].update(signature="é"), "“signature” is not written"),
    ],
)
def test_a_file_of_another_form_is_no_signature(file, change, said):
    change(file)

    with pytest.raises(InvalidDocument, match=said):
        judged(file)


@pytest.mark.parametrize(
    "content",
    [b"", b"no", b"\xff\xfe\x00", b"[" * 100_000, b"[]", b'{"format": 1, "format": 2}', b"7"],
)
def test_what_is_no_file_of_a_signature_is_said_to_be_none(content):
    with pytest.raises(InvalidDocument):
        documents.read(content)


@pytest.mark.parametrize(
    "key",
    [
        x25519.X25519PrivateKey.generate().public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
    ],
    ids=["of a kind that does not sign", "of somebody else"],
)
def test_another_key_is_not_the_one_that_signed(file, key):
    content = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    file["assertion"]["public_key"] = base64url.encode(content)
    file["public_key_sha256"] = sha256(content)

    assert judged(file).problems == ("The signature does not fit the public key.",)


def test_what_is_nested_too_deep_is_no_good_signature(file):
    deep = "[" * 100_000
    file |= {"statement": deep, "statement_sha256": sha256(deep.encode())}
    file["assertion"]["client_data"] = base64url.encode(deep.encode())

    assert judged(file).problems == (
        "The statement is not canonical JSON.",
        "What the browser said cannot be read.",
        "The signature does not fit the public key.",
        "The statement does not say who decided what.",
    )


@pytest.mark.parametrize("said", [{}, [], {"signer": "Dora"}, {"signer": {"name": "Dora"}}, 7])
def test_a_statement_of_something_else_is_no_decision(by_password, said):
    statement = canonical.write(said)
    by_password |= {"statement": statement, "statement_sha256": sha256(statement.encode())}

    assert judged(by_password).problems == ("The statement does not say who decided what.",)


# ---- without a passkey


def test_a_signature_by_password_proves_nothing_by_itself(by_password):
    verdict = judged(by_password)

    assert (verdict.is_good, verdict.proved, verdict.problems) == (False, (), ())
    assert verdict.unproved[0].startswith("Anything: Dora Desk proved who they are by a password")
    assert by_password["statement_sha256"] in verdict.unproved[1]


def test_a_statement_that_was_changed_beside_its_hash_is_found_even_so(by_password):
    by_password["statement"] = by_password["statement"].replace("Restarted it.", "Did nothing.")

    (problem,) = judged(by_password).problems
    assert problem.startswith("The statement was changed")


# ---- at the command line


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command, where nobody could reach a database."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    def check(file, key=None):
        path, trusted = tmp_path / "signature.json", tmp_path / "key"
        path.write_text(json.dumps(file))
        words = ["signature", "check", str(path)]
        if key is not None:
            trusted.write_bytes(key)
            words += ["--key", str(trusted)]
        return CliRunner().invoke(main, words)

    return check


def test_the_command_says_that_the_key_comes_from_the_file(run, file):
    result = run(file)

    assert result.exit_code == 0, result.output
    assert result.output.startswith("The signature is good, by the key in this file.")
    assert "the key comes from this file itself" in result.output
    assert "It is signed by the key" not in result.output


def test_the_command_says_that_it_is_the_key_one_trusts(run, file):
    result = run(file, public_key(file))

    assert result.exit_code == 0, result.output
    assert result.output.startswith("The signature is good, by the key you trust.")
    assert "It is signed by the key you trust." in result.output


@pytest.mark.parametrize(
    ("key", "said"),
    [(b"0" * 64, "another key than the one you trust"), (b"no key", "This is no public key")],
)
def test_the_command_refuses_another_key(run, file, key, said):
    result = run(file, key)

    assert result.exit_code == 1
    assert said in result.output


def test_the_command_names_what_is_wrong(run, file):
    file["statement"] = file["statement"].replace("Restarted it.", "Did nothing.")

    result = run(file)

    assert result.exit_code == 1
    assert result.output.startswith("The signature is not good.")
    assert "The statement was changed" in result.output
    assert "Proved:" not in result.output


def test_the_command_says_that_a_password_proves_nothing(run, by_password):
    result = run(by_password)

    assert result.exit_code == 1
    assert result.output.startswith("This file proves nothing by itself.")
    assert "by a password, and that leaves nothing behind" in result.output


def test_the_command_refuses_what_is_no_signature_in_a_sentence(run):
    result = run({"hello": "world"})

    assert (result.exit_code, "no signature of Steadyhand" in result.output) == (1, True)


def test_what_stands_in_the_file_does_not_steer_the_terminal(run, by_password):
    statement = by_password["statement"].replace("Dora Desk", "Dora\\u001b[2J\u202eDesk")
    by_password |= {"statement": statement, "statement_sha256": sha256(statement.encode())}

    result = run(by_password)

    assert "Dora\ufffd[2J\ufffdDesk" in result.output
    assert "\x1b" not in result.output
