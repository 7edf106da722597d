"""Small bundles for tests: a process in a few words, drawn in one group and one lane."""

import json
import re
from html import escape
from itertools import pairwise

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
  xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
  id="Definitions" targetNamespace="http://example.com/test">
"""


def start():
    return '<bpmn:startEvent id="Reported" name="Reported"/>'


def end(node_id="Done", terminate=False):
    inner = "<bpmn:terminateEventDefinition/>" if terminate else ""
    return f'<bpmn:endEvent id="{node_id}" name="Done">{inner}</bpmn:endEvent>'


def user_task(node_id, form="note", due_in=None, inner="", signature=None, calendar=None):
    named = {"formKey": form, "dueIn": due_in, "calendar": calendar, "signatureMeaning": signature}
    properties = "".join(
        f'<spiffworkflow:property name="{name}" value="{value}"/>'
        for name, value in named.items()
        if value
    )
    return f"""<bpmn:userTask id="{node_id}" name="Do {node_id}"><bpmn:extensionElements>
      <spiffworkflow:properties>{properties}
      </spiffworkflow:properties>
      <spiffworkflow:instructionsForEndUser>Do it.</spiffworkflow:instructionsForEndUser>
      </bpmn:extensionElements>{inner}</bpmn:userTask>"""


def service_task(node_id, operation, **parameters):
    inner = "".join(
        f'<spiffworkflow:parameter id="{name}" type="str" value="{value}"/>'
        for name, value in parameters.items()
    )
    return f"""<bpmn:serviceTask id="{node_id}" name="Do {node_id}"><bpmn:extensionElements>
      <spiffworkflow:serviceTaskOperator id="{operation}"><spiffworkflow:parameters>{inner}
      </spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>
      </bpmn:extensionElements></bpmn:serviceTask>"""


def rule_task(node_id, decision):
    return f"""<bpmn:businessRuleTask id="{node_id}" name="Decide"><bpmn:extensionElements>
      <spiffworkflow:calledDecisionId>{decision}</spiffworkflow:calledDecisionId>
      </bpmn:extensionElements></bpmn:businessRuleTask>"""


def gateway(node_id, kind="exclusive", default=None):
    default = f' default="{default}"' if default else ""
    return f'<bpmn:{kind}Gateway id="{node_id}" name="Which way?"{default}/>'


def timer(node_id, attached_to, duration, interrupts=False):
    return f"""<bpmn:boundaryEvent id="{node_id}" name="Too late" attachedToRef="{attached_to}"
      cancelActivity="{str(interrupts).lower()}"><bpmn:timerEventDefinition>
      <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{duration}</bpmn:timeDuration>
      </bpmn:timerEventDefinition></bpmn:boundaryEvent>"""


def catch(node_id, when, kind="timeDuration"):
    return f"""<bpmn:intermediateCatchEvent id="{node_id}" name="Wait"><bpmn:timerEventDefinition>
      <bpmn:{kind} xsi:type="bpmn:tFormalExpression">{when}</bpmn:{kind}>
      </bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"""


def flow(source, target, condition=None, flow_id=None):
    inner = (
        f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}'
        "</bpmn:conditionExpression>"
        if condition
        else ""
    )
    flow_id = flow_id or f"{source}_{target}"
    return (
        f'<bpmn:sequenceFlow id="{flow_id}" sourceRef="{source}" targetRef="{target}">'
        f"{inner}</bpmn:sequenceFlow>"
    )


def event(tag, node_id, trigger=None, about="", *, inner="", name=None, **attributes):
    """An event of any kind; ``about`` is what its trigger refers to, or says itself."""
    marks = "".join(f' {key}="{value}"' for key, value in attributes.items())
    definition = definition_of(trigger, about) if trigger else ""
    return (
        f'<bpmn:{tag} id="{node_id}" name="{name or f"{node_id} happens"}"{marks}>'
        f"{inner}{definition}</bpmn:{tag}>"
    )


def definition_of(trigger, about):
    """What makes an event one of its trigger; the process declares what it refers to."""
    tag = f"bpmn:{trigger}EventDefinition"
    text = escape(about)
    if trigger == "timer":
        kind = about.partition("=")[0] if about.startswith("time") else _timer_kind(about)
        text = text.removeprefix(f"{kind}=")
        return f"<{tag}><bpmn:{kind}>{text}</bpmn:{kind}></{tag}>"
    if trigger == "conditional":
        return f"<{tag}><bpmn:condition>{text}</bpmn:condition></{tag}>"
    if trigger == "link":
        return f'<{tag} name="{text}"/>'
    reference = f' {trigger}Ref="{text}"' if about else ""
    return f"<{tag}{reference}/>"


def _timer_kind(text):
    if text.startswith("R"):
        return "timeCycle"
    return "timeDate" if re.match(r"\d{4}-", text) else "timeDuration"


def caught(node_id, trigger, about="", **properties):
    """An intermediate event that waits."""
    inner = extension(**properties)
    return event("intermediateCatchEvent", node_id, trigger, about, inner=inner)


def thrown(node_id, trigger=None, about="", **properties):
    """An intermediate event that happens when a token comes."""
    inner = extension(**properties)
    return event("intermediateThrowEvent", node_id, trigger, about, inner=inner)


def ended(node_id, trigger, about="", **properties):
    """An end event that throws, terminates or cancels."""
    return event("endEvent", node_id, trigger, about, inner=extension(**properties))


def begun(node_id, trigger=None, about="", *, interrupts=True, **properties):
    """The start event of an event sub-process."""
    marks = {} if interrupts else {"isInterrupting": "false"}
    return event("startEvent", node_id, trigger, about, inner=extension(**properties), **marks)


def boundary(node_id, attached_to, trigger, about="", *, interrupts=True, **properties):
    """An event on the border of an activity."""
    marks = {"attachedToRef": attached_to} | ({} if interrupts else {"cancelActivity": "false"})
    return event("boundaryEvent", node_id, trigger, about, inner=extension(**properties), **marks)


def extension(**properties):
    """Properties of an element: correlationKey, payload, variable, formKey, dueIn."""
    if not properties:
        return ""
    inner = "".join(
        f'<spiffworkflow:property name="{key}" value="{escape(value)}"/>'
        for key, value in properties.items()
    )
    return (
        f"<bpmn:extensionElements><spiffworkflow:properties>{inner}"
        "</spiffworkflow:properties></bpmn:extensionElements>"
    )


def activity(tag, node_id, inner="", *, name=None, properties=None, **attributes):
    """A task, sub-process or call of any kind."""
    marks = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return (
        f'<bpmn:{tag} id="{node_id}" name="{name or f"Do {node_id}"}"{marks}>'
        f"{extension(**(properties or {}))}{inner}</bpmn:{tag}>"
    )


def manual_task(node_id, inner=""):
    return activity("manualTask", node_id, inner)


def script_task(node_id, script, inner=""):
    return activity("scriptTask", node_id, f"<bpmn:script>{escape(script)}</bpmn:script>{inner}")


def send_task(node_id, message, **properties):
    return activity("sendTask", node_id, messageRef=message, properties=properties)


def receive_task(node_id, message, inner="", **properties):
    return activity("receiveTask", node_id, inner, messageRef=message, properties=properties)


def call(node_id, called, inner=""):
    return activity("callActivity", node_id, inner, calledElement=called)


def subprocess(node_id, *elements, tag="subProcess"):
    return activity(tag, node_id, "".join(elements))


def event_subprocess(node_id, *elements):
    return activity("subProcess", node_id, "".join(elements), triggeredByEvent="true")


def inside(prefix, *elements):
    """A sub-process's own start, these elements one after the other, and its end."""
    ids = [f"{prefix}Begin", *map(_id_of, elements), f"{prefix}End"]
    begin, done = event("startEvent", ids[0]), event("endEvent", ids[-1])
    return (begin, *elements, done, *(flow(a, b) for a, b in pairwise(ids)))


