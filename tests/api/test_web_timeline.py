"""The story of an incident on its page: what ran by itself has a sentence of its own, too."""

import re

import pytest

from engine import incidents, instances
from engine.instances import Reason
from tests.diagrams import (
    boundary,
    bundle,
    call,
    end,
    ended,
    event,
    flow,
    inside,
    line,
    multi_instance,
    script_task,
    send_task,
    service_task,
    start,
    subprocess,
    thrown,
    user_task,
)
from tests.factories import client, deploy, open_tasks, report

HELD = re.compile(r"Max Manager put it on hold <time [^>]*>just now</time>: ([^<]*)</p>")
THRICE = multi_instance(loopCardinality="3")


def part(tag="subProcess", *, done=None):
    """A part of a process, and its script; what it throws at its end, if anything."""
    begin, work = event("startEvent", "Begin"), script_task("Sum", "total = 1")
    over = done or event("endEvent", "Over")
    return subprocess("Part", begin, work, over, flow("Begin", "Sum"), flow("Sum", "Over"), tag=tag)


def caught(trigger, about, tag="subProcess"):
    """A part whose end throws something that an event beside it catches."""
    return bundle(
        *(start(), part(tag, done=ended("Over", trigger, about)), end()),
        boundary("Caught", "Part", trigger, about),
        *(flow("Reported", "Part"), flow("Part", "Done"), flow("Caught", "Look")),
        *(user_task("Look"), end("Looked"), flow("Look", "Looked")),
    )


def stopped():
    """A service task that cannot do its work, and the event that says what then."""
    return bundle(
        *line(service_task("Close", "incident.close")),
        *(boundary("Failed", "Close", "error", "incident.close"), user_task("Look"), end("Over")),
        *(flow("Failed", "Look"), flow("Look", "Over")),
    )


def running(*elements, **more):
    return bundle(*line(*elements, user_task("Look")), **more)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (running(script_task("Sum", "total = 1")), "Do Sum, by calculation"),
        (running(part()), "“Do Part” is done"),
        (running(part("transaction")), "“Do Part” is done"),
        (
            running(call("Run", "inner"), calls={"inner": inside("A", script_task("B", "b = 1"))}),
            "“Do Run” is done, by another process",
        ),
        (running(thrown("Tell")), "Reached: Tell happens"),
        (running(thrown("Tell", "message", "news")), "Tell happens: sent “news”"),
        (running(thrown("Tell", "signal", "alarm")), "Tell happens: sent “alarm”"),
        (running(send_task("Tell", "news")), "Do Tell: sent “news”"),
        (running(script_task("Sum", "n = 1", THRICE)), "“Do Sum” is done; rounds: 3"),
        (stopped(), "“Do Close” ended with an error “incident.close”"),
        (caught("error", "E1"), "“Over happens” ended with an error “E1”"),
        (caught("escalation", "X1"), "“Over happens” raised an escalation “X1”"),
        (caught("cancel", "", "transaction"), "“Over happens” cancelled the part around it"),
    ],
)
def test_what_runs_by_itself_is_told(files, sentence, database, cast):
    deploy(database, files)
    incident = report(database, cast.rob)

    page = client(database, cast.token("dora")).get(f"/incidents/{incident.number}").text

    assert f"<p>{sentence}</p>" in page


@pytest.fixture
def held(database, cast):
    """An incident whose process is on hold for the second time."""
    deploy(database, running())
    incident = report(database, cast.rob)
    for act, reason in (
        (instances.suspend, "A first time."),
        (instances.resume, "It went on."),
        (instances.suspend, "The supplier asked us to wait."),
    ):
        with database.transaction() as session:
            found = incidents.get(session, incident.id, cast.max)
            act(session, found, Reason(reason), cast.max)
    return incident


def test_an_incident_on_hold_says_since_when_by_whom_and_why(database, cast, held):
    http = client(database, cast.token("dora"))
    task = open_tasks(database, held, cast.dora)["Look"]

    pages = [http.get(f"/incidents/{held.number}").text, http.get(f"/tasks/{task.id}").text]

    assert [HELD.findall(page) for page in pages] == [["The supplier asked us to wait."]] * 2


def test_a_reporter_learns_that_the_process_is_on_hold_and_not_why(database, cast, held):
    page = client(database, cast.token("rob")).get(f"/incidents/{held.number}").text

    assert "The process is on hold." in page
    assert "supplier" not in page


def test_a_process_that_goes_on_again_says_nothing_of_the_hold(database, cast, held):
    with database.transaction() as session:
        found = incidents.get(session, held.id, cast.max)
        instances.resume(session, found, Reason("They are back."), cast.max)

    page = client(database, cast.token("dora")).get(f"/incidents/{held.number}").text

    assert "The process is on hold." not in page
    assert HELD.findall(page) == []
