"""The linter on events and timers: each bundle breaks one rule, and nothing else."""

from html import escape

import pytest

from tests.diagrams import (
    activity,
    begun,
    boundary,
    bundle,
    call,
    catch,
    caught,
    end,
    ended,
    event,
    event_subprocess,
    extension,
    flow,
    gateway,
    inside,
    line,
    manual_task,
    receive_task,
    send_task,
    start,
    subprocess,
    thrown,
    timer,
    user_task,
)
from tests.engine.calendars import written
from tests.engine.linting import errors_in, named, warnings_in

LOOK = line(user_task("Look"))
SCRIPT = "<bpmn:script>a = 1</bpmn:script>"


def waiting(trigger, about="", **properties):
    """Start, an intermediate event that waits, end."""
    return bundle(*line(caught("Wait", trigger, about, **properties)))


def throwing(trigger, about=""):
    return bundle(*line(user_task("Look"), thrown("Throw", trigger, about)))


def ending(trigger, about=""):
    """A process that ends by an event."""
    ends = (ended("Over", trigger, about), flow("Look", "Over"))
    return bundle(start(), user_task("Look"), flow("Reported", "Look"), *ends)


def bordered(trigger, about="", **marks):
    """A task with an event on its border."""
    return bundle(*LOOK, boundary("Edge", "Look", trigger, about, **marks), flow("Edge", "Done"))


def handled(trigger, about="", **marks):
    """A process with an event sub-process."""
    inner = (user_task("A"), end("E"), flow("Begin", "A"), flow("A", "E"))
    return bundle(*LOOK, event_subprocess("Sub", begun("Begin", trigger, about, **marks), *inner))


def attached_to_gateway():
    gate = line(gateway("Way", "parallel"), user_task("Look"))
    return bundle(*gate, timer("Late", "Way", "PT15M"), flow("Late", "Done"))


def attached_to_event():
    late = (timer("Late", "Look", "PT15M"), flow("Late", "Done"))
    return bundle(*LOOK, *late, timer("Later", "Late", "PT15M"), flow("Later", "Done"))


def attached_across_the_border():
    sub = subprocess("Sub", *inside("S", user_task("A")))
    return bundle(*line(sub), timer("Late", "A", "PT15M"), flow("Late", "Done"))


def transaction(*attached, tag="transaction", last="cancel"):
    inner = (event("startEvent", "B"), user_task("A"), ended("Cancel", last))
    inner += (flow("B", "A"), flow("A", "Cancel"))
    return bundle(*line(subprocess("Sub", *inner, tag=tag)), *attached)


def linked(*names):
    """A link throw event called ``Go``, and a catch event for each name."""
    catches = [caught(f"Catch{i}", "link", name) for i, name in enumerate(names)]
    rest = [flow(f"Catch{i}", "Done") for i in range(len(names))]
    fork = line(gateway("Fork", "parallel"), user_task("Look"))
    return bundle(*fork, thrown("Throw", "link", "Go"), flow("Fork", "Throw"), *catches, *rest)


def linked_into_subprocess():
    """A link that would leave its sub-process."""
    inner = (event("startEvent", "B"), user_task("A"), thrown("Throw", "link", "Go"), end("E"))
    inner += (gateway("Fork", "parallel"), flow("B", "Fork"), flow("Fork", "A"), flow("A", "E"))
    sub = subprocess("Sub", *inner, flow("Fork", "Throw"))
    return bundle(*line(sub), caught("Catch", "link", "Go"), flow("Catch", "Done"))


CANCELLED = (boundary("Undone", "Sub", "cancel"), flow("Undone", "Done"))
ALARM = ("signal", "Alarm")


def due(due_in, calendar=None):
    """A task that is due after some time."""
    task = user_task("Look", due_in=due_in and escape(due_in), calendar=calendar)
    return bundle(*line(task), rules=written())


def scripted(**properties):
    """A script task with properties that it has no use for."""
    task = activity("scriptTask", "Script", SCRIPT, properties=properties)
    return bundle(*line(task), rules=written())


