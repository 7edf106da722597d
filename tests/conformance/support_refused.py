"""What the support table says that is refused: a bundle for each row that breaks its rule."""

from tests.diagrams import (
    activity,
    begun,
    boundary,
    bundle,
    call,
    caught,
    end,
    ended,
    event,
    event_subprocess,
    flow,
    gateway,
    inside,
    line,
    multi_instance,
    one_task,
    receive_task,
    script_task,
    standard_loop,
    start,
    subprocess,
    thrown,
    timer,
    user_task,
)

LOOK = line(user_task("Look"))
PATH = "processes/small/small.bpmn"


def straight(*elements):
    return bundle(*line(*elements))


def edge(trigger, about="", **marks):
    return bundle(*LOOK, boundary("Edge", "Look", trigger, about, **marks), flow("Edge", "Done"))


def over(trigger, about=""):
    ends = (ended("Over", trigger, about), flow("Look", "Over"))
    return bundle(start(), user_task("Look"), flow("Reported", "Look"), *ends)


def two_ways(first, default=None):
    ways = (flow("Way", "A", first), flow("Way", "B", "false" if first else None))
    return bundle(
        *(start(), gateway("Way", default=default), user_task("A"), user_task("B"), end(), *ways),
        *(flow("Reported", "Way"), flow("A", "Done"), flow("B", "Done")),
    )


def handler(start_event):
    return event_subprocess(
        "Handler", start_event, *(user_task("H"), end("HE"), flow("B", "H"), flow("H", "HE"))
    )


def outside(xml):
    """A good process with something beside it in its file."""
    mark = b"<bpmn:category "
    return {**one_task(), PATH: one_task()[PATH].replace(mark, xml.encode() + mark)}


SCRIPTED = (
    "<bpmn:extensionElements><spiffworkflow:preScript>a = 1</spiffworkflow:preScript>"
    "</bpmn:extensionElements><bpmn:script>b = 1</bpmn:script>"
)
ASSIGNED = "<bpmn:dataInputAssociation><bpmn:assignment/></bpmn:dataInputAssociation>"
TRANSFORMED = "<bpmn:dataOutputAssociation><bpmn:transformation/></bpmn:dataOutputAssociation>"
TWO_TRIGGERS = (
    '<bpmn:intermediateCatchEvent id="Wait" name="Wait" parallelMultiple="{parallel}">'
    "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration>"
    "</bpmn:timerEventDefinition><bpmn:conditionalEventDefinition><bpmn:condition>true"
    "</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>"
)
RACE = (
    *(start(), gateway("Race", "eventBased"), caught("Late", "timer", "PT1H"), user_task("Other")),
    *(end(), flow("Reported", "Race"), flow("Race", "Late"), flow("Race", "Other")),
    *(flow("Late", "Done"), flow("Other", "Done")),
)
INSTANTIATING_RACE = (
    *(start(), gateway("Race", "eventBased").replace(" name", ' instantiate="true" name')),
    *(caught("Late", "timer", "PT1H"), end()),
    *(flow("Reported", "Race"), flow("Race", "Late"), flow("Late", "Done")),
)
FORM = {"properties": {"formKey": "note"}}