def multi_instance(*, sequential=False, **parts):
    """The mark of a multi-instance; ``item`` and ``result`` name variables, the rest is FEEL."""
    item, result = parts.pop("item", None), parts.pop("result", None)
    inner = "".join(f"<bpmn:{key}>{escape(text)}</bpmn:{key}>" for key, text in parts.items())
    inner += f'<bpmn:inputDataItem id="{item}" name="{item}"/>' if item else ""
    inner += f'<bpmn:outputDataItem id="{result}" name="{result}"/>' if result else ""
    kind = "multiInstanceLoopCharacteristics"
    return f'<bpmn:{kind} isSequential="{str(sequential).lower()}">{inner}</bpmn:{kind}>'


def standard_loop(condition=None, maximum=None, *, tests_before=False):
    """The mark of a loop."""
    limit = f' loopMaximum="{maximum}"' if maximum else ""
    inner = f"<bpmn:loopCondition>{escape(condition)}</bpmn:loopCondition>" if condition else ""
    kind = "standardLoopCharacteristics"
    return f'<bpmn:{kind} testBefore="{str(tests_before).lower()}"{limit}>{inner}</bpmn:{kind}>'


def process(*elements, process_id="small", phase="Analyze", lane="Service Desk"):
    """The XML of one process; every element stands in one lane and one group."""
    body = "\n".join(elements)
    ids = [part.split('"')[0] for part in body.split(' id="')[1:]]
    refs = "".join(f"<bpmn:flowNodeRef>{i}</bpmn:flowNodeRef>" for i in ids)
    lanes = f'<bpmn:laneSet><bpmn:lane id="Lane" name="{lane}">{refs}</bpmn:lane></bpmn:laneSet>'
    shapes = "".join(
        f'<bpmndi:BPMNShape bpmnElement="{i}"><dc:Bounds x="10" y="10" width="9" height="9"/>'
        "</bpmndi:BPMNShape>"
        for i in ids
    )
    return f"""{HEAD}{declared(body)}<bpmn:category id="Category">
      <bpmn:categoryValue id="Value" value="{phase}"/></bpmn:category>
    <bpmn:process id="{process_id}" name="A small process" isExecutable="true">
      <bpmn:documentation>For a test.</bpmn:documentation>
      {lanes}{body}<bpmn:group id="Group" categoryValueRef="Value"/></bpmn:process>
    <bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="{process_id}">
      <bpmndi:BPMNShape bpmnElement="Group"><dc:Bounds x="0" y="0" width="99" height="99"/>
      </bpmndi:BPMNShape>{shapes}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
    </bpmn:definitions>""".encode()