EVENTS = [
    ("event-trigger", "Wait", bundle(*line('<bpmn:intermediateCatchEvent id="Wait" name="W"/>'))),
    ("event-trigger", "Wait", waiting("error", "E1")),
    ("event-trigger", "Wait", waiting("escalation", "E1")),
    ("event-trigger", "Wait", waiting("cancel")),
    ("event-trigger", "Throw", throwing("terminate")),
    ("event-trigger", "Throw", throwing("timer", "PT15M")),
    ("event-trigger", "Throw", throwing("error", "E1")),
    ("event-trigger", "Throw", throwing("conditional", "true")),
    ("event-trigger", "Edge", bordered("terminate")),
    ("event-trigger", "Over", ending("timer", "PT15M")),
    ("event-trigger", "Over", ending("conditional", "true")),
    ("event-must-interrupt", "Edge", bordered("error", interrupts=False)),
    ("event-must-interrupt", "Begin", handled("error", interrupts=False)),
    ("event-name-missing", "Wait", waiting("message")),
    ("event-name-missing", "Wait", waiting("signal")),
    ("event-name-missing", "Throw", throwing("signal")),
    ("event-name-missing", "Throw", throwing("escalation")),
    ("event-name-missing", "Over", ending("error")),
    ("event-name-missing", "Receive", bundle(*line(receive_task("Receive", "")))),
    ("event-name-missing", "Send", bundle(*line(send_task("Send", "")))),
    ("event-condition-missing", "Wait", waiting("conditional")),
    ("boundary-detached", "Late", attached_to_gateway()),
    ("boundary-detached", "Later", attached_to_event()),
    ("boundary-detached", "Late", attached_across_the_border()),
    ("cancel-outside-transaction", "Edge", bordered("cancel")),
    ("cancel-outside-transaction", "Over", ending("cancel")),
    ("cancel-outside-transaction", "Cancel", transaction(tag="subProcess")),
    ("cancel-uncaught", "Cancel", transaction()),
    ("link-unpaired", "Throw", linked()),
    ("expression-invalid", "Wait", waiting("conditional", "a ==== b")),
    ("expression-invalid", "Wait", waiting("message", "Mail", correlationKey="((")),
]

TIMERS = [
    ("timer-missing", "Wait", waiting("timer")),
    ("timer-invalid", "Wait", waiting("timer", "PT15X")),
    ("expression-invalid", "Wait", waiting("timer", "15 minutes")),
    ("timer-invalid", "Wait", waiting("timer", "P999999W")),
    ("timer-invalid", "Wait", waiting("timer", "P7970Y")),
    ("timer-invalid", "Wait", waiting("timer", "-PT1H")),
    ("timer-invalid", "Wait", waiting("timer", "2030-01-31T10:00:00")),
    ("timer-invalid", "Wait", waiting("timer", "timeDate=PT1H")),
    ("timer-invalid", "Wait", waiting("timer", "timeDuration=2030-01-31T10:00:00Z")),
    ("timer-invalid", "Edge", bordered("timer", "R0/PT1H")),
    ("timer-invalid", "Edge", bordered("timer", "R3/soon")),
    ("timer-invalid", "Wait", waiting("timer", '"tomorrow"')),
    ("timer-too-short", "Wait", bundle(*line(catch("Wait", "PT59S")))),
    ("timer-too-short", "Wait", waiting("timer", '"PT59S"')),
    ("timer-too-short", "Edge", bordered("timer", "R/PT30S")),
    ("expression-unknown-name", "Wait", waiting("timer", "colour")),
]

DUE_TIMES = [
    ("timer-missing", "Look", due(" ")),
    ("timer-invalid", "Look", due("P1X")),
    ("timer-invalid", "Look", due("2030-01-31T10:00:00Z")),
    ("timer-invalid", "Look", due("P1M", "office")),
    ("timer-invalid", "Look", due("P9999D", "office")),
    ("timer-invalid", "Look", due('@"P1Y"', "office")),
    ("timer-too-short", "Look", due("PT59S")),
    ("timer-too-short", "Look", due('@"PT59S"', "office")),
    ("expression-invalid", "Look", due("four hours")),
    ("expression-unknown-name", "Look", due("respond_within")),
    ("calendar-unknown", "Look", due("PT4H", "offices")),
    ("due-time-misplaced", "Look", due(None, "office")),
    ("due-time-misplaced", "Script", scripted(dueIn="PT4H")),
    ("due-time-misplaced", "Script", scripted(calendar="office")),
]

CASES = EVENTS + TIMERS + DUE_TIMES


def failing(*elements):
    """A sub-process that ends with the error E1."""
    inner = (event("startEvent", "B"), user_task("A"), ended("Failed", "error", "E1"))
    return subprocess("Sub", *inner, flow("B", "A"), flow("A", "Failed"), *elements)


