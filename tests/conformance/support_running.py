"""What the support table says that runs: a small process for each row, and its way through it.

A way is what happens to the process: a task's id completes it (with ``=`` and a note), ``+1h`` lets
an hour pass, ``message:Mail`` and ``signal:Alarm`` come from outside. The trace are the elements
that finished, in order.
"""

from dataclasses import dataclass

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
    manual_task,
    multi_instance,
    receive_task,
    rule_task,
    script_task,
    send_task,
    service_task,
    standard_loop,
    start,
    subprocess,
    table,
    thrown,
    user_task,
)

LOOK = line(user_task("Look"))


@dataclass(frozen=True)
class Sample:
    files: dict
    way: str
    trace: str


def straight(element, way, trace, **more):
    """One element between start and end."""
    return Sample(bundle(*line(element), **more), way, f"Reported {trace} Done")


def choice(kind, first, *, join=None):
    """A gateway before A and B; the way to A has a condition, the one to B is the default."""
    ways = (flow("Way", "A", first), flow("Way", "B"))
    last = "Join" if join else "Done"
    closing = (gateway("Join", join), flow("Join", "Done")) if join else ()
    return bundle(
        *(start(), user_task("Look"), gateway("Way", kind, "Way_B")),
        *(user_task("A"), user_task("B"), end(), *ways, *closing),
        *(flow("Reported", "Look"), flow("Look", "Way"), flow("A", last), flow("B", last)),
    )


def parallel(kind="parallel"):
    ways = (flow("Fork", "A"), flow("Fork", "B"), flow("A", "Join"), flow("B", "Join"))
    gates = (gateway("Fork", kind), gateway("Join", kind))
    ends = (flow("Reported", "Fork"), flow("Join", "Done"))
    return bundle(start(), *gates, user_task("A"), user_task("B"), end(), *ways, *ends)


def race(*targets):
    """An event-based gateway before these events."""
    ids = [target.split(' id="')[1].split('"')[0] for target in targets]
    ways = [flow(a, b) for i in ids for a, b in (("Race", i), (i, "Done"))]
    return bundle(
        start(), gateway("Race", "eventBased"), *targets, end(), flow("Reported", "Race"), *ways
    )


def edge(trigger, about="", **marks):
    """A task with an event on its border that leads to another task."""
    more = (user_task("After"), flow("Edge", "After"), flow("After", "Done"))
    return bundle(*LOOK, boundary("Edge", "Look", trigger, about, **marks), *more)


def sub_edge(trigger, about, last, **marks):
    """A sub-process that ends by an event, which is caught on its border."""
    inner = (event("startEvent", "B"), user_task("A"), last, flow("B", "A"), flow("A", "Last"))
    more = (boundary("Edge", "Sub", trigger, about, **marks), user_task("After"))
    tag = "transaction" if trigger == "cancel" else "subProcess"
    ways = (flow("Edge", "After"), flow("After", "Done"))
    return bundle(*line(subprocess("Sub", *inner, tag=tag)), *more, *ways)


def handler(trigger, about="", **marks):
    """An event sub-process with a task."""
    inner = (begun("Begin", trigger, about, **marks), user_task("H"), event("endEvent", "HE"))
    return event_subprocess("Handler", *inner, flow("Begin", "H"), flow("H", "HE"))


def handled(trigger, about="", **marks):
    return bundle(*LOOK, handler(trigger, about, **marks))


def thrower(last):
    """A process that ends by an event, beside a handler for it."""
    return (start(), user_task("Look"), last, flow("Reported", "Look"), flow("Look", "Last"))


def with_interface(files, xml):
    path = "processes/small/other.bpmn"
    return {**files, path: files[path].replace(b"<bpmn:laneSet", xml.encode() + b"<bpmn:laneSet")}


def drawn_with(inside_process="", outside=""):
    """A good process with more on its drawing."""
    files, path = bundle(*LOOK, inside_process), "processes/small/small.bpmn"
    category = b"<bpmn:category "
    return {**files, path: files[path].replace(category, outside.encode() + category)}


