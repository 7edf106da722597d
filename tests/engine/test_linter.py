"""What may not be deployed: each rule has a bundle that breaks it, and breaks nothing else."""

import ast

import pytest

from engine import library
from engine.errors import Finding
from tests.diagrams import (
    bundle,
    catch,
    end,
    flow,
    form,
    gateway,
    line,
    one_task,
    process,
    radio,
    rule_task,
    service_task,
    start,
    table,
    text,
    timer,
    user_task,
)
from tests.factories import ROOT, SHIPPED

SOURCES = ("bpmn/linter.py", "library/checks.py", "forms.py", "bundles.py")
LONG = "L" * 121
LOOK = line(user_task("Look"))
TIMER_DATE = (
    '<bpmn:intermediateCatchEvent id="Wait" name="Wait"><bpmn:timerEventDefinition>'
    "<bpmn:timeDate>2030-01-01T00:00:00Z</bpmn:timeDate>"
    "</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
)


def two_ways(*flows, kind="exclusive", default=None):
    """A gateway before two tasks, with these flows out of it."""
    tasks = (user_task("A"), user_task("B"))
    rest = (flow("Reported", "Way"), flow("A", "Done"), flow("B", "Done"))
    return bundle(start(), gateway("Way", kind, default), *tasks, end(), *flows, *rest)


def asks(*fields):
    return one_task(forms={"other": form("other", *fields)})


def one_field(**component):
    return asks({"type": "textfield", "key": "a", "label": "A", **component})


def replaced(path, content):
    return {**one_task(), path: content}


def started(manifest):
    return replaced("processes/small/bundle.toml", f'id = "small"\n{manifest}'.encode())


def renamed(process_id):
    """A bundle whose only process has another id than the bundle."""
    files = {path: content for path, content in started("").items() if ".bpmn" not in path}
    return {**files, f"processes/small/{process_id}.bpmn": process(*LOOK, process_id=process_id)}


def drawn_with(xml):
    """A good bundle whose diagram has more beside its process."""
    path = "processes/small/small.bpmn"
    return replaced(
        path, one_task()[path].replace(b"<bpmn:category ", xml.encode() + b"<bpmn:category ")
    )


def reported_with(*fields):
    return one_task(forms={"report": form("report", *fields)})


