"""The linter on tasks, calls, loops and expressions: each bundle breaks one rule, nothing else."""

import pytest

from tests.diagrams import (
    activity,
    begun,
    boundary,
    bundle,
    call,
    catch,
    end,
    event_subprocess,
    extension,
    flow,
    form,
    gateway,
    inside,
    line,
    manual_task,
    multi_instance,
    one_task,
    rule_task,
    script_task,
    send_task,
    service_task,
    standard_loop,
    start,
    subprocess,
    table,
    text,
    user_task,
)
from tests.engine.linting import errors_in, named, warnings_in

LOOK = line(user_task("Look"))
ITEMS = {"loopDataInputRef": "[1, 2]", "item": "part"}


def each(**parts):
    """A user task that repeats over a collection, unless it is told otherwise."""
    return bundle(*line(user_task("Look", inner=multi_instance(**parts))))


def scripted(text):
    return bundle(*line(script_task("Script", text), user_task("Look")))


def choosing(condition):
    """A gateway that reads something, behind a task that asks for ``note``."""
    ways = (flow("Way", "Done", condition), flow("Way", "B"), flow("B", "Done"))
    before = (start(), user_task("A"), flow("Reported", "A"), flow("A", "Way"))
    return bundle(*before, gateway("Way", default="Way_B"), user_task("B"), end(), *ways)


def calling(condition, *called, **bounds):
    """A process that calls another and then decides on ``condition``."""
    ways = (flow("Way", "Done", condition), flow("Way", "B"), flow("B", "Done"))
    way = (gateway("Way", default="Way_B"), user_task("B"), end(), *ways)
    before = (start(), call("Call", "other"), flow("Reported", "Call"), flow("Call", "Way"))
    files = bundle(*before, *way, calls={"other": called})
    if bounds:
        path = "processes/small/other.bpmn"
        files[path] = files[path].replace(b"<bpmn:laneSet", interface(**bounds) + b"<bpmn:laneSet")
    return files


def interface(inputs=(), outputs=()):
    """What a process takes from its callers and gives back."""
    parts = [f'<bpmn:dataInput id="In_{name}" name="{name}"/>' for name in inputs]
    parts += [f'<bpmn:dataOutput id="Out_{name}" name="{name}"/>' for name in outputs]
    return f"<bpmn:ioSpecification>{''.join(parts)}</bpmn:ioSpecification>".encode()


def circle():
    """Two processes that call each other."""
    return bundle(
        *line(user_task("Look"), call("Call", "other")),
        calls={"other": line(user_task("Look"), call("Back", "small"))},
    )


HANDLER = (begun("Late", "timer", "PT1H"), user_task("A"), end("E"))
HANDLER += (flow("Late", "A"), flow("A", "E"))
READS_COLOUR = {"size": table("size", "size", ("1", "2"), reads="colour")}

TASKS = [
    ("lane-missing", "Look", one_task(lane="")),
    ("lane-missing", "Sign", bundle(*line(manual_task("Sign")), lane="")),
    ("phase-missing", "Look", one_task(phase="Later")),
    ("form-missing", "Look", bundle(*line('<bpmn:userTask id="Look" name="Look"/>'))),
    ("form-unknown", "Look", bundle(*line(user_task("Look", form="nowhere")))),
    (
        "signature-misplaced",
        "Sign",
        bundle(*line(manual_task("Sign", extension(signatureMeaning="seen")))),
    ),
    ("signature-too-long", "Look", bundle(*line(user_task("Look", signature="x" * 41)))),
    ("decision-unknown", "Decide", bundle(*line(rule_task("Decide", "nowhere")))),
    ("operation-unknown", "Act", bundle(*line(service_task("Act", "incident.explode")))),
    ("parameter-missing", "Act", bundle(*line(service_task("Act", "incident.hold")))),
    ("parameter-unknown", "Act", bundle(*line(service_task("Act", "incident.close", why="1")))),
    ("call-unknown", "Call", bundle(*line(call("Call", "nowhere")))),
    ("call-cycle", "Call", bundle(*line(call("Call", "small")))),
    ("script-invalid", "Script", bundle(*line(activity("scriptTask", "Script")))),
    ("script-invalid", "Script", scripted("import os")),
    ("variable-reserved", "Script", scripted("incident = 1")),
    ("variable-reserved", "Script", scripted("a = 1\nloopCounter = 2")),
    ("variable-invalid", "Script", scripted("null = 1")),
]