IO = (
    '<bpmn:ioSpecification><bpmn:dataInput id="I" name="note"/>'
    '<bpmn:dataOutput id="O" name="b"/></bpmn:ioSpecification>'
)
ACT = service_task("Act", "incident.resume")
REFUSING = service_task("Act", "incident.close")  # only a resolved incident is closed
MI = {"loopDataInputRef": "[1, 2]", "item": "part"}
COLLECTED = multi_instance(**MI, loopDataOutputRef="all_parts", result="double")
SUM = script_task("Add", "double = part * 2", COLLECTED)
EACH_TASK = user_task("Look", inner=multi_instance(**MI))
EACH_IN_TURN = user_task("Look", inner=multi_instance(**MI, sequential=True))
GO_ON_LINK = (
    *(start(), user_task("Look"), thrown("Go", "link", "On"), end()),
    caught("Continue", "link", "On"),
    *(flow("Reported", "Look"), flow("Look", "Go"), flow("Continue", "Done")),
)
COMES_TRUE = 'note = "seen"'
SPLIT = (user_task("More"), flow("Look", "More"), flow("More", "Done"))
LOOPED = (
    *(start(), user_task("Look"), gateway("Again", default="Again_Done"), end()),
    *(flow("Reported", "Look"), flow("Look", "Again"), flow("Again", "Done")),
    flow("Again", "Look", 'note = "again"'),
)
MERGED = (
    *(start(), gateway("Fork", "parallel"), script_task("A", "a = 1"), user_task("Look"), end()),
    *(flow("Reported", "Fork"), flow("Fork", "A"), flow("Fork", "Look")),
    *(flow("A", "Look"), flow("Look", "Done")),
)
INNER_HANDLER = subprocess("Sub", *inside("S", user_task("A")), handler("signal", "Alarm"))

TASKS = {
    "userTask": straight(user_task("Look"), "Look", "Look"),
    "manualTask": straight(manual_task("Look"), "Look", "Look"),
    "serviceTask": straight(ACT, "", "Act"),
    "scriptTask": straight(script_task("Add", "a = 1; b = a + 1"), "", "Add"),
    "businessRuleTask": Sample(
        bundle(
            *line(user_task("Look"), rule_task("Decide", "size")),
            decisions={"size": table("size", "size", ('"seen"', "2"))},
        ),
        "Look",
        "Reported Look Decide Done",
    ),
    "sendTask": straight(send_task("Send", "Mail"), "", "Send"),
    "receiveTask": straight(
        receive_task("Receive", "Mail", correlationKey="incident.number"), "message:Mail", "Receive"
    ),
}

GATEWAYS = {
    "exclusiveGateway": Sample(
        choice("exclusive", COMES_TRUE), "Look A", "Reported Look Way A Done"
    ),
    "parallelGateway": Sample(parallel(), "A B", "Reported Fork A B Join Done"),
    "inclusiveGateway": Sample(
        choice("inclusive", "true", join="inclusive"), "Look A", "Reported Look Way A Join Done"
    ),
    "eventBasedGateway": Sample(
        race(caught("Late", "timer", "PT2H"), caught("Later", "timer", "PT3H")),
        "+2h",
        "Reported Race Late Done",
    ),
    "gateway that paths meet at again, in a loop": Sample(
        bundle(*LOOPED), "Look=again Look", "Reported Look Again Look Again Done"
    ),
}

FLOWS = {
    "flow with a condition from a task": Sample(
        bundle(
            *(start(), activity("manualTask", "Look", default="Look_B"), user_task("A")),
            *(user_task("B"), end(), flow("Reported", "Look"), flow("Look", "A", "false")),
            *(flow("Look", "B"), flow("A", "Done"), flow("B", "Done")),
        ),
        "Look B",
        "Reported Look B Done",
    ),
    "several flows from a task": Sample(
        bundle(*LOOK, *SPLIT), "Look More", "Reported Look Done More Done"
    ),
    "several flows into a task": Sample(
        bundle(*MERGED), "Look Look", "Reported Fork A Look Done Look Done"
    ),
}

