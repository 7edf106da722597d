"""What somebody sends along who signs a task, as the engine takes it from every door."""

from datetime import datetime

from api import proof, site
from api.context import reading
from engine import signatures
from engine.people.ceremonies import Response
from engine.signatures import ByPasskey, ByPassword


def by_password(meaning: str, password: str) -> ByPassword:
    """Checked here and now: that takes a while, and must not keep a change waiting."""
    with proof.counted(), reading() as (session, actor):
        return signatures.check_password(session, meaning, password, actor)


def by_passkey(meaning: str, response: Response, at: datetime) -> ByPasskey:
    return ByPasskey(meaning, response, at, site.of_request())
