"""Scenarios of a bundle: what can be said, and what a step that goes another way says."""

import re
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from engine import clock
from engine.errors import InvalidDocument, NotFound, Refused
from engine.library.scenarios import reading, trial
from tests.diagrams import (
    boundary,
    bundle,
    caught,
    end,
    flow,
    line,
    manual_task,
    one_task,
    receive_task,
    rule_task,
    script_task,
    service_task,
    start,
    table,
    timer,
    user_task,
)
from tests.scenarios import START, complete, scenario, with_scenarios

TWICE = bundle(*line(user_task("Look"), user_task("Act")))
APART = '[[separation]]\ntitle = "Four eyes"\ntasks = ["Look", "Act"]\n'
PAID = bundle(*line(receive_task("Pay", "paid", correlationKey="incident.service", variable="by")))
STOPPED = bundle(
    *(start(), user_task("Look"), end(), flow("Reported", "Look"), flow("Look", "Done")),
    *(boundary("Stop", "Look", "signal", "stop"), end("Stopped"), flow("Stop", "Stopped")),
)
CHASED = bundle(
    *line(user_task("Look", due_in="PT1H")),
    *(timer("Late", "Look", "PT15M"), user_task("Chase"), end("Chased")),
    *(flow("Late", "Chase"), flow("Chase", "Chased")),
)
SIZED = bundle(
    *line(user_task("Look"), rule_task("Size", "size"), script_task("Add", "more = size + 1")),
    decisions={
        "size": table("size", "size", ("&quot;much&quot;", "7"), ("&quot;little&quot;", "1"))
    },
)
HELD = bundle(*line(user_task("Look"), service_task("Hold", "incident.hold", reason="note")))
BROKEN = bundle(*line(user_task("Look"), service_task("Close", "incident.close")))
SIGNED = bundle(*line(user_task("Look", signature="approved")))


def outcome(files, *steps, **parts):
    """The problem of one scenario as ``place: message``, or empty."""
    tried = trial.run(with_scenarios(files, scenario(*steps, **parts)))
    (problem,) = [verdict.problem for verdict in tried.verdicts]
    return f"{problem.place}: {problem.message}" if problem else ""


def expect(**expected):
    return {"expect": expected}


# What can be said

PASSING = {
    "a task is completed by its name": (one_task(), [complete("Do Look", **expect(open=[]))]),
    "a task is completed by its id": (one_task(), [complete("Look")]),
    "the start alone": (one_task(), [expect(open=["Do Look"], path=["Reported"])]),
    "facts": (one_task(), [expect(incident={"title": "Mail is down", "status": "new"})]),
    "variables": (SIZED, [complete(note="much", **expect(data={"size": 7, "more": 8}))]),
    "facts that an operation changes": (
        HELD,
        [complete(note="vendor", **expect(incident={"hold_reason": "vendor"}))],
    ),
    "the end": (one_task(), [complete(**expect(ended="Done"))]),
    "due times": (CHASED, [expect(due={"Do Look": "2026-03-02T10:00:00+01:00"})]),
    "a path with others between": (TWICE, [complete(), complete("Act"), expect(path=["Act"])]),
    "time that passes": (CHASED, [{"wait": "PT15M", **expect(open=["Look", "Chase"])}]),
    "time up to a moment": (
        CHASED,
        [{"wait_until": "2026-03-02T09:14:59+01:00", **expect(open=["Look"])}],
    ),
    "a message": (
        PAID,
        [
            {"message": "paid", "key": "Mail", "payload": {"sum": 7}},
            expect(data={"by": {"sum": 7}}),
        ],
    ),
    "a signal": (STOPPED, [{"signal": "stop"}, expect(ended="Stopped")]),
    "a person": (one_task(), [complete(by="Bea")]),
    "a task without a form": (bundle(*line(manual_task("Look"))), [{"complete": "Look"}]),
    "a signature": (SIGNED, [complete(**expect(ended="Done"))]),
}
REPORT = {"title": "Mail is down", "service": "Mail"}


@pytest.mark.parametrize(("files", "steps"), PASSING.values(), ids=PASSING)
def test_a_scenario_says(files, steps):
    assert outcome(files, *steps, report=REPORT, process="small") == ""


def test_what_is_expected_at_the_end_is_compared_there():
    problem = outcome(one_task(), complete(), expect={"ended": "Done", "open": ["Look"]})

    assert problem == "at the end: “Look” should be open; open is nothing."