LOOPS = [
    (
        "loop-condition-missing",
        "Look",
        bundle(*line(user_task("Look", inner=standard_loop()))),
    ),
    ("multi-instance-count", "Look", each()),
    ("multi-instance-count", "Look", each(loopCardinality="3", loopDataInputRef="[1]")),
    ("multi-instance-item", "Look", each(loopCardinality="3", item="part")),
    ("multi-instance-output", "Look", each(**ITEMS, result="note")),
    ("multi-instance-output", "Look", each(**ITEMS, loopDataOutputRef="notes")),
    ("variable-reserved", "Look", each(loopDataInputRef="[1]", item="item")),
    ("variable-invalid", "Look", each(loopDataInputRef="[1]", item="two words")),
    ("variable-invalid", "Look", each(**ITEMS, loopDataOutputRef="notes", result="part + 1")),
    (
        "loop-misplaced",
        "Sub",
        bundle(*LOOK, event_subprocess("Sub", *HANDLER, standard_loop("true"))),
    ),
]

EXPRESSIONS = [
    (
        "expression-invalid",
        "Act",
        bundle(*line(service_task("Act", "incident.hold", reason="__import__('os')"))),
    ),
    ("expression-invalid", "Script", scripted("a = 1 +")),
    ("calendar-unknown", "Way_Done", choosing('business due(now(), @"PT1H", "x") = now()')),
    ("expression-unknown-name", "Way_Done", choosing("colour = 1")),
    ("expression-unknown-name", "Way_Done", choosing("loopCounter = 1")),
    ("expression-unknown-name", "Script", scripted("a = b")),
    ("expression-unknown-name", "Send", bundle(*line(send_task("Send", "Mail", payload="b")))),
    ("expression-unknown-name", "Look", each(loopDataInputRef="[part]", item="part")),
    (
        "expression-unknown-name",
        "Look",
        each(**ITEMS, loopDataOutputRef="results", result="colour"),
    ),
    ("expression-unknown-name", "Look", each(loopCardinality="numberOfInstances")),
    (
        "expression-unknown-name",
        "size",
        bundle(*line(rule_task("Decide", "size")), decisions=READS_COLOUR),
    ),
    (
        "expression-unknown-name",
        "Way_Done",
        calling("a = 1", *line(script_task("Script", "a = 1")), outputs=["b"]),
    ),
    (
        "expression-unknown-name",
        "Script",
        calling("true", *line(script_task("Script", "a = incident.number; b = c")), inputs=["d"]),
    ),
]

CASES = TASKS + LOOPS + EXPRESSIONS