EVENTS = {
    "start event": straight(ACT, "", "Act"),
    "end event": straight(ACT, "", "Act"),
    "intermediate event without a trigger": straight(thrown("Mark"), "", "Mark"),
    "timer: duration": straight(caught("Wait", "timer", "PT1H"), "+1h", "Wait"),
    "timer: date": straight(caught("Wait", "timer", "2020-01-31T10:00:00Z"), "+0h", "Wait"),
    "timer: cycle": Sample(
        edge("timer", "R2/PT1H", interrupts=False),
        "+1h +1h +1h Look After After",
        "Reported Edge Edge Look Done After Done After Done",
    ),
    "timer: FEEL": straight(caught("Wait", "timer", '"PT" + "1H"'), "+1h", "Wait"),
    "message, caught": straight(
        caught("Wait", "message", "Mail", correlationKey="incident.number"), "message:Mail", "Wait"
    ),
    "message, thrown": straight(thrown("Tell", "message", "Mail"), "", "Tell"),
    "message, at the end": Sample(
        bundle(*thrower(ended("Last", "message", "Mail"))), "Look", "Reported Look Last"
    ),
    "signal, caught": straight(caught("Wait", "signal", "Alarm"), "signal:Alarm", "Wait"),
    "signal, thrown": straight(thrown("Tell", "signal", "Alarm"), "", "Tell"),
    "signal, at the end": Sample(
        bundle(*thrower(ended("Last", "signal", "Alarm"))), "Look", "Reported Look Last"
    ),
    "condition": Sample(
        bundle(
            *(start(), gateway("Fork", "parallel"), user_task("Look")),
            *(caught("Wait", "conditional", COMES_TRUE), gateway("Join", "parallel"), end()),
            *(flow("Reported", "Fork"), flow("Fork", "Look"), flow("Fork", "Wait")),
            *(flow("Look", "Join"), flow("Wait", "Join"), flow("Join", "Done")),
        ),
        "Look",
        "Reported Fork Look Wait Join Done",
    ),
    "link": Sample(bundle(*GO_ON_LINK), "Look", "Reported Look Go Continue Done"),
    "error, at the end": Sample(
        sub_edge("error", "E1", ended("Last", "error", "E1")),
        "A After",
        "Reported B A Last Edge After Done",
    ),
    "escalation, thrown": straight(thrown("Tell", "escalation", "E1"), "", "Tell"),
    "escalation, at the end": Sample(
        sub_edge("escalation", "E1", ended("Last", "escalation", "E1"), interrupts=False),
        "A After",
        "Reported B A Last Edge Sub Done After Done",
    ),
    "terminate": Sample(
        bundle(
            *(start(), gateway("Fork", "parallel"), user_task("A"), user_task("B"), end()),
            *(ended("Stop", "terminate"), flow("Reported", "Fork"), flow("Fork", "A")),
            *(flow("Fork", "B"), flow("A", "Stop"), flow("B", "Done")),
        ),
        "A",
        "Reported Fork A Stop",
    ),
    "cancel, in a transaction": Sample(
        sub_edge("cancel", "", ended("Last", "cancel")),
        "A After",
        "Reported B A Last Edge After Done",
    ),
}

BORDERS = {
    "boundary event: timer": Sample(edge("timer", "PT1H"), "+1h After", "Reported Edge After Done"),
    "boundary event: message": Sample(
        edge("message", "Mail", correlationKey="1"),
        "message:Mail After",
        "Reported Edge After Done",
    ),
    "boundary event: signal": Sample(
        edge("signal", "Alarm"), "signal:Alarm After", "Reported Edge After Done"
    ),
    "boundary event: condition": Sample(
        bundle(
            *(start(), gateway("Fork", "parallel"), user_task("Look"), user_task("B"), end()),
            *(boundary("Edge", "B", "conditional", COMES_TRUE), flow("Edge", "Done")),
            *(flow("Reported", "Fork"), flow("Fork", "Look"), flow("Fork", "B")),
            *(flow("Look", "Done"), flow("B", "Done")),
        ),
        "Look",
        "Reported Fork Look Done Edge Done",
    ),
    "boundary event: error of a sub-process": Sample(
        sub_edge("error", "", ended("Last", "error", "E1")),
        "A After",
        "Reported B A Last Edge After Done",
    ),
    "boundary event: error of a service task": Sample(
        bundle(*line(REFUSING), boundary("Edge", "Act", "error"), flow("Edge", "Done")),
        "",
        "Reported Act Edge Done",
    ),
    "boundary event: escalation": Sample(
        sub_edge("escalation", "E1", ended("Last", "escalation", "E1")),
        "A After",
        "Reported B A Last Edge After Done",
    ),
    "boundary event: non-interrupting timer": Sample(
        edge("timer", "PT1H", interrupts=False),
        "+1h Look After",
        "Reported Edge Look Done After Done",
    ),
    "boundary event: non-interrupting message": Sample(
        edge("message", "Mail", interrupts=False, correlationKey="1"),
        "message:Mail message:Mail Look After After",
        "Reported Edge Edge Look Done After Done After Done",
    ),
    "boundary event: non-interrupting signal": Sample(
        edge("signal", "Alarm", interrupts=False),
        "signal:Alarm signal:Alarm Look After After",
        "Reported Edge Edge Look Done After Done After Done",
    ),
    "boundary event: non-interrupting condition": Sample(
        bundle(
            *(start(), gateway("Fork", "parallel"), user_task("Look"), user_task("B"), end()),
            boundary("Edge", "B", "conditional", COMES_TRUE, interrupts=False),
            *(flow("Edge", "Done"), flow("Reported", "Fork"), flow("Fork", "Look")),
            *(flow("Fork", "B"), flow("Look", "Done"), flow("B", "Done")),
        ),
        "Look B",
        "Reported Fork Look Done Edge Done B Done",
    ),
}