def declared(body):
    """The messages, signals, errors and escalations that a process refers to, each by its name."""
    known = {"message": "name", "signal": "name", "error": "errorCode"}
    known["escalation"] = "escalationCode"
    referred = sorted(set(re.findall(r'(message|signal|error|escalation)Ref="([^"]+)"', body)))
    return "".join(f'<bpmn:{tag} id="{name}" {known[tag]}="{name}"/>' for tag, name in referred)


def table(decision_id, output, *rules, reads="note", policy="UNIQUE"):
    """The XML of one decision over one input; a rule is (cell, value)."""
    rows = "".join(
        f'<rule id="Rule{i}"><inputEntry><text>{cell}</text></inputEntry>'
        f"<outputEntry><text>{value}</text></outputEntry></rule>"
        for i, (cell, value) in enumerate(rules, start=1)
    )
    return f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="Definitions">
      <decision id="{decision_id}" name="Decide"><decisionTable id="Table" hitPolicy="{policy}">
      <input><inputExpression><text>{reads}</text></inputExpression></input>
      <output name="{output}"/>{rows}</decisionTable></decision></definitions>""".encode()


def form(key, *fields):
    return json.dumps(
        {"type": "default", "id": key, "schemaVersion": 19, "components": list(fields)}
    ).encode()


def text(key, **validate):
    return {"type": "textfield", "key": key, "label": key.title(), "validate": validate}


def radio(key, *values):
    options = [{"value": value, "label": value} for value in values]
    return {"type": "radio", "key": key, "label": key, "values": options}


REPORT_FORM = form("report", text("title", required=True), text("description"), text("service"))
NOTE_FORM = form("note", text("note", required=True))


def bundle(*elements, process_id="small", forms=(), decisions=(), calls=(), rules="", **drawing):
    """A bundle of one process; every process may use the forms ``report`` and ``note``.

    ``calls`` maps the id of a further process to its elements, ``rules`` are of the organisation.
    """
    manifest = f'id = "{process_id}"\ntitle = "Small"\n'
    manifest += f'[[start]]\nprocess = "{process_id}"\nform = "report"\n{rules}'
    files = {
        f"processes/{process_id}/bundle.toml": manifest.encode(),
        f"processes/{process_id}/{process_id}.bpmn": process(
            *elements, process_id=process_id, **drawing
        ),
        f"forms/{process_id}/report.json": REPORT_FORM,
        f"forms/{process_id}/note.json": NOTE_FORM,
    }
    for key, content in dict(forms).items():
        files[f"forms/{process_id}/{key}.json"] = content
    for name, content in dict(decisions).items():
        files[f"processes/{process_id}/{name}.dmn"] = content
    for other, inner in dict(calls).items():
        files[f"processes/{process_id}/{other}.bpmn"] = process(*inner, process_id=other, **drawing)
    return files


def line(*elements):
    """Start, the elements one after the other, end."""
    ids = ["Reported", *map(_id_of, elements), "Done"]
    return (start(), *elements, end(), *(flow(a, b) for a, b in pairwise(ids)))


def _id_of(element):
    return element.split(' id="')[1].split('"')[0]


def one_task(**kwargs):
    return bundle(*line(user_task("Look")), **kwargs)
