"""Rules of the organisation: data in the manifest, checked on every path of every diagram."""

import pytest

from engine import library
from tests.diagrams import (
    boundary,
    bundle,
    call,
    end,
    ended,
    event,
    event_subprocess,
    flow,
    gateway,
    inside,
    line,
    rule_task,
    service_task,
    start,
    subprocess,
    table,
    thrown,
    timer,
    user_task,
)
from tests.factories import SHIPPED

ACT = service_task("Act", "incident.resume")
REVIEW_FIRST = """
[[rule]]
id = "review-first"
title = "Every incident is reviewed before it ends."
on_every_path_to = { kind = "endEvent", except_names = ["Cancelled"] }
requires = { id = "Review" }
"""
FOLLOWED = """
[[rule]]
id = "followed"
title = "Somebody checks what the machine did"
on_every_path_from = { operation = "incident.*" }
requires = { kind = "userTask" }
"""


def rule(condition, more=""):
    return f'[[rule]]\nid = "ours"\ntitle = "We agreed on this"\n{condition}\n{more}\n'


def found(files):
    """Rule and element of what the rules of the organisation say."""
    findings = [f for f in library.check(files) if f.rule.startswith("organisation/")]
    return [(f.rule.removeprefix("organisation/"), f.element_id) for f in findings]


def fork(kind, *, join):
    """Review on one of two ways, which meet at a gateway."""
    ways = [("Reported", "Fork"), ("Fork", "Review"), ("Fork", "B"), ("Review", "Join")]
    ways += [("B", "Join"), ("Join", "Done")]
    flows = [flow(a, b, "true" if (a, b) == ("Fork", "Review") else None) for a, b in ways]
    if kind == "parallel":
        flows = [flow(a, b) for a, b in ways]
    gates = (
        gateway("Fork", kind, "Fork_B" if kind == "exclusive" else None),
        gateway("Join", join),
    )
    return (start(), *gates, user_task("Review"), user_task("B"), end(), *flows)


def around(*elements):
    return subprocess("Sub", *inside("S", *elements))


REVIEWED = {
    "in a line": line(user_task("Review")),
    "on one of two parallel ways": fork("parallel", join="parallel"),
    "inside a sub-process": line(around(user_task("Review"))),
    "before a link": (
        *(start(), user_task("Review"), thrown("Go", "link", "On"), end()),
        event("intermediateCatchEvent", "On", "link", "On"),
        *(flow("Reported", "Review"), flow("Review", "Go"), flow("On", "Done")),
    ),
    "except where the incident is cancelled": (
        *line(gateway("Way", default="Way_Review"), user_task("Review")),
        event("endEvent", "Off", name="Cancelled"),
        flow("Way", "Off", "true"),
    ),
}
NOT_REVIEWED = {
    "nowhere": line(user_task("Look")),
    "on one of two ways": fork("exclusive", join="exclusive"),
    "where the task can be left by a timer": (
        *line(user_task("Review")),
        *(timer("Late", "Review", "PT1H", interrupts=True), flow("Late", "Done")),
    ),
    "where the sub-process around can fail first": (
        *line(around(ACT, user_task("Review"))),
        *(boundary("Failed", "Sub", "error"), flow("Failed", "Done")),
    ),
}
CHECKED = {
    "behind it": line(ACT, user_task("Look")),
    "behind its sub-process": line(around(ACT), user_task("Look")),
    "beside it behind a parallel gateway": (
        *line(ACT, gateway("Fork", "parallel"), user_task("Look")),
        *(service_task("More", "incident.resume"), flow("Fork", "More")),
        *(user_task("Also"), flow("More", "Also"), flow("Also", "Done")),
    ),
}
NOT_CHECKED = {
    "only before it": line(user_task("Look"), ACT),
    "on one way behind it": (
        *line(ACT, gateway("Way", default="Way_Look"), user_task("Look")),
        flow("Way", "Done", "true"),
    ),
    "not where an event ends the rest": (
        *line(user_task("Look")),
        event_subprocess(
            "Stop",
            *(event("startEvent", "B", "signal", "Stop"), ACT, ended("E", "terminate")),
            *(flow("B", "Act"), flow("Act", "E")),
        ),
    ),
}


@pytest.mark.parametrize("elements", REVIEWED.values(), ids=REVIEWED)
def test_an_end_with_the_task_on_every_path_to_it_keeps_the_rule(elements):
    assert found(bundle(*elements, rules=REVIEW_FIRST)) == []


@pytest.mark.parametrize("elements", NOT_REVIEWED.values(), ids=NOT_REVIEWED)
def test_an_end_with_a_path_past_the_task_breaks_the_rule(elements):
    assert found(bundle(*elements, rules=REVIEW_FIRST)) == [("review-first", "Done")]


@pytest.mark.parametrize("elements", CHECKED.values(), ids=CHECKED)
def test_an_element_that_is_followed_on_every_path_keeps_the_rule(elements):
    assert found(bundle(*elements, rules=FOLLOWED)) == []


@pytest.mark.parametrize("elements", NOT_CHECKED.values(), ids=NOT_CHECKED)
def test_an_element_with_a_path_to_the_end_breaks_the_rule(elements):
    assert found(bundle(*elements, rules=FOLLOWED)) == [("followed", "Act")]


