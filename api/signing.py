"""What somebody sends along who signs a task, as the engine takes it from every door."""

from datetime import datetime

from api import proof, site
from engine.people.ceremonies import Response
from engine.signatures import ByPasskey, ByProof


def by_proof(meaning: str, typed: str) -> ByProof:
    """By a password, which is checked here and now, or a code."""
    return ByProof(meaning, proof.take(typed))


def by_passkey(meaning: str, response: Response, at: datetime) -> ByPasskey:
    return ByPasskey(meaning, response, at, site.of_request())
