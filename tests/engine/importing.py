"""Diagrams in the style of other tools, and what the import makes of them."""

import json
from itertools import pairwise

from engine import bundles, library
from engine.bpmn.diagram import Diagram
from engine.library import importing
from tests.conformance import bpmn

MODEL = 'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
SCHEMA = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
CAMUNDA_7 = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
CAMUNDA_8 = 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'


def drawn(*elements, also="", more="", process="bpmn:process"):
    """A file of one process; ``also`` stands beside it, ``more`` among the namespaces."""
    body = "\n".join(elements)
    return (
        f'<bpmn:definitions {MODEL} {SCHEMA} {more} id="D" targetNamespace="urn:test">'
        f'<{process} id="Handling" name="Handling">{body}</{process}>{also}</bpmn:definitions>'
    ).encode()


def node(kind, node_id, name="", inner="", **attributes):
    rest = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<bpmn:{kind} id="{node_id}" name="{name or node_id}"{rest}>{inner}</bpmn:{kind}>'


def flow(source, target, name="", condition=""):
    inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>"
    return (
        f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"'
        f' name="{name}">{inner if condition else ""}</bpmn:sequenceFlow>'
    )


def chain(*elements):
    """Start, the elements one after the other, end."""
    ids = ["Begin", *(part.split(' id="')[1].split('"')[0] for part in elements), "Over"]
    flows = [flow(a, b) for a, b in pairwise(ids)]
    return (node("startEvent", "Begin"), *elements, node("endEvent", "Over"), *flows)


def imported(content, name="given.bpmn"):
    """The import of a file, of which it is sure that it passes the checks and runs."""
    result = importing.import_diagram(content, name)
    assert [f for f in library.check(result.files) if f.is_error] == []
    assert bpmn.first_failure(result.files) == ""
    return result


def diagram(result, process_id="Handling") -> Diagram:
    by_id = {d.process_id: d for d in bundles.read(result.files).diagrams.values()}
    return by_id[process_id]


def rules(result):
    return {question.rule for question in result.questions}


def asked(result, rule):
    """The ids of the elements that a rule asks about."""
    return [question.element_id for question in result.questions if question.rule == rule]


def form(result, task_id, process_id="Handling"):
    """The fields of a task's form, by their key."""
    key = diagram(result, process_id).nodes[task_id].form_key
    content = next(c for path, c in result.files.items() if path.endswith(f"/{key}.json"))
    return {field["key"]: field for field in json.loads(content)["components"]}
