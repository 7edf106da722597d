"""The linter on shapes, paths and gateways: each bundle breaks one rule, and nothing else."""

from itertools import pairwise

import pytest

from tests.diagrams import (
    activity,
    boundary,
    bundle,
    call,
    catch,
    caught,
    end,
    event,
    event_subprocess,
    flow,
    gateway,
    inside,
    line,
    one_task,
    process,
    receive_task,
    script_task,
    service_task,
    start,
    subprocess,
    thrown,
    timer,
    user_task,
)
from tests.engine.linting import errors_in, named

LONG = "L" * 121
LOOK = line(user_task("Look"))
# Runs by itself, so that a loop of it never waits.
AUTOMATIC = service_task("Act", "incident.resume")


def two_ways(*flows, kind="exclusive", default=None):
    """A gateway before two tasks, with these flows out of it."""
    tasks = (user_task("A"), user_task("B"))
    rest = (flow("Reported", "Way"), flow("A", "Done"), flow("B", "Done"))
    return bundle(start(), gateway("Way", kind, default), *tasks, end(), *flows, *rest)


def task_ways(*flows, default=None):
    """A task with these flows out of it, to A and B."""
    mark = {"default": default} if default else {}
    first = activity("manualTask", "Look", **mark)
    rest = (flow("Reported", "Look"), flow("A", "Done"), flow("B", "Done"))
    return bundle(start(), first, user_task("A"), user_task("B"), end(), *flows, *rest)


def renamed(process_id):
    """A bundle whose only process has another id than the bundle."""
    files = {path: content for path, content in one_task().items() if ".bpmn" not in path}
    files["processes/small/bundle.toml"] = b'id = "small"'
    return {**files, f"processes/small/{process_id}.bpmn": process(*LOOK, process_id=process_id)}


def drawn_with(xml):
    """A good bundle whose diagram has more beside its process."""
    path = "processes/small/small.bpmn"
    drawn = one_task()[path].replace(b"<bpmn:category ", xml.encode() + b"<bpmn:category ")
    return {**one_task(), path: drawn}


def waited_for(target, *more):
    """An event-based gateway that leads to a timer and to ``target``."""
    ways = (flow("Race", "Late"), flow("Race", "Other"))
    rest = (flow("Reported", "Race"), flow("Late", "Done"), flow("Other", "Done"))
    race = (gateway("Race", "eventBased"), catch("Late", "PT15M"), target)
    return bundle(start(), *race, end(), *ways, *rest, *more)


def nested(depth):
    """A task inside so many sub-processes."""
    element = user_task("Look")
    for level in range(depth):
        element = subprocess(f"Level{level}", *inside(f"L{level}", element))
    return bundle(*line(element))


def again(*elements):
    """The elements in a loop around a gateway."""
    ids = [element.split(' id="')[1].split('"')[0] for element in elements]
    ways = (flow("Again", ids[0], "true"), *(flow(a, b) for a, b in pairwise([*ids, "Again"])))
    rest = (flow("Reported", ids[0]), flow("Again", "Done"))
    return (start(), *elements, gateway("Again", default="Again_Done"), end(), *ways, *rest)


SHAPES = [
    ("element-unsupported", "Plain", bundle(*LOOK, activity("task", "Plain"))),
    ("element-unsupported", "Way", bundle(*LOOK, '<bpmn:complexGateway id="Way"/>')),
    ("element-unsupported", "Any", bundle(*LOOK, activity("adHocSubProcess", "Any"))),
    (
        "element-unsupported",
        "Inner",
        bundle(*line(subprocess("Sub", *inside("S", user_task("A")), activity("task", "Inner")))),
    ),
    (
        "element-unsupported",
        "Undo",
        bundle(*line(user_task("Look"), thrown("Undo", "compensate"))),
    ),
    (
        "element-unsupported",
        "Wait",
        bundle(*line(activity("receiveTask", "Wait", messageRef="Mail", instantiate="true"))),
    ),
    (
        "element-unsupported",
        "Look",
        bundle(
            *line(
                activity(
                    "userTask",
                    "Look",
                    "<bpmn:dataInputAssociation><bpmn:assignment/></bpmn:dataInputAssociation>",
                    properties={"formKey": "note"},
                )
            )
        ),
    ),
    (
        "element-unsupported",
        "Script",
        bundle(
            *line(
                '<bpmn:scriptTask id="Script" name="Compute it"><bpmn:extensionElements>'
                "<spiffworkflow:preScript>x = 1</spiffworkflow:preScript></bpmn:extensionElements>"
                "<bpmn:script>a = 1</bpmn:script></bpmn:scriptTask>"
            )
        ),
    ),
    ("element-unsupported", "Talk", drawn_with('<bpmn:choreography id="Talk" name="Talk"/>')),
    (
        "diagram-too-large",
        "small",
        bundle(*line(user_task("Look"), *(gateway(f"G{i}", "parallel") for i in range(298)))),
    ),
    ("nesting-too-deep", "Level0", nested(11)),
    ("id-too-long", LONG, bundle(*line(user_task(LONG)))),
    ("id-too-long", LONG, renamed(LONG)),
    ("id-invalid", "No blanks", bundle(*line(user_task("No blanks")))),
    ("id-invalid", "1st", bundle(*line(user_task("1st")))),
    ("id-reserved", "small", bundle(*line(user_task("small")))),
    (
        "name-too-long",
        "Fork",
        bundle(*line(f'<bpmn:parallelGateway id="Fork" name="{"n" * 201}"/>', user_task("Look"))),
    ),
]