def test_a_timer_on_the_way_fires_when_it_is_due():
    files = bundle(
        *line(
            *(caught(f"Wait{n}", "timer", "PT1H") for n in range(3)),
            user_task("Act", due_in="PT1H"),
        )
    )

    problem = outcome(files, {"wait": "PT5H"}, expect(due={"Act": "2026-03-02T13:00:00+01:00"}))

    assert problem == ""


def test_scenarios_do_not_meet_one_another():
    files = with_scenarios(STOPPED, scenario(), scenario({"signal": "stop"}), scenario(complete()))

    tried = trial.run(files)

    assert tried.failed == []


def test_separated_duties_need_two_people():
    files = bundle(*line(user_task("Look"), user_task("Act")), rules=APART)

    alone = outcome(files, complete(), complete("Act"))
    together = outcome(files, complete(), complete("Act", by="Bea"))

    assert alone.startswith("step 2, complete “Act”: Four eyes. You completed “Do Look”")
    assert together == ""


def test_who_reports_may_be_named_as_who_completes():
    files = bundle(
        *line(user_task("Look")), rules=APART.replace(', "Act"', "") + "not_by_reporter = true\n"
    )

    problem = outcome(files, complete(by="Reporter"))

    assert "You reported this incident" in problem


# What a step that goes another way says

FAILING = {
    "the start form": (
        (one_task(), [], {"report": {"service": "Mail"}}),
        "report: Some answers need another look. title: This is needed; please fill it in.",
    ),
    "a form": (
        (one_task(), [complete(note="")], {}),
        "step 1, complete “Look”: Some answers need another look."
        " note: This is needed; please fill it in.",
    ),
    "no such task": (
        (one_task(), [complete("Act")], {}),
        "step 1, complete “Act”: No such task is open; open is “Do Look”.",
    ),
    "another task too": (
        (CHASED, [{"wait": "PT15M", **expect(open=["Look"])}], {}),
        "step 1, wait PT15M: “Do Chase” should not be open.",
    ),
    "another fact": (
        (one_task(), [expect(incident={"status": "closed", "is_major": True})], {}),
        "step 1, expect: The incident's status should be “closed”; it is “new”."
        " The incident's is_major should be True; it is False.",
    ),
    "another value": (
        (SIZED, [complete(note="little", **expect(data={"size": 7}))], {}),
        "step 1, complete “Look”: The variable size should be 7; it is 1.",
    ),
    "another due time": (
        (CHASED, [expect(due={"Look": START})], {}),
        "step 1, expect: “Look” should be due at 2026-03-02T09:00:00+01:00;"
        " it is due at 2026-03-02T10:00:00+01:00.",
    ),
    "no due time": (
        (one_task(), [expect(due={"Look": START, "Act": START})], {}),
        "step 1, expect: “Look” should be due at 2026-03-02T09:00:00+01:00; it is due at no time."
        " “Act” should be due; open is “Do Look”.",
    ),
    "another order": (
        (TWICE, [complete(), complete("Act", **expect(path=["Act", "Look"]))], {}),
        "step 2, complete “Act”: The path should come to “Look” then;"
        " it went “Reported”, “Do Look”, “Do Act”, “Done”.",
    ),
    "another end": (
        (STOPPED, [complete(**expect(ended="Stopped"))], {}),
        "step 1, complete “Look”: It should have ended at “Stopped”; it ended at “Done”.",
    ),
    "no end": (
        (one_task(), [expect(ended="Done")], {}),
        "step 1, expect: It should have ended at “Done”; open is “Do Look”.",
    ),
    "a message with another key": (
        (PAID, [{"message": "paid", "key": "Phone"}], {"report": REPORT}),
        "step 1, message “paid”: Nothing waits for it with the key “Phone”.",
    ),
    "a signal nobody waits for": (
        (one_task(), [{"signal": "stop"}], {}),
        "step 1, signal “stop”: Nothing waits for it.",
    ),
    "time that has passed": (
        (one_task(), [{"wait_until": "2026-03-01T09:00:00Z"}], {}),
        "step 1, wait until 2026-03-01T09:00:00+00:00:"
        " It is 2026-03-02T08:00:00+00:00 already. Wait until later.",
    ),
    "time beyond the calendar": (
        (one_task(), [{"wait": "P7000Y"}, {"wait": "P7000Y"}], {}),
        "step 2, wait P7000Y: “P7000Y” reaches past the calendar.",
    ),
    "a message that cannot be": (
        (one_task(), [{"message": "x" * 201}], {}),
        f"step 1, message “{'x' * 201}”: Some answers need another look."
        " name: Use at most 200 characters; these are 201.",
    ),
    "a process that fails": (
        (BROKEN, [complete()], {}),
        "step 1, complete “Look”: The process failed at Close:"
        " An incident is resolved before it is closed.",
    ),
    "a process that is not there": (
        (one_task(), [], {"process": "other"}),
        "report: There is no process “other”.",
    ),
}


