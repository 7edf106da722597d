"""Small bundles for tests: a process in a few words, drawn in one group and one lane."""

import json
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


def user_task(node_id, form="note", due_in=None, inner=""):
    due = f'<spiffworkflow:property name="dueIn" value="{due_in}"/>' if due_in else ""
    return f"""<bpmn:userTask id="{node_id}" name="Do {node_id}"><bpmn:extensionElements>
      <spiffworkflow:properties><spiffworkflow:property name="formKey" value="{form}"/>{due}
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


def catch(node_id, duration):
    return f"""<bpmn:intermediateCatchEvent id="{node_id}" name="Wait"><bpmn:timerEventDefinition>
      <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{duration}</bpmn:timeDuration>
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
    return f"""{HEAD}<bpmn:category id="Category">
      <bpmn:categoryValue id="Value" value="{phase}"/></bpmn:category>
    <bpmn:process id="{process_id}" name="A small process" isExecutable="true">
      {lanes}{body}<bpmn:group id="Group" categoryValueRef="Value"/></bpmn:process>
    <bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="{process_id}">
      <bpmndi:BPMNShape bpmnElement="Group"><dc:Bounds x="0" y="0" width="99" height="99"/>
      </bpmndi:BPMNShape>{shapes}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
    </bpmn:definitions>""".encode()


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


def bundle(*elements, process_id="small", forms=(), decisions=(), **drawing):
    """A bundle of one process; every process may use the forms ``report`` and ``note``."""
    manifest = f'id = "{process_id}"\ntitle = "Small"\n'
    manifest += f'[[start]]\nprocess = "{process_id}"\nform = "report"\n'
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
    return files


def line(*elements):
    """Start, the elements one after the other, end."""
    ids = ["Reported", *(part.split(' id="')[1].split('"')[0] for part in elements), "Done"]
    return (start(), *elements, end(), *(flow(a, b) for a, b in pairwise(ids)))


def one_task(**kwargs):
    return bundle(*line(user_task("Look")), **kwargs)