PATHS = [
    (
        "start-count",
        "small",
        bundle(*LOOK, '<bpmn:startEvent id="Other" name="Other"/>', flow("Other", "Look")),
    ),
    (
        "start-count",
        "Sub",
        bundle(
            *line(
                subprocess(
                    "Sub",
                    *inside("S", user_task("A")),
                    event("startEvent", "Other"),
                    flow("Other", "A"),
                )
            )
        ),
    ),
    (
        "start-trigger",
        "Reported",
        bundle(
            event("startEvent", "Reported", "signal", "Alarm"),
            *(user_task("Look"), end(), flow("Reported", "Look"), flow("Look", "Done")),
        ),
    ),
    (
        "start-trigger",
        "SBegin",
        bundle(*LOOK, event_subprocess("Sub", *inside("S", user_task("A")))),
    ),
    (
        "end-missing",
        "small",
        bundle(start(), user_task("Look"), flow("Reported", "Look"), flow("Look", "Look")),
    ),
    ("flow-dangling", "Gone_Look", bundle(*LOOK, flow("Gone", "Look"))),
    (
        "flow-crosses-border",
        "Look_A",
        bundle(
            *line(user_task("Look"), subprocess("Sub", *inside("S", user_task("A")))),
            flow("Look", "A"),
        ),
    ),
    (
        "flow-double",
        "Again",
        two_ways(
            *(flow("Way", "A"), flow("Way", "A", flow_id="Again"), flow("Way", "B")),
            kind="parallel",
        ),
    ),
    (
        "event-subprocess-connected",
        "Sub",
        bundle(
            *LOOK,
            event_subprocess(
                "Sub",
                event("startEvent", "B", "timer", "PT1H"),
                *(user_task("A"), end("E"), flow("B", "A"), flow("A", "E")),
            ),
            flow("Look", "Sub"),
        ),
    ),
    ("unreachable", "Island", bundle(*LOOK, user_task("Island"), flow("Island", "Done"))),
    (
        "dead-end",
        "Stray",
        bundle(*LOOK, timer("Late", "Look", "PT15M"), user_task("Stray"), flow("Late", "Stray")),
    ),
    ("end-continues", "Done", bundle(*LOOK, flow("Done", "Look"))),
    (
        "start-entered",
        "Reported",
        bundle(*line(user_task("Look"), gateway("Fork", "parallel")), flow("Fork", "Reported")),
    ),
    (
        "start-entered",
        "Late",
        bundle(
            *line(user_task("Look"), gateway("Fork", "parallel")),
            *(timer("Late", "Look", "PT15M"), flow("Late", "Done"), flow("Fork", "Late")),
        ),
    ),
    (
        "end-unreachable",
        "Look",
        bundle(
            *line(gateway("Fork", "parallel")),
            *(user_task("Look"), flow("Fork", "Look"), flow("Look", "Look")),
        ),
    ),
    ("loop-without-wait", "Act", bundle(*again(AUTOMATIC))),
    (
        "loop-without-wait",
        "Act",
        bundle(*again(AUTOMATIC, subprocess("Sub", *inside("S", script_task("Add", "a = 1"))))),
    ),
    (
        "loop-without-wait",
        "Act",
        bundle(
            *again(AUTOMATIC, call("Call", "other")),
            calls={"other": line(script_task("S", "a = 1"))},
        ),
    ),
    (
        "loop-without-wait",
        "Act",
        bundle(
            *line(AUTOMATIC, gateway("Way", default="Way_Done")),
            *(thrown("Out", "link", "Again"), caught("Back", "link", "Again")),
            *(flow("Way", "Out", "true"), flow("Back", "Act")),
        ),
    ),
    (
        "loop-without-wait",
        "Act",
        bundle(*line(AUTOMATIC), boundary("Failed", "Act", "error"), flow("Failed", "Act")),
    ),
]

