"""The linter as a whole: what a finding says, that every rule can fire, and that it is fast."""

import ast
import re
import time

import pytest

from engine import library
from engine.bpmn.lint.problems import WARNINGS
from engine.errors import Finding
from tests.diagrams import (
    bundle,
    flow,
    gateway,
    line,
    one_task,
    service_task,
    user_task,
)
from tests.engine import (
    test_linter_activities,
    test_linter_events,
    test_linter_files,
    test_linter_paths,
)
from tests.engine.linting import errors_in
from tests.factories import ROOT, SHIPPED

MODULES = (test_linter_activities, test_linter_events, test_linter_files, test_linter_paths)
SOURCES = ("library/checks.py", "library/rules.py", "forms.py", "bundles.py")
# Shown by tests of their own, as they never come alone or are about the organisation's rules.
SHOWN_ELSEWHERE = {
    "link-ambiguous",
    "gateway-question",
    "flow-name-missing",
    "rule-invalid",
    "group-unknown",
    "service-clock-unknown",
}


def test_a_finding_names_file_element_and_remedy():
    findings = library.check(bundle(*line(user_task("Look", form="nowhere"))))

    assert findings == [
        Finding(
            rule="form-unknown",
            path="processes/small/small.bpmn",
            element_id="Look",
            element_name="Do Look",
            message="The bundle has no form “nowhere”. Choose another, or add it.",
            severity="error",
            line=findings[0].line,
        )
    ]


def test_a_finding_names_the_line_on_which_its_element_begins():
    files = bundle(*line(user_task("Look", form="nowhere")))
    drawn = files["processes/small/small.bpmn"].decode().splitlines()

    (finding,) = library.check(files)

    assert '<bpmn:userTask id="Look"' in drawn[finding.line - 1]


def test_every_rule_has_a_bundle_that_breaks_it():
    rows = [row for module in MODULES for row in _rows(module)]

    shown = {rule for rule, *_ in rows} | SHOWN_ELSEWHERE

    assert shown == set().union(*map(rules_of, _sources()))


def test_every_rule_is_explained_to_process_owners_with_its_severity():
    readme = (ROOT / "processes" / "README.md").read_text()
    explained = dict(re.findall(r"^\| `([a-z-]+)` \| (error|warning) \|", readme, re.MULTILINE))

    known = set().union(*map(rules_of, _sources()))

    assert known - explained.keys() == set()
    assert {rule for rule in known if explained[rule] == "warning"} == set(WARNINGS)


def test_every_message_says_what_to_do():
    rows = [row for module in MODULES for row in _rows(module)]

    messages = {f.message for *_, files in rows for f in library.check(files)}

    assert [message for message in messages if not message.endswith((".", "”?", "?"))] == []


def test_the_shipped_bundle_has_no_findings():
    assert library.check(library.read_directory(SHIPPED)) == []


def test_the_small_bundle_of_these_tests_has_no_findings():
    assert library.check(one_task()) == []


def test_known_groups_refuse_a_lane_of_another_name():
    findings = library.check(one_task(), groups={"Service Desks"})

    assert [(f.rule, f.element_id) for f in findings] == [("group-unknown", "Look")]


def test_a_manifest_may_list_the_groups_that_exist():
    manifest = b'id = "small"\ngroups = ["Technical Team"]'
    files = {**one_task(), "processes/small/bundle.toml": manifest}

    assert errors_in(files) == {("group-unknown", "Look")}


@pytest.mark.parametrize("shape", ["line", "ladder"])
def test_three_hundred_elements_are_checked_in_a_tenth_of_a_second(shape):
    files = bundle(*SHAPES[shape]())

    took = min(timed(library.check, files) for _ in range(3))

    assert took < 0.1


def timed(work, *data):
    began = time.process_time()
    work(*data)
    return time.process_time() - began


def a_line():
    return line(*(user_task(f"T{i}") for i in range(298)))


def a_ladder():
    """Tasks and gateways that can all be left and come back to."""
    steps = [(user_task(f"T{i}"), gateway(f"G{i}", default=f"G{i}_T{i + 1}")) for i in range(148)]
    elements = [element for step in steps for element in step]
    back = [flow(f"G{i}", f"T{i // 2}", "note = null") for i in range(1, 147)]
    return (*line(*elements, service_task("T148", "incident.resume")), *back)


SHAPES = {"line": a_line, "ladder": a_ladder}


def rules_of(path):
    """The rule ids that a module can give to a finding."""
    named = [word for node in ast.walk(ast.parse(path.read_text())) for word in _rule_in(node)]
    words = {word.value for word in named if isinstance(word, ast.Constant)}
    return {word for word in words if isinstance(word, str)}


def _sources():
    return [*(ROOT / "engine/bpmn/lint").glob("*.py"), *(ROOT / "engine" / s for s in SOURCES)]


def _rows(module):
    return [row for name in ("CASES", "WARNINGS", "STYLE") for row in getattr(module, name, ())]


def _rule_in(node):
    match node:
        case ast.Call(func=ast.Name("Finding" | "Problem"), args=[rule, *_]):
            yield rule
        case ast.Call(func=ast.Name("at" | "on" | "of"), args=[_, rule, *_]):
            yield rule
        case ast.Call(func=ast.Name("_of"), args=[_, _, rule, *_]):
            yield rule
        case ast.Yield(ast.Tuple([rule, *_])):
            yield rule
