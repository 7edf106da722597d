"""Logs: what a line says, that no secret gets into one, and that nobody can forge one."""

import io
import json
import logging
import sys
import warnings
from contextlib import contextmanager

import pytest

from api import create_app, logs
from engine import intake
from engine.actors import SYSTEM
from engine.settings import Settings
from tests.diagrams import one_task
from tests.factories import client, deploy, report

TRACE = "0af7651916cd43dd8448eb211c80319c"
FORGED = 'x\n{"event": "forged", "level": "critical"}\r\x1b[31m\u2028forged'


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def logged(monkeypatch):
    """Everything this process logs: a function that returns the lines so far."""
    with logging_to(monkeypatch, io.StringIO()) as written:
        yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture
def terminal(monkeypatch):
    """The same as a person sees it."""
    with logging_to(monkeypatch, Terminal()) as written:
        yield lambda: written.getvalue().splitlines()


@contextmanager
def logging_to(monkeypatch, stream):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("INFO")
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


def fail(logger, said, **extra):
    """Something goes wrong, and a library logs it."""
    try:
        int(said)
    except ValueError:
        logging.getLogger(logger).exception(said, extra=extra)


def requests_of(lines):
    return [line for line in lines if line["event"] == "request"]


def test_a_request_is_one_line_with_who_what_and_how_long(database, cast, logged):
    deploy(database, one_task())
    incident = report(database, cast.rob)
    http = client(database, cast.token("dora"))

    http.get(
        f"/api/v1/incidents/{incident.id}", headers={"traceparent": f"00-{TRACE}-{'1' * 16}-01"}
    )

    (line,) = requests_of(logged())
    assert line["level"] == "info"
    assert line["logger"] == "steadyhand.request"
    assert line["timestamp"].endswith("Z")
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "/api/v1/incidents/<incident_id>"
    assert (line["person"], line["incident"]) == (cast.dora.id, incident.id)
    assert line["trace_id"] == TRACE
    assert 0 < line["ms"] < 10_000


def test_probes_are_not_worth_a_line(database, logged):
    client(database).get("/healthz")

    assert requests_of(logged()) == []


@pytest.mark.parametrize(
    "received",
    [
        "",
        "nonsense",
        f"00-{TRACE}-1-01",
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{'1' * 16}-01",
        f"00-{TRACE.upper()}-{'1' * 16}-01",
    ],
)
def test_a_trace_that_is_none_is_replaced(database, received):
    answer = client(database).get("/healthz", headers={"traceparent": received})

    version, trace_id, span_id, flags = answer.headers["traceparent"].split("-")
    assert (version, flags) == ("00", "00")
    assert trace_id != TRACE
    assert (len(trace_id), len(span_id)) == (32, 16)


@pytest.mark.parametrize("received", [f"00-{TRACE}-{'1' * 16}-01", f"42-{TRACE}-{'1' * 16}-01-new"])
def test_a_trace_that_was_received_goes_on_under_a_span_of_ours(database, received):
    answer = client(database).get("/healthz", headers={"traceparent": received})

    version, trace_id, span_id, flags = answer.headers["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01")
    assert span_id != "1" * 16


def test_libraries_log_in_the_same_form_with_the_trace_of_the_request(database, logged):
    app = create_app(database, Settings(database.url))

    @app.get("/library")
    def use_library():
        logging.getLogger("some.library").warning("It is %s", "late", extra={"seconds": 5})
        return ""

    app.test_client().get("/library", headers={"traceparent": f"00-{TRACE}-{'1' * 16}-01"})

    line = next(line for line in logged() if line["logger"] == "some.library")
    assert (line["event"], line["seconds"]) == ("It is late", 5)
    assert (line["level"], line["trace_id"]) == ("warning", TRACE)


def test_an_unexpected_error_is_logged_by_its_route_with_where_it_happened(database, logged):
    app = create_app(database, Settings(database.url))
    door = "the-token-of-a-door"

    @app.get("/api/broken/<token>")
    def break_down(token):
        raise ZeroDivisionError("It does not add up")

    answer = app.test_client().get(f"/api/broken/{door}")

    line = next(line for line in logged() if line["level"] == "error")
    assert answer.status_code == 500
    assert line["event"] == "Unexpected error in /api/broken/<token>"
    assert "in break_down" in line["exception"]
    assert door not in str(logged())


def test_a_line_cannot_be_forged(logged):
    logging.getLogger("steadyhand").warning("Somebody sent %s", FORGED, extra={"name_": FORGED})

    (line,) = logged()
    assert line["event"] == f"Somebody sent {FORGED}"
    assert line["level"] == "warning"


def test_a_line_cannot_be_forged_on_a_terminal(terminal):
    fail("steadyhand", FORGED, sent=FORGED)

    first, *rest = terminal()
    assert first.count("forged") == 4  # in the event and in a value
    assert all(line.startswith("  ") for line in rest if "forged" in line)
    assert "\x1b[31m\u2028" not in "".join(terminal())


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("GET /sign-in/s3cret?next=/ failed", "GET /sign-in/…?next=/ failed"),
        ("POST /doors/alertmanager/s3cret failed", "POST /doors/alertmanager/… failed"),
        ("Authorization: Bearer s3cret", "Authorization: Bearer …"),
        ("Cookie: __Host-steadyhand=s3cret; a=b", "Cookie: __Host-steadyhand=…; a=b"),
        ("postgresql://ann:s3cret@host/db", "postgresql://ann:…@host/db"),
        ("Listening at http://127.0.0.1:8000", "Listening at http://127.0.0.1:8000"),
    ],
)
def test_what_a_library_says_is_rid_of_our_secrets(logged, said, written):
    fail("some.library", said)

    (line,) = logged()
    assert line["event"] == written
    assert line["exception"].count(repr(written))


def test_warnings_are_logged(logged):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("Soon gone", stacklevel=1)

    assert "Soon gone" in logged()[0]["event"]


def test_a_level_that_does_not_exist_is_named(logged):
    with pytest.raises(ValueError, match="STEADYHAND_LOG_LEVEL is “LOUD”"):
        logs.configure("LOUD")


def test_no_secret_reaches_the_log_of_a_server(server, database, cast):
    link, token, wrong = cast.link("dora"), cast.token("dora"), "a-token-that-was-mistyped"
    with database.transaction() as session:
        door = intake.add_door(session, "alertmanager", "prod", "incident", SYSTEM)
    ours = {"Sec-Fetch-Site": "same-origin"}

    with server.client() as http:
        http.get(f"/sign-in/{link}")
        cookie = http.post(f"/sign-in/{link}", headers=ours).cookies["steadyhand"]
        http.get("/inbox")
        http.post("/sign-in", data={"username": "dora", "password": "a wrong one"}, headers=ours)
        http.get(f"/sign-in/{wrong}/more")
        http.post(f"/doors/alertmanager/{door}", json={})
        http.post(f"/doors/alertmanager/{wrong}", content=b"{")
        http.get(f"/doors/other/{door}%0A%7B%22event%22%3A%22forged%22%7D")
        http.get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"})
        http.get("/api/v1/tasks", params={"cursor": token})
    server.stop()

    lines = [line for line in server.log.splitlines() if line.startswith("{")]
    told = requests_of(map(json.loads, lines))
    assert len(told) >= 10
    assert [line for line in told if "forged" in str(line)] == []
    for secret in (link, token, door, cookie, wrong, "a wrong one"):
        assert secret not in server.log