def failing_in(*elements):
    """A process that ends with the error E1, called from one with these elements around."""
    called = (start(), user_task("A"), ended("Failed", "error", "E1"))
    called += (flow("Reported", "A"), flow("A", "Failed"))
    return bundle(*line(call("Call", "other")), *elements, calls={"other": called})


def handler(code):
    inner = (begun("HB", "error", code), user_task("H"), end("HE"), flow("HB", "H"))
    return event_subprocess("Handler", *inner, flow("H", "HE"))


OTHER_CODE = (boundary("Edge", "Sub", "error", "E2"), flow("Edge", "Done"))
RUNS = {
    "error": bundle(*line(failing()), boundary("Edge", "Sub", "error"), flow("Edge", "Done")),
    "error of a code": bundle(
        *line(failing()), boundary("Edge", "Sub", "error", "E1"), flow("Edge", "Done")
    ),
    "error in a handler beside": bundle(*line(failing(handler("E1")))),
    "error in a handler around": bundle(*line(failing()), handler("")),
    "error of a call": failing_in(boundary("Edge", "Call", "error", "E1"), flow("Edge", "Done")),
    "cancelled transaction": transaction(*CANCELLED),
    "link": linked("Go"),
    "cycle": bordered("timer", "R/PT1H", interrupts=False),
    "cycle of some rounds": bordered("timer", "R3/PT10M", interrupts=False),
    "date": waiting("timer", "2030-01-31T10:00:00+01:00"),
    "date in a named zone": waiting("timer", "2030-01-31T10:00:00@Europe/Berlin"),
    "reckoned time": waiting("timer", "incident.due_in"),
    "due time": due("P1M"),
    "due time in working time": due("PT40H", "office"),
    "reckoned due time": due('if incident.priority = "P1" then "PT1H" else @"P1D"', "office"),
    "manual task with a due time": bundle(*line(manual_task("Sign", extension(dueIn="PT4H")))),
    "signal": waiting(*ALARM),
    "signal thrown": throwing(*ALARM),
    "signal at the end": ending(*ALARM),
    "message with its key": waiting("message", "Mail", correlationKey="incident.number"),
    "condition": bordered("conditional", 'incident.priority = "P1"', interrupts=False),
    "escalation": bordered("escalation", interrupts=False),
    "terminate": ending("terminate"),
    **{
        f"{trigger} event sub-process": handled(trigger, about, correlationKey="1")
        for trigger, about in [
            *(("timer", "PT1H"), ("message", "Mail"), ALARM, ("conditional", "true")),
            *(("error", ""), ("escalation", "")),
        ]
    },
}

WARNINGS = [
    ("message-key-missing", "Wait", waiting("message", "Mail")),
    ("message-key-missing", "Edge", bordered("message", "Mail")),
    ("message-key-missing", "Begin", handled("message", "Mail")),
    ("message-key-missing", "Receive", bundle(*line(receive_task("Receive", "Mail")))),
    ("message-uncaught", "Throw", throwing("message", "Mail")),
    ("message-uncaught", "Send", bundle(*line(send_task("Send", "Mail")))),
    ("error-uncaught", "Over", ending("error", "E1")),
    ("error-uncaught", "Failed", bundle(*line(failing()), *OTHER_CODE)),
    ("error-uncaught", "Failed", failing_in()),
]


@pytest.mark.parametrize(("rule", "element_id", "files"), CASES, ids=named(CASES))
def test_a_broken_bundle_has_exactly_the_error_that_names_the_element(rule, element_id, files):
    assert errors_in(files) == {(rule, element_id)}


@pytest.mark.parametrize(("rule", "element_id", "files"), WARNINGS, ids=named(WARNINGS))
def test_what_is_likely_forgotten_is_a_warning(rule, element_id, files):
    assert errors_in(files) == set()
    assert warnings_in(files) == {(rule, element_id)}


@pytest.mark.parametrize("files", RUNS.values(), ids=RUNS)
def test_what_runs_has_no_finding(files):
    assert errors_in(files) | warnings_in(files) == set()


def test_two_continuations_of_one_link_are_refused():
    assert errors_in(linked("Go", "Go")) == {("link-ambiguous", f"Catch{i}") for i in (0, 1)}


def test_a_link_does_not_leave_its_sub_process():
    found = errors_in(linked_into_subprocess())

    assert found == {("link-unpaired", "Throw"), ("link-unpaired", "Catch")}