HANDLERS = {
    "event sub-process: timer": Sample(
        handled("timer", "PT1H"), "+1h H", "Reported Begin H HE Handler"
    ),
    "event sub-process: message": Sample(
        handled("message", "Mail", correlationKey="1"),
        "message:Mail H",
        "Reported Begin H HE Handler",
    ),
    "event sub-process: signal": Sample(
        handled("signal", "Alarm"), "signal:Alarm H", "Reported Begin H HE Handler"
    ),
    "event sub-process: condition": Sample(
        bundle(*line(user_task("Look"), user_task("B")), handler("conditional", COMES_TRUE)),
        "Look H",
        "Reported Look Begin H HE Handler",
    ),
    "event sub-process: error": Sample(
        bundle(*thrower(ended("Last", "error", "E1")), handler("error")),
        "Look H",
        "Reported Look Last Begin H HE Handler",
    ),
    "event sub-process: escalation": Sample(
        bundle(*thrower(ended("Last", "escalation", "E1")), handler("escalation")),
        "Look H",
        "Reported Look Last Begin H HE Handler",
    ),
    "event sub-process: non-interrupting": Sample(
        handled("signal", "Alarm", interrupts=False),
        "signal:Alarm signal:Alarm H Look H",
        "Reported Begin Begin H HE Handler Look Done H HE Handler",
    ),
    "event sub-process: in a sub-process": Sample(
        bundle(*line(INNER_HANDLER)),
        "signal:Alarm H",
        "Reported SBegin Begin H HE Handler Sub Done",
    ),
}

SCOPES = {
    "subProcess": straight(
        subprocess("Sub", *inside("S", user_task("A"))), "A", "SBegin A SEnd Sub"
    ),
    "transaction": straight(
        subprocess("Sub", *inside("S", user_task("A")), tag="transaction"), "A", "SBegin A SEnd Sub"
    ),
    "callActivity": straight(
        call("Call", "other"),
        "Look",
        "Reported Look Done Call",
        calls={"other": line(user_task("Look"))},
    ),
    "ioSpecification of a called process": Sample(
        with_interface(
            bundle(
                *line(user_task("Look"), call("Call", "other"), script_task("Add", "c = b")),
                calls={"other": line(script_task("Give", "b = note"))},
            ),
            IO,
        ),
        "Look",
        "Reported Look Reported Give Done Call Add Done",
    ),
    "parallel multi-instance": straight(EACH_TASK, "Look Look", "Look Look Look"),
    "sequential multi-instance": straight(EACH_IN_TURN, "Look Look", "Look Look Look"),
    "multi-instance: cardinality": straight(
        user_task("Look", inner=multi_instance(loopCardinality="1 + 1")),
        "Look Look",
        "Look Look Look",
    ),
    "multi-instance: collected results": straight(SUM, "", "Add Add Add"),
    "multi-instance: completion condition": straight(
        user_task("Look", inner=multi_instance(**MI, completionCondition=COMES_TRUE)),
        "Look",
        "Look Look",
    ),
    "standard loop": straight(
        user_task("Look", inner=standard_loop('note = "again"')),
        "Look=again Look",
        "Look Look Look",
    ),
}

DRAWINGS = {
    "lane": Sample(bundle(*LOOK), "Look", "Reported Look Done"),
    "group": Sample(bundle(*LOOK), "Look", "Reported Look Done"),
    "textAnnotation, association": Sample(
        drawn_with(
            '<bpmn:textAnnotation id="Note"><bpmn:text>x</bpmn:text></bpmn:textAnnotation>'
            '<bpmn:association id="Ties" sourceRef="Look" targetRef="Note"/>'
        ),
        "Look",
        "Reported Look Done",
    ),
    "dataObject, dataStore": Sample(
        drawn_with(
            '<bpmn:dataObject id="Data"/><bpmn:dataObjectReference id="R" dataObjectRef="Data"/>'
            '<bpmn:dataStoreReference id="Store"/>'
        ),
        "Look",
        "Reported Look Done",
    ),
    "pool without a process, message flow": Sample(
        drawn_with(
            outside='<bpmn:collaboration id="C"><bpmn:participant id="Us" processRef="small"/>'
            '<bpmn:participant id="Them"/><bpmn:messageFlow id="M" sourceRef="Them" '
            'targetRef="Us"/></bpmn:collaboration>'
        ),
        "Look",
        "Reported Look Done",
    ),
    "element called `Start` or `End`": straight(user_task("End"), "End", "End"),
}

SAMPLES = TASKS | GATEWAYS | FLOWS | EVENTS | BORDERS | HANDLERS | SCOPES | DRAWINGS