@pytest.mark.parametrize(
    ("condition", "element_id"),
    [
        ('none = { kind = "serviceTask" }', "Act"),
        ('none = { name = ["Look*", "Do A*"] }', "Act"),
        ('at_most_one = { kind = "*Task" }', "Act"),
        ('at_least_one = { decision = "priority" }', "small"),
        ('every = { kind = "*Task" }\nrequires = { due_in = "P*" }', "Look"),
        ('every = { kind = "serviceTask" }\nrequires = { lane = "Technical Team" }', "Act"),
        ('every = { kind = "userTask" }\nrequires = { phase = ["review", "respond"] }', "Look"),
        ('every = { form = "note" }\nrequires = { trigger = "timer" }', "Look"),
    ],
)
def test_a_broken_rule_names_the_element(condition, element_id):
    files = bundle(*line(user_task("Look"), ACT), rules=rule(condition))

    assert ("ours", element_id) in found(files)


@pytest.mark.parametrize(
    "condition",
    [
        'none = { kind = "scriptTask" }',
        'none = { process = "elsewhere" }',
        'at_most_one = { kind = "userTask" }',
        'at_least_one = { operation = "incident.resume" }',
        'every = { kind = "userTask" }\nrequires = { phase = "analyze", lane = "Service *" }',
    ],
)
def test_a_rule_that_is_kept_says_nothing(condition):
    files = bundle(*line(user_task("Look"), ACT), rules=rule(condition))

    assert found(files) == []


def test_a_finding_has_the_severity_the_title_and_the_remedy_of_the_rule():
    condition = 'none = { kind = "serviceTask" }\nseverity = "warning"'
    files = bundle(*line(user_task("Look"), ACT), rules=rule(condition))

    (finding,) = [f for f in library.check(files) if f.rule == "organisation/ours"]

    assert (finding.path, finding.severity) == ("processes/small/small.bpmn", "warning")
    assert finding.message == ("We agreed on this: nothing may have kind “serviceTask”. Remove it.")


def test_a_rule_may_be_about_some_processes_only():
    files = bundle(
        *line(user_task("Look"), call("Call", "other")),
        calls={"other": line(user_task("Look"))},
        rules=rule('none = { kind = "userTask" }\nprocesses = ["oth*"]'),
    )

    findings = [f for f in library.check(files) if f.rule == "organisation/ours"]

    assert [finding.path for finding in findings] == ["processes/small/other.bpmn"]


@pytest.mark.parametrize(
    "mistake",
    [
        "[[rule]]",
        '[[rule]]\nid = "ours"\nnone = { kind = "userTask" }',
        'rule = "none"',
        rule(""),
        rule('none = { kind = "userTask" }\nat_most_one = { kind = "userTask" }'),
        rule('none = { kind = "userTask" }\nrequires = { kind = "userTask" }'),
        rule('every = { kind = "userTask" }'),
        rule('none = { kind = "usertask" }'),
        rule('none = { phase = "later" }'),
        rule('none = { colour = "red" }'),
        rule("none = { kind = 1 }"),
        rule("none = {}"),
        rule('none = { kind = "userTask" }', 'severity = "fatal"'),
        rule('none = { kind = "userTask" }', 'colour = "red"'),
        rule('none = { kind = "userTask" }', "processes = [1]"),
        rule('none = { kind = "callActivity" }') + rule('none = { kind = "callActivity" }'),
    ],
)
def test_a_mistake_in_a_rule_is_a_finding(mistake):
    manifest = f'id = "small"\n{mistake}'.encode()
    files = {**bundle(*line(user_task("Look"))), "processes/small/bundle.toml": manifest}

    findings = library.check(files)

    assert [finding.rule for finding in findings] == ["rule-invalid"]
    assert findings[0].path == "processes/small/bundle.toml"


@pytest.mark.parametrize(
    ("rule_id", "element_id", "old", "new"),
    [
        (
            "priority-by-decision",
            "RecordClassification",
            'sourceRef="IsItAnIncident" targetRef="DecidePriority"',
            'sourceRef="IsItAnIncident" targetRef="RecordClassification"',
        ),
        (
            "major-by-incident-management",
            "DeclareMajorIncident",
            '<bpmn:lane id="IncidentManagement" name="Incident Management">',
            '<bpmn:lane id="IncidentManagement" name="Technical Team">',
        ),
        (
            "hold-ends",
            "PutOnHold",
            'sourceRef="ObtainInformation" targetRef="ResumeWork"',
            'sourceRef="ObtainInformation" targetRef="BeforeInvestigation"',
        ),
        (
            "resolved-before-closed",
            "CloseIncident",
            'sourceRef="BeforeResolution" targetRef="MarkResolved"',
            'sourceRef="BeforeResolution" targetRef="ConfirmResolution"',
        ),
        (
            "review-before-closed",
            "IncidentClosed",
            'sourceRef="BeforeClosure" targetRef="CheckClosureData"',
            'sourceRef="BeforeClosure" targetRef="CloseIncident"',
        ),
        ("one-closure", "CloseIncident", '"incident.resume"', '"incident.close"'),
        ("tasks-have-due-times", "ClassifyIncident", "dueIn", "due"),
    ],
)
def test_each_shipped_rule_refuses_what_breaks_it(rule_id, element_id, old, new):
    path = "processes/itsm/incident.bpmn"
    files = library.read_directory(SHIPPED)
    assert old.encode() in files[path]
    files[path] = files[path].replace(old.encode(), new.encode())

    assert (rule_id, element_id) in found(files)


def test_rules_look_into_a_decision_of_the_bundle():
    files = bundle(
        *line(user_task("Look"), rule_task("Decide", "size")),
        decisions={"size": table("size", "size", ('"1"', "2"))},
        rules=rule('on_every_path_to = { decision = "size" }\nrequires = { form = "note" }'),
    )

    assert found(files) == []