@pytest.mark.parametrize(("story", "said"), FAILING.values(), ids=FAILING)
def test_a_scenario_that_goes_another_way_says_where_and_how(story, said):
    files, steps, parts = story

    assert outcome(files, *steps, **parts) == said


def test_a_timer_that_fires_for_ever_is_not_waited_for():
    files = bundle(
        *line(user_task("Look")),
        *(boundary("Again", "Look", "timer", "R/PT1M", interrupts=False), end("Told")),
        flow("Again", "Told"),
    )

    problem = outcome(files, {"wait": "P1Y"})

    assert problem == "step 1, wait P1Y: More than 1000 timers fire until then. Wait for less."


# The file

WRONG = {
    "not JSON": (b"{", "This is not JSON: "),
    "no object": (b"[]", "scenario: Write an object"),
    "a name twice": (b'{"title": "a", "title": "b"}', "This is not JSON: “title” stands twice"),
    "no title": (scenario(title=""), "title: Write a text, in quotes."),
    "an unknown word": (
        scenario(steeps=[]),
        "scenario: “steeps” means nothing here. Use: title",
    ),
    "no zone": (scenario(start_at="2026-03-02"), "start_at: Write a moment with its zone, such as"),
    "no moment": (scenario(start_at="soon"), "start_at: Write a moment with its zone, such as"),
    "no list": (scenario(steps={}), "steps: Write a list"),
    "no answers": (scenario(report=None), "report: Write an object"),
    "two things at once": (
        scenario({}, {"wait": "PT1M", "signal": "stop"}),
        "step 1: Give it one of: complete, wait, wait_until, message, signal; or only expect.",
    ),
    "nothing at all": (scenario(complete(), {"by": "Bea"}), "step 2: Give it one of: complete"),
    "a word of another step": (
        scenario({"wait": "PT1M", "by": "Bea"}),
        "step 1: “by” means nothing here. Use: wait, expect.",
    ),
    "no duration": (scenario({"wait": "1 hour"}), "step 1, wait: “1 hour” is not an ISO 8601"),
    "an unknown fact": (
        scenario(expect(incident={"prio": "P1"})),
        "step 1, expect, incident: “prio” means nothing here. Use: number, title",
    ),
    "no due time": (
        scenario(expect(due={"Look": "soon"})),
        "step 1, expect, due, Look: Write a mom",
    ),
    "an element that is no text": (scenario(expect={"path": [1]}), "expect, path: Write a text"),
}


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_wrong_is_refused_with_its_place_and_a_remedy(content, said):
    with pytest.raises(InvalidDocument, match=f"^{re.escape(said)}"):
        reading.read(content, "tests/1.json")


def test_a_bundle_without_scenarios_says_where_to_write_one():
    with pytest.raises(NotFound, match=re.escape("Write one as tests/….json")):
        trial.run(one_task())


def test_a_bundle_that_could_not_be_deployed_is_refused_with_its_findings():
    with pytest.raises(Refused) as refused:
        trial.run(with_scenarios(bundle(*line(user_task("Look", form="no"))), scenario()))

    assert [finding.rule for finding in refused.value.findings] == ["form-unknown"]


def test_where_several_processes_start_a_scenario_says_which():
    files = one_task(
        calls={"other": line(user_task("Act"))},
        rules='[[start]]\nprocess = "other"\nform = "report"\n',
    )

    with pytest.raises(InvalidDocument, match="Say as “process” which one starts: small, other"):
        trial.run(with_scenarios(files, scenario()))


# The clock


def test_a_stopped_clock_stands_still_for_its_own_thread_alone():
    at, seen = datetime(2026, 3, 2, 9, tzinfo=UTC), []
    other = Thread(target=lambda: seen.append(clock.now()))

    with clock.stopped(at) as stopped:
        stopped.moment += timedelta(hours=1)
        seen.append(clock.now())
        other.start()
        other.join()

    assert seen[0] == at + timedelta(hours=1)
    assert abs(seen[1] - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.now() > seen[1]
