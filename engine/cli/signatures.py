"""`steadyhand signature`: checks a signature by its file alone, without database and network."""

from collections.abc import Iterable
from pathlib import Path

import click

from engine.signatures import documents, verdicts

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def signature() -> None:
    """Signatures that were downloaded."""


@signature.command("check")
@click.argument("file", type=_FILE)
@click.option(
    "--key",
    type=_FILE,
    help="The public key that you trust: PEM, DER, or its SHA-256 in hexadecimal.",
)
def signature_check(file: Path, key: Path | None) -> None:
    """Check the signature in FILE, and say what it proves and what it does not.

    Needs neither a database nor a network. Exits with 1 when the signature is not good, and when
    the file proves nothing.
    """
    trusted = documents.key_hash(key.read_bytes()) if key else None
    verdict = verdicts.judge(documents.read(file.read_bytes()), trusted)
    click.echo(verdict.outcome)
    _list("Wrong", verdict.problems)
    _list("The statement says", verdict.says)
    _list("Proved", verdict.proved)
    _list("Not proved", verdict.unproved)
    if not verdict.is_good:
        raise SystemExit(1)


def _list(title: str, sentences: Iterable[str]) -> None:
    lines = [f"  {_shown(sentence)}" for sentence in sentences]
    if lines:
        click.echo("\n".join(["", f"{title}:", *lines]))


def _shown(text: str) -> str:
    """What somebody has written into the file must not steer the reader's terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