# rule, the element that its finding names, a bundle that breaks it
CASES = [
    (
        "element-unsupported",
        "Script",
        bundle(*LOOK, '<bpmn:scriptTask id="Script" name="Compute"/>'),
    ),
    (
        "element-unsupported",
        "Look",
        bundle(*line(user_task("Look", inner="<bpmn:multiInstanceLoopCharacteristics/>"))),
    ),
    (
        "element-unsupported",
        "Supplier",
        drawn_with(
            '<bpmn:collaboration><bpmn:participant id="Us"/>'
            '<bpmn:participant id="Supplier" name="Supplier"/></bpmn:collaboration>'
        ),
    ),
    (
        "element-unsupported",
        "Mail",
        drawn_with('<bpmn:collaboration><bpmn:messageFlow id="Mail"/></bpmn:collaboration>'),
    ),
    (
        "diagram-too-large",
        "small",
        bundle(*line(user_task("Look"), *(gateway(f"G{i}", "parallel") for i in range(298)))),
    ),
    ("id-too-long", LONG, bundle(*line(user_task(LONG)))),
    ("id-too-long", LONG, renamed(LONG)),
    (
        "name-too-long",
        "Fork",
        bundle(
            *line(f'<bpmn:parallelGateway id="Fork" name="{"n" * 201}"/>', user_task("Look")),
        ),
    ),
    ("id-reserved", "Root", bundle(*line(user_task("Root")))),
    ("id-reserved", "A.BoundaryEventJoin", bundle(*line(user_task("A.BoundaryEventJoin")))),
    (
        "start-count",
        "small",
        bundle(*LOOK, '<bpmn:startEvent id="Other" name="Other"/>', flow("Other", "Look")),
    ),
    (
        "end-missing",
        "small",
        bundle(start(), user_task("Look"), flow("Reported", "Look"), flow("Look", "Look")),
    ),
    ("flow-dangling", "Gone_Look", bundle(*LOOK, flow("Gone", "Look"))),
    (
        "flow-double",
        "Again",
        two_ways(
            *(flow("Way", "A"), flow("Way", "A", flow_id="Again"), flow("Way", "B")),
            kind="parallel",
        ),
    ),
    ("unreachable", "Island", bundle(*LOOK, user_task("Island"), flow("Island", "Done"))),
    (
        "dead-end",
        "Stray",
        bundle(*LOOK, timer("Late", "Look", "PT15M"), user_task("Stray"), flow("Late", "Stray")),
    ),
    ("end-continues", "Done", bundle(*LOOK, flow("Done", "Look"))),
    ("outgoing-multiple", "Look", bundle(*LOOK, flow("Look", "Look"))),
    (
        "boundary-detached",
        "Late",
        bundle(
            *line(gateway("Way", "parallel"), user_task("Look")),
            timer("Late", "Way", "PT15M"),
            flow("Late", "Done"),
        ),
    ),
    (
        "boundary-detached",
        "Later",
        bundle(
            *LOOK,
            *(timer("Late", "Look", "PT15M"), flow("Late", "Done")),
            *(timer("Later", "Late", "PT15M"), flow("Later", "Done")),
        ),
    ),
    (
        "start-entered",
        "Reported",
        bundle(
            *line(user_task("Look"), gateway("Fork", "parallel")),
            flow("Fork", "Reported"),
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
    ("condition-outside-gateway", "Look_Done", bundle(*LOOK[:-1], flow("Look", "Done", "true"))),
    (
        "gateway-default-missing",
        "Way",
        two_ways(flow("Way", "A", "true"), flow("Way", "B", "false")),
    ),
    (
        "gateway-condition-missing",
        "Way_A",
        two_ways(flow("Way", "A"), flow("Way", "B"), default="Way_B"),
    ),
    ("lane-missing", "Look", one_task(lane="")),
    ("form-missing", "Look", bundle(*line('<bpmn:userTask id="Look" name="Look"/>'))),
    ("form-unknown", "Look", bundle(*line(user_task("Look", form="nowhere")))),
    ("phase-missing", "Look", one_task(phase="Later")),
    ("decision-unknown", "Decide", bundle(*line(rule_task("Decide", "nowhere")))),
    ("operation-unknown", "Act", bundle(*line(service_task("Act", "incident.explode")))),
    ("parameter-missing", "Act", bundle(*line(service_task("Act", "incident.hold")))),
    ("parameter-unknown", "Act", bundle(*line(service_task("Act", "incident.close", why="1")))),
    (
        "expression-invalid",
        "Act",
        bundle(*line(service_task("Act", "incident.hold", reason="__import__('os')"))),
    ),
    (
        "expression-unknown-name",
        "Way_A",
        two_ways(flow("Way", "A", "colour = 1"), flow("Way", "B"), default="Way_B"),
    ),
    (
        "expression-unknown-name",
        "size",
        bundle(
            *line(rule_task("Decide", "size")),
            decisions={"size": table("size", "size", ("1", "2"), reads="colour")},
        ),
    ),
    (
        "timer-missing",
        "Wait",
        bundle(*line('<bpmn:intermediateCatchEvent id="Wait" name="Wait"/>')),
    ),
    ("timer-kind", "Wait", bundle(*line(TIMER_DATE))),
    ("timer-invalid", "Wait", bundle(*line(catch("Wait", "15 minutes")))),
    ("timer-invalid", "Wait", bundle(*line(catch("Wait", "P999999W")))),
    ("timer-invalid", "Wait", bundle(*line(catch("Wait", "P7970Y")))),
    ("timer-invalid", "Look", bundle(*line(user_task("Look", due_in="soon")))),
    ("timer-too-short", "Wait", bundle(*line(catch("Wait", "PT59S")))),
    (
        "loop-without-wait",
        "Again",
        bundle(
            *line(user_task("Look"), gateway("Again", default="Again_Done")),
            flow("Again", "Again", "true"),
        ),
    ),
    ("bundle-id-missing", "", {k: v for k, v in one_task().items() if not k.endswith(".toml")}),
    ("start-unknown", "large", started('[[start]]\nprocess = "large"\nform = "report"')),
    ("start-unknown", "small", started('[[start]]\nprocess = "small"\nform = "nowhere"')),
    ("start-title-missing", "small", reported_with(text("title"))),
    ("start-title-missing", "small", reported_with(text("heading", required=True))),
    ("form-type-unsupported", "a", one_field(type="filepicker")),
    ("form-type-unsupported", "a", one_field(type=["textfield"])),
    ("form-key-invalid", "not one word", one_field(key="not one word")),
    ("form-key-invalid", "No", asks({"type": "textfield", "key": None, "id": "No"})),
    ("form-options-missing", "a", asks(radio("a"))),
    ("form-options-missing", "a", one_field(type="select", values=["one", "two"])),
    ("form-rule-unsupported", "a", one_field(validate={"pattern": "x+"})),
    ("form-rule-unsupported", "a", one_field(conditional={"hide": "=true"})),
    ("form-rule-invalid", "a", one_field(validate=["required"])),
    ("form-rule-invalid", "a", one_field(validate={"maxLength": "10"})),
    ("form-key-double", "a", asks(text("a"), text("a"))),
    ("file-invalid", "", replaced("processes/small/readme.txt", b"hello")),
    ("file-invalid", "", replaced("processes/other/bundle.toml", b"id = ")),
    ("file-invalid", "", replaced("processes/other/bundle.toml", b"a = " + b"[" * 9_999)),
    ("file-invalid", "", replaced("processes/other/bundle.toml", b'id = "small"')),
    ("file-invalid", "", replaced("processes/small/other.bpmn", b"<html/>")),
    (
        "file-invalid",
        "",
        replaced("processes/small/other.bpmn", one_task()["processes/small/small.bpmn"]),
    ),
    (
        "file-invalid",
        "",
        one_task(decisions=dict.fromkeys("ab", table("size", "size", ("1", "2")))),
    ),
    ("file-invalid", "", replaced("forms/small/other.json", b"[" * 99_999)),
    ("file-invalid", "", replaced("forms/other/note.json", form("note", text("note")))),
    (
        "file-invalid",
        "",
        replaced("processes/a/small.bpmn", one_task()["processes/small/small.bpmn"]),
    ),
    ("decision-invalid", "Table", one_task(decisions={"size": table("size", "two words")})),
]


@pytest.mark.parametrize(
    ("rule", "element_id", "files"), CASES, ids=[f"{rule}-{at[:9]}" for rule, at, _ in CASES]
)
def test_a_broken_bundle_has_exactly_the_finding_that_names_the_element(rule, element_id, files):
    findings = library.check(files)

    assert {(finding.rule, finding.element_id) for finding in findings} == {(rule, element_id)}


def test_a_finding_names_file_element_and_remedy():
    findings = library.check(bundle(*line(user_task("Look", form="nowhere"))))

    assert findings == [
        Finding(
            rule="form-unknown",
            path="processes/small/small.bpmn",
            element_id="Look",
            element_name="Do Look",
            message="The bundle has no form “nowhere”.",
        )
    ]


def test_every_rule_has_a_bundle_that_breaks_it():
    assert {rule for rule, _, _ in CASES} == set().union(*map(rules_of, SOURCES))


def test_the_shipped_bundle_has_no_findings():
    assert library.check(library.read_directory(SHIPPED)) == []


def test_the_small_bundle_of_these_tests_has_no_findings():
    assert library.check(one_task()) == []


def rules_of(source):
    """The rule ids that a module can give to a finding."""
    tree = ast.parse((ROOT / "engine" / source).read_text())
    named = [word for node in ast.walk(tree) for word in _rule_in(node)]
    return {word.value for word in named if isinstance(word, ast.Constant)}


def _rule_in(node):
    match node:
        case ast.Call(func=ast.Name("Finding"), args=[rule, *_]):
            yield rule
        case ast.Call(func=ast.Name("_at" | "_on"), args=[_, rule, *_]):
            yield rule
        case ast.Yield(ast.Tuple([rule, *_])):
            yield rule