RUNS = {
    "answers of a form": choosing('note = "red"'),
    "facts of the incident": choosing("incident.is_major"),
    "a script's variables, each after the other": scripted("a = 1\nb = a + 1; c = b"),
    "what a called process sets": calling("a = 1", *line(script_task("Script", "a = 1"))),
    "what a called process gives back": calling(
        "b", *line(script_task("Script", "a = 1")), outputs=["b"]
    ),
    "what a called process takes": calling(
        "a", *line(script_task("Script", "a = c")), inputs=["c"], outputs=["a"]
    ),
    "the caller's variables in a called process": bundle(
        *line(user_task("Look"), call("Call", "other")),
        calls={"other": line(script_task("Script", "a = note"))},
    ),
    "the caller's item in a called process": bundle(
        *line(call("Call", "other", inner=multi_instance(**ITEMS))),
        calls={"other": line(script_task("Script", "a = part + loopCounter"))},
    ),
    "a decision's outcome": bundle(
        *line(user_task("Look"), rule_task("Decide", "size"), script_task("Script", "a = size")),
        decisions={"size": table("size", "size", ('"1"', "2"), reads="note")},
    ),
    "everything a multi-instance may say": each(
        **ITEMS,
        loopDataOutputRef="notes",
        result="note",
        completionCondition="numberOfCompletedInstances > 1 and loopCounter > part",
    ),
    "an item inside a sub-process": bundle(
        *line(
            subprocess(
                "Sub",
                *inside("S", script_task("Script", "a = part + loopCounter")),
                multi_instance(**ITEMS),
            ),
            user_task("Look"),
        )
    ),
    "a loop with a condition": bundle(
        *line(user_task("Look", inner=standard_loop("note != null and loopCounter < 3")))
    ),
    "a loop with a maximum": bundle(*line(user_task("Look", inner=standard_loop(maximum=3)))),
    "a manual task without a form": bundle(*line(manual_task("Sign"))),
    "a caught payload": bundle(
        *line(catch("Wait", "PT1H"), script_task("Script", "a = code")),
        boundary("Edge", "Script", "signal", "Alarm", variable="code"),
        flow("Edge", "Done"),
    ),
}

STYLE = [
    ("name-missing", "Look", bundle(*line('<bpmn:manualTask id="Look"/>'))),
    ("task-name-style", "Look", bundle(*line(activity("manualTask", "Look", name="Look")))),
    *(
        ("task-name-style", "Look", bundle(*line(activity("manualTask", "Look", name=name))))
        for name in (
            "look at it",
            "Classification of incident",
            "Handling of report",
            "Acceptance by user",
            "Assessment of damage",
            "Look and tell them",
        )
    ),
    (
        "implicit-split",
        "Look",
        bundle(*LOOK, user_task("More"), flow("Look", "More"), flow("More", "Done")),
    ),
]


@pytest.mark.parametrize(("rule", "element_id", "files"), CASES, ids=named(CASES))
def test_a_broken_bundle_has_exactly_the_error_that_names_the_element(rule, element_id, files):
    assert errors_in(files) == {(rule, element_id)}


@pytest.mark.parametrize("files", RUNS.values(), ids=RUNS)
def test_what_runs_has_no_error(files):
    assert errors_in(files) == set()


@pytest.mark.parametrize(("rule", "element_id", "files"), STYLE, ids=named(STYLE))
def test_house_style_only_warns(rule, element_id, files):
    assert errors_in(files) == set()
    assert warnings_in(files) == {(rule, element_id)}


def test_a_choice_asks_and_its_flows_answer():
    ways = (flow("Way", "Done", "true"), flow("Way", "B"), flow("B", "Done"))
    gate = gateway("Way", default="Way_B").replace("Which way?", "Decision")
    files = bundle(start(), gate, user_task("B"), end(), flow("Reported", "Way"), *ways)

    found = warnings_in(files)

    assert found == {
        ("gateway-question", "Way"),
        ("flow-name-missing", "Way_Done"),
        ("flow-name-missing", "Way_B"),
    }


def test_both_ends_of_a_circle_of_calls_are_named():
    assert errors_in(circle()) == {("call-cycle", "Call"), ("call-cycle", "Back")}


def test_a_form_may_not_ask_for_what_the_engine_sets():
    files = one_task(forms={"other": form("other", text("incident"))})

    assert errors_in(files) == {("variable-reserved", "incident")}


def test_a_decision_may_not_set_what_the_engine_sets():
    files = one_task(decisions={"size": table("size", "loopCounter", ("1", "2"))})

    assert errors_in(files) == {("variable-reserved", "size")}