REFUSED = {
    # Tasks
    "task": straight(activity("task", "Look")),
    "receiveTask that starts a process": straight(
        receive_task("Receive", "Mail").replace(" name", ' instantiate="true" name')
    ),
    "pre-script or post-script": straight(activity("scriptTask", "Add", SCRIPTED)),
    "script in another language": straight(script_task("Add", "import os")),
    # Gateways
    "exclusiveGateway without a default": two_ways("true"),
    "exclusiveGateway with a flow that has no condition": two_ways(None, default="Way_B"),
    "eventBasedGateway before a task": bundle(*RACE),
    "eventBasedGateway that starts a process": bundle(*INSTANTIATING_RACE),
    "complexGateway": straight('<bpmn:complexGateway id="Way" name="Way"/>'),
    # Flows
    "condition on a flow from an event": bundle(
        start(), user_task("Look"), end(), flow("Reported", "Look", "true"), flow("Look", "Done")
    ),
    "flow over the border of a sub-process": bundle(
        *line(user_task("Look"), subprocess("Sub", *inside("S", user_task("A")))), flow("Look", "A")
    ),
    "element to which no path leads": bundle(*LOOK, user_task("Far"), flow("Far", "Done")),
    "path that stops before an end event": bundle(
        *LOOK, timer("Late", "Look", "PT1H"), user_task("Far"), flow("Late", "Far")
    ),
    "loop in which nothing waits": bundle(
        *line(script_task("Add", "a = 1"), gateway("Way", default="Way_Done")),
        flow("Way", "Add", "true"),
    ),
    # Events
    "start event with a trigger": bundle(
        *(event("startEvent", "Reported", "signal", "Alarm"), user_task("Look"), end()),
        *(flow("Reported", "Look"), flow("Look", "Done")),
    ),
    "several start events": bundle(*LOOK, event("startEvent", "Other"), flow("Other", "Look")),
    "timer below a minute": straight(caught("Wait", "timer", "PT30S")),
    "timer that is negative or no ISO 8601": straight(caught("Wait", "timer", "-PT1H")),
    "timer, thrown": straight(thrown("Wait", "timer", "PT1H")),
    "message without a name": straight(caught("Wait", "message")),
    "signal without a name": straight(thrown("Tell", "signal")),
    "condition that is empty": straight(caught("Wait", "conditional")),
    "link without its other end": bundle(
        *line(gateway("Fork", "parallel"), user_task("Look")),
        *(thrown("Go", "link", "On"), flow("Fork", "Go")),
    ),
    "error, escalation or cancel, caught in between": straight(caught("Wait", "error", "E1")),
    "error or terminate, thrown in between": straight(thrown("Tell", "terminate")),
    "cancel outside a transaction": over("cancel"),
    "compensation": straight(user_task("Look"), thrown("Undo", "compensate")),
    "multiple event": straight(TWO_TRIGGERS.format(parallel="false")),
    "parallel multiple event": straight(TWO_TRIGGERS.format(parallel="true")),
    "boundary event: non-interrupting error": edge("error", interrupts=False),
    "boundary event on a gateway or an event": bundle(
        *line(gateway("Fork", "parallel"), user_task("Look")),
        *(timer("Late", "Fork", "PT1H"), flow("Late", "Done")),
    ),
    "event sub-process: no trigger": bundle(*LOOK, handler(begun("B"))),
    "event sub-process: flows to or from it": bundle(
        *LOOK, handler(begun("B", "timer", "PT1H")), flow("Look", "Handler")
    ),
    # Sub-processes, calls and repetition
    "subProcess without exactly one start event": straight(
        subprocess(
            "Sub", *inside("S", user_task("A")), event("startEvent", "Other"), flow("Other", "A")
        )
    ),
    "callActivity of an unknown process": straight(call("Call", "nowhere")),
    "callActivity that comes back to its caller": straight(call("Call", "small")),
    "adHocSubProcess": straight(activity("adHocSubProcess", "Any")),
    "multi-instance: cardinality and collection": straight(
        user_task("Look", inner=multi_instance(loopCardinality="2", loopDataInputRef="[1]"))
    ),
    "multi-instance: neither cardinality nor collection": straight(
        user_task("Look", inner=multi_instance())
    ),
    "standard loop without condition and maximum": straight(
        user_task("Look", inner=standard_loop())
    ),
    # Data and drawing
    "data association with an assignment": straight(activity("userTask", "Look", ASSIGNED, **FORM)),
    "data association with a transformation": straight(
        activity("userTask", "Look", TRANSFORMED, **FORM)
    ),
    "second pool with a process": {
        **outside('<bpmn:process id="Other" isExecutable="true"/>'),
        "processes/small/bundle.toml": b'id = "small"',
    },
    "choreography, conversation": outside('<bpmn:choreography id="Talk" name="Talk"/>'),
}
