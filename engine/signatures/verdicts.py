"""What a file of a signature proves, and what it does not: in sentences, for whoever checks it.

Works on the file alone, and on the key that the reader trusts.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine import base64url
from engine.signatures.checking import check
from engine.signatures.documents import Document, sha256

_BY = {"password": "a password", "totp": "a code of an app"}


@dataclass(frozen=True)
class Verdict:
    """Good when something is proved; nothing is when something speaks against it."""

    outcome: str
    problems: tuple[str, ...] = ()  # what speaks against it
    says: tuple[str, ...] = ()  # the statement
    proved: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return bool(self.proved)


@dataclass(frozen=True)
class _Statement:
    """The parts of a statement that tell people what was decided."""

    signer: str
    meaning: str
    task: str
    incident: str
    at: str
    answers: Mapping[str, Any]


def judge(document: Document, trusted: str | None = None) -> Verdict:
    """Check a signature; ``trusted`` is the SHA-256 of the key that it should be by."""
    problems = [*_against_hashes(document), *_against_assertion(document, trusted)]
    said = _read(document.statement)
    if said is None:
        problems.append("The statement does not say who decided what.")
    if problems or said is None:
        return Verdict("The signature is not good.", problems=tuple(problems))
    says = tuple(_in_words(said))
    if document.assertion is None:
        return Verdict(
            "This file proves nothing by itself.",
            says=says,
            unproved=tuple(_of_a_word(document, said)),
        )
    return Verdict(
        f"The signature is good, by the key {'in this file' if trusted is None else 'you trust'}.",
        says=says,
        proved=tuple(_proved(document, document.assertion, trusted)),
        unproved=tuple(_unproved(document.assertion, said, trusted)),
    )


def _against_hashes(document: Document) -> Iterator[str]:
    if sha256(document.statement.encode()) != document.statement_sha256:
        yield "The statement was changed: its SHA-256 is another one than this file says."
    if document.assertion is not None and _key_hash(document.assertion) != (
        document.public_key_sha256
    ):
        yield "The public key was changed: its SHA-256 is another one than this file says."


def _against_assertion(document: Document, trusted: str | None) -> Iterator[str]:
    if document.assertion is None:
        return
    yield from check(document.statement, document.assertion)
    if trusted is not None and _key_hash(document.assertion) != trusted:
        yield "It is signed by another key than the one you trust."


def _key_hash(assertion: Mapping[str, str]) -> str:
    return sha256(base64url.decode(assertion["public_key"]))


def _read(statement: str) -> _Statement | None:
    try:
        said = json.loads(statement)
        return _Statement(
            signer=str(said["signer"]["name"]),
            meaning=str(said["meaning"]),
            task=str(said["task"]["name"]),
            incident=f"{said['incident']['number']} “{said['incident']['title']}”",
            at=str(said["at"]),
            answers=dict(said["answers"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _in_words(said: _Statement) -> Iterator[str]:
    yield f"{said.signer} means “{said.meaning}” by “{said.task}” of {said.incident}, at {said.at}."
    for key, answer in said.answers.items():
        yield f"Answered: {key} = {json.dumps(answer, ensure_ascii=False)}"


def _proved(document: Document, assertion: Mapping[str, str], trusted: str | None) -> Iterator[str]:
    yield (
        "Whoever held the key signed this statement, and nothing in it was changed since. SHA-256 "
        f"of the statement: {document.statement_sha256}; of the public key: "
        f"{document.public_key_sha256}."
    )
    if trusted is not None:
        yield "It is signed by the key you trust."
        yield (
            f"The passkey, which belongs to {assertion['site']}, says that it verified who held "
            "it, as by a PIN, a finger or a face."
        )


def _unproved(assertion: Mapping[str, str], said: _Statement, trusted: str | None) -> Iterator[str]:
    if trusted is None:
        yield (
            "Whose key it is: the key comes from this file itself. Compare its SHA-256 with the "
            f"entry “authenticator:added” in the history of {said.signer}, or bring the key that "
            "you trust."
        )
        yield (
            f"That it was a passkey of {assertion['site']} which verified who held it: so the "
            "file says, and a key that nobody knows may say anything."
        )
    yield f"When it was: a passkey has no clock; {said.at} is the time of the server."
    yield "What the screen showed: a passkey signs the hash of the statement, and shows neither."


def _of_a_word(document: Document, said: _Statement) -> Iterator[str]:
    yield (
        f"Anything: {said.signer} proved who they are by {_BY[document.method]}, and that leaves "
        "nothing behind that can be checked without the server. Anybody could have written this "
        "file."
    )
    yield (
        "Compare the SHA-256 of the statement with the entry “task:signed” in the history of the "
        f"incident: {document.statement_sha256}."
    )
