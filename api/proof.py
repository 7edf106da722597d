"""Wrong passwords and codes are counted, and told to the security log, once they are answered."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, after_this_request, current_app, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import TooManyRequests

from api import auth, errors, security
from api.context import changing, database, reading
from engine import clock
from engine.actors import Actor
from engine.people import proofs, throttle
from engine.people.proofs import Proof
from engine.people.signing_in import Browser
from engine.people.throttle import NotProven, Subject, Throttled
from engine.security_log import Kind


@contextmanager
def counted() -> Iterator[None]:
    """Around the transaction in which somebody proves who they are; the error goes on."""
    try:
        yield
    except NotProven as error:
        _count(error.subject)
        security.note(Kind.SIGN_IN_REFUSED, str(error))
        raise


def take(typed: str) -> Proof:
    """What somebody typed who is asked again; a password takes a while, and no change waits."""
    with counted(), reading() as (session, actor):
        return proofs.take(session, typed, actor)


@contextmanager
def proven(typed: str) -> Iterator[tuple[Session, Actor]]:
    """A change by somebody who proves again who they are: ``NotProven`` if they do not."""
    given = take(typed)
    with counted(), changing() as (session, actor):
        proofs.require(session, given, actor)
        yield session, actor


def browser() -> Browser:
    """Where the request comes from."""
    return Browser(address(), auth.browser_name(), auth.session_secret())


def address() -> str:
    return request.remote_addr or ""


def refuse(error: Throttled) -> Response:
    """429 with the seconds to wait: a problem for programmes, a page for people."""
    seconds = int((error.until - clock.now()).total_seconds()) + 1
    refusal = TooManyRequests(str(error), retry_after=max(seconds, 1))
    return current_app.make_response(errors.handle_http_error(refusal))


def _count(subject: Subject) -> None:
    """In a transaction of its own, after the one of the request is undone."""
    failed = subject, throttle.address(address())

    @after_this_request
    def write(response: Response) -> Response:
        with database().transaction() as session:
            throttle.count(session, *failed)
        return response