GATEWAYS = [
    (
        "condition-outside-gateway",
        "Reported_Look",
        bundle(start(), user_task("Look"), end(), flow("Reported", "Look", "true"), LOOK[-1]),
    ),
    (
        "condition-outside-gateway",
        "Way_A",
        two_ways(flow("Way", "A", "true"), flow("Way", "B"), kind="parallel"),
    ),
    (
        "default-conditional",
        "Way_B",
        two_ways(flow("Way", "A", "true"), flow("Way", "B", "true"), default="Way_B"),
    ),
    (
        "default-unknown",
        "Way",
        two_ways(flow("Way", "A", "true"), flow("Way", "B", "true"), default="A_Done"),
    ),
    (
        "gateway-default-missing",
        "Way",
        two_ways(flow("Way", "A", "true"), flow("Way", "B", "false")),
    ),
    (
        "gateway-default-missing",
        "Way",
        two_ways(flow("Way", "A", "true"), flow("Way", "B", "false"), kind="inclusive"),
    ),
    (
        "gateway-default-missing",
        "Look",
        task_ways(flow("Look", "A", "true"), flow("Look", "B", "false")),
    ),
    (
        "gateway-condition-missing",
        "Way_A",
        two_ways(flow("Way", "A"), flow("Way", "B"), default="Way_B"),
    ),
    ("event-gateway-target", "Other", waited_for(user_task("Other"))),
    (
        "event-gateway-target",
        "Other",
        waited_for(
            receive_task("Other", "Mail"),
            boundary("Late2", "Other", "timer", "PT1H"),
            flow("Late2", "Done"),
        ),
    ),
    (
        "event-gateway-target",
        "Other",
        waited_for(
            receive_task("Other", "Mail"),
            *(user_task("More"), flow("Late", "More"), flow("More", "Other")),
        ),
    ),
]

CASES = SHAPES + PATHS + GATEWAYS

RUNS = {
    "an empty pool and a message flow": drawn_with(
        '<bpmn:collaboration><bpmn:participant id="Us"/><bpmn:participant id="Supplier"/>'
        '<bpmn:messageFlow id="Mail" sourceRef="Us" targetRef="Supplier"/></bpmn:collaboration>'
    ),
    "ids that engines reserve": bundle(*line(user_task("Start"), user_task("End"))),
    "an inclusive split with one flow that is always taken": two_ways(
        flow("Way", "A"), flow("Way", "B", "true"), kind="inclusive"
    ),
    "a task with a condition on one flow and a default": task_ways(
        flow("Look", "A", "true"), flow("Look", "B"), default="Look_B"
    ),
    "a loop with a task in it": bundle(*again(AUTOMATIC, user_task("Look"))),
    "a loop with a sub-process that always waits": bundle(
        *again(AUTOMATIC, subprocess("Sub", *inside("S", user_task("Look"))))
    ),
    "a loop with a call that always waits": bundle(
        *again(AUTOMATIC, call("Call", "other")), calls={"other": LOOK}
    ),
    "a loop through a timer on the border": bundle(
        *LOOK, timer("Late", "Look", "PT15M", interrupts=True), flow("Late", "Look")
    ),
    "an event-based gateway": waited_for(receive_task("Other", "Mail")),
    "ten sub-processes inside each other": nested(10),
}


@pytest.mark.parametrize(("rule", "element_id", "files"), CASES, ids=named(CASES))
def test_a_broken_bundle_has_exactly_the_error_that_names_the_element(rule, element_id, files):
    assert errors_in(files) == {(rule, element_id)}


@pytest.mark.parametrize("files", RUNS.values(), ids=RUNS)
def test_what_runs_has_no_error(files):
    assert errors_in(files) == set()
